"""The restricted machine's laws, against exact enumeration of small machines."""

import itertools

import numpy as np
import pytest
import torch
from torch.autograd import functional

from skdeepunsup._random import Stream
from skdeepunsup.energy.machines.restricted import RestrictedBoltzmannMachine
from skdeepunsup.energy.machines.states import binary_states

SHAPES = [(4, 3), (3, 5), (1, 1), (6, 6)]


def random_machine(n_visible=4, n_hidden=3, scale=1.0, seed=0):
    """A machine with random parameters, in float64."""
    machine = RestrictedBoltzmannMachine(n_visible, n_hidden).double()
    rng = np.random.default_rng(seed)
    for name in ("W", "a", "b"):
        parameter = getattr(machine, name)
        parameter.copy_(torch.tensor(rng.normal(0, scale, tuple(parameter.shape))))
    return machine


def all_states(n):
    return torch.tensor(list(itertools.product([0.0, 1.0], repeat=n)), dtype=torch.float64)


def joint(machine):
    """All visible and hidden states, and log of the unnormalised probability of each pair."""
    V, H = all_states(len(machine.a)), all_states(len(machine.b))
    pairs_v, pairs_h = V.repeat_interleave(len(H), 0), H.repeat(len(V), 1)
    return V, H, -machine.energy(pairs_v, pairs_h).view(len(V), len(H))


def visible_distribution(machine):
    V, _, log_p = joint(machine)
    return V, torch.softmax(log_p.logsumexp(1), 0)


def total_variation(counts, p):
    return 0.5 * np.abs(counts / counts.sum() - p).sum()


def monte_carlo_floor(p, n):
    """Mean total variation of n exact draws, plus five of its deviations."""
    draws = np.random.default_rng(1).multinomial(n, p / p.sum(), size=400)
    distances = [total_variation(d, p) for d in draws]
    return np.mean(distances) + 5 * np.std(distances)


def count_states(v):
    weights = 2 ** np.arange(v.shape[1])[::-1]
    return np.bincount((v.numpy() @ weights).astype(int), minlength=2 ** v.shape[1])


@pytest.mark.parametrize("shape", SHAPES)
def test_energy_is_the_formula(shape):
    machine = random_machine(*shape)
    v, h = torch.rand(2, shape[0]).double(), torch.rand(2, shape[1]).double()
    W, a, b = machine.W, machine.a, machine.b
    expected = [-(a @ v[i]) - b @ h[i] - v[i] @ W @ h[i] for i in range(2)]
    torch.testing.assert_close(machine.energy(v, h), torch.stack(expected))


@pytest.mark.parametrize("shape", SHAPES)
def test_free_energies_are_the_marginals(shape):
    machine = random_machine(*shape)
    V, H, log_p = joint(machine)
    torch.testing.assert_close(machine.free_energy(V), -log_p.logsumexp(1))
    torch.testing.assert_close(machine.hidden_free_energy(H), -log_p.logsumexp(0))


@pytest.mark.parametrize("shape", SHAPES)
def test_conditional_means_are_the_joint_s(shape):
    machine = random_machine(*shape)
    V, H, log_p = joint(machine)
    torch.testing.assert_close(machine.encode(V), torch.softmax(log_p, 1) @ H)
    torch.testing.assert_close(machine.decode(H), torch.softmax(log_p, 0).T @ V)


def test_enumeration_in_blocks_visits_each_state_once():
    blocks = list(binary_states(7, block=32))
    assert [len(b) for b in blocks] == [32] * 4
    assert len(torch.unique(torch.cat(blocks), dim=0)) == 2**7


def test_mean_is_the_log_normalizer_s_derivative():
    machine = random_machine()
    x = torch.linspace(-9, 9, 31, dtype=torch.float64)
    for units in (machine.visible, machine.hidden):
        slope = functional.jacobian(lambda t, u=units: u.log_normalizer(t), x).diagonal()
        torch.testing.assert_close(slope, units.mean(x))


@pytest.mark.parametrize("n_steps", [1, 3])
def test_gibbs_leaves_the_distribution_unchanged(n_steps):
    machine, n = random_machine(scale=1.5), 100_000
    V, p = visible_distribution(machine)
    start = V[np.random.default_rng(0).choice(len(V), size=n, p=p.numpy())]
    v = machine.gibbs(start, Stream(0), n_steps)
    assert total_variation(count_states(v), p.numpy()) < monte_carlo_floor(p.numpy(), n)


def test_gibbs_reaches_the_distribution_from_anywhere():
    machine, n = random_machine(scale=1.5), 100_000
    p = visible_distribution(machine)[1].numpy()
    v = machine.gibbs(torch.zeros(n, 4).double(), Stream(0), 200)
    assert total_variation(count_states(v), p) < monte_carlo_floor(p, n)
    one_sweep = machine.gibbs(torch.zeros(n, 4).double(), Stream(0), 1)
    assert total_variation(count_states(one_sweep), p) > 2 * monte_carlo_floor(p, n)
