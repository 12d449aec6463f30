"""Dropout with noise from the fit's stream."""

from typing import Any

import torch
from torch import Tensor, nn

from .._random import Stream


class Dropout(nn.Module):
    """While training, sets each entry to 0 with probability p, and divides it by 1 − p otherwise.

    ``draw_from`` sets the stream that the noise is drawn from; copies and pickles leave it out.

    Parameters
    ----------
    p : float
        Probability of 0, between 0 and 1.

    References
    ----------
    Srivastava, N., Hinton, G., Krizhevsky, A., Sutskever, I. and Salakhutdinov, R., "Dropout: a
    simple way to prevent neural networks from overfitting", JMLR 15, 2014.
    """

    def __init__(self, p: float) -> None:
        super().__init__()
        self.p = p
        self.stream: Stream | None = None

    def forward(self, x: Tensor) -> Tensor:
        """Return ``x``, of any shape, with dropout; in eval mode, ``x`` itself."""
        if not (self.training and self.p):
            return x
        if self.stream is None:
            raise RuntimeError(
                "Dropout has no stream to draw its noise from in training mode; "
                "call draw_from(network, stream) first, or network.eval()."
            )
        return x * noise(x, self.p, self.stream)

    def extra_repr(self) -> str:
        """Return the parameter as text, for ``repr``."""
        return f"p={self.p}"

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"stream": None}


def noise(x: Tensor, p: float, stream: Stream) -> Tensor:
    """For each entry of ``x``, in its memory order: 0 with probability p, else 1 / (1 − p)."""
    kept = 1 - p
    strides = torch.empty_like(x).stride()  # not x.stride(): x may be part of a larger tensor
    uniform = stream.uniform((x.numel(),)).as_strided(x.shape, strides)
    # Not in place: autograd keeps the result, and the stream reuses the memory of small draws.
    return uniform.lt_(kept).mul(1 / kept if kept else 0.0).to(x.dtype)


def draw_from(network: nn.Module, stream: Stream) -> nn.Module:
    """Let every dropout layer of ``network`` draw from ``stream``.

    ``torch.nn.Dropout`` draws from the global generator: each layer of exactly that class is
    replaced, at any depth, by a ``Dropout`` of this file with the same p.

    Parameters
    ----------
    network : torch.nn.Module
        Changed in place.
    stream : Stream
        Source of the noise from now on.

    Returns
    -------
    torch.nn.Module
        ``network``, or its replacement if it is itself a ``torch.nn.Dropout``.
    """
    modules = list(network.modules())
    ours: dict[nn.Module | None, nn.Module]
    ours = {m: Dropout(m.p).train(m.training) for m in modules if type(m) is nn.Dropout}
    for module in modules:
        for name, child in module._modules.items():  # named_children gives a shared layer once
            if child in ours:
                setattr(module, name, ours[child])
    network = ours.get(network, network)
    for module in network.modules():
        if isinstance(module, Dropout):
            module.stream = stream
    return network
