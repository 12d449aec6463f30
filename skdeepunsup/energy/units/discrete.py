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
from torch.special import entr

from ..._random import Stream


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
    learned = False
    """Whether the units have parameters of their own."""
    may_miss = False
    """Whether a state may lack some of the units."""

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
    def typical(self, mean: Tensor) -> Tensor:
        """Rows that stand for means of states: of a categorical unit, its likeliest code."""

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
    def observed(self, u: Tensor) -> Tensor:
        """1 in the columns of units that are there, 0 in those of missing ones; like ``u``."""

    @abstractmethod
    def ascend_(self, u: Tensor, x: Tensor, c: Tensor, rate: float) -> None:
        """One step of the units' own parameters up Σₛ cₛ log p(uₛ, xₛ), where ``learned``."""

    @abstractmethod
    def constrain_(self, W: Tensor, a: Tensor) -> None:
        """Keep the parameters where the units are well defined, after an update."""


class ScalarUnits(Units):
    """Units that take one number each, which is never missing."""

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

    def typical(self, mean: Tensor) -> Tensor:
        """The means themselves."""
        return mean

    def spread(self, mask: Tensor) -> Tensor:
        """The mask itself."""
        return mask

    def observed(self, u: Tensor) -> Tensor:
        """Ones."""
        return torch.ones_like(u)


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


class Categorical(Units):
    """u is one of K categories, t(u) its one-hot code: P(u = k | x) = softmax(x)ₖ.

    A row has a code 0 … K − 1 for each unit, or NaN where it is missing. A state has K columns for
    each unit, all 0 for a missing one, which so adds nothing to any sum.

    Parameters
    ----------
    n_units : int
    n_categories : int
        K.
    zero_sum : bool, default=True
        Whether weights sum to 0 over each K. Where units may be missing, that is no mere gauge: the
        mean over K is what hidden units hear of a unit's being there at all.
    """

    may_miss = True

    def __init__(self, n_units: int, n_categories: int, zero_sum: bool = True) -> None:
        super().__init__(n_units)
        self.n_categories, self.zero_sum = n_categories, zero_sum

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

    def typical(self, mean: Tensor) -> Tensor:
        """The likeliest code."""
        return self._groups(mean).argmax(-1).to(mean.dtype)

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
        """The logarithm of Σₖ exp(xₖ)."""
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

    def ascend_(self, u: Tensor, x: Tensor, c: Tensor, rate: float) -> None:
        """Nothing to learn."""

    def constrain_(self, W: Tensor, a: Tensor) -> None:
        """The zero-sum gauge: softmax does not change with the mean over the K categories."""
        for parameter in (W, a) if self.zero_sum else (a,):
            groups = parameter.unflatten(0, (-1, self.n_categories))
            groups.sub_(groups.mean(1, keepdim=True))
