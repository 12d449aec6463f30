"""The deep Boltzmann machine's laws, against enumeration of machines small enough for it."""

import itertools
import math

import numpy as np
import pytest
import torch

from skdeepunsup._random import Stream
from skdeepunsup.energy.likelihood.partition import (
    anneal,
    annealed_log_partition,
    exact_log_partition,
)
from skdeepunsup.energy.machines import layered
from skdeepunsup.energy.machines.layered import LayeredMachine
from skdeepunsup.energy.machines.restricted import RestrictedBoltzmannMachine

SHAPES = [(4, (3,)), (4, (3, 2)), (2, (4, 3)), (3, (2, 2, 2)), (2, (3, 1, 2, 2))]


shapes = pytest.mark.parametrize("shape", SHAPES, ids=str)


def random_machine(n_features=4, sizes=(3, 2), scale=1.0, seed=0):
    """A machine with random parameters, in float64."""
    machine = LayeredMachine(n_features, sizes).double()
    rng = np.random.default_rng(seed)
    for parameter in (*machine.parameters(), machine.a0):
        parameter.copy_(torch.tensor(rng.normal(0, scale, tuple(parameter.shape))))
    return machine


def all_states(n):
    return torch.tensor(list(itertools.product([0.0, 1.0], repeat=n)), dtype=torch.float64)


def joint(machine, W=None, b=None):
    """All states of all layers, and minus their energies, summed term by term."""
    W, b = W or list(machine.W), b or list(machine.b)
    h = all_states(sum(machine.sizes)).split(machine.sizes, 1)
    log_p = sum(u @ c for u, c in zip(h, b, strict=True))
    return h, log_p + sum(((h[i] @ w) * h[i + 1]).sum(1) for i, w in enumerate(W))


def by_visible(machine, W=None, b=None):
    """Log Σₕ exp(−E(v, h)) of all v, in their order, since v is what changes slowest."""
    return joint(machine, W, b)[1].view(2 ** machine.sizes[0], -1).logsumexp(1)


def total_variation(counts, p):
    return 0.5 * np.abs(counts / counts.sum() - p).sum()


def monte_carlo_floor(p, n):
    """Mean total variation of n exact draws, plus four of its deviations."""
    draws = np.random.default_rng(1).multinomial(n, p / p.sum(), size=400)
    distances = [total_variation(d, p) for d in draws]
    return np.mean(distances) + 4 * np.std(distances)


def count_states(bits):
    bits = np.asarray(bits)
    weights = 2 ** np.arange(bits.shape[1])[::-1]
    return np.bincount((bits @ weights).astype(int), minlength=2 ** bits.shape[1])


@shapes
def test_energy_is_the_formula(shape):
    machine = random_machine(*shape)
    h, log_p = joint(machine)
    torch.testing.assert_close(machine.energy(h), -log_p)


@shapes
def test_inputs_are_the_conditionals_log_odds(shape):
    machine = random_machine(*shape)
    h, log_p = joint(machine)
    for i, size in enumerate(machine.sizes):
        for unit in range(size):
            on = h[i][:, unit] == 1
            odds = log_p[on] - log_p[~on]  # of the same states of all other units
            torch.testing.assert_close(odds, machine.input([u[on] for u in h], i)[:, unit])


@shapes
@pytest.mark.parametrize("entries", [1, 2**22])
def test_free_energy_is_the_marginal(shape, entries, monkeypatch):
    monkeypatch.setattr(layered, "MAX_ENTRIES", entries)
    machine = random_machine(*shape)
    V, expected = all_states(shape[0]), -by_visible(machine)
    torch.testing.assert_close(machine.free_energy(V), expected)
    for side in (machine.even, machine.odd):
        layers = [i for i in side if i]
        torch.testing.assert_close(machine.free_energy_enumerated(V, layers), expected)


@shapes
def test_bound_is_a_bound_and_stationary(shape):
    machine = random_machine(*shape)
    V = all_states(shape[0])
    q = machine.mean_field(V)
    tight = -by_visible(machine)
    gap = machine.free_energy_bound(V) - tight
    assert (gap > -1e-9).all()
    assert (gap.max() < 1e-9) == (machine.depth == 1)
    for i in range(1, machine.depth + 1):
        torch.testing.assert_close(q[i], machine.input(q, i).sigmoid(), rtol=0, atol=1e-8)


@shapes
def test_log_partition_is_the_sum_over_all_states(shape):
    machine = random_machine(*shape)
    expected = float(joint(machine)[1].logsumexp(0))
    assert exact_log_partition(machine) == pytest.approx(expected, abs=1e-10)
    even, odd = (sum(machine.sizes[i::2]) for i in (0, 1))
    assert machine.n_enumerated == min(even, odd)


