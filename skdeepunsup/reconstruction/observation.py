"""The distribution p(x | z): what a variational autoencoder takes its decoder's output for."""

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn
from torch.nn.functional import one_hot

from .._random import Stream
from .likelihoods import (
    bernoulli_cross_entropy,
    categorical_cross_entropy,
    gaussian_cross_entropy,
)


class Observation(nn.Module, ABC):
    """The distribution of a row, given the decoder's output.

    Parameters
    ----------
    n_features : int
        Width of a row.
    """

    def __init__(self, n_features: int) -> None:
        super().__init__()
        self.n_features = n_features

    @abstractmethod
    def fed(self, x: Tensor, observed: Tensor | None) -> Tensor:
        """What the encoder is fed of rows without NaN, of which ``observed`` entries are real."""

    @abstractmethod
    def cross_entropy(self, x: Tensor, output: Tensor, observed: Tensor | None) -> Tensor:
        """−log p(x | z) of each row, in nats."""

    @abstractmethod
    def mean(self, output: Tensor) -> Tensor:
        """E[x | z]."""

    @abstractmethod
    def sample(self, output: Tensor, stream: Stream) -> Tensor:
        """Draw x given z."""

    @abstractmethod
    def output_at(self, means: Tensor) -> Tensor | None:
        """The output whose mean it is, None where there is more than one."""


class GaussianObservation(Observation):
    """N(x; output, σ²), with σ a number, or one for each feature, learned or given.

    Parameters
    ----------
    n_features : int
        Width of a row.
    n_scales : int
        1 or ``n_features``.
    first_scale : float
        σ, or where it starts; learned, it does not fall below a thousandth of it.
    learned : bool
        Whether σ is.
    """

    def __init__(self, n_features: int, n_scales: int, first_scale: float, learned: bool) -> None:
        super().__init__(n_features)
        log_scale = torch.full((n_scales,), first_scale, dtype=torch.float32).log()
        self.log_scale = nn.Parameter(log_scale, requires_grad=learned)
        self.floor = 1e-6 * first_scale**2 if learned else 0.0

    @property
    def variance(self) -> Tensor:
        """σ²."""
        return (2 * self.log_scale).exp() + self.floor

    def fed(self, x: Tensor, observed: Tensor | None) -> Tensor:
        return x

    def cross_entropy(self, x: Tensor, output: Tensor, observed: Tensor | None) -> Tensor:
        return gaussian_cross_entropy(x, output, self.variance, observed)

    def mean(self, output: Tensor) -> Tensor:
        return output

    def sample(self, output: Tensor, stream: Stream) -> Tensor:
        return output + self.variance.sqrt() * stream.normal_like(output)

    def output_at(self, means: Tensor) -> Tensor:
        return means


class BernoulliObservation(Observation):
    """Independent bits whose logits are the output."""

    def fed(self, x: Tensor, observed: Tensor | None) -> Tensor:
        return x

    def cross_entropy(self, x: Tensor, output: Tensor, observed: Tensor | None) -> Tensor:
        return bernoulli_cross_entropy(x, output, observed)

    def mean(self, output: Tensor) -> Tensor:
        return output.sigmoid()

    def sample(self, output: Tensor, stream: Stream) -> Tensor:
        return stream.bernoulli(output.sigmoid())

    def output_at(self, means: Tensor) -> Tensor:
        """Their logits, short of 0 and 1."""
        return means.clamp(0.01, 0.99).logit()


class CategoricalObservation(Observation):
    """Independent codes 0 … K − 1, the output being K logits of each feature.

    Parameters
    ----------
    n_features : int
        Width of a row.
    n_categories : int
        K.
    """

    def __init__(self, n_features: int, n_categories: int) -> None:
        super().__init__(n_features)
        self.n_categories = n_categories

    def fed(self, x: Tensor, observed: Tensor | None) -> Tensor:
        """One-hot codes, all 0 where a code is missing."""
        hot = one_hot(x.long(), self.n_categories).to(x.dtype)
        if observed is not None:
            hot *= observed[..., None]
        return hot.flatten(-2)

    def cross_entropy(self, x: Tensor, output: Tensor, observed: Tensor | None) -> Tensor:
        return categorical_cross_entropy(x, self._logits(output), observed)

    def mean(self, output: Tensor) -> Tensor:
        """The expected code."""
        codes = torch.arange(self.n_categories, dtype=output.dtype, device=output.device)
        return self._logits(output).softmax(-1) @ codes

    def sample(self, output: Tensor, stream: Stream) -> Tensor:
        """Codes, by the largest of logits with Gumbel noise."""
        logits = self._logits(output)
        u = stream.uniform(tuple(logits.shape)).clamp_min(1e-20).to(output)
        return (logits - (-u.log()).log()).argmax(-1).to(output.dtype)

    def output_at(self, means: Tensor) -> None:
        return None

    def _logits(self, output: Tensor) -> Tensor:
        return output.unflatten(-1, (self.n_features, self.n_categories))
