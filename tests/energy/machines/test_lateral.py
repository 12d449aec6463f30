"""The unrestricted machine's laws, against enumeration of all states."""

import itertools
import math

import numpy as np
import pytest
import torch

from skdeepunsup._random import Stream
from skdeepunsup.energy.likelihood.partition import annealed_log_partition, exact_log_partition
from skdeepunsup.energy.machines import lateral
from skdeepunsup.energy.machines.lateral import LateralMachine
from skdeepunsup.energy.machines.restricted import RestrictedBoltzmannMachine

SQUARE = [[i ^ j in (1, 2) for j in range(4)] for i in range(4)]
"""0 and 3 on opposite corners: the order by block differs from its own inverse."""


SHAPES = [(4, 3), (5, 0), (2, 4), (1, 1), (1, 0)]


def random_machine(n_visible=4, n_hidden=3, scale=1.0, seed=0, connections=None):
    """A machine with random parameters, in float64."""
    machine = LateralMachine(n_visible, n_hidden, connections).double()
    rng = np.random.default_rng(seed)
    n = n_visible + n_hidden
    L = np.triu(rng.normal(0, scale, (n, n)), 1)
    machine.L.copy_(torch.tensor(L + L.T) * machine.mask)
    machine.c.copy_(torch.tensor(rng.normal(0, scale, n)))
    machine.c0.copy_(torch.tensor(rng.normal(0, scale, n)))
    machine.c0[n_visible:] = 0
    return machine


def random_graph(n, density=0.5, seed=0):
    mask = np.random.default_rng(seed).random((n, n)) < density
    return (mask | mask.T).tolist()


def restricted_graph(n_visible, n_hidden):
    mask = np.zeros((n_visible + n_hidden,) * 2, bool)
    mask[:n_visible, n_visible:] = mask[n_visible:, :n_visible] = True
    return mask.tolist()


def all_states(n):
    return torch.tensor(list(itertools.product([0.0, 1.0], repeat=n)), dtype=torch.float64)


def enumerated(L, c):
    """All states, and the log of each one's unnormalised probability, by the formula."""
    S = all_states(len(c))
    pairs = sum(L[i, j] * S[:, i] * S[:, j] for i, j in itertools.combinations(range(len(c)), 2))
    return S, S @ c + pairs


def marginal(machine):
    """Visible states, and log of the unnormalised probability of each."""
    _, log_p = enumerated(machine.L, machine.c)
    return all_states(machine.n_features), log_p.view(2**machine.n_features, -1).logsumexp(1)


def monte_carlo_floor(p, n):
    """Mean total variation of n exact draws, plus five of its deviations."""
    draws = np.random.default_rng(1).multinomial(n, p / p.sum(), size=400)
    distances = 0.5 * np.abs(draws / n - p).sum(1)
    return distances.mean() + 5 * distances.std()


def frequencies(states):
    states = np.asarray(states)
    codes = (states @ 2 ** np.arange(states.shape[1])[::-1]).astype(int)
    return np.bincount(codes, minlength=2 ** states.shape[1]) / len(states)


def total_variation(p, q):
    return 0.5 * np.abs(np.asarray(p) - np.asarray(q)).sum()


def kernel(machine, blocks):
    """The exact transition matrix of Gibbs draws of these blocks, one after the other."""
    S, log_p = enumerated(machine.L, machine.c)
    P = torch.eye(len(S), dtype=torch.float64)
    for block in blocks:
        others = [i for i in range(len(machine.c)) if i not in block]
        same = (S[:, None, others] == S[None, :, others]).all(-1)
        P = P @ torch.softmax(log_p.expand(len(S), -1).masked_fill(~same, -math.inf), 1)
    return P


@pytest.mark.parametrize("shape", SHAPES)
def test_energy_is_the_formula(shape):
    machine = random_machine(*shape)
    S, log_p = enumerated(machine.L, machine.c)
    torch.testing.assert_close(machine.energy(S), -log_p)


