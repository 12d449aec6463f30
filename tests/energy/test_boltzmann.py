"""BoltzmannMachine: its laws against enumeration of all states, and what it promises beside."""

import itertools
import math

import numpy as np
import pytest
import scipy.sparse as sp
import torch

from skdeepunsup import BoltzmannMachine
from skdeepunsup._random import Stream
from skdeepunsup.energy.learning.lateral import LateralAscent, lateral_gradient
from skdeepunsup.energy.likelihood.partition import annealed_log_partition, exact_log_partition
from skdeepunsup.energy.machines import lateral
from skdeepunsup.energy.machines.blocks import BlockSweeps, independent_blocks
from skdeepunsup.energy.machines.lateral import LateralMachine
from skdeepunsup.energy.machines.restricted import RestrictedBoltzmannMachine

BITS = np.array(list(itertools.product([0.0, 1.0], repeat=6)))

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
    """All states, and of each log of its unnormalised probability, by the formula."""
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


@pytest.mark.parametrize("graph", [random_graph(12, 0.3), random_graph(12, 0.9)])
def test_blocks_hold_each_unit_once_and_no_two_neighbours(graph):
    connected = np.array(graph)
    np.fill_diagonal(connected, False)
    blocks = independent_blocks(connected)
    assert sorted(i for block in blocks for i in block) == list(range(12))
    assert not any(connected[np.ix_(block, block)].any() for block in blocks)


def test_a_chessboard_has_two_blocks_and_a_full_graph_one_for_each_unit():
    i, j = np.divmod(np.arange(36), 6)
    grid = np.abs(i[:, None] - i) + np.abs(j[:, None] - j) == 1
    assert [len(b) for b in independent_blocks(grid)] == [18, 18]
    assert [len(b) for b in independent_blocks(~np.eye(5, dtype=bool))] == [1] * 5


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
    """Half of them go forth and half back: only so do probability flows balance in detail."""
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
    v = machine.gibbs(torch.zeros(n, 4).double(), Stream(0), 300)
    assert total_variation(frequencies(v), p) < monte_carlo_floor(p, n)
    fixed = torch.tensor([True, False, False, True])
    start = torch.tensor([1.0, 0.0, 0.0, 0.0]).double().expand(n, -1)
    v = machine.gibbs(start, Stream(0), 300, fixed)
    p = np.where(((start[0] == V) | ~fixed).all(1), p, 0)
    p /= p.sum()
    assert total_variation(frequencies(v), p) < monte_carlo_floor(p, n)


@pytest.mark.parametrize("mu", ["none", "random"])
@pytest.mark.parametrize("connections", [None, random_graph(6)])
def test_exact_gradient_is_the_enumerated_likelihood_s(mu, connections):
    """With exact expectations instead of chains, an update follows the likelihood's derivative.

    Centring moves the coordinates: ∂c' = ∂c + ... leaves E[s] as its gradient, and ∂L' is the plain
    gradient minus what the biases would explain, ∂L − μ∂cᵀ − ∂c μᵀ off the diagonal.
    """
    machine = random_machine(4, 2, connections=connections)
    data = torch.tensor([[1, 0, 0, 1], [1, 1, 0, 1], [0, 1, 1, 0]]).double()
    upper = torch.triu(machine.mask, 1)

    def mean_log_likelihood(couplings, c):
        L = torch.zeros(6, 6).double().masked_scatter(upper, couplings)
        _, log_p = enumerated(L, c)
        of_visible = log_p.view(16, 4).logsumexp(1)
        rows = (data @ torch.tensor([8.0, 4, 2, 1]).double()).long()
        return (of_visible[rows] - log_p.logsumexp(0)).mean()

    parameters = [machine.L[upper].requires_grad_(), machine.c.detach().clone().requires_grad_()]
    d_couplings, dc = torch.autograd.grad(mean_log_likelihood(*parameters), parameters)
    dL = torch.zeros(6, 6).double().masked_scatter(upper, d_couplings)
    dL = dL + dL.T
    offset = torch.zeros(6).double()
    if mu == "random":
        offset = torch.rand(6).double()
        cross = torch.outer(offset, dc)
        dL = (dL - cross - cross.T) * machine.mask
        dc = dc - dL @ offset

    S, log_p = enumerated(machine.L, machine.c)
    free = torch.softmax(log_p, 0)
    same = (S[None, :, :4] == data[:, None]).all(-1)
    clamped = torch.softmax(log_p.expand(3, -1).masked_fill(~same, -math.inf), 1).mean(0)
    means = (S @ machine.L + machine.c).sigmoid()
    given_data = torch.cat([S[:, :4], means[:, 4:]], 1)
    gradient = lateral_gradient(
        torch.cat([S, S]),
        torch.cat([given_data, means]),
        torch.cat([clamped, -free]),
        offset,
        machine.mask,
    )
    torch.testing.assert_close(gradient[0], dL)
    torch.testing.assert_close(gradient[1], dc)


