"""Noise that a denoising autoencoder learns to undo: one formula each."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from ..._random import Stream
from ...networks import ACTIVATIONS
from .deterministic import DeterministicModule


def gaussian(x: Tensor, level: float, stream: Stream) -> Tensor:
    """x + level · ε, with ε standard normal."""
    return x.add(stream.normal_like(x), alpha=level)


def masking(x: Tensor, level: float, stream: Stream, fill: Tensor) -> Tensor:
    """Each entry lost with probability ``level``: in its place, ``fill``."""
    kept = _uniform(x, stream).ge_(level)
    return fill.lerp(x, kept)


def salt_and_pepper(x: Tensor, level: float, stream: Stream, low: float, high: float) -> Tensor:
    """Each entry overwritten with probability ``level``, by ``low`` or ``high`` alike often."""
    u = _uniform(x, stream)
    noise = u.ge(level / 2).to(x.dtype).mul_(high - low).add_(low)
    return noise.lerp_(x, u.ge_(level))


def _uniform(x: Tensor, stream: Stream) -> Tensor:
    """Uniform on [0, 1), shaped as ``x``; 32 bits are fine enough for any level."""
    return stream.uniform(tuple(x.shape)).to(x.dtype)


def same_shape(name: str, changed: Any, x: Tensor) -> Tensor:
    """What the callable ``name`` made of ``x``, in its dtype; raise if it is no such batch."""
    if not isinstance(changed, Tensor) or changed.shape != x.shape:
        found = tuple(changed.shape) if isinstance(changed, Tensor) else type(changed).__name__
        raise ValueError(f"{name} returned {found}, must return a Tensor of {tuple(x.shape)}.")
    return changed.to(x)


CORRUPTIONS = ("gaussian", "masking", "salt-and-pepper")


Corruption = str | Callable[[Tensor, torch.Generator], Tensor]


class DenoisingModule(DeterministicModule):
    """h = s(f(x̃)), r = g(h), where x̃ is x with noise, and r is compared with x.

    Parameters
    ----------
    corruption : {"gaussian", "masking", "salt-and-pepper"} or callable
        Makes x̃ of x.
    level : float
        How much of it.
    low, high : float
        Salt and pepper.
    code_activation : str
        s.
    **architecture : Any
        As `DeterministicModule` has it.
    """

    def __init__(
        self,
        *,
        corruption: Corruption,
        level: float,
        low: float,
        high: float,
        code_activation: str,
        **architecture: Any,
    ) -> None:
        super().__init__(**architecture)
        self.corruption, self.level, self.low, self.high = corruption, level, low, high
        self.activation = ACTIVATIONS[code_activation]()

    def code(self, a: Tensor) -> Tensor:
        """Return h = s(a)."""
        return self.activation(a)

    def corrupted(self, x: Tensor, stream: Stream) -> Tensor:
        """Return x̃."""
        if not isinstance(self.corruption, str):
            return same_shape("corruption", self.corruption(x.clone(), stream.generator), x)
        match self.corruption:
            case "gaussian":
                return gaussian(x, self.level, stream)
            case "masking":
                return masking(x, self.level, stream, self.fill)
            case _:
                return salt_and_pepper(x, self.level, stream, self.low, self.high)

    def losses(self, x: Tensor, stream: Stream, weights: Tensor | None = None) -> dict[str, Tensor]:
        """The error of each row, given the code of the row with noise."""
        observed, fed = self.observed_and_fed(x)
        _, noisy = self.observed_and_fed(self.corrupted(fed, stream))
        if observed is not None:  # there is nothing there to lay noise on
            noisy = fed.lerp(noisy, observed)
        h = self.code(self.encoder_output(noisy))
        return {"reconstruction": self.error(fed, h, observed)}
