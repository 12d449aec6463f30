"""Three interfaces of a Boltzmann machine: a model of rows, a Gibbs chain, an annealing path."""

import copy
from abc import ABC, abstractmethod
from typing import Any, Self

from torch import Tensor

from ..._persistence import RecordedModule
from ..._random import Stream
from ..units.base import Units
from ..units.coding import Coding


class Machine(RecordedModule, ABC):
    """p(v, h) = exp(−E(v, h)) / Z as a model of rows of data.

    Attributes
    ----------
    visible : Units
        The layer that holds the data.
    n_components : int
        Width of the code.
    """

    visible: Units
    n_components: int

    @property
    def coding(self) -> Coding:
        """How rows of data become visible states."""
        return self.visible.coding

    @abstractmethod
    def encode(self, rows: Tensor) -> Tensor:
        """E[h | v], or an approximation, of rows of data."""

    @abstractmethod
    def decode(self, h: Tensor) -> Tensor:
        """E[v | h], or an approximation, as rows of data."""

    @abstractmethod
    def free_energy(self, v: Tensor) -> Tensor:
        """−log Σₕ exp(−E(v, h)) of each visible state, or an upper bound."""

    @property
    @abstractmethod
    def n_enumerated(self) -> float:
        """How many bits ``log_marginal`` is a function of; infinite where there is none."""

    @abstractmethod
    def log_marginal(self, bits: Tensor) -> Tensor:
        """Log Σ exp(−E) over all units but those whose states ``bits`` are."""

    @abstractmethod
    def sample_base(self, n: int, stream: Stream) -> Tensor:
        """Draw ``n`` visible states of the base machine, which has no weights."""

    @abstractmethod
    def chain(self, v: Tensor, stream: Stream, fixed: Tensor | None = None) -> "GibbsChain":
        """Chains of this machine that start at the visible states ``v``."""

    @abstractmethod
    def path(self) -> "AnnealingPath":
        """The path to this machine from its base machine, along which log Z is found."""

    def gibbs(
        self, v: Tensor, stream: Stream, n_steps: int = 1, fixed: Tensor | None = None
    ) -> Tensor:
        """Visible states after ``n_steps`` sweeps from ``v``; entries where ``fixed`` stay."""
        chain = self.chain(v, stream, fixed)
        chain.advance(n_steps)
        return chain.visible()

    def in_double(self) -> Self:
        """A copy with float64 parameters on the CPU, for figures that must be exact."""
        return copy.deepcopy(self).cpu().double()  # in this order: MPS has no float64


class GibbsChain(ABC):
    """States of all units, one chain a row, that Gibbs sweeps of the machine move.

    A sweep leaves p(v, h) invariant, or, with entries of v held, p given these entries.
    """

    @abstractmethod
    def advance(self, n_steps: int) -> None:
        """Make ``n_steps`` sweeps."""

    @abstractmethod
    def visible(self) -> Tensor:
        """The present v."""

    @abstractmethod
    def visible_mean(self) -> Tensor:
        """E[vᵢ | all units connected to vᵢ], after at least one sweep."""


class AnnealingPath(ABC):
    """Distributions p*_β from a base machine at β = 0, of independent units, to a machine at β = 1.

    A ``state`` holds the units that the path samples, the others being summed out. The ``field`` of
    a state is all that any β needs of it, so that it is computed once. A path keeps no parameters:
    it follows those of its machine.
    """

    @abstractmethod
    def base_log_partition(self) -> Tensor:
        """Log Z₀."""

    @abstractmethod
    def base_state(self, n: int, stream: Stream) -> Any:
        """``n`` states drawn at β = 0."""

    @abstractmethod
    def field(self, state: Any) -> Any:
        """The input of ``log_density`` and ``sweep`` at whatever β."""

    @abstractmethod
    def log_density(self, field: Any, beta: float | Tensor) -> Tensor:
        """Log p*_β of a state, up to a term without β; ``beta`` may be of shape (n, 1)."""

    @abstractmethod
    def sweep(self, field: Any, beta: float | Tensor, stream: Stream) -> Any:
        """The next state of chains that leave p_β invariant, reversibly."""
