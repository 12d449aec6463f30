"""Gibbs chains that estimate the model's expectation, by where they start."""

from abc import ABC, abstractmethod
from typing import Any

import torch
from torch import Tensor

from ..._random import Stream
from ..machines.restricted import RestrictedBoltzmannMachine


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
    def settle(self, inputs: Tensor) -> None:
        """Take the hidden inputs of the states from ``draw``, which the update needs anyway."""

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
        for _ in range(self.n_steps):
            v = self.visible(self.machine.sample_hidden(v, self.stream))
            v = v * coding.observed(x) if coding.may_miss else v
        return v

    def settle(self, inputs: Tensor) -> None:
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

    def settle(self, inputs: Tensor) -> None:
        self.h = self.machine.hidden.sample(inputs, self.stream)

    def state_dict(self) -> dict[str, Any]:
        return {"h": self.h}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        if self.h.shape == state["h"].shape:  # else n_chains was set anew
            self.h = state["h"].to(self.h, copy=True)


class TemperedChains(Chains):
    """Parallel tempering: each chain is a ladder of replicas that exchange temperatures.

    The replicas have inverse temperatures β from 1 down to 0, where chains mix freely. Each step,
    neighbours of the ladder exchange their β with the probability below; then all make one sweep.

        min(1, p*_β(v') p*_β'(v) / (p*_β(v) p*_β'(v'))).

    Only states at β = 1 enter the gradient. The β move, not the states.

    Parameters
    ----------
    n_temperatures : int
        Replicas of each chain.

    References
    ----------
    G. Desjardins, A. Courville, Y. Bengio, P. Vincent, O. Delalleau, "Tempered Markov chain Monte
    Carlo for training of restricted Boltzmann machines", AISTATS 2010.
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
        device = machine.b.device
        self.betas = torch.linspace(1, 0, n_temperatures).to(machine.b)
        self.path = machine.path()
        self.v = self.path.base_state(n_chains * n_temperatures, stream).to(dtype)
        self.rank = torch.arange(n_temperatures, device=device).repeat(n_chains, 1)
        self.offset = torch.zeros((), dtype=torch.int64, device=device)

    def draw(self, x: Tensor) -> Tensor:
        for _ in range(self.n_steps):
            field = self.path.field(self.v)
            self._exchange(field)
            beta = self.betas[self.rank].view(-1, 1)
            self.v = self.path.sweep(field, beta, self.stream).to(self.dtype)
        first = len(self.betas) * torch.arange(len(self.rank), device=self.rank.device)
        return self.v[first + self.rank.argmin(1)]  # each chain's replica at β = 1

    def _exchange(self, field: Any) -> None:
        """Let every second pair of neighbours exchange ranks; the other pairs do so next time."""
        last = len(self.betas) - 1
        ladder = torch.arange(last + 1, device=self.rank.device)
        neighbour = ladder + 1 - 2 * ((ladder + self.offset) % 2)
        neighbour = torch.where((neighbour < 0) | (neighbour > last), ladder, neighbour)
        self.offset = 1 - self.offset

        here, there = self.betas[self.rank], self.betas[neighbour[self.rank]]
        gain = self.path.log_density(field, there.view(-1, 1))
        gain = gain - self.path.log_density(field, here.view(-1, 1))
        holder = self.rank.argsort(1)  # of each rank, the replica that has it
        gain = gain.view(self.rank.shape).gather(1, holder)
        draws = self.stream.uniform(tuple(gain.shape))[:, torch.minimum(ladder, neighbour)]
        accepted = draws.log() < gain + gain[:, neighbour]
        self.rank.scatter_(1, holder, torch.where(accepted, neighbour, ladder))

    def settle(self, inputs: Tensor) -> None:
        self.h = self.machine.hidden.sample(inputs, self.stream)

    def state_dict(self) -> dict[str, Any]:
        return {"h": self.h, "v": self.v.float(), "rank": self.rank, "offset": self.offset}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        if "rank" in state and self.rank.shape == state["rank"].shape:
            for name, value in state.items():
                setattr(self, name, value.to(getattr(self, name), copy=True))