@pytest.mark.parametrize("connections", [None, random_graph(7)])
@pytest.mark.parametrize("shape", [s for s in SHAPES if sum(s) == 7] + [(7, 0)])
def test_free_energy_and_log_partition_are_sums_over_all_states(shape, connections):
    machine = random_machine(*shape, connections=connections)
    V, log_p = marginal(machine)
    torch.testing.assert_close(machine.free_energy(V), -log_p)
    assert exact_log_partition(machine) == pytest.approx(float(log_p.logsumexp(0)), abs=1e-10)


def test_enumeration_of_hidden_units_may_take_many_parts(monkeypatch):
    machine = random_machine(3, 6)
    V, log_p = marginal(machine)
    monkeypatch.setattr(lateral, "CHUNK_STATES", 8 * 5)
    torch.testing.assert_close(machine.free_energy(V), -log_p)


@pytest.mark.parametrize("shape", SHAPES)
def test_mean_field_bounds_the_free_energy_from_above(shape):
    machine = random_machine(*shape)
    V, log_p = marginal(machine)
    assert (machine.mean_field_free_energy(V) >= -log_p - 1e-12).all()


def test_mean_field_is_exact_and_is_a_fixed_point():
    restricted = random_machine(4, 3, connections=restricted_graph(4, 3))
    V, log_p = marginal(restricted)
    torch.testing.assert_close(restricted.mean_field_free_energy(V), -log_p)
    machine = random_machine(4, 3)
    m = machine.encode(V)
    torch.testing.assert_close(m, (machine.hidden_input(V) + m @ machine.L_hidden).sigmoid())
    v = machine.decode(m)
    x = m @ machine.L[4:, :4] + machine.c[:4] + v @ machine.L[:4, :4]
    torch.testing.assert_close(v, x.sigmoid())


@pytest.mark.parametrize("shape", SHAPES)
def test_conditionals_of_visible_units_are_the_marginal_s(shape):
    machine = random_machine(*shape)
    V, log_p = marginal(machine)
    index = {tuple(v.tolist()): i for i, v in enumerate(V)}
    expected = torch.empty_like(V)
    for row, v in enumerate(V):
        for i in range(len(v)):
            flipped = v.clone()
            flipped[i] = 1 - v[i]
            there = log_p[index[tuple(flipped.tolist())]]
            expected[row, i] = -torch.log1p((there - log_p[row]).exp())
    torch.testing.assert_close(machine.log_conditionals(V), expected)


def test_a_restricted_machine_is_the_restricted_machine():
    rbm = RestrictedBoltzmannMachine(5, 4).double()
    rng = np.random.default_rng(0)
    for parameter in (rbm.W, rbm.a, rbm.b):
        parameter.copy_(torch.tensor(rng.normal(size=tuple(parameter.shape))))
    machine = LateralMachine(5, 4, restricted_graph(5, 4)).double()
    machine.L[:5, 5:], machine.L[5:, :5] = rbm.W, rbm.W.T
    machine.c.copy_(torch.cat([rbm.a, rbm.b]))
    assert machine.everyone.sizes == [5, 4]
    V, H = all_states(5), all_states(4)
    torch.testing.assert_close(machine.free_energy(V), rbm.free_energy(V))
    torch.testing.assert_close(machine.encode(V), rbm.encode(V))
    torch.testing.assert_close(machine.decode(H), rbm.decode(H))
    assert machine.n_enumerated == rbm.n_enumerated
    assert exact_log_partition(machine) == pytest.approx(exact_log_partition(rbm), abs=1e-10)


