"""Chains that draw the missing entries of a row, with the observed entries held."""

from functools import cached_property

import torch
from torch import Tensor

from .._random import Stream
from ..base.generative import Completion
from .likelihood.bound import log_model_and_posterior
from .machines.base import GibbsChain, Machine
from .machines.belief_network import BeliefNetwork
from .machines.restricted import RestrictedBoltzmannMachine, RestrictedChain
from .machines.states import with_held


class ClampedChains(Completion):
    """Chains of a Boltzmann machine, stationary at p(missing, h | observed).

    Parameters
    ----------
    machine : Machine
    x : Tensor of shape (n, n_features)
        Rows, NaN where missing; there the chains start at draws from the machine without weights.
    stream : Stream
    """

    chain: GibbsChain

    def __init__(self, machine: Machine, x: Tensor, stream: Stream) -> None:
        self.coding = machine.coding
        self.fixed = self.coding.to_columns(~x.isnan())
        start = machine.sample_base(len(x), stream).to(x)
        v = with_held(start, self.fixed, self.coding.to_states(x))
        self.chain = machine.chain(v, stream, self.fixed)

    def advance(self, n_steps: int) -> None:
        self.chain.advance(n_steps)

    def draw(self) -> Tensor:
        return self.coding.to_rows(self.chain.visible())

    def expected(self) -> Tensor:
        return self.chain.visible_mean()

    def typical(self, mean: Tensor) -> Tensor:
        return self.coding.likeliest_rows(mean)


class ConditionalChains(ClampedChains):
    """Chains of a conditional machine, stationary at p(missing, h | observed, r).

    Parameters
    ----------
    machine : RestrictedBoltzmannMachine
        A machine of categories whose weights do not sum to 0 over each K.
    x : Tensor of shape (n, n_features)
        Rows, NaN where missing.
    stream : Stream
    """

    def __init__(self, machine: RestrictedBoltzmannMachine, x: Tensor, stream: Stream) -> None:
        super().__init__(machine, x, stream)
        self.chain = ConditionalChain(machine, self.chain.visible(), stream, self.fixed)


class ConditionalChain(RestrictedChain):
    """Sweeps of a conditional machine, with r as the row has it.

    r marks the entries that are observed, as in training, whatever is drawn for the others. The
    mean of a unit's K weights is what an observed unit adds whatever its category. A missing unit
    must not add it: the hidden units receive its one-hot code less 1/K.
    """

    fixed: Tensor

    def _seen(self) -> Tensor:
        return self.v - self._common

    @cached_property
    def _common(self) -> Tensor:
        """1/K in the columns of missing units, else 0."""
        return self.machine.visible.mean(torch.zeros_like(self.v)).where(~self.fixed, 0)


class ClampedNetwork(Completion):
    """Chains of a deep belief network of two layers or more.

    ``approach`` goes up by q, makes a Gibbs sweep of the top machine, and comes down: approximate,
    and as good as q approximates the posterior. ``advance`` is exact: a step proposes the directed
    hidden layers h' ~ q(h | v), accepts them with probability

        min(1, p*(v, h') q(h | v) / (p*(v, h) q(h' | v))),

    and draws the missing entries from p(v | h¹).

    Parameters
    ----------
    network : BeliefNetwork
    x : Tensor of shape (n, n_features)
        Rows, NaN where missing; there the chains start at draws from the untrained top machine.
    stream : Stream
    """

    def __init__(self, network: BeliefNetwork, x: Tensor, stream: Stream) -> None:
        self.network, self.stream, self.coding = network, stream, network.coding
        self.fixed = self.coding.to_columns(~x.isnan())
        start = network.sample(len(x), 1, stream).to(x)
        self.v = with_held(start, self.fixed, self.coding.to_states(x))
        self.h = self._up()

    def approach(self, n_steps: int) -> None:
        for _ in range(n_steps):
            u = self.network.top.gibbs(self._up()[-1], self.stream)
            self.h = [u]
            for machine in reversed(self.network.directed[1:]):
                u = machine.sample_visible(u, self.stream)
                self.h.insert(0, u)
            self._down()

    def advance(self, n_steps: int) -> None:
        for _ in range(n_steps):
            proposed = self._up()
            gain = self._log_weight(proposed) - self._log_weight(self.h)
            accepted = self.stream.uniform((len(gain),)).to(gain).log() < gain
            pairs = zip(proposed, self.h, strict=True)
            self.h = [torch.where(accepted[:, None], new, old) for new, old in pairs]
            self._down()

    def draw(self) -> Tensor:
        return self.coding.to_rows(self.v)

    def expected(self) -> Tensor:
        return self.network.visible.mean(self.network.layers[0].visible_input(self.h[0]))

    def typical(self, mean: Tensor) -> Tensor:
        return self.coding.likeliest_rows(mean)

    def _up(self) -> list[Tensor]:
        """Draw h¹, …, hᴸ⁻¹ from q given v."""
        h, below = [], self.v
        for layer in range(len(self.network.directed)):
            below = self.network.sample_up(layer, below, self.stream)
            h.append(below)
        return h

    def _down(self) -> None:
        """Draw the missing entries of v given h¹."""
        v = self.network.layers[0].sample_visible(self.h[0], self.stream)
        self.v = with_held(v, self.fixed, self.v)

    def _log_weight(self, h: list[Tensor]) -> Tensor:
        """log p*(v, h) − log q(h | v)."""
        log_p, log_q = log_model_and_posterior(self.network, self.v, h)
        return log_p - log_q
