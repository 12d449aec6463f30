"""BoltzmannMachine: what the estimator promises."""

import itertools
import math

import numpy as np
import pytest
import scipy.sparse as sp

from skdeepunsup import BoltzmannMachine
from skdeepunsup.energy.machines import lateral
from tests.energy.machines.test_lateral import (
    frequencies,
    monte_carlo_floor,
    random_graph,
    total_variation,
)

BITS = np.array(list(itertools.product([0.0, 1.0], repeat=6)))


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
    v = fitted.sample(n, n_steps=100, random_state=0)
    assert total_variation(frequencies(v), p) < monte_carlo_floor(p, n)


def test_conditional_samples_follow_the_conditional(fitted):
    n = 20_000
    given = np.array([1, np.nan, np.nan, np.nan, 0, np.nan])
    v = fitted.sample(n, n_steps=100, given=given, random_state=0)
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
    """With six features all are used, so that only the mean-field free energies differ."""
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
    params = {"n_iter": 20, "batch_size": 20, "learning_rate": 0.2} | params
    machine = BoltzmannMachine(3, random_state=0, **params).fit(X)
    assert machine.score(X) > 3 * math.log(1 / 2) - 0.3


def test_values_outside_the_unit_interval_warn_and_name_the_scaler(X):
    with pytest.warns(UserWarning, match="MinMaxScaler"):
        BoltzmannMachine(4, n_iter=1).fit(16 * X)


@pytest.mark.filterwarnings("ignore:The code hardly varies")  # as it should: all rows are equal
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
