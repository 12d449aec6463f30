"""Units as functions of their input x: what a layer of a Boltzmann machine is made of.

A unit that receives the total input x, its bias included, takes the value u with probability

    p(u | x) = exp(x t(u) + base(u)) / exp(log_normalizer(x)).

Its kind is the pair of t, the statistic that weights see of it, and the base measure; a machine
needs to know no more of it than the functions below (an exponential-family harmonium: M. Welling,
M. Rosen-Zvi, G. Hinton, NIPS 2004). The derivative of the log-normaliser is E[t(u) | x].
"""

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn

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
