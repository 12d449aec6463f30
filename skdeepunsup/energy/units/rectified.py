"""Units that take real values of at least 0."""

import math

import torch
from torch import Tensor
from torch.special import erfcx, log_ndtr, ndtri

from ..._random import Stream
from .base import RARELY_ON, Units


class Rectified(Units):
    """u ≥ 0, t(u) = u, base −u²/2: a Gaussian of mean x and variance 1, cut off below 0.

    The log-normaliser has a closed form, and the mean and the sampler belong to it. So the free
    energy of a machine with such hidden units is exact, unlike with softplus or noisy rectifiers.

    References
    ----------
    Q. Su, X. Liao, C. Chen, L. Carin, "Nonlinear statistical learning with truncated Gaussian
    graphical models", ICML 2016.
    """

    first_bias = RARELY_ON

    def statistic(self, u: Tensor) -> Tensor:
        """The state itself."""
        return u

    def log_base(self, u: Tensor) -> Tensor:
        """−Σ u²/2."""
        return -0.5 * u.square().sum(-1)

    def log_normalizer(self, x: Tensor) -> Tensor:
        """x²/2 + log Φ(x) + log √(2π), below 0 without the cancellation."""
        negative, positive = x.clamp(max=0), x.clamp(min=0)
        left = erfcx(-negative / math.sqrt(2)).log() - math.log(2)
        right = positive.square() / 2 + log_ndtr(positive)
        return torch.where(x < 0, left, right) + 0.5 * math.log(2 * math.pi)

    def mean(self, x: Tensor) -> Tensor:
        """x + φ(x)/Φ(x), far below 0 by the series −1/x + 2/x³ − 10/x⁵, more accurate there."""
        edge = -100 if x.dtype == torch.float64 else -20
        near, far = x.clamp(min=edge), x.clamp(max=edge)
        # As x → ∞, erfcx(−x/√2) overflows to ∞ and the correction is 0, as it should be.
        exact = near + math.sqrt(2 / math.pi) / erfcx(-near / math.sqrt(2))
        square = far.square()
        series = (-1 + 2 / square - 10 / square.square()) / far
        return torch.where(x < edge, series, exact)

    def sample(self, x: Tensor, stream: Stream) -> Tensor:
        """By inversion: x − Φ⁻¹(r Φ(x)) with r uniform on (0, 1]."""
        dtype = torch.float32 if x.device.type == "mps" else torch.float64
        r = 1 - stream.uniform(tuple(x.shape), dtype)
        wide = x.to(dtype)
        near = wide.clamp(min=-8 if dtype == torch.float32 else -30)
        tail = wide + (wide.square() - 2 * r.log()).sqrt()  # where Φ(x) underflows
        share = r * torch.erfc(-near / math.sqrt(2)) / 2  # r Φ(x); torch's ndtr lacks the far tail
        u = near - ndtri(share.clamp_min(torch.finfo(dtype).tiny))
        return torch.where(wide < near, tail, u).clamp(min=0).to(x.dtype)

    def divergence(self, u: Tensor, x: Tensor) -> Tensor:
        """Σ (u − E[u | x])²/2, as of unit Gaussians: an observed value has no density."""
        return (0.5 * (u - self.mean(x)).square()).sum(-1)
