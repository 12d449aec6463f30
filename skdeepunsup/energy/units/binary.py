"""Units that are on or off, one by one or two at a time."""

import math

import torch
from torch import Tensor
from torch.nn.functional import softplus
from torch.special import entr

from ..._random import Stream
from ..._rows import Rows
from .base import RARELY_ON, Units


class Bernoulli(Units):
    """u ∈ {0, 1}, t(u) = u, no base: P(u = 1 | x) = σ(x)."""

    binary = True
    first_bias = RARELY_ON

    def statistic(self, u: Tensor) -> Tensor:
        """The state itself."""
        return u

    def log_base(self, u: Tensor) -> Tensor:
        """0."""
        return torch.zeros(len(u), dtype=u.dtype, device=u.device)

    def log_normalizer(self, x: Tensor) -> Tensor:
        """The softplus log(1 + eˣ)."""
        return softplus(x)

    def total_log_normalizer(self, x: Tensor, dtype: torch.dtype | None = None) -> Tensor:
        """Σ log(1 + eˣ) of each state."""
        return softplus_sum(x, dtype)

    def mean(self, x: Tensor) -> Tensor:
        """σ(x)."""
        return x.sigmoid()

    def sample(self, x: Tensor, stream: Stream) -> Tensor:
        """1 with probability σ(x), else 0."""
        return stream.bernoulli(x.sigmoid())

    def sample_given_mean(self, x: Tensor, mean: Tensor, stream: Stream) -> Tensor:
        """1 with the probability ``mean``, else 0."""
        return stream.bernoulli(mean)

    def values(self, like: Tensor) -> Tensor:
        """0 and 1."""
        return torch.tensor([[0.0], [1.0]]).to(like)

    def divergence(self, u: Tensor, x: Tensor) -> Tensor:
        """Σ u log(u / σ(x)) + (1 − u) log((1 − u) / (1 − σ(x))), with u clipped to [0, 1]."""
        u = u.clamp(0, 1)
        if u.equal(u.round()):  # bits have no entropy, which takes as long as all the rest
            return surprise(u, x)
        return surprise(u, x) - (entr(u) + entr(1 - u)).sum(-1)

    def start_(self, rows: Rows) -> Tensor:
        """Log odds of the rows' means."""
        return log_odds(rows)


FACTORS = 8
"""Numbers that are multiplied before a logarithm is taken, or the most that divides the width."""


def softplus_sum(x: Tensor, dtype: torch.dtype | None = None) -> Tensor:
    """Σⱼ log(1 + exp xⱼ) of each row, as Σⱼ max(xⱼ, 0) − log Πⱼ σ(|xⱼ|).

    A softplus of each takes half as long again to twice as long, and leaves out e⁻²⁰ above 20. The
    terms are summed in ``dtype``, by default that of ``x``.
    """
    return positive(x).sum(-1, dtype=dtype) - log_sigmoids(x.abs(), dtype)


def surprise(u: Tensor, x: Tensor) -> Tensor:
    """Σⱼ log(1 + exp xⱼ) − uⱼ xⱼ of each row, without the cancellation of large inputs."""
    return (positive(x) - u * x).sum(-1) - log_sigmoids(x.abs())


def positive(x: Tensor) -> Tensor:
    """max(x, 0), whose gradient, unlike that of a clamp, is ½ at 0."""
    return torch.maximum(x, x.new_zeros(()))


def log_sigmoids(x: Tensor, dtype: torch.dtype | None = None) -> Tensor:
    """log Πⱼ σ(xⱼ) of each row, by products of few; ``x``, from 0 on, is overwritten."""
    n_factors = math.gcd(x.shape[-1], FACTORS)
    products = x.sigmoid_().unflatten(-1, (n_factors, -1)).prod(-2)
    return products.log().sum(-1, dtype=dtype)


def log_odds(rows: Rows) -> Tensor:
    """Log odds of the rows' means, clipped to those of a feature on, or off, once in n + 2 rows."""
    smoothed = 1 / (len(rows) + 2)
    return rows.mean().clamp(smoothed, 1 - smoothed).logit()


class Twin(Units):
    """Two binary units with one input between them, counted: u ∈ {0, 1, 2}, binomial, t(u) = u.

    A layer of a deep machine seen from one of its neighbours, while the other neighbour is unknown
    and taken to send the same input.
    """

    first_bias = RARELY_ON

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
        """How many of the two are on."""
        p = x.sigmoid()
        return stream.bernoulli(p).add_(stream.bernoulli(p))

    def values(self, like: Tensor) -> Tensor:
        """0, 1 and 2."""
        return torch.tensor([[0.0], [1.0], [2.0]]).to(like)

    def divergence(self, u: Tensor, x: Tensor) -> Tensor:
        """Twice that of a binary unit whose value is u/2."""
        p = (0.5 * u).clamp(0, 1)
        return (2 * (softplus(x) - p * x - entr(p) - entr(1 - p))).sum(-1)
