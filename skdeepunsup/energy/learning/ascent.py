"""The base of all learning rules of energy models."""

import copy
from abc import ABC, abstractmethod
from typing import Any

import torch
from torch import Tensor, nn

from ..._random import Stream
from ..._rows import Rows
from ...training import follow, linear_pace
from .monitors import Figures, fixed_bits, measured


class LikelihoodAscent(ABC):
    """Base of the learning rules: decay of the rate, average of the parameters, figures, state.

    Parameters
    ----------
    module : nn.Module
        The module that is trained, or, with ``averaging``, the one that follows the trained copy.
    stream : Stream
        All randomness.
    learning_rate : float
        Step along the gradient.
    decay : bool
        Whether the learning rate falls linearly to 1 % of itself over the second half of the fit.
    averaging : float
        The module keeps this share of its own parameters at each update and takes the rest from
        those that are trained (B. Polyak, A. Juditsky, 1992); at 0 they are the same.
    resample : bool
        Whether each batch is drawn anew: bits, with its entries as probabilities.
    """

    def __init__(
        self,
        module: nn.Module,
        stream: Stream,
        *,
        learning_rate: float,
        decay: bool = False,
        averaging: float = 0.0,
        resample: bool = False,
    ) -> None:
        self.module: Any = module
        self.machine: Any = copy.deepcopy(module) if averaging else module
        self.stream, self.learning_rate, self.decay = stream, learning_rate, decay
        self.averaging, self.resample = averaging, resample
        self.pace, self.stage = 1.0, 0
        self.n_updates = 0

    def begin_epoch(self, progress: float, stage: int = 0) -> None:
        self.pace = linear_pace(progress) if self.decay else 1.0
        self.stage = stage

    @torch.no_grad()
    def step(self, x: Tensor) -> dict[str, Tensor]:
        self._update(self.stream.bernoulli(x) if self.resample else x)
        if self.averaging:
            self._average()
        return {}

    @abstractmethod
    def _update(self, x: Tensor) -> None:
        """One step uphill."""

    def _average(self) -> None:
        """Let ``module`` follow ``machine``, more closely at first."""
        self.n_updates += 1
        averages, parameters = self.module.parameters(), self.machine.parameters()
        follow(averages, parameters, self.averaging, self.n_updates)

    @property
    @abstractmethod
    def n_sweeps(self) -> int:
        """Sweeps over units in an update, of the chains and of what is given the data."""

    def watched(self, rows: Rows) -> tuple[Any, Rows] | None:
        """The machine in training and the rows it models, for a `Watch`."""
        return self.module, rows

    def as_trained(self, x: Tensor) -> Tensor:
        """Rows as training takes them; bits that are drawn are the same at each call."""
        return fixed_bits(x) if self.resample else x

    def measure(self, rows: Rows, held_out: Rows | None) -> dict[str, Tensor]:
        def figures(x: Tensor) -> Figures:
            return self._figures(self.as_trained(x))

        return measured(figures, rows, held_out)

    @abstractmethod
    def _figures(self, rows: Tensor) -> Figures:
        """Figures of ``module`` for the epoch's record, a number a row."""

    def state_dict(self) -> dict[str, Any]:
        state: dict[str, Any] = {"n_updates": self.n_updates}
        if self.averaging:
            state["trained"] = self.machine.state_dict()
        return state | self._state()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.n_updates = state["n_updates"]
        if self.averaging:
            self.machine.load_state_dict(state.get("trained", self.module.state_dict()))
        self._take(state)

    @abstractmethod
    def _state(self) -> dict[str, Any]:
        """All that training changes beside the parameters, in dtypes that NumPy has."""

    @abstractmethod
    def _take(self, state: dict[str, Any]) -> None:
        """Restore a state that ``_state`` returned."""
