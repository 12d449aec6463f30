"""The distributions p(x | z) of a variational autoencoder, given the decoder's output."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from .._random import Stream
from .errors import (
    bernoulli_cross_entropy,
    beta_binomial_cross_entropy,
    categorical_cross_entropy,
    gaussian_cross_entropy,
)

LOG_BOUNDS = (-12.0, 8.0)
"""Range of log α and log β of the beta-binomial distribution."""


class Observation(nn.Module, ABC):
    """Base of the distributions of a row, given the decoder's output.

    Parameters
    ----------
    n_features : int
        Width of a row.
    inputs_per_feature, outputs_per_feature : int, default=1
        Numbers for each feature that the encoder receives, and that the decoder returns.
    """

    def __init__(
        self, n_features: int, inputs_per_feature: int = 1, outputs_per_feature: int = 1
    ) -> None:
        super().__init__()
        self.n_features = n_features
        self.inputs_per_feature = inputs_per_feature
        self.outputs_per_feature = outputs_per_feature

    @abstractmethod
    def fed(self, x: Tensor, observed: Tensor | None) -> Tensor:
        """Return the encoder's input for rows without NaN.

        ``observed`` is 0 where an entry was filled in, 1 elsewhere; None if none was.
        """

    @abstractmethod
    def cross_entropy(self, x: Tensor, output: Tensor, observed: Tensor | None) -> Tensor:
        """Return −log p(x | z) of each row, in nats, over its observed entries."""

    @abstractmethod
    def mean(self, output: Tensor) -> Tensor:
        """Return E[x | z]."""

    @abstractmethod
    def sample(self, output: Tensor, stream: Stream) -> Tensor:
        """Draw x given z."""

    @abstractmethod
    def output_at(self, means: Tensor) -> Tensor | None:
        """Return the decoder's output at which E[x | z] is ``means``; None if it is not unique."""


class GaussianObservation(Observation):
    """N(x; output, σ²), where σ is shared by all features or one for each, learned or given.

    Parameters
    ----------
    n_features : int
        Width of a row.
    n_scales : int
        Number of σs: 1 or ``n_features``.
    first_scale : float
        σ, or its first value if it is learned.
    learned : bool
        Whether σ is learned. It then stays above a thousandth of ``first_scale``, or, if each
        feature has one, above a tenth of ``spreads``: the σ of a feature that hardly varies would
        go to 0.
    spreads : sequence of float, of length n_features, default=None
        Deviation of each feature; None stands for ``first_scale``.
    """

    def __init__(
        self,
        n_features: int,
        n_scales: int,
        first_scale: float,
        learned: bool,
        spreads: Sequence[float] | None = None,
    ) -> None:
        super().__init__(n_features)
        log_scale = torch.full((n_scales,), first_scale, dtype=torch.float32).log()
        self.log_scale = nn.Parameter(log_scale, requires_grad=learned)
        least = 0.0 if not learned else 1e-3 if n_scales == 1 else 0.1
        spread = torch.as_tensor(first_scale if spreads is None else spreads, dtype=torch.float32)
        self.floor: Tensor
        self.register_buffer("floor", (least * spread).square(), persistent=False)

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


class DiscreteObservation(Observation):
    """Base of the distributions of independent entries 0 … K − 1."""

    n_categories: int

    @abstractmethod
    def probabilities(self, output: Tensor) -> Tensor:
        """Return P(xᵢ = k | z), of shape (…, n_features, K)."""


class BernoulliObservation(DiscreteObservation):
    """Independent bits; the output is their logits."""

    n_categories = 2

    def fed(self, x: Tensor, observed: Tensor | None) -> Tensor:
        return x

    def cross_entropy(self, x: Tensor, output: Tensor, observed: Tensor | None) -> Tensor:
        return bernoulli_cross_entropy(x, output, observed)

    def mean(self, output: Tensor) -> Tensor:
        return output.sigmoid()

    def sample(self, output: Tensor, stream: Stream) -> Tensor:
        return stream.bernoulli(output.sigmoid())

    def output_at(self, means: Tensor) -> Tensor:
        """Return the logits of the means, which are clamped away from 0 and 1."""
        return means.clamp(0.01, 0.99).logit()

    def probabilities(self, output: Tensor) -> Tensor:
        return torch.stack([(-output).sigmoid(), output.sigmoid()], -1)


