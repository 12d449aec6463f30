"""Replica exchange, for every machine that has an annealing path."""

import math

import pytest
import torch

from skdeepunsup._random import Stream
from skdeepunsup.energy.learning.ladder import Ladder
from skdeepunsup.energy.machines.lateral import LateralMachine
from skdeepunsup.energy.machines.layered import LayeredMachine
from skdeepunsup.energy.machines.restricted import RestrictedBoltzmannMachine
from skdeepunsup.energy.machines.states import binary_states

D = 6
ODDS = 0.2
"""Odds of the mode of ones to that of zeros; sweeps at β = 1 never cross."""


def restricted():
    machine = RestrictedBoltzmannMachine(D, 1)
    machine.W.fill_(10.0)
    machine.a.fill_(-5.0)
    machine.b.fill_(-5.0 * D + math.log(ODDS))
    return machine


def layered():
    machine = LayeredMachine(D, (1, 2))
    machine.W[0].fill_(10.0)
    machine.b[0].fill_(-5.0)
    machine.b[1].fill_(-5.0 * D + math.log(ODDS))
    return machine


def lateral():
    machine = LateralMachine(D, 0)
    machine.L.copy_(4.0 * machine.mask)
    machine.c.fill_(-4.0 * (D - 1) / 2 + math.log(ODDS) / D)
    return machine


@pytest.mark.parametrize("machine_of", [restricted, layered, lateral])
def test_chains_that_exchange_temperatures_find_the_share_of_a_far_mode(machine_of):
    machine = machine_of().double()
    states = torch.cat(list(binary_states(D))).double()
    p = (-machine.free_energy(states)).softmax(0)
    share = float(p[states.sum(1) > D / 2].sum())
    assert 0.1 < share < 0.25
    path = machine.path()
    n = 100
    ladder = Ladder(path, Stream(0), n, 10, torch.float64)
    stuck = machine.gibbs(torch.ones(n, D).double(), Stream(0), 100)
    assert float((stuck.sum(1) > D / 2).double().mean()) > 0.9
    on = path.base_state(1, Stream(0)).shape[1]
    ladder.start(torch.ones(n, on).double())
    ladder.advance(150)
    found = []
    for _ in range(100):
        ladder.advance(1)
        found.append(float(ladder.coldest().mean(1).gt(0.5).double().mean()))
    error = 4 * math.sqrt(share * (1 - share) / n)  # as if a chain were worth one draw
    assert sum(found) / len(found) == pytest.approx(share, abs=error)


def test_a_ladder_goes_on_from_its_state():
    machine = restricted()
    one, other = (Ladder(machine.path(), Stream(s), 5, 4, torch.float32) for s in (0, 1))
    one.advance(3)
    assert other.load_state_dict(one.state_dict())
    assert torch.equal(other.coldest(), one.coldest())
    fewer = Ladder(machine.path(), Stream(2), 4, 4, torch.float32)
    assert not fewer.load_state_dict(one.state_dict())
