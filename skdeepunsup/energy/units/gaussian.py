"""Units that take any real value."""

import math

import torch
from torch import Tensor, nn

from ..._random import Stream
from ..._rows import Rows, mean_over_rows
from .base import Units

FEW_ROWS = 10
"""Fewer rows do not tell how much a feature varies."""


class Gaussian(Units):
    """u ∈ ℝ, t(u) = u/σ², base −u²/(2σ²): normal with mean x and a learned variance σ².

    Parameters
    ----------
    n_units : int
    min_variance : float, default=0.05
        Floor of σ² as a share of the feature's variance in the data. Without one a density could
        grow without bound, and near it, chains no longer cross between clusters.

    Attributes
    ----------
    log_variance : Tensor of shape (n_units,)
        log σ².
    log_scale : Tensor of shape (n_units,)
        Log of the data's variance; not trained.

    References
    ----------
    K. Cho, A. Ilin, T. Raiko, "Improved learning of Gaussian-Bernoulli restricted Boltzmann
    machines", ICANN 2011.
    """

    learned = True

    def __init__(self, n_units: int, min_variance: float = 0.05) -> None:
        super().__init__(n_units)
        self.min_variance = min_variance
        self.log_variance = nn.Parameter(torch.zeros(n_units), requires_grad=False)
        self.log_scale: Tensor
        self.register_buffer("log_scale", torch.zeros(n_units))

    def statistic(self, u: Tensor) -> Tensor:
        """u/σ²."""
        return u * (-self.log_variance).exp().to(u.dtype)

    def log_base(self, u: Tensor) -> Tensor:
        """−Σ u²/(2σ²)."""
        return -0.5 * (self.statistic(u) * u).sum(-1)

    def log_normalizer(self, x: Tensor) -> Tensor:
        """x²/(2σ²) + ½ log(2πσ²)."""
        return 0.5 * (self.statistic(x) * x + math.log(2 * math.pi) + self.log_variance)

    def mean(self, x: Tensor) -> Tensor:
        """The input itself."""
        return x

    def sample(self, x: Tensor, stream: Stream) -> Tensor:
        """x + σε with ε standard normal."""
        return torch.addcmul(x, (0.5 * self.log_variance).exp(), stream.normal_like(x))

    def divergence(self, u: Tensor, x: Tensor) -> Tensor:
        """Σ (u − x)²/(2σ²), the divergence of Gaussians at u and at x, both of variance σ²."""
        return (0.5 * self.statistic(u - x) * (u - x)).sum(-1)

    def least_surprise(self, u: Tensor) -> Tensor:
        """Σ ½ log(2πσ²), which is −log p(u | x) at x = u."""
        return self.log_normalizer(torch.zeros_like(u)).sum(-1)

    def start_(self, rows: Rows) -> Tensor:
        """The rows' means; σ² takes their variances, and its floor where a feature is constant.

        Constant features have 1 for the data's variance. Fewer than `FEW_ROWS` do not tell that a
        feature varies little, and small variances would hold learning down: the mean square over
        rows and features, of data that should be standardised, then stands for them.
        """
        mean = rows.mean()
        variance = mean_over_rows(lambda x: (x - mean.to(x)).square(), rows)
        least = torch.finfo(self.log_variance.dtype).eps * mean.square()  # rounding
        few = len(rows) < FEW_ROWS
        if few:
            variance = (variance + mean.square()).mean().expand(len(variance))
        varies, first = variance > least, 1.0 if few else self.min_variance
        self.log_scale.copy_(torch.where(varies, variance, 1.0).log())
        self.log_variance.copy_(torch.where(varies, variance, first).log())
        return mean

    def log_variance_score(self, u: Tensor, x: Tensor) -> Tensor:
        """∂/∂log σ² of x t(u) + base(u), which is (u²/2 − x u)/σ²."""
        return (0.5 * u - x).mul_(self.statistic(u))

    def ascend_(self, u: Tensor, x: Tensor, c: Tensor, rate: float) -> None:
        """log σ² ← log σ² + rate · Σₛ cₛ ∂log p/∂log σ², the sum clipped to [−1, 1]."""
        score = c @ self.log_variance_score(u, x)
        self.log_variance.add_(score.clamp_(-1, 1), alpha=rate)

    def constrain_(self, W: Tensor, a: Tensor) -> None:
        """σ² stays above its floor."""
        floor = self.log_scale + math.log(self.min_variance)
        self.log_variance.copy_(torch.maximum(self.log_variance, floor))