@pytest.mark.parametrize("connections", [None, SQUARE])
def test_sweeps_have_the_exact_transition_probabilities(connections):
    machine, n = random_machine(2, 2, 1.5, connections=connections), 40_000
    blocks = machine.everyone.blocks
    for backwards in (False, True):
        P = kernel(machine, blocks[::-1] if backwards else blocks)
        for row, s in zip(P, all_states(4), strict=True):
            after = machine.everyone.gibbs(
                s.expand(n, -1), machine.L, machine.c, Stream(0), backwards=backwards
            )
            p = row.numpy()
            assert total_variation(frequencies(after), p) < monte_carlo_floor(p, n)


def test_annealing_s_sweeps_are_reversible():
    """Half of them go forwards and half backwards; detailed balance needs both."""
    machine = random_machine(2, 1, 2.0)
    S, log_p = enumerated(machine.L, machine.c)
    p = torch.softmax(log_p, 0)
    blocks = machine.everyone.blocks
    forth, back = kernel(machine, blocks), kernel(machine, blocks[::-1])
    flow = p[:, None] * forth
    assert (flow - flow.T).abs().max() > 0.01
    stream, n, calls = Stream(0), 500, 1000
    counts = np.zeros((8, 8))
    for _ in range(calls):
        field = machine.path().field(S.repeat_interleave(n, 0))
        after = machine.path().sweep(field, 1.0, stream).reshape(8, n, 3)
        counts += [frequencies(rows) for rows in after]
    expected = 0.5 * (forth + back).numpy()
    assert np.abs(counts / calls - expected).max() < 0.06 * float((forth - back).abs().max())
    flow = p.numpy()[:, None] * expected
    np.testing.assert_allclose(flow, flow.T, atol=1e-12)


@pytest.mark.parametrize("beta", [0.0, 0.4, "mixed"])
def test_sweeps_at_any_temperature_leave_its_distribution_unchanged(beta):
    machine, n = random_machine(3, 2, 1.5), 100_000
    beta = torch.tensor([[0.0], [0.4]]).double().repeat(n, 1) if beta == "mixed" else beta
    mixed = isinstance(beta, torch.Tensor)
    S = all_states(5)
    rng = np.random.default_rng(0)
    for part, b in enumerate((0.0, 0.4) if mixed else (beta,)):
        _, log_p = enumerated(b * machine.L, machine.c0 + b * (machine.c - machine.c0))
        p = torch.softmax(log_p, 0).numpy()
        density = machine.path().log_density(machine.path().field(S), b) + S @ machine.c0
        torch.testing.assert_close(torch.softmax(density, 0).numpy(), p)
        start = S[rng.choice(len(S), size=2 * n if mixed else n, p=p)]
        after = machine.path().sweep(machine.path().field(start), beta, Stream(0))
        after = after[part::2] if mixed else after
        assert total_variation(frequencies(after), p) < monte_carlo_floor(p, n)


@pytest.mark.parametrize("seed", range(4))
def test_annealed_interval_covers_the_exact_log_partition(seed):
    machine = random_machine(6, 4, seed=seed)
    estimate = annealed_log_partition(
        machine.path(), n_temperatures=200, n_chains=500, stream=Stream(seed)
    )
    assert estimate.lower <= exact_log_partition(machine) <= estimate.upper
    assert estimate.upper - estimate.lower < 0.5


def test_gibbs_samples_the_marginal_and_the_conditional():
    machine, n = random_machine(4, 2, 1.5), 100_000
    V, log_p = marginal(machine)
    p = torch.softmax(log_p, 0).numpy()
    v = machine.gibbs(torch.zeros(n, 4).double(), Stream(0), 60)
    assert total_variation(frequencies(v), p) < monte_carlo_floor(p, n)
    fixed = torch.tensor([True, False, False, True])
    start = torch.tensor([1.0, 0.0, 0.0, 0.0]).double().expand(n, -1)
    v = machine.gibbs(start, Stream(0), 60, fixed)
    p = np.where(((start[0] == V) | ~fixed).all(1), p, 0)
    p /= p.sum()
    assert total_variation(frequencies(v), p) < monte_carlo_floor(p, n)
