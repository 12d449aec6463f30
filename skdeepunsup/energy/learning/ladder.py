"""Replica exchange along the annealing path of any machine."""

from typing import Any

import torch
from torch import Tensor

from ..._random import Stream
from ..machines.base import AnnealingPath


class Ladder:
    """Parallel tempering: each chain has replicas at several temperatures, which they exchange.

    The replicas have inverse temperatures β from 1 down to 0, where chains mix freely. Each step,
    neighbours of the ladder exchange their β with the probability below; then all make one sweep.

        min(1, p*_β(v') p*_β'(v) / (p*_β(v) p*_β'(v'))).

    The β move, not the states.

    Parameters
    ----------
    path : AnnealingPath
    stream : Stream
    n_chains : int
    n_temperatures : int
        Replicas of each chain.
    dtype : torch.dtype
        Dtype of the states in products.

    References
    ----------
    G. Desjardins, A. Courville, Y. Bengio, P. Vincent, O. Delalleau, "Tempered Markov chain Monte
    Carlo for training of restricted Boltzmann machines", AISTATS 2010.
    """

    def __init__(
        self,
        path: AnnealingPath,
        stream: Stream,
        n_chains: int,
        n_temperatures: int,
        dtype: torch.dtype,
    ) -> None:
        self.path, self.stream, self.dtype = path, stream, dtype
        self.state = path.base_state(n_chains * n_temperatures, stream).to(dtype)
        device = self.state.device
        wide = torch.float64 if dtype == torch.float64 else torch.float32
        self.betas = torch.linspace(1, 0, n_temperatures, dtype=wide, device=device)
        self.rank = torch.arange(n_temperatures, device=device).repeat(n_chains, 1)
        self.offset = torch.zeros((), dtype=torch.int64, device=device)

    def advance(self, n_steps: int) -> None:
        """Make ``n_steps`` exchanges, each with a sweep of all replicas after it."""
        for _ in range(n_steps):
            field = self.path.field(self.state)
            self._exchange(field)
            beta = self.betas[self.rank].view(-1, 1)
            self.state = self.path.sweep(field, beta, self.stream).to(self.dtype)

    def coldest(self) -> Tensor:
        """The state of each chain's replica at β = 1."""
        first = len(self.betas) * torch.arange(len(self.rank), device=self.rank.device)
        return self.state[first + self.rank.argmin(1)]

    def start(self, state: Tensor) -> None:
        """Put all replicas of each chain at its row of ``state``."""
        self.state = state.to(self.dtype).repeat_interleave(len(self.betas), 0)

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

    def state_dict(self) -> dict[str, Tensor]:
        """States, ranks, and which pairs are next."""
        state = self.state
        wide = state if state.dtype == torch.float64 else state.float()
        return {"v": wide, "rank": self.rank, "offset": self.offset}

    def load_state_dict(self, state: dict[str, Any]) -> bool:
        """Restore a state, unless it is of another number of chains or replicas; tell whether."""
        same = "rank" in state and self.rank.shape == state["rank"].shape
        if same:
            self.state = state["v"].to(self.state, copy=True)
            self.rank = state["rank"].to(self.rank, copy=True)
            self.offset = state["offset"].to(self.offset, copy=True)
        return same
