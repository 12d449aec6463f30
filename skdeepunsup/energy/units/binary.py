"""Units that are on or off, one by one or two at a time."""

import math

import torch
from torch import Tensor
from torch.nn.functional import softplus
from torch.special import entr

from ..._random import Stream
from .base import ScalarUnits


class Bernoulli(ScalarUnits):
    """u ∈ {0, 1}, t(u) = u, no base: P(u = 1 | x) = σ(x)."""

    binary = True

    def statistic(self, u: Tensor) -> Tensor:
        """The state itself."""
        return u

    def log_base(self, u: Tensor) -> Tensor:
        """0."""
        return torch.zeros(len(u), dtype=u.dtype, device=u.device)

    def log_normalizer(self, x: Tensor) -> Tensor:
        """The softplus log(1 + eˣ)."""
        return softplus(x)

    def mean(self, x: Tensor) -> Tensor:
        """σ(x)."""
        return x.sigmoid()

    def sample(self, x: Tensor, stream: Stream) -> Tensor:
        """1 with probability σ(x), else 0."""
        return stream.bernoulli(x.sigmoid())

    def values(self, like: Tensor) -> Tensor:
        """All that a unit can be, a row each."""
        return torch.tensor([[0.0], [1.0]]).to(like)

    def divergence(self, u: Tensor, x: Tensor) -> Tensor:
        """The sum u log(u / σ(x)) + (1 − u) log((1 − u) / (1 − σ(x))), with u clipped to [0, 1]."""
        u = u.clamp(0, 1)
        return softplus(x) - u * x - entr(u) - entr(1 - u)

    def ascend_(self, u: Tensor, x: Tensor, c: Tensor, rate: float) -> None:
        """Nothing to learn."""

    def constrain_(self, W: Tensor, a: Tensor) -> None:
        """Nothing to keep."""


class Twin(ScalarUnits):
    """Two binary units with one input between them, counted: u ∈ {0, 1, 2}, binomial, t(u) = u.

    What a layer of a deep machine is to one neighbour while its other one is unknown, and taken to
    say the same.
    """

    def statistic(self, u: Tensor) -> Tensor:
        """The state itself."""
        return u

    def log_base(self, u: Tensor) -> Tensor:
        """Σ log (2 over u): log 2 where one of the two is on."""
        return (u == 1).sum(-1, dtype=u.dtype) * math.log(2)

    def log_normalizer(self, x: Tensor) -> Tensor:
        """2 log(1 + eˣ)."""
        return 2 * softplus(x)

    def mean(self, x: Tensor) -> Tensor:
        """2σ(x)."""
        return 2 * x.sigmoid()

    def sample(self, x: Tensor, stream: Stream) -> Tensor:
        """How many of two are on."""
        p = x.sigmoid()
        return stream.bernoulli(p).add_(stream.bernoulli(p))

    def divergence(self, u: Tensor, x: Tensor) -> Tensor:
        """Twice that of one unit whose value is u/2."""
        p = (0.5 * u).clamp(0, 1)
        return 2 * (softplus(x) - p * x - entr(p) - entr(1 - p))

    def ascend_(self, u: Tensor, x: Tensor, c: Tensor, rate: float) -> None:
        """Nothing to learn."""

    def constrain_(self, W: Tensor, a: Tensor) -> None:
        """Nothing to keep."""
