"""Chains that learning rules draw from."""

import itertools
import math

import pytest
import torch

from skdeepunsup._random import Stream
from skdeepunsup.energy.learning.chains import DataChains, TemperedChains
from skdeepunsup.energy.machines.restricted import RestrictedBoltzmannMachine
from tests.energy.machines.test_pairs_of_units import machine_of


def test_tempered_chains_sample_the_machine_where_plain_ones_are_stuck():
    """Two far modes, of 10 to 1 odds: chains that exchange temperatures find both shares."""
    machine = RestrictedBoltzmannMachine(8, 1).double()
    machine.W.fill_(9.0)
    machine.a.fill_(-4.5)
    machine.b.fill_(-36.0 + math.log(0.1))
    states = torch.tensor(list(itertools.product([0.0, 1.0], repeat=8)), dtype=torch.float64)
    p = (-machine.free_energy(states)).softmax(0)
    share = float(p[states.sum(1) > 4].sum())
    assert 0.05 < share < 0.2
    chains = TemperedChains(
        machine, Stream(0), n_chains=300, n_steps=1, dtype=torch.float64, n_temperatures=12
    )
    chains.start(torch.ones(300, 8).double())
    with torch.no_grad():
        for _ in range(300):
            chains.draw(chains.h)
        found = torch.stack([(chains.draw(chains.h).sum(1) > 4).double() for _ in range(200)])
    error = 5 * math.sqrt(share * (1 - share) / 300)  # as if a chain were worth one draw
    assert float(found.mean()) == pytest.approx(share, abs=error)
    stuck = machine.gibbs(torch.ones(300, 8).double(), Stream(0), 500)
    assert float((stuck.sum(1) > 4).double().mean()) > share + 10 * error


def test_exchanges_move_temperatures_and_never_lose_one():
    machine = machine_of(n=4, m=3, scale=1.0)
    chains = TemperedChains(
        machine, Stream(0), n_chains=5, n_steps=1, dtype=torch.float64, n_temperatures=4
    )
    first = chains.ladder.rank.clone()
    with torch.no_grad():
        for _ in range(20):
            chains.draw(chains.h)
    assert (chains.ladder.rank.sort(1).values == torch.arange(4)).all()
    assert (chains.ladder.rank != first).any()


def test_what_is_missing_is_neither_seen_nor_reconstructed():
    machine = machine_of("categorical", n=3, n_categories=3)
    rows = torch.tensor([[0.0, math.nan, 2.0]]).double()
    x = machine.coding.to_states(rows)
    expected = x @ machine.W + machine.b
    torch.testing.assert_close(machine.hidden_input(x), expected)
    chains = DataChains(machine, Stream(0), n_chains=1, n_steps=3, dtype=torch.float64)
    assert (chains.draw(x).view(3, 3).sum(1) == torch.tensor([1.0, 0.0, 1.0])).all()
