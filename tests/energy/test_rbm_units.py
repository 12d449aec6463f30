"""Restricted machines of every pair of units, against enumeration or quadrature."""

import itertools
import math
from functools import partial

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.datasets import load_iris
from sklearn.preprocessing import scale

from skdeepunsup import BernoulliRBM, CategoricalRBM, GaussianRBM
from skdeepunsup._random import Stream
from skdeepunsup.energy.learning.chains import DataChains, TemperedChains
from skdeepunsup.energy.learning.contrastive import ContrastiveDivergence, centered_gradient
from skdeepunsup.energy.likelihood.partition import annealed_log_partition, exact_log_partition
from skdeepunsup.energy.likelihood.pseudo import pseudo_log_likelihood
from skdeepunsup.energy.machines.restricted import RestrictedBoltzmannMachine


def machine_of(visible="bernoulli", hidden="bernoulli", n=3, m=2, scale=0.5, seed=0, **options):
    """A machine with random parameters, in float64."""
    machine = RestrictedBoltzmannMachine(n, m, visible, hidden, **options).double()
    rng = np.random.default_rng(seed)
    for parameter in machine.parameters():
        parameter.copy_(torch.tensor(rng.normal(0, scale, tuple(parameter.shape))))
    machine.constrain_()
    return machine


def grid(low, high, n, dimensions):
    """Points of a box and the volume of each."""
    axis = torch.linspace(low, high, n, dtype=torch.float64)
    points = torch.cartesian_prod(*[axis] * dimensions).view(-1, dimensions)
    return points, float(axis[1] - axis[0]) ** dimensions


def visible_points(machine):
    """Visible states and the weight of each in a sum or an integral over all."""
    kind, n = machine.arguments["visible_units"], machine.arguments["n_features"]
    if kind == "gaussian":
        return grid(-12, 12, 241, n)
    K = machine.arguments.get("n_categories", 2)
    rows = torch.tensor(list(itertools.product(range(K), repeat=n)), dtype=torch.float64)
    return machine.coding.to_states(rows), 1.0


def hidden_points(machine):
    m = machine.n_components
    if machine.arguments["hidden_units"] == "relu":
        return grid(0, 16, 321, m)
    return torch.tensor(list(itertools.product([0.0, 1.0], repeat=m)), dtype=torch.float64), 1.0


KINDS = {
    "bernoulli-relu": partial(machine_of, "bernoulli", "relu"),
    "gaussian-bernoulli": partial(machine_of, "gaussian", n=2),
    "gaussian-relu": partial(machine_of, "gaussian", "relu", n=2),
    "categorical-bernoulli": partial(machine_of, "categorical", n_categories=3),
}
each_machine = pytest.mark.parametrize("kind", KINDS)


