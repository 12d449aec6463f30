"""Units as functions of their input x: what a layer of a Boltzmann machine is made of.

A unit that receives the total input x, its bias included, takes the value u with probability

    p(u | x) = exp(x t(u) + base(u)) / exp(log_normalizer(x)).

Its kind is the pair of t, the statistic that weights see of it, and the base measure; a machine
needs to know no more of it than the functions below (an exponential-family harmonium: M. Welling,
M. Rosen-Zvi, G. Hinton, NIPS 2004). The derivative of the log-normaliser is E[t(u) | x].
"""

import math
from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus
from torch.special import erfcx, log_ndtr, ndtri

from .._random import Stream


class Units(nn.Module, ABC):
    """A layer of units of one kind.

    Rows of data and the layer's states differ where a unit is more than a number: a categorical
    unit's code is one number of a row and K of a state. All functions but ``states`` take states.

    Parameters
    ----------
    n_units : int
        Columns of the rows.
    """

    binary = False
    """Whether all states can be enumerated as bits."""

    def __init__(self, n_units: int) -> None:
        super().__init__()
        self.n_units = n_units

    @property
    @abstractmethod
    def size(self) -> int:
        """Columns of a state, and of its input."""

    @abstractmethod
    def states(self, rows: Tensor) -> Tensor:
        """Rows of data as states."""

    @abstractmethod
    def rows(self, u: Tensor) -> Tensor:
        """States, or means of states, as rows of data."""

    @abstractmethod
    def spread(self, mask: Tensor) -> Tensor:
        """Of each column of a state, what ``mask`` says of the column of rows it belongs to."""

    @abstractmethod
    def statistic(self, u: Tensor) -> Tensor:
        """t(u), shaped as ``u``."""

    @abstractmethod
    def log_base(self, u: Tensor) -> Tensor:
        """Σ base(u) of each state."""

    @abstractmethod
    def log_normalizer(self, x: Tensor) -> Tensor:
        """log ∫ exp(x t(u) + base(u)) du of each unit."""

    @abstractmethod
    def mean(self, x: Tensor) -> Tensor:
        """E[u | x]."""

    @abstractmethod
    def sample(self, x: Tensor, stream: Stream) -> Tensor:
        """Draw u given x."""

    @abstractmethod
    def divergence(self, u: Tensor, x: Tensor) -> Tensor:
        """Kullback–Leibler divergence, in nats, of what is observed from each unit given x."""

    @abstractmethod
    def constrain_(self, W: Tensor, a: Tensor) -> None:
        """Keep the parameters where the units are well defined, after an update."""


class ScalarUnits(Units):
    """Units that take one number each."""

    @property
    def size(self) -> int:
        """As many as there are units."""
        return self.n_units

    def states(self, rows: Tensor) -> Tensor:
        """The rows themselves."""
        return rows

    def rows(self, u: Tensor) -> Tensor:
        """The states themselves."""
        return u

    def spread(self, mask: Tensor) -> Tensor:
        """The mask itself."""
        return mask


class Bernoulli(ScalarUnits):
    """u ∈ {0, 1}, t(u) = u, no base: P(u = 1 | x) = σ(x)."""

    binary = True

    def statistic(self, u: Tensor) -> Tensor:
        """U itself."""
        return u

    def log_base(self, u: Tensor) -> Tensor:
        """0."""
        return torch.zeros(len(u), dtype=u.dtype, device=u.device)

    def log_normalizer(self, x: Tensor) -> Tensor:
        """Log(1 + eˣ)."""
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
        """U log(u / σ(x)) + (1 − u) log((1 − u) / (1 − σ(x))), with u clipped to [0, 1]."""
        u = u.clamp(0, 1)
        tiny = torch.finfo(u.dtype).tiny  # where 0 log 0 = 0
        entropy = -u * u.clamp_min(tiny).log() - (1 - u) * (1 - u).clamp_min(tiny).log()
        return softplus(x) - u * x - entropy

    def constrain_(self, W: Tensor, a: Tensor) -> None:
        """Nothing to keep."""