@pytest.mark.parametrize("clamped", ["gibbs", "mean-field"])
def test_clamped_phase_infers_hidden_units_given_data(clamped):
    machine = random_machine(3, 3, 0.3)
    ascent = LateralAscent(
        machine, Stream(0), n_chains=1, n_steps=1, clamped=clamped, clamped_steps=20,
        learning_rate=0.1,
    )  # fmt: skip
    x = torch.tensor([[1.0, 0.0, 1.0]]).double().repeat(50_000, 1)
    s, mean = ascent._clamped_phase(x)
    S, log_p = enumerated(machine.L, machine.c)
    given = torch.softmax(log_p.masked_fill(~(S[:, :3] == x[0]).all(1), -math.inf), 0)
    assert torch.equal(s[:, :3], x)
    torch.testing.assert_close(mean[:, 3:].mean(0), (given @ S)[3:], atol=0.01, rtol=0)
    assert set(s[:, 3:].unique().tolist()) == {0, 1} or clamped == "mean-field"


@pytest.mark.parametrize("n_chains", [1, 100])
def test_expected_update_does_not_depend_on_the_number_of_chains(n_chains):
    V, log_p = marginal(random_machine(3, 0, 0.7))
    p = torch.softmax(log_p, 0)
    rng = np.random.default_rng(0)
    updates = []
    for seed in range(1000 // n_chains + 100):
        machine = random_machine(3, 0, 0.7)
        before = machine.c.clone()
        ascent = LateralAscent(
            machine, Stream(seed), n_chains=n_chains, n_steps=1, clamped="gibbs", clamped_steps=1,
            learning_rate=1.0, centered=False, precision=torch.float64,
        )  # fmt: skip
        ascent.chains = V[rng.choice(len(V), size=n_chains, p=p.numpy())]
        ascent.step(V[5:6])
        updates.append(machine.c - before)
    updates = torch.stack(updates)
    error = updates.std(0) / math.sqrt(len(updates))
    assert ((updates.mean(0) - (V[5] - p @ V)).abs() < 5 * error).all()


@pytest.fixture(scope="module")
def X():
    """Three bits, each doubled: six features whose likelihood is at best 3 log(1/2)."""
    return np.repeat((np.random.default_rng(0).random((500, 3)) < 0.5).astype(float), 2, axis=1)


@pytest.fixture(scope="module", params=[0, 3], ids=["fully visible", "3 hidden"])
def fitted(X, request):
    params = {"batch_size": 20, "n_chains": 50, "learning_rate": 0.2}
    return BoltzmannMachine(request.param, random_state=0, **params).fit(X)


def test_it_learns_the_distribution(fitted, X):
    assert fitted.score(X) > 3 * math.log(1 / 2) - 0.1


def test_probabilities_sum_to_one_or_to_less_where_bounded(fitted, monkeypatch):
    p = np.exp(fitted.score_samples(BITS))
    assert p.sum() == pytest.approx(1, abs=1e-6)
    if fitted.n_components:
        monkeypatch.setattr(lateral, "MAX_SUMMED_UNITS", 1)
        bound = np.exp(fitted.score_samples(BITS))
        assert (bound <= p + 1e-12).all()
        assert bound.sum() < 1 - 1e-4


def test_long_chains_sample_the_likelihood(fitted):
    n = 20_000
    p = np.exp(fitted.score_samples(BITS))
    v = fitted.sample(n, n_steps=1000, random_state=0)
    assert total_variation(frequencies(v), p) < monte_carlo_floor(p, n)


def test_conditional_samples_follow_the_conditional(fitted):
    n = 20_000
    given = np.array([1, np.nan, np.nan, np.nan, 0, np.nan])
    v = fitted.sample(n, n_steps=1000, given=given, random_state=0)
    p = np.exp(fitted.score_samples(BITS))
    p = np.where((BITS[:, 0] == 1) & (BITS[:, 4] == 0), p, 0)
    p /= p.sum()
    assert total_variation(frequencies(v), p) < monte_carlo_floor(p, n)


def test_gibbs_keeps_what_is_fixed(fitted, X):
    fixed = np.array([True, False, True, False, False, False])
    v = fitted.gibbs(0.5 * X, 3, fixed=fixed, random_state=0)
    np.testing.assert_array_equal(v[:, fixed], 0.5 * X[:, fixed])
    assert set(np.unique(v[:, ~fixed])) == {0, 1}
    np.testing.assert_array_equal(fitted.gibbs(X, 0), X)


def test_annealing_covers_the_exact_value(fitted):
    exact, estimate = fitted.log_partition("exact").value, fitted.log_partition("ais")
    assert estimate.lower <= exact <= estimate.upper


def test_pseudo_likelihood_is_that_of_the_likelihood_s_conditionals(fitted, X):
    log_p = dict(zip(map(tuple, BITS), fitted.score_samples(BITS), strict=True))
    expected = 0.0
    for i in range(6):
        flipped = BITS.copy()
        flipped[:, i] = 1 - BITS[:, i]
        there = np.array([log_p[tuple(v)] for v in flipped])
        expected -= np.log1p(np.exp(there - fitted.score_samples(BITS)))
    np.testing.assert_allclose(fitted.pseudo_likelihood(BITS), expected, atol=1e-8)


def test_pseudo_likelihood_is_refused_where_it_is_not_exact(X):
    machine = BoltzmannMachine(18, n_iter=1).fit(X)
    with pytest.raises(ValueError, match=r"n_components == 18.*score_samples"):
        machine.pseudo_likelihood(X)
    assert np.isfinite(machine.score(X))


def test_a_fully_visible_machine_has_no_code(X):
    machine = BoltzmannMachine(0, n_iter=1).fit(X)
    for method in (machine.transform, machine.reconstruct):
        with pytest.raises(ValueError, match="n_components == 0"):
            method(X)
    assert "reconstruction_error" not in machine.history_


def test_fitted_attributes_are_parts_of_the_connections(X):
    machine = BoltzmannMachine(4, n_iter=3, random_state=0).fit(X)
    L = machine.connections_
    np.testing.assert_array_equal(L, L.T)
    np.testing.assert_array_equal(np.diag(L), 0)
    np.testing.assert_array_equal(machine.components_, L[6:, :6])
    assert machine.intercept_visible_.shape == (6,)
    assert machine.intercept_hidden_.shape == (4,)


def test_only_what_may_be_connected_is(X):
    mask = np.array(random_graph(10))
    machine = BoltzmannMachine(4, connections=mask, n_iter=3, random_state=0).fit(X)
    np.fill_diagonal(mask, False)
    np.testing.assert_array_equal(machine.connections_ != 0, mask)


@pytest.mark.parametrize(
    "connections, message",
    [
        (np.ones((9, 9), bool), r"connections.*\(10, 10\).*\(9, 9\)"),
        (np.ones((10, 10)), r"connections.*booleans.*float64"),
        (np.triu(np.ones((10, 10), bool)), r"connections must be symmetric.*\[0, 1\]"),
        ("all", "connections.*booleans"),
    ],
)
def test_bad_connections_are_refused_by_name(X, connections, message):
    with pytest.raises(ValueError, match=message):
        BoltzmannMachine(4, connections=connections).fit(X)


@pytest.mark.parametrize("name, value", [("clamped", "exact"), ("clamped_steps", 0)])
def test_bad_parameters_of_the_clamped_phase_are_named(X, name, value):
    with pytest.raises(ValueError, match=name):
        BoltzmannMachine(4, **{name: value}).fit(X)


def test_loss_of_a_fully_visible_machine_is_minus_the_pseudo_likelihood(X):
    machine = BoltzmannMachine(0, n_iter=5, random_state=0).fit(X)
    expected = -machine.pseudo_likelihood(X[::10]).mean()
    assert machine.history_["loss"][-1] == pytest.approx(expected, rel=1e-5)


def test_loss_with_hidden_units_estimates_the_pseudo_likelihood(X):
    """Of six features all are looked at; only the mean-field free energies make a difference."""
    machine = BoltzmannMachine(2, n_iter=5, random_state=0).fit(X)
    expected = -machine.pseudo_likelihood(X[::10]).mean()
    assert machine.history_["loss"][-1] == pytest.approx(expected, rel=0.02)


def test_held_out_rows_are_measured(X):
    history = BoltzmannMachine(4, n_iter=2, validation_fraction=0.3).fit(X).history_
    assert np.isfinite(history["validation_loss"] + history["free_energy_gap"]).all()


@pytest.mark.parametrize(
    "params",
    [
        {"clamped": "mean-field"},
        {"cd_steps": 3},
        {"centered": False},
        {"averaging": 0.9},
        {"precision": "bfloat16"},
        {"weight_decay": 1e-3},
    ],
    ids=str,
)
def test_every_rule_learns(X, params):
    machine = BoltzmannMachine(3, batch_size=20, learning_rate=0.2, random_state=0, **params).fit(X)
    assert machine.score(X) > 3 * math.log(1 / 2) - 0.3


def test_values_outside_the_unit_interval_warn_and_name_the_scaler(X):
    with pytest.warns(UserWarning, match="MinMaxScaler"):
        BoltzmannMachine(4, n_iter=1).fit(16 * X)


def test_mean_field_rows_do_not_depend_on_each_other():
    """Some settle late, near the edge of two modes, and must not move those that stopped before."""
    sweeps = BlockSweeps(~np.eye(3, dtype=bool))
    L = 2.0 * (1 - torch.eye(3))
    x = -2 + torch.linspace(0, 0.01, 21)[:, None].expand(-1, 3)
    together = sweeps.mean_field(L, x)
    alone = torch.cat([sweeps.mean_field(L, row[None]) for row in x])
    torch.testing.assert_close(together, alone, rtol=0, atol=1e-6)


def test_resampled_grey_levels_learn_the_binary_distribution():
    """Bits drawn anew with probability ½ hold no correlations, and none are learned."""
    grey = np.full((300, 4), 0.5)
    plain, drawn = (
        BoltzmannMachine(2, resample=resample, n_iter=20, random_state=0).fit(grey)
        for resample in (False, True)
    )
    bits = np.array(list(itertools.product([0.0, 1.0], repeat=4)))
    np.testing.assert_allclose(np.exp(drawn.score_samples(bits)), 1 / 16, atol=0.03)
    assert drawn.history_["reconstruction_error"][0] == pytest.approx(4 / 4, rel=0.3)
    assert plain.history_["reconstruction_error"][0] < 0.1


def test_connections_may_be_sparse():
    X = (np.random.default_rng(0).random((30, 4)) < 0.5).astype(float)
    mask = np.ones((6, 6), bool)
    mask[:4, :4] = False
    models = [
        BoltzmannMachine(2, connections=connections, n_iter=2, random_state=0).fit(X)
        for connections in (mask, sp.csr_array(mask))
    ]
    np.testing.assert_array_equal(models[0].connections_, models[1].connections_)