@each_machine
def test_free_energy_sums_or_integrates_the_hidden_units_out(kind):
    machine = KINDS[kind]()
    V, _ = visible_points(machine)
    V = V[:: max(1, len(V) // 20)]
    H, dh = hidden_points(machine)
    # The trapezoidal rule, which counts points at the edge h = 0 by half.
    edges = 0.5 ** (H == 0).sum(1).double() if dh != 1.0 else torch.ones(len(H)).double()
    E = torch.stack([machine.energy(v.expand(len(H), -1), H) for v in V])
    expected = -(-E + (edges * dh).log()).logsumexp(1)
    torch.testing.assert_close(machine.free_energy(V), expected, rtol=1e-3, atol=1e-3)


@each_machine
def test_log_partition_normalises_the_free_energies(kind):
    machine = KINDS[kind]()
    V, dv = visible_points(machine)
    log_z = float((-machine.free_energy(V)).logsumexp(0)) + math.log(dv)
    if machine.n_enumerated < math.inf:
        assert exact_log_partition(machine) == pytest.approx(log_z, abs=1e-6)
    estimate = annealed_log_partition(
        machine.path(), n_temperatures=300, n_chains=1000, stream=Stream(0)
    )
    assert estimate.lower <= log_z <= estimate.upper
    assert estimate.value == pytest.approx(log_z, abs=0.1)
    assert estimate.effective_sample_size > 300


@each_machine
def test_hidden_free_energy_gives_the_same_log_partition(kind):
    machine = KINDS[kind]()
    V, dv = visible_points(machine)
    H, dh = hidden_points(machine)
    edges = 0.5 ** (H == 0).sum(1).double() if dh != 1.0 else torch.ones(len(H)).double()
    by_hidden = float((-machine.hidden_free_energy(H) + (edges * dh).log()).logsumexp(0))
    by_visible = float((-machine.free_energy(V)).logsumexp(0)) + math.log(dv)
    assert by_hidden == pytest.approx(by_visible, abs=2e-3)


@each_machine
def test_gradient_is_that_of_the_enumerated_likelihood(kind):
    """With exact expectations in place of chains; of Gaussian units, ∂W and ∂a times σ²."""
    machine = KINDS[kind]()
    V, _ = visible_points(machine)
    data = V[[1, len(V) // 3, len(V) // 2]]
    p = (-machine.free_energy(V)).softmax(0)
    names = [name for name, _ in machine.named_parameters()]
    free = {name: q.detach().clone().requires_grad_() for name, q in machine.named_parameters()}

    def free_energy(v):
        return torch.func.functional_call(machine, free, (v,))

    machine.forward = machine.free_energy
    log_z = (-free_energy(V)).logsumexp(0)
    likelihood = (-free_energy(data)).mean() - log_z
    expected = dict(zip(names, torch.autograd.grad(likelihood, list(free.values())), strict=True))
    states = torch.cat([data, V, torch.zeros(1, V.shape[1]).double()])
    h = machine.hidden.mean(machine.hidden_input(states[:-1]))
    c = torch.cat([torch.full((3,), 1 / 3).double(), -p, torch.zeros(1).double()])
    gradient = centered_gradient(states, h, c, torch.zeros(machine.n_components).double())
    variance = 1.0
    if kind.startswith("gaussian"):
        variance = machine.visible.log_variance.exp()
        x = machine.visible_input(h)
        score = c[:-1] @ machine.visible.log_variance_score(states[:-1], x)
        torch.testing.assert_close(score, expected["visible.log_variance"])
    torch.testing.assert_close(gradient.a, expected["a"] * variance)
    torch.testing.assert_close(gradient.W, (expected["W"].T * variance).T)
    torch.testing.assert_close(gradient.b, expected["b"])


@pytest.mark.parametrize("kind", ["bernoulli-relu", "categorical-bernoulli"])
def test_gibbs_leaves_the_distribution_unchanged(kind):
    machine, n = KINDS[kind](scale=1.0), 60_000
    V, _ = visible_points(machine)
    p = (-machine.free_energy(V)).softmax(0)
    start = V[np.random.default_rng(0).choice(len(V), size=n, p=p.numpy())]
    v = machine.gibbs(start, Stream(0), 2)
    shares = torch.stack([(v == state).all(1).double().mean() for state in V])
    assert ((shares - p).abs() < 5 * (p * (1 - p) / n).sqrt()).all()


def test_gaussian_gibbs_has_the_moments_of_the_density():
    machine, n = machine_of("gaussian", n=2, scale=0.8), 200_000
    V, _ = visible_points(machine)
    p = (-machine.free_energy(V)).softmax(0)
    v = machine.gibbs(machine.sample_base(n, Stream(1)), Stream(0), 100)
    for power in (1, 2, 3):
        exact = p @ V**power
        error = (v**power).std(0) / math.sqrt(n)
        assert (((v**power).mean(0) - exact).abs() < 5 * error).all()


@pytest.mark.parametrize("kind", ["categorical-bernoulli"])
def test_pseudo_likelihood_is_the_product_of_conditionals(kind):
    machine = KINDS[kind]()
    rows = torch.tensor(list(itertools.product(range(3), repeat=3)), dtype=torch.float64)
    p = (-machine.free_energy(machine.coding.to_states(rows))).softmax(0).view(3, 3, 3)
    expected = sum((p / p.sum(axis, keepdim=True)).log() for axis in range(3)).flatten()
    found = pseudo_log_likelihood(machine, machine.coding.to_states(rows))
    torch.testing.assert_close(found, expected)


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
    chains.v = torch.ones_like(chains.v)
    with torch.no_grad():
        for _ in range(300):
            chains.draw(chains.v)
        found = torch.stack([(chains.draw(chains.v).sum(1) > 4).double() for _ in range(200)])
    error = 5 * math.sqrt(share * (1 - share) / 300)  # as if a chain were worth one draw
    assert float(found.mean()) == pytest.approx(share, abs=error)
    stuck = machine.gibbs(torch.ones(300, 8).double(), Stream(0), 500)
    assert float((stuck.sum(1) > 4).double().mean()) > share + 10 * error


def test_exchanges_move_temperatures_and_never_lose_one():
    machine = machine_of(n=4, m=3, scale=1.0)
    chains = TemperedChains(
        machine, Stream(0), n_chains=5, n_steps=1, dtype=torch.float64, n_temperatures=4
    )
    first = chains.rank.clone()
    with torch.no_grad():
        for _ in range(20):
            chains.draw(chains.v)
    assert (chains.rank.sort(1).values == torch.arange(4)).all()
    assert (chains.rank != first).any()


def test_what_is_missing_is_neither_seen_nor_reconstructed():
    machine = machine_of("categorical", n=3, n_categories=3)
    rows = torch.tensor([[0.0, math.nan, 2.0]]).double()
    x = machine.coding.to_states(rows)
    expected = x @ machine.W + machine.b
    torch.testing.assert_close(machine.hidden_input(x), expected)
    chains = DataChains(machine, Stream(0), n_chains=1, n_steps=3, dtype=torch.float64)
    assert (chains.draw(x).view(3, 3).sum(1) == torch.tensor([1.0, 0.0, 1.0])).all()


def test_a_feature_s_step_is_divided_by_the_rows_that_have_it():
    """Ten rows of which one has the feature move its bias as that row alone does."""

    def moved(rows, seed):
        machine = machine_of("categorical", n=2, n_categories=2, scale=0.0)
        machine.a[:2] = torch.tensor([40.0, -40.0])  # what is drawn of it is certain
        rule = ContrastiveDivergence(
            machine,
            Stream(seed),
            chains=partial(DataChains, n_chains=1, n_steps=1),
            learning_rate=1.0,
            missing=True,
            precision=torch.float64,
        )
        before = machine.a.clone()
        rule.step(torch.tensor(rows).double())
        return machine.a - before

    alone = moved([[1.0, math.nan]], 0)
    among = moved([[1.0, math.nan]] + [[math.nan, math.nan]] * 9, 0)
    torch.testing.assert_close(among, alone)
    assert alone[1] > 0.9


@pytest.mark.parametrize("missing", [[], [0], [1, 2]])
def test_scores_of_rows_with_the_same_entries_sum_to_one(missing):
    X = np.random.default_rng(0).integers(0, 3, (60, 3)).astype(float)
    X[:20, 0] = np.nan
    rbm = CategoricalRBM(n_components=3, n_iter=20, random_state=0).fit(X)
    values = [[np.nan] if i in missing else range(3) for i in range(3)]
    every_row = np.array(list(itertools.product(*values)), dtype=float)
    assert np.exp(rbm.score_samples(every_row)).sum() == pytest.approx(1)


def test_missing_entries_are_filled_with_the_expectation():
    X = np.array([[0, 0, 0], [1, 1, 1], [2, 2, 2]] * 50, dtype=float)
    rbm = CategoricalRBM(n_components=8, n_iter=100, random_state=0).fit(X)
    seen = np.array([[0, np.nan, np.nan], [np.nan, 2, np.nan]])
    filled = rbm.reconstruct(seen)
    assert np.isfinite(filled).all()
    np.testing.assert_array_equal(filled.round(), [[0, 0, 0], [2, 2, 2]])
    p = rbm.module_.visible.mean(
        rbm.module_.visible_input(torch.tensor(rbm.transform(seen[:1])).float())
    )
    np.testing.assert_allclose(filled[0], p.view(3, 3) @ torch.arange(3.0), rtol=1e-5)
    assert np.isfinite(rbm.transform(np.full((1, 3), np.nan))).all()


def test_persistent_chains_refuse_missing_entries():
    X = np.array([[0, np.nan], [1, 1]])
    with pytest.raises(ValueError, match="NaN"):
        CategoricalRBM(2, persistent=True).fit(X)


def test_what_is_missing_cannot_be_fixed_and_stays_missing_without_a_sweep():
    rbm = CategoricalRBM(2, random_state=0).fit([[0, 1], [1, 1]])
    with pytest.raises(ValueError, match="fixed marks entries that are missing"):
        rbm.gibbs([[0, np.nan]], fixed=[True, True])
    np.testing.assert_array_equal(rbm.gibbs([[0, np.nan]], 0), [[0, np.nan]])
    drawn = rbm.gibbs([[0, np.nan]] * 20, 5, fixed=[True, False], random_state=0)
    assert set(drawn[:, 0]) == {0}
    assert set(drawn[:, 1]) <= {0, 1}


def test_categories_are_not_counted_without_end():
    with pytest.raises(ValueError, match="n_categories"):
        CategoricalRBM(3).fit([[0, 1e9], [1, 2]])
    rbm = CategoricalRBM(3).partial_fit([[0, 1], [1, 2]])
    with pytest.raises(ValueError, match=r"code 4.*0 … 2.*set n_categories"):
        rbm.partial_fit([[4, 0], [1, 2]])


@pytest.mark.parametrize("persistent", [True, False])
def test_complete_data_are_centred_on_their_means(persistent):
    X = (np.random.default_rng(0).random((50, 4)) < [0.1, 0.3, 0.5, 0.8]).astype(float)
    rbm = BernoulliRBM(3, persistent=persistent, random_state=0).fit(X)
    objective = rbm._objective(rbm.module_, Stream(0))
    np.testing.assert_allclose(objective.mu[0], X.mean(0), atol=1e-6)


def test_codes_are_checked_by_column():
    X = np.array([[0, 1], [1, 2]], dtype=float)
    with pytest.raises(ValueError, match=r"1\.5 in column 1.*OrdinalEncoder"):
        CategoricalRBM(2).fit(X + np.array([0, 0.5]))
    rbm = CategoricalRBM(2, random_state=0).fit(X)
    with pytest.raises(ValueError, match=r"3\.0 in column 0.*0 … 2"):
        rbm.transform([[3.0, 0.0]])


def test_gaussian_density_integrates_to_one():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 2)) * [0.3, 0.5] + rng.choice([-1, 1], size=(300, 1))
    for params in ({}, {"hidden_units": "relu", "learning_rate": 0.003}):
        rbm = GaussianRBM(6, random_state=0, **params).fit(X)
        points, dv = grid(-8, 8, 401, 2)
        total = np.exp(rbm.score_samples(points.numpy())).sum() * dv
        interval = rbm.log_partition()
        spread = math.exp(interval.upper - interval.lower) - 1
        assert total == pytest.approx(1, abs=1e-4 + 2 * spread)


def test_gaussian_beats_one_gaussian_and_learns_variances():
    X = scale(load_iris().data)
    rbm = GaussianRBM(8, n_iter=200, random_state=0).fit(X)
    independent = -2 * math.log(2 * math.pi * math.e)
    assert rbm.score(X) > independent + 1
    assert rbm.variances_.shape == (4,)
    assert (rbm.variances_ < 0.95).all()
    assert (rbm.variances_ >= rbm.min_variance).all()


@pytest.mark.parametrize("hidden_units", ["bernoulli", "relu"])
@pytest.mark.parametrize("rate", [0.001, 0.01, 0.05])
def test_gaussian_stays_finite_and_integrable(hidden_units, rate):
    X = np.random.default_rng(0).normal(size=(200, 5)) @ np.random.default_rng(1).normal(
        size=(5, 5)
    )
    X = scale(X)
    rbm = GaussianRBM(7, hidden_units=hidden_units, learning_rate=rate, random_state=0).fit(X)
    assert np.isfinite(rbm.free_energy(X)).all()
    if hidden_units == "relu":
        machine = rbm.module_
        M = machine.W / (0.5 * machine.visible.log_variance[:, None]).exp()
        overlap = (M.T @ M).clamp_min(0)
        assert float(torch.linalg.eigvalsh(overlap)[-1]) < 1


def test_a_constant_feature_keeps_the_least_variance():
    X = np.random.default_rng(0).normal(size=(100, 3))
    X[:, 1] = 5.0
    rbm = GaussianRBM(4, min_variance=0.01, random_state=0).fit(X)
    assert rbm.variances_[1] == pytest.approx(0.01, rel=0.2)
    assert np.isfinite(rbm.score_samples(X)).all()


CONDITIONAL = {
    "bernoulli": (BernoulliRBM(4, n_iter=20, learning_rate=0.2, random_state=0), 2),
    "relu": (BernoulliRBM(4, hidden_units="relu", n_iter=20, random_state=0), 2),
    "categorical": (CategoricalRBM(4, n_iter=40, random_state=0), 3),
}


@pytest.mark.parametrize("kind", CONDITIONAL)
def test_given_some_entries_the_others_follow_their_conditional(kind):
    model, K = CONDITIONAL[kind]
    rng = np.random.default_rng(0)
    X = np.repeat(rng.integers(0, K, (300, 2)), 2, axis=1).astype(float)
    model.fit(X)
    given, n = np.array([1.0, np.nan, np.nan, 0.0]), 40_000
    drawn = model.sample(n, n_steps=60, given=given, random_state=0)
    assert (drawn[:, [0, 3]] == [1, 0]).all()
    rows = np.array([[1, i, j, 0] for i in range(K) for j in range(K)], dtype=float)
    p = np.exp(model.score_samples(rows))
    p = p / p.sum()
    shares = np.array([(drawn == row).all(1).mean() for row in rows])
    assert (np.abs(shares - p) < 5 * np.sqrt(p * (1 - p) / n) + 1e-12).all()
    again = model.gibbs(rows, 3, fixed=~np.isnan(given), random_state=0)
    assert (again[:, [0, 3]] == [1, 0]).all()


def test_each_row_may_have_its_own_entries_fixed():
    X = (np.random.default_rng(0).random((40, 6)) < 0.5).astype(float)
    rbm = BernoulliRBM(3, random_state=0).fit(X)
    fixed = np.random.default_rng(1).random((40, 6)) < 0.5
    after = rbm.gibbs(X, 10, fixed=fixed, random_state=0)
    np.testing.assert_array_equal(after[fixed], X[fixed])
    assert (after[~fixed] != X[~fixed]).any()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda m, X: m.gibbs(X, fixed=[True]), "fixed"),
        (lambda m, X: m.gibbs(X, fixed=np.ones(6)), "fixed.*float64"),
        (lambda m, X: m.sample(2, given=[1.0]), "given"),
        (lambda m, X: m.sample(2, given=[np.inf] * 6), "given.*infinity"),
        (lambda m, X: m.sample(2, given=["a"] * 6), "given"),
        (lambda m, X: m.sample(2, given=[7.0] * 6), r"given.*\[0, 1\].*7"),
    ],
)
def test_bad_conditions_are_named(call, message):
    X = np.eye(6)
    with pytest.raises(ValueError, match=message):
        call(BernoulliRBM(2, n_iter=1, random_state=0).fit(X), X)