class Twin(ScalarUnits):
    """Two binary units with one input between them, counted: u ∈ {0, 1, 2}, binomial, t(u) = u.

    What a layer of a deep machine is to one neighbour while its other one is unknown, and taken to
    say the same.
    """

    def statistic(self, u: Tensor) -> Tensor:
        """U itself."""
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
        return 2 * (softplus(x) - p * x - torch.special.entr(p) - torch.special.entr(1 - p))

    def constrain_(self, W: Tensor, a: Tensor) -> None:
        """Nothing to keep."""


class Rectified(ScalarUnits):
    """u ≥ 0, t(u) = u, base −u²/2: a Gaussian of mean x and variance 1, cut off below 0.

    The free energy of a machine with such hidden units is exact, as that of no softplus or noisy
    rectifier is: the log-normaliser has a closed form, and the mean and the sampler are its own.

    References
    ----------
    Q. Su, X. Liao, C. Chen, L. Carin, "Nonlinear statistical learning with truncated Gaussian
    graphical models", ICML 2016.
    """

    def statistic(self, u: Tensor) -> Tensor:
        """U itself."""
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
        """x + φ(x)/Φ(x), far below 0 by its series −1/x + 2/x³ − 10/x⁵."""
        near, far = x.clamp(min=-20), x.clamp(max=-20)
        # As x → ∞, erfcx(−x/√2) overflows to ∞ and the correction is 0, as it should be.
        exact = near + math.sqrt(2 / math.pi) / erfcx(-near / math.sqrt(2))
        square = far.square()
        series = (-1 + 2 / square - 10 / square.square()) / far
        return torch.where(x < -20, series, exact)

    def sample(self, x: Tensor, stream: Stream) -> Tensor:
        """By inversion: x − Φ⁻¹(r Φ(x)) with r uniform on (0, 1]."""
        dtype = torch.float32 if x.device.type == "mps" else torch.float64
        r = 1 - stream.uniform(tuple(x.shape), dtype)
        wide = x.to(dtype)
        near = wide.clamp(min=-8 if dtype == torch.float32 else -30)
        tail = wide + (wide.square() - 2 * r.log()).sqrt()  # where Φ(x) is no number any more
        share = r * torch.erfc(-near / math.sqrt(2)) / 2  # r Φ(x); torch's ndtr has no far tail
        u = near - ndtri(share.clamp_min(torch.finfo(dtype).tiny))
        return torch.where(wide < near, tail, u).clamp(min=0).to(x.dtype)

    def divergence(self, u: Tensor, x: Tensor) -> Tensor:
        """(u − E[u | x])²/2: of unit Gaussians, since an observed value has no density."""
        return 0.5 * (u - self.mean(x)).square()

    def constrain_(self, W: Tensor, a: Tensor) -> None:
        """Nothing to keep."""


class Gaussian(ScalarUnits):
    """u ∈ ℝ, t(u) = u/σ², base −u²/(2σ²): normal with mean x and variance σ², which is learned.

    Parameters
    ----------
    n_units : int
    min_variance : float, default=1e-3
        Floor of σ², below which a density could grow without bound.

    Attributes
    ----------
    log_variance : Tensor of shape (n_units,)
        log σ².

    References
    ----------
    K. Cho, A. Ilin, T. Raiko, "Improved learning of Gaussian-Bernoulli restricted Boltzmann
    machines", ICANN 2011.
    """

    def __init__(self, n_units: int, min_variance: float = 1e-3) -> None:
        super().__init__(n_units)
        self.min_variance = min_variance
        self.log_variance = nn.Parameter(torch.zeros(n_units), requires_grad=False)

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
        """X itself."""
        return x

    def sample(self, x: Tensor, stream: Stream) -> Tensor:
        """x + σε with ε standard normal."""
        return torch.addcmul(x, (0.5 * self.log_variance).exp(), stream.normal_like(x))

    def divergence(self, u: Tensor, x: Tensor) -> Tensor:
        """(u − x)²/(2σ²): of two Gaussians of the units' variance."""
        return 0.5 * self.statistic(u - x) * (u - x)

    def log_variance_score(self, u: Tensor, x: Tensor) -> Tensor:
        """∂/∂log σ² of x t(u) + base(u), which is (u²/2 − x u)/σ²."""
        return self.statistic(u) * (0.5 * u - x)

    def constrain_(self, W: Tensor, a: Tensor) -> None:
        """σ² stays above its floor."""
        self.log_variance.clamp_(min=math.log(self.min_variance))


