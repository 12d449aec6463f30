"""What every Boltzmann machine can do."""

import copy
from abc import ABC, abstractmethod
from typing import Any, Self

from torch import Tensor

from ..._persistence import RecordedModule
from ..._random import Stream
from ..units.base import Units
from ..units.coding import Coding


class Machine(RecordedModule, ABC):
    """p(v, h) = exp(−E(v, h)) / Z: what every Boltzmann machine can do.

    Log Z is found along a path of machines of inverse temperature β, from a base at β = 0, whose
    units are independent, to this one at β = 1. A ``state`` is what the path samples, the rest
    being summed out, and its ``field`` what all temperatures need of it, computed once.

    Attributes
    ----------
    visible : Units
        The layer that sees the data.
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

    @abstractmethod
    def start(self, n: int, stream: Stream) -> Tensor:
        """``n`` visible states of the base machine, for chains to start at."""

    @abstractmethod
    def begin(self, v: Tensor, stream: Stream) -> Any:
        """The state of all units that a chain has which starts at ``v``."""

    @abstractmethod
    def advance(self, state: Any, stream: Stream, n_steps: int, fixed: Tensor | None = None) -> Any:
        """The state after ``n_steps`` sweeps; entries of v where ``fixed`` is true stay."""

    @abstractmethod
    def visible_of(self, state: Any) -> Tensor:
        """v."""

    @abstractmethod
    def visible_mean(self, state: Any) -> Tensor:
        """E[vᵢ | all units that are tied to vᵢ], of a state that a sweep has ended with."""

    def gibbs(
        self, v: Tensor, stream: Stream, n_steps: int = 1, fixed: Tensor | None = None
    ) -> Tensor:
        """``n_steps`` sweeps from ``v``, whose entries where ``fixed`` is true stay as they are."""
        return self.visible_of(self.advance(self.begin(v, stream), stream, n_steps, fixed))

    @property
    @abstractmethod
    def n_enumerated(self) -> float:
        """How many bits ``log_marginal`` is a function of; infinite where there is none."""

    @abstractmethod
    def log_marginal(self, bits: Tensor) -> Tensor:
        """Log Σ exp(−E) over all units but those that ``bits`` are the state of."""

    @abstractmethod
    def base_log_partition(self) -> Tensor:
        """Log Z₀."""

    @abstractmethod
    def base_state(self, n: int, stream: Stream) -> Any:
        """``n`` states drawn at β = 0."""

    @abstractmethod
    def field(self, state: Any) -> Any:
        """What ``log_density`` and ``sweep`` need of a state, at whatever β."""

    @abstractmethod
    def log_density(self, field: Any, beta: float | Tensor) -> Tensor:
        """Log p*_β of a state, up to a term without β; ``beta`` may be of shape (n, 1)."""

    @abstractmethod
    def sweep(self, field: Any, beta: float | Tensor, stream: Stream) -> Any:
        """The next state of chains that leave p_β invariant, reversibly."""

    def in_double(self) -> Self:
        """A copy with float64 parameters on the CPU, for figures that must be exact."""
        return copy.deepcopy(self).cpu().double()  # in this order: MPS has no float64
