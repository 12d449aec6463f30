"""The denoising autoencoder, and the noise that it learns to remove: one formula each."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ..._parameters import calling
from ..._random import Stream
from ..._validation import copied
from ...networks import ACTIVATIONS
from .deterministic import DeterministicModule

CORRUPTIONS = ("gaussian", "masking", "salt-and-pepper")

Corruption = str | Callable[[Tensor, torch.Generator], Tensor]
"""The name of a corruption, or a function of a batch and a generator to draw from."""


def gaussian(x: Tensor, level: float, stream: Stream) -> Tensor:
    """Add noise: x + level · ε, with ε standard normal."""
    return x.add(stream.normal_like(x), alpha=level)


def masking(x: Tensor, level: float, stream: Stream, fill: Tensor) -> Tensor:
    """Replace each entry by its feature's ``fill`` with probability ``level``."""
    kept = _uniform(x, stream).ge_(level)
    return fill.lerp(x, kept)


def salt_and_pepper(x: Tensor, level: float, stream: Stream, low: Tensor, high: Tensor) -> Tensor:
    """Replace each entry with probability ``level``, by ``low`` or ``high`` equally often."""
    u = _uniform(x, stream)
    noise = torch.where(u.ge(level / 2), high, low)
    return noise.lerp_(x, u.ge_(level))


def _uniform(x: Tensor, stream: Stream) -> Tensor:
    """Uniform on [0, 1), shaped as ``x``; 32 bits resolve any level finely enough."""
    return stream.uniform(tuple(x.shape)).to(x.dtype)


def same_shape(name: str, changed: Any, x: Tensor) -> Tensor:
    """Return ``changed`` in the dtype of ``x``; raise if it is not a batch of the same shape.

    ``name`` is the parameter whose callable made it of ``x``.
    """
    if not isinstance(changed, Tensor) or changed.shape != x.shape:
        found = tuple(changed.shape) if isinstance(changed, Tensor) else type(changed).__name__
        raise ValueError(f"{name} returned {found}, must return a Tensor of {tuple(x.shape)}.")
    return changed.to(x)


class DenoisingModule(DeterministicModule):
    """h = s(f(x̃)), r = g(h): x̃ is x with noise, and the error is between r and x.

    Parameters
    ----------
    corruption : {"gaussian", "masking", "salt-and-pepper"} or callable
        Kind of the noise.
    level : float
        Standard deviation of Gaussian noise, otherwise the probability that an entry is replaced.
    low, high : float
        Values that "salt-and-pepper" puts in, in the units of the data.
    code_activation : str
        s.
    **architecture : Any
        Arguments of `DeterministicModule`.
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
        if corruption == "salt-and-pepper":
            self.register_buffer("extremes", torch.zeros(2, self.n_features))
            self.extremes: Tensor

    def take_extremes(self) -> None:
        """Put ``low`` and ``high`` into the units of the rows, for all batches to come."""
        if self.corruption == "salt-and-pepper":
            extremes = self.scaling.standardized(np.array([[self.low], [self.high]]))
            self.extremes.copy_(copied(extremes, self.extremes.device, self.extremes.dtype))

    @property
    def is_plain(self) -> bool:
        return isinstance(self.activation, nn.Identity)

    def code(self, a: Tensor) -> Tensor:
        """Return h = s(a)."""
        return self.activation(a)

    def corrupted(self, x: Tensor, stream: Stream) -> Tensor:
        """Return x̃."""
        if not isinstance(self.corruption, str):
            rows = self.scaling.outward(x)  # it is a function of the data
            with calling("corruption"), torch.enable_grad():  # and may need gradients of its own
                rows = self.corruption(rows, stream.generator)
            return self.scaling.inward(same_shape("corruption", rows, x).detach())
        match self.corruption:
            case "gaussian":
                return gaussian(x, self.level, stream)
            case "masking":
                return masking(x, self.level, stream, self.fill)
            case _:
                return salt_and_pepper(x, self.level, stream, *self.extremes)

    def noisy(self, x: Tensor, observed: Tensor | None, stream: Stream) -> Tensor:
        """Return x̃, in which missing entries, filled in, get no noise."""
        _, noisy = self.observed_and_fed(self.corrupted(x, stream))
        return noisy if observed is None else x.lerp(noisy, observed)