class Categorical(Units):
    """u is one of K categories, t(u) its one-hot code: P(u = k | x) = softmax(x)ₖ.

    A row has a code 0 … K − 1 for each unit, or NaN where it is missing. A state has K columns for
    each unit, all 0 for a missing one, which so adds nothing to any sum.

    Parameters
    ----------
    n_units : int
    n_categories : int
        K.
    """

    def __init__(self, n_units: int, n_categories: int) -> None:
        super().__init__(n_units)
        self.n_categories = n_categories

    @property
    def size(self) -> int:
        """K for each unit."""
        return self.n_units * self.n_categories

    def _codes(self, like: Tensor) -> Tensor:
        return torch.arange(self.n_categories, dtype=like.dtype, device=like.device)

    def _groups(self, x: Tensor) -> Tensor:
        return x.unflatten(-1, (-1, self.n_categories))

    def states(self, rows: Tensor) -> Tensor:
        """One-hot codes."""
        return (rows[..., None] == self._codes(rows)).to(rows.dtype).flatten(-2)

    def rows(self, u: Tensor) -> Tensor:
        """Σₖ k uₖ: of a one-hot state its code, of probabilities the expected code."""
        return self._groups(u) @ self._codes(u)

    def spread(self, mask: Tensor) -> Tensor:
        """The mask, K times each column."""
        return mask.repeat_interleave(self.n_categories, -1)

    def statistic(self, u: Tensor) -> Tensor:
        """The one-hot code."""
        return u

    def log_base(self, u: Tensor) -> Tensor:
        """0."""
        return torch.zeros(len(u), dtype=u.dtype, device=u.device)

    def log_normalizer(self, x: Tensor) -> Tensor:
        """Log Σₖ exp(xₖ)."""
        return self._groups(x).logsumexp(-1)

    def mean(self, x: Tensor) -> Tensor:
        """softmax(x), the probabilities of the K categories."""
        return self._groups(x).softmax(-1).flatten(-2)

    def sample(self, x: Tensor, stream: Stream) -> Tensor:
        """The first category whose cumulated probability exceeds a uniform number."""
        cumulated = self._groups(x).softmax(-1).cumsum(-1)
        r = stream.uniform(tuple(cumulated.shape[:-1]), cumulated.dtype)[..., None]
        code = (cumulated[..., :-1] <= r).sum(-1, dtype=x.dtype)
        return self.states(code)

    def values(self, like: Tensor) -> Tensor:
        """All that a unit can be, a row each."""
        return torch.eye(self.n_categories).to(like)

    def divergence(self, u: Tensor, x: Tensor) -> Tensor:
        """−log P(u | x); 0 where it is missing."""
        return -(self._groups(u) * self._groups(x).log_softmax(-1)).sum(-1)

    def observed(self, u: Tensor) -> Tensor:
        """1 in all columns of a unit that is there, 0 in those of one that is missing."""
        return self._groups(u).sum(-1, keepdim=True).expand(self._groups(u).shape).flatten(-2)

    def constrain_(self, W: Tensor, a: Tensor) -> None:
        """The zero-sum gauge: softmax does not change with the mean over the K categories."""
        W.unflatten(0, (-1, self.n_categories)).sub_(
            W.unflatten(0, (-1, self.n_categories)).mean(1, keepdim=True)
        )
        a.unflatten(0, (-1, self.n_categories)).sub_(
            a.unflatten(0, (-1, self.n_categories)).mean(1, keepdim=True)
        )
