"""What the objectives with gradients written out share: the way through the decoder and back."""

from collections.abc import Iterable
from functools import reduce
from operator import add
from typing import Any

import torch
from torch import Tensor, nn

from ..._random import Stream
from ...formulas.gradients import Share, WrittenError
from ...networks.written import Memory, WrittenNetwork
from ...training import Adam, GradientDescent


class WrittenGradients(GradientDescent):
    """`GradientDescent` of an encoder and a decoder of dense layers: the same updates at less cost.

    A subclass has ``trains``, sets ``_encoder``, ``_decoder`` and ``_error``, and writes
    ``differentiate``.

    Parameters
    ----------
    module : ReconstructionModule
        One that ``trains`` says yes to.
    optimizer : Adam
        Holds all parameters.
    stream : Stream
    **hooks : callable
        Those of `GradientDescent`.
    """

    gradients = "written"
    _encoder: WrittenNetwork
    _decoder: WrittenNetwork
    _error: WrittenError

    def __init__(self, module: Any, optimizer: Adam, stream: Stream, **hooks: Any) -> None:
        super().__init__(module, optimizer, stream, **hooks)
        optimizer.flatten()
        self._memory = Memory(module.fill, module.widths["decoder"][1])

    def _through_decoder(
        self, h: Tensor, x: Tensor, observed: Tensor | None, weight: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        """Return the mean error, and its gradient by the codes; set the decoder's gradients."""
        output = self._decoder.forward(h)
        error, d = self._error(x, output, observed, share_of(x, weight), self._memory(x))
        dh = self._decoder.backward(d, wants_dx=True)
        assert dh is not None
        return error, dh

    def _through_encoder(
        self, output: Tensor, h: Tensor, dh: Tensor, terms: Iterable[Tensor]
    ) -> None:
        """Go back from codes, and terms lowered beside, through the encoder to its parameters."""
        self._encoder.backward(gradient_by_output(output, h, dh, terms), wants_dx=False)


def share_of(x: Tensor, weight: Tensor | None) -> Share:
    """By how much each of the rows ``x`` counts in the mean over a batch."""
    return 1 / x.size(0) if weight is None else (weight / x.size(0))[:, None]


def gradient_by_output(output: Tensor, h: Tensor, dh: Tensor, terms: Iterable[Tensor]) -> Tensor:
    """∂L/∂o of the encoder's output o, by autograd from codes h(o) and terms lowered beside."""
    with torch.enable_grad():
        # Given gradients, torch.autograd.backward would import sympy: a third of a second.
        reduce(add, terms, torch.dot(h.view(-1), dh.view(-1))).backward()
    assert output.grad is not None
    return output.grad


def gradients_of(network: nn.Module) -> list[Tensor]:
    """The gradients of all parameters of a network."""
    return [p.grad for p in network.parameters() if p.grad is not None]


def has_kernels(device: torch.device) -> bool:
    """Whether the kernels that networks are written out in are there, and tested, on a device."""
    return device.type in ("cpu", "cuda")