class CategoricalObservation(DiscreteObservation):
    """Independent codes 0 … K − 1; the output is K logits for each feature.

    Parameters
    ----------
    n_features : int
        Width of a row.
    n_categories : int
        K.
    """

    def __init__(self, n_features: int, n_categories: int) -> None:
        super().__init__(n_features, n_categories, n_categories)
        self.n_categories = n_categories

    def fed(self, x: Tensor, observed: Tensor | None) -> Tensor:
        """Return one-hot codes, all zero where a code is missing."""
        # one_hot makes integers, after it has read the largest code: 1.4 to 5 times the time.
        hot = x.new_zeros(*x.shape, self.n_categories).scatter_(-1, x.long()[..., None], 1)
        if observed is not None:
            hot *= observed[..., None]
        return hot.flatten(-2)

    def cross_entropy(self, x: Tensor, output: Tensor, observed: Tensor | None) -> Tensor:
        return categorical_cross_entropy(x, self._logits(output), observed)

    def mean(self, output: Tensor) -> Tensor:
        """Return the expected code."""
        codes = torch.arange(self.n_categories, dtype=output.dtype, device=output.device)
        return self._logits(output).softmax(-1) @ codes

    def sample(self, output: Tensor, stream: Stream) -> Tensor:
        return drawn_code(self._logits(output), stream).to(output.dtype)

    def output_at(self, means: Tensor) -> None:
        return None

    def probabilities(self, output: Tensor) -> Tensor:
        return self._logits(output).softmax(-1)

    def _logits(self, output: Tensor) -> Tensor:
        return output.unflatten(-1, (self.n_features, self.n_categories))


class BetaBinomialObservation(DiscreteObservation):
    """Independent grey levels 0 … K − 1, each Binomial(K − 1, p) with p ~ Beta(α, β).

    The output is log α and log β of each feature.

    Parameters
    ----------
    n_features : int
        Width of a row.
    n_categories : int
        K.
    """

    def __init__(self, n_features: int, n_categories: int) -> None:
        super().__init__(n_features, outputs_per_feature=2)
        self.n_categories = n_categories
        self.top = n_categories - 1

    def fed(self, x: Tensor, observed: Tensor | None) -> Tensor:
        """Return the levels scaled to [0, 1]."""
        return x / self.top

    def cross_entropy(self, x: Tensor, output: Tensor, observed: Tensor | None) -> Tensor:
        return beta_binomial_cross_entropy(x, *self._logs(output), self.top, observed)

    def mean(self, output: Tensor) -> Tensor:
        """Return the expected level, (K − 1) α / (α + β)."""
        log_alpha, log_beta = self._logs(output)
        return self.top * (log_alpha - log_beta).sigmoid()

    def sample(self, output: Tensor, stream: Stream) -> Tensor:
        log_alpha, log_beta = self._logs(output)
        return stream.beta_binomial(self.top, log_alpha.exp(), log_beta.exp())

    def output_at(self, means: Tensor) -> Tensor:
        """Return log α and log β with α + β = 2; the means are clamped away from the ends."""
        p = (means / self.top).clamp(0.01, 0.99)
        return torch.stack([2 * p, 2 * (1 - p)], -1).log().flatten(-2)

    def probabilities(self, output: Tensor) -> Tensor:
        # BB(k + 1) / BB(k) = (n − k) (k + α) / ((k + 1) (n − 1 − k + β)): no gamma functions.
        alpha, beta = (log[..., None].exp() for log in self._logs(output))
        k = torch.arange(self.top, dtype=output.dtype, device=output.device)
        ways = ((self.top - k) / (k + 1)).log().cumsum(-1)
        steps = ((k + alpha) / (self.top - 1 - k + beta)).log_()
        log_ratios = pad(torch.cumsum(steps, -1, out=steps).add_(ways), (1, 0))
        return log_ratios.softmax(-1)

    def _logs(self, output: Tensor) -> tuple[Tensor, Tensor]:
        """log α and log β, clamped where further change would add little but rounding errors."""
        pairs = output.unflatten(-1, (self.n_features, 2)).clamp(*LOG_BOUNDS)
        return pairs[..., 0], pairs[..., 1]


def drawn_code(logits: Tensor, stream: Stream) -> Tensor:
    """Draw a code from each softmax over the last axis: argmax of logits plus Gumbel noise."""
    u = stream.uniform(tuple(logits.shape)).clamp_min(1e-20).to(logits)
    return (logits - (-u.log()).log()).argmax(-1)