def test_averaging_follows_the_parameters_that_are_trained():
    X = np.repeat((np.random.default_rng(0).random((200, 3)) < 0.5).astype(float), 2, axis=1)
    params = {"n_iter": 30, "learning_rate_schedule": "constant", "random_state": 0}
    plain = BernoulliRBM(6, **params).fit(X)
    averaged = BernoulliRBM(6, averaging=0.99, **params).fit(X)
    trained = averaged._training["objective"]["trained"]
    np.testing.assert_allclose(trained["W"].T, plain.components_)  # averaging only watches
    assert np.abs(averaged.components_ - plain.components_).max() > 1e-4
    assert averaged.partial_fit(X).n_iter_ == 31


def test_given_by_name_must_name_the_features():
    names = list("abcdef")
    X = pd.DataFrame(np.eye(6), columns=names)
    rbm = BernoulliRBM(2, n_iter=1, random_state=0).fit(X)
    known = pd.Series([1.0, np.nan, 0.0, np.nan, np.nan, 1.0], index=names)
    drawn = rbm.sample(5, given=known, random_state=0)
    assert (drawn[:, [0, 2, 5]] == [1, 0, 1]).all()
    with pytest.raises(ValueError, match=r"given has the names \['f'.*reindex"):
        rbm.sample(5, given=known[::-1])
    with pytest.raises(ValueError, match="given has the names"):
        rbm.sample(6, given=X[names[::-1]])


def test_named_rows_of_codes_are_scored_without_a_word():
    X = pd.DataFrame({"a": [0.0, 1.0, 2.0], "b": [1.0, 1.0, np.nan]})
    rbm = CategoricalRBM(2, n_iter=2, random_state=0).fit(X)
    assert np.isfinite(rbm.score(X))
    assert np.isfinite(rbm.score(X.dropna()))


@pytest.mark.parametrize("hidden_units", ["bernoulli", "relu"])
def test_default_rate_of_gaussian_units_falls_with_the_hidden_units(hidden_units):
    few, many = (GaussianRBM(n, hidden_units=hidden_units)._rate() for n in (16, 256))
    assert many == pytest.approx(few / 4)
    assert GaussianRBM(16, learning_rate=0.3)._rate() == 0.3


def test_uncorrelated_data_do_not_stay_one_gaussian():
    angle = np.random.default_rng(0).uniform(0, 2 * np.pi, 500)
    ring = scale(np.c_[np.cos(angle), np.sin(angle)])
    rbm = GaussianRBM(10, n_iter=150, random_state=0).fit(ring)
    assert rbm.score(ring) > -math.log(2 * math.pi * math.e) + 0.3
