"""Gibbs chains that estimate the model's expectation, by where they start."""

from abc import ABC, abstractmethod
from functools import partial
from typing import Any

import torch
from torch import Tensor

from ..._random import Stream
from ..machines.restricted import RestrictedBoltzmannMachine
from .ladder import Ladder

MIN_CHAINS, MAX_CHAINS, CHAIN_WORK = 50, 200, 10**7


def n_chains_by_default(n_weights: int) -> int:
    """Chains for a machine of so many weights: `CHAIN_WORK` products a sweep, within limits.

    Ten chains, a batch's size, cost 28 nats on MNIST (20,000 rows, 15 passes, 128 units: −131;
    −105 with 50) and make five patterns of 30 bits fall apart the longer they are learned (−11.9
    after 200 passes, −6.3 with 200 chains; the truth is −5.5). Fifty cost 1.7 times the time
    there; 200 cost nothing to speak of where weights are few.
    """
    return min(max(CHAIN_WORK // n_weights, MIN_CHAINS), MAX_CHAINS)


class Chains(ABC):
    """Approximate draws of visible states from a restricted machine while it is trained.

    Parameters
    ----------
    machine : RestrictedBoltzmannMachine
    stream : Stream
        All randomness.
    n_chains : int
    n_steps : int
        Gibbs sweeps in one update.
    dtype : torch.dtype
        Dtype of states in products. In bfloat16 bits are exact and real values are rounded.
    """

    def __init__(
        self,
        machine: RestrictedBoltzmannMachine,
        stream: Stream,
        *,
        n_chains: int,
        n_steps: int,
        dtype: torch.dtype,
    ) -> None:
        self.machine, self.stream, self.n_steps, self.dtype = machine, stream, n_steps, dtype
        self.h = machine.b.new_zeros(n_chains, machine.n_components)

    @abstractmethod
    def draw(self, x: Tensor) -> Tensor:
        """Visible states after ``n_steps`` sweeps; ``x`` is the batch of the same update."""

    @abstractmethod
    def settle(self, inputs: Tensor, means: Tensor) -> None:
        """Take hidden inputs and means of the states from ``draw``, which the update has anyway."""

    def start(self, v: Tensor) -> None:
        """Start the chains at these visible states, one for each."""
        inputs = self.machine.hidden_input(v)
        self.settle(inputs, self.machine.hidden.mean(inputs))

    @abstractmethod
    def state_dict(self) -> dict[str, Any]:
        """All that changes, as tensors; hidden states under "h"."""

    @abstractmethod
    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore a state, unless it is of chains of another number or kind."""

    def visible(self, h: Tensor) -> Tensor:
        """Draw v given h."""
        return self.machine.sample_visible(h.to(self.dtype), self.stream).to(self.dtype)


class DataChains(Chains):
    """Contrastive divergence: each chain starts at a row of the batch and ends with the update.

    Entries that are missing in the row are not reconstructed: the chain is one of the machine that
    has the row's other units alone.

    References
    ----------
    G. Hinton, "Training products of experts by minimizing contrastive divergence", Neural
    Computation 14, 2002; R. Salakhutdinov, A. Mnih, G. Hinton, "Restricted Boltzmann machines for
    collaborative filtering", ICML 2007.
    """

    def draw(self, x: Tensor) -> Tensor:
        coding, v = self.machine.coding, x
        there = coding.observed(x) if coding.may_miss else None
        for _ in range(self.n_steps):
            v = self.visible(self.machine.sample_hidden(v, self.stream))
            v = v if there is None else v * there
        return v

    def settle(self, inputs: Tensor, means: Tensor) -> None:
        pass

    def state_dict(self) -> dict[str, Any]:
        return {"h": self.h}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        pass


class PersistentChains(Chains):
    """Persistent contrastive divergence: chains continue from where the last update left them.

    References
    ----------
    T. Tieleman, "Training restricted Boltzmann machines using approximations to the likelihood
    gradient", ICML 2008.
    """

    def draw(self, x: Tensor) -> Tensor:
        v = self.visible(self.h)
        for _ in range(self.n_steps - 1):
            v = self.visible(self.machine.sample_hidden(v, self.stream))
        return v

    def settle(self, inputs: Tensor, means: Tensor) -> None:
        self.h = self.machine.hidden.sample_given_mean(inputs, means, self.stream)

    def state_dict(self) -> dict[str, Any]:
        return {"h": self.h}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        if self.h.shape == state["h"].shape:  # else n_chains was set anew
            self.h = state["h"].to(self.h, copy=True)


class TemperedChains(Chains):
    """Parallel tempering: each chain is a `Ladder` of replicas; only its state at β = 1 is drawn.

    Parameters
    ----------
    n_temperatures : int
        Replicas of each chain.
    """

    def __init__(
        self,
        machine: RestrictedBoltzmannMachine,
        stream: Stream,
        *,
        n_chains: int,
        n_steps: int,
        dtype: torch.dtype,
        n_temperatures: int,
    ) -> None:
        super().__init__(machine, stream, n_chains=n_chains, n_steps=n_steps, dtype=dtype)
        self.ladder = Ladder(machine.path(), stream, n_chains, n_temperatures, dtype)

    def draw(self, x: Tensor) -> Tensor:
        self.ladder.advance(self.n_steps)
        return self.ladder.coldest()

    def start(self, v: Tensor) -> None:
        super().start(v)
        self.ladder.start(v)

    def settle(self, inputs: Tensor, means: Tensor) -> None:
        self.h = self.machine.hidden.sample_given_mean(inputs, means, self.stream)

    def state_dict(self) -> dict[str, Any]:
        return {"h": self.h} | self.ladder.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        if self.ladder.load_state_dict(state):
            self.h = state["h"].to(self.h, copy=True)


def persistent_chains(n_temperatures: int) -> Any:
    """What makes persistent chains, tempered ones if there is more than one temperature."""
    if n_temperatures == 1:
        return PersistentChains
    return partial(TemperedChains, n_temperatures=n_temperatures)
