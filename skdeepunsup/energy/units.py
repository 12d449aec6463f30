"""Units as functions of their input x: what a layer of a Boltzmann machine is made of.

A unit that receives the total input x (its bias included) takes the value u with probability
proportional to exp(x u − base(u)). Its kind is the base measure, and that is all a machine needs
to know of it: three functions of x.
"""

from abc import ABC, abstractmethod

import torch
from torch import Tensor
from torch.nn.functional import softplus

from .._random import Stream


class Units(ABC):
    """A kind of unit."""

    @abstractmethod
    def log_normalizer(self, x: Tensor) -> Tensor:
        """log Σᵤ exp(x u − base(u)), shaped as ``x``; its derivative is the mean."""

    @abstractmethod
    def mean(self, x: Tensor) -> Tensor:
        """E[u | x], shaped as ``x``."""

    @abstractmethod
    def sample(self, x: Tensor, stream: Stream) -> Tensor:
        """Draw u given x, shaped as ``x``."""

    @abstractmethod
    def divergence(self, u: Tensor, x: Tensor) -> Tensor:
        """Kullback–Leibler divergence, in nats, of each observed u from its unit given x."""


class Bernoulli(Units):
    """u ∈ {0, 1}, no base: P(u = 1 | x) = σ(x)."""

    def log_normalizer(self, x: Tensor) -> Tensor:
        """Log(1 + eˣ)."""
        return softplus(x)

    def mean(self, x: Tensor) -> Tensor:
        """σ(x)."""
        return x.sigmoid()

    def sample(self, x: Tensor, stream: Stream) -> Tensor:
        """1 with probability σ(x), else 0."""
        return stream.bernoulli(x.sigmoid())

    def divergence(self, u: Tensor, x: Tensor) -> Tensor:
        """U log(u / σ(x)) + (1 − u) log((1 − u) / (1 − σ(x))), with u clipped to [0, 1]."""
        u = u.clamp(0, 1)
        tiny = torch.finfo(u.dtype).tiny  # where 0 log 0 = 0
        entropy = -u * u.clamp_min(tiny).log() - (1 - u) * (1 - u).clamp_min(tiny).log()
        return softplus(x) - u * x - entropy