@pytest.mark.parametrize("shape", [(8, (6,)), (8, (6, 5)), (4, (8, 3)), (5, (4, 4, 3))], ids=str)
@pytest.mark.parametrize("seed", range(2))
def test_annealed_interval_covers_the_exact_log_partition(shape, seed):
    machine = random_machine(*shape, seed=seed)
    estimate = annealed_log_partition(
        machine.path(), n_temperatures=200, n_chains=500, stream=Stream(seed)
    )
    assert estimate.lower <= exact_log_partition(machine) <= estimate.upper
    assert estimate.upper - estimate.lower < 0.6


@shapes
def test_annealed_weights_are_unbiased_even_with_few_temperatures(shape):
    machine, stream = random_machine(*shape, scale=0.7), Stream(0)
    betas = torch.linspace(0, 1, 4).double()
    log_w, _ = anneal(
        machine.path(), machine.path().base_state(100_000, stream).double(), betas, stream
    )
    ratio = math.exp(exact_log_partition(machine) - float(machine.path().base_log_partition()))
    w = log_w.exp()
    assert abs(float(w.mean()) - ratio) < 5 * float(w.std()) / math.sqrt(len(w))


@shapes
@pytest.mark.parametrize("beta", [0.0, 0.6, 1.0])
def test_annealing_sweeps_are_reversible(shape, beta):
    """p(s) T(s → t) = p(t) T(t → s): counts of moves there and back from exact draws."""
    machine, n = random_machine(*shape), 200_000
    states = all_states(machine.n_enumerated)
    log_p = machine.path().log_density(machine.path().field(states), beta)
    if machine.sides[0] is machine.even:  # what log_density leaves out
        log_p = log_p + states[:, : shape[0]] @ machine.a0
    start = torch.multinomial(log_p.softmax(0), n, True, generator=torch.Generator().manual_seed(0))
    there = machine.path().sweep(machine.path().field(states[start]), beta, Stream(0))
    moves = count_states(np.hstack([states[start], there])).reshape(len(states), -1)
    p = log_p.softmax(0).numpy()
    assert total_variation(moves.sum(0), p) < monte_carlo_floor(p, n)
    difference, error = moves - moves.T, np.sqrt(np.maximum(moves + moves.T, 1))
    assert np.abs(difference / error).max() < 5.5


@shapes
def test_path_ends_at_the_base_and_at_the_machine(shape):
    machine = random_machine(*shape)
    states = all_states(machine.n_enumerated)
    own = machine.path().log_density(machine.path().field(states), 1.0)
    rest = states[:, : shape[0]] @ machine.a0 if machine.sides[0] is machine.even else 0
    torch.testing.assert_close(own + rest, machine.log_marginal(states))
    base = machine.path().log_density(machine.path().field(states), 0.0) + rest
    assert float(base.logsumexp(0)) == pytest.approx(float(machine.path().base_log_partition()))


@shapes
def test_block_gibbs_leaves_the_distribution_unchanged(shape):
    machine, n = random_machine(*shape, scale=1.5), 100_000
    h, log_p = joint(machine)
    p = log_p.softmax(0).numpy()
    start = np.random.default_rng(0).choice(len(p), size=n, p=p)
    state = [u[start] for u in h]
    machine.draw(state, machine.odd, Stream(0))
    machine.draw(state, machine.even, Stream(1))
    assert total_variation(count_states(torch.cat(state, 1)), p) < monte_carlo_floor(p, n)


@shapes
def test_gibbs_reaches_the_distribution_from_anywhere(shape):
    machine, n = random_machine(*shape), 50_000
    p = by_visible(machine).softmax(0).numpy()
    v = machine.gibbs(torch.zeros(n, shape[0]).double(), Stream(0), 100)
    assert total_variation(count_states(v), p) < monte_carlo_floor(p, n)


def test_one_hidden_layer_is_the_restricted_machine():
    machine = random_machine(5, (4,))
    restricted = RestrictedBoltzmannMachine(5, 4).double()
    restricted.W, restricted.a, restricted.b = machine.W[0], *machine.b
    restricted.a0.copy_(machine.a0)
    V, H = all_states(5), all_states(4)
    torch.testing.assert_close(machine.free_energy(V), restricted.free_energy(V))
    torch.testing.assert_close(machine.free_energy_bound(V), restricted.free_energy(V))
    torch.testing.assert_close(machine.encode(V), restricted.encode(V))
    torch.testing.assert_close(machine.decode(H), restricted.decode(H))
    torch.testing.assert_close(
        machine.path().base_log_partition(), restricted.path().base_log_partition()
    )
    assert exact_log_partition(machine) == pytest.approx(exact_log_partition(restricted))


def test_mean_field_does_not_depend_on_the_neighbours():
    machine = random_machine(6, (5, 4, 3), scale=2.0)
    V = all_states(6)
    together = machine.mean_field(V)
    alone = [torch.cat(rows) for rows in zip(*(machine.mean_field(v[None]) for v in V))]  # noqa: B905
    for a, b in zip(together, alone, strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=1e-12)
