"""Gibbs chains with what is observed of a row held: they draw the rest given it."""

import torch
from torch import Tensor

from .._random import Stream
from ..base.generative import Completion
from .likelihood.bound import log_model_and_posterior
from .machines.base import Machine
from .machines.belief_network import BeliefNetwork
from .machines.restricted import RestrictedBoltzmannMachine
from .machines.states import with_held


class ClampedChains(Completion):
    """Chains of a Boltzmann machine, stationary at p(missing, h | observed).

    Parameters
    ----------
    machine : Machine
    x : Tensor of shape (n, n_features)
        Rows, NaN where missing; there the chains start at the machine without weights.
    stream : Stream
    """

    def __init__(self, machine: Machine, x: Tensor, stream: Stream) -> None:
        self.machine, self.stream, self.coding = machine, stream, machine.coding
        self.fixed = self.coding.to_columns(~x.isnan())
        start = machine.start(len(x), stream).to(x)
        v = with_held(start, self.fixed, self.coding.to_states(x))
        self.state = machine.begin(v, stream)

    def advance(self, n_steps: int) -> None:
        self.state = self.machine.advance(self.state, self.stream, n_steps, self.fixed)

    def draw(self) -> Tensor:
        return self.coding.to_rows(self.machine.visible_of(self.state))

    def expected(self) -> Tensor:
        return self.machine.visible_mean(self.state)

    def typical(self, mean: Tensor) -> Tensor:
        return self.coding.likeliest_rows(mean)


class ConditionalChains(ClampedChains):
    """Chains of a conditional machine, stationary at p(missing, h | observed, r).

    r tells which entries are observed, as it did in training, whatever is drawn for the others. Of
    these, hidden units hear the category, and not what all K weights have in common: that is what
    being there adds. So a missing unit is heard as its one-hot code less 1/K.

    Parameters
    ----------
    machine : RestrictedBoltzmannMachine
        Of categories, whose weights do not sum to 0 over each K.
    x : Tensor of shape (n, n_features)
        Rows, NaN where missing.
    stream : Stream
    """

    machine: RestrictedBoltzmannMachine

    def __init__(self, machine: RestrictedBoltzmannMachine, x: Tensor, stream: Stream) -> None:
        super().__init__(machine, x, stream)
        self.common = machine.visible.mean(torch.zeros_like(self.state[0])).where(~self.fixed, 0)

    def advance(self, n_steps: int) -> None:
        v, h = self.state
        for _ in range(n_steps):
            h = self.machine.sample_hidden(v - self.common, self.stream)
            v = with_held(self.machine.sample_visible(h, self.stream), self.fixed, v)
        self.state = v, h


class ClampedNetwork(Completion):
    """Chains of a deep belief network of two layers or more.

    ``approach`` goes up by q, makes a Gibbs sweep of the top machine, and comes down: nearly right,
    as far as q is nearly the posterior. ``advance`` is exact. A step proposes the directed hidden
    layers h' ~ q(h | v), accepts them with probability

        min(1, p*(v, h') q(h | v) / (p*(v, h) q(h' | v))),

    and draws what is missing from p(v | h¹).

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
        """Draw what is missing of v given h¹."""
        v = self.network.layers[0].sample_visible(self.h[0], self.stream)
        self.v = with_held(v, self.fixed, self.v)

    def _log_weight(self, h: list[Tensor]) -> Tensor:
        """log p*(v, h) − log q(h | v)."""
        log_p, log_q = log_model_and_posterior(self.network, self.v, h)
        return log_p - log_q
