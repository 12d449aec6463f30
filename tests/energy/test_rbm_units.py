"""Restricted machines of other units than bits: what the estimators promise."""

import itertools
import math

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.datasets import load_iris
from sklearn.preprocessing import scale

from skdeepunsup import BernoulliRBM, CategoricalRBM, GaussianRBM
from skdeepunsup._random import Stream
from tests.energy.machines.test_pairs_of_units import grid


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
        CategoricalRBM(2, persistent=True, n_iter=10).fit(X)


def test_what_is_missing_cannot_be_fixed_and_stays_missing_without_a_sweep():
    rbm = CategoricalRBM(2, random_state=0, n_iter=10).fit([[0, 1], [1, 1]])
    with pytest.raises(ValueError, match="fixed marks entries that are missing"):
        rbm.gibbs([[0, np.nan]], fixed=[True, True])
    np.testing.assert_array_equal(rbm.gibbs([[0, np.nan]], 0), [[0, np.nan]])
    drawn = rbm.gibbs([[0, np.nan]] * 20, 5, fixed=[True, False], random_state=0)
    assert set(drawn[:, 0]) == {0}
    assert set(drawn[:, 1]) <= {0, 1}


def test_categories_are_not_counted_without_end():
    with pytest.raises(ValueError, match="n_categories"):
        CategoricalRBM(3, n_iter=10).fit([[0, 1e9], [1, 2]])
    rbm = CategoricalRBM(3, n_iter=10).partial_fit([[0, 1], [1, 2]])
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
        CategoricalRBM(2, n_iter=10).fit(X + np.array([0, 0.5]))
    rbm = CategoricalRBM(2, random_state=0, n_iter=10).fit(X)
    with pytest.raises(ValueError, match=r"3\.0 in column 0.*0 … 2"):
        rbm.transform([[3.0, 0.0]])


def test_gaussian_density_integrates_to_one():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 2)) * [0.3, 0.5] + rng.choice([-1, 1], size=(300, 1))
    for params in ({}, {"hidden_units": "relu", "learning_rate": 0.003}):
        rbm = GaussianRBM(6, n_iter=30, random_state=0, **params).fit(X)
        points, dv = grid(-8, 8, 201, 2)
        total = np.exp(rbm.score_samples(points.numpy())).sum() * dv
        interval = rbm.log_partition()
        spread = math.exp(interval.upper - interval.lower) - 1
        assert total == pytest.approx(1, abs=1e-4 + 2 * spread)


def test_attributes_are_there_while_parameters_ask_for_gradients():
    rbm = GaussianRBM(2, n_iter=1, random_state=0).fit(
        np.random.default_rng(0).normal(size=(30, 3))
    )
    before = rbm.variances_, rbm.components_
    rbm.module_.requires_grad_()
    np.testing.assert_array_equal(rbm.variances_, before[0])
    np.testing.assert_array_equal(rbm.components_, before[1])


def test_gaussian_beats_one_gaussian_and_learns_variances():
    X = scale(load_iris().data)
    rbm = GaussianRBM(8, n_iter=200, random_state=0).fit(X)
    independent = -2 * math.log(2 * math.pi * math.e)
    assert rbm.score(X) > independent + 1
    assert rbm.variances_.shape == (4,)
    assert (rbm.variances_ < 0.95).all()
    assert (rbm.variances_ >= rbm.min_variance * X.var(0) * (1 - 1e-6)).all()


@pytest.mark.parametrize("hidden_units", ["bernoulli", "relu"])
@pytest.mark.parametrize("rate", [0.001, 0.01, 0.05])
def test_gaussian_stays_finite_and_integrable(hidden_units, rate):
    X = np.random.default_rng(0).normal(size=(200, 5)) @ np.random.default_rng(1).normal(
        size=(5, 5)
    )
    X = scale(X)
    rbm = GaussianRBM(
        7, hidden_units=hidden_units, learning_rate=rate, random_state=0, n_iter=30
    ).fit(X)
    assert np.isfinite(rbm.free_energy(X)).all()
    if hidden_units == "relu":
        machine = rbm.module_
        M = machine.W / (0.5 * machine.visible.log_variance[:, None]).exp()
        overlap = (M.T @ M).clamp_min(0)
        assert float(torch.linalg.eigvalsh(overlap)[-1]) < 1


def test_a_constant_feature_keeps_the_least_variance():
    X = np.random.default_rng(0).normal(size=(100, 3))
    X[:, 1] = 5.0
    rbm = GaussianRBM(4, min_variance=0.01, random_state=0, n_iter=30).fit(X)
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
    few, many = (GaussianRBM(n, hidden_units=hidden_units, n_iter=30)._rate() for n in (16, 256))
    assert many == pytest.approx(few / 4)
    assert GaussianRBM(16, learning_rate=0.3, n_iter=30)._rate() == 0.3


def test_uncorrelated_data_do_not_stay_one_gaussian():
    angle = np.random.default_rng(0).uniform(0, 2 * np.pi, 500)
    ring = scale(np.c_[np.cos(angle), np.sin(angle)])
    rbm = GaussianRBM(10, n_iter=60, random_state=0).fit(ring)
    assert rbm.score(ring) > -math.log(2 * math.pi * math.e) + 0.3
