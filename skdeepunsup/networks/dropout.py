"""Dropout whose noise comes from the fit's own stream."""

from typing import Any

import torch
from torch import Tensor, nn

from .._random import Stream


class Dropout(nn.Module):
    """While training, each entry is 0 with probability p, else divided by 1 − p.

    The stream that draws is set by ``draw_from``; copies and pickles are without it.

    Parameters
    ----------
    p : float
        Between 0 and 1.

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
        """Return ``x`` of any shape with its noise; in eval mode, ``x`` itself."""
        if not (self.training and self.p):
            return x
        if self.stream is None:
            raise RuntimeError(
                "Dropout has no stream to draw its noise from while training; "
                "call draw_from(network, stream) first, or network.eval()."
            )
        return x * noise(x, self.p, self.stream)

    def extra_repr(self) -> str:
        """Return what the layer is printed with."""
        return f"p={self.p}"

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"stream": None}


def noise(x: Tensor, p: float, stream: Stream) -> Tensor:
    """0 with probability p, else 1 / (1 − p): for each entry of ``x``, in its order in memory."""
    kept = 1 - p
    strides = torch.empty_like(x).stride()  # x itself may be a part of a larger tensor
    uniform = stream.uniform((x.numel(),)).as_strided(x.shape, strides)
    # Not in place: autograd keeps the result, and a small draw shares its memory with the next.
    return uniform.lt_(kept).mul(1 / kept if kept else 0.0).to(x.dtype)


def draw_from(network: nn.Module, stream: Stream) -> nn.Module:
    """Let every dropout layer of ``network`` draw from ``stream``.

    Layers whose class is ``torch.nn.Dropout`` itself, which draw from the global generator, are
    replaced in place by a ``Dropout`` of the same p, wherever they stand.

    Parameters
    ----------
    network : torch.nn.Module
        Changed in place.
    stream : Stream
        Draws from now on.

    Returns
    -------
    torch.nn.Module
        ``network``, or what took its place.
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
