"""The imputer: what it fits, what it answers, and that this depends on the row alone."""

import pickle

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import torch
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import get_tags

from skdeepunsup import (
    GAN,
    BernoulliRBM,
    BiGAN,
    BoltzmannMachine,
    CategoricalRBM,
    DeepBeliefNetwork,
    DeepBoltzmannMachine,
    GaussianRBM,
    GenerativeImputer,
    VariationalAutoencoder,
    VariationalDeepEmbedding,
)
from skdeepunsup._random import SharedStream
from tests.applications.models import MACHINE, MASKED, VARIATIONAL

GAME = {"hidden_layer_sizes": (8,), "max_iter": 2}
MODELS = [
    BernoulliRBM(4, n_iter=2),
    MACHINE,
    CategoricalRBM(4, n_categories=2, n_iter=2),
    CategoricalRBM(4, n_iter=2, persistent=True),
    BoltzmannMachine(4, n_iter=2),
    DeepBoltzmannMachine((5, 4), n_iter=2),
    DeepBeliefNetwork((5, 4), n_iter=2),
    VARIATIONAL,
    MASKED,
    VariationalAutoencoder(3, likelihood="categorical", n_categories=2, max_iter=2),
    VariationalAutoencoder(3, likelihood="beta-binomial", n_categories=2, max_iter=2),
    VariationalDeepEmbedding(3, VARIATIONAL, max_iter=2),
    GAN(4, encoder_max_iter=1, **GAME),
    BiGAN(4, **GAME),
]
each = pytest.mark.parametrize("model", MODELS, ids=repr)
BRIEF = {"n_draws": 3, "n_steps": 10, "random_state": 0}


def imputer_of(model, **options):
    """An imputer that is fitted in one round, where its model needs rounds."""
    rounds = {} if get_tags(model).input_tags.allow_nan else {"n_rounds": 1}
    return GenerativeImputer(model, **rounds | BRIEF | options)


@pytest.fixture
def X():
    return (np.random.default_rng(0).random((60, 6)) < 0.4).astype(np.float64)


@pytest.fixture
def holes(X):
    return np.where(np.random.default_rng(1).random(X.shape) < 0.3, np.nan, X)


@pytest.fixture(scope="module")
def line():
    """Rows near a line, with a third of the entries missing."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(100, 1)) * [1, 1, -1, 2] + 0.1 * rng.normal(size=(100, 4))
    return X, np.where(rng.random(X.shape) < 1 / 3, np.nan, X)


@each
def test_every_model_fills_in(model, X, holes):
    imputer = imputer_of(model).fit(holes)
    answer = imputer.transform(holes)
    assert np.isfinite(answer).all()
    np.testing.assert_array_equal(answer[~np.isnan(holes)], X[~np.isnan(holes)])
    draws = imputer.impute(holes, n_draws=3, n_steps=4, random_state=0)
    assert draws.shape == (3, *X.shape)
    np.testing.assert_array_equal(
        draws[0], imputer.model_.impute(holes, n_draws=3, n_steps=4, random_state=0)[0]
    )


@each
def test_a_row_s_answer_does_not_depend_on_the_others(model, holes, monkeypatch):
    imputer = imputer_of(model).fit(holes)
    whole = imputer.transform(holes)
    np.testing.assert_array_equal(imputer.transform(holes), whole)
    np.testing.assert_allclose(imputer.transform(holes[::-1]), whole[::-1], rtol=0, atol=1e-9)
    alone = np.vstack([imputer.transform(row[None]) for row in holes[:10]])
    np.testing.assert_allclose(alone, whole[:10], rtol=0, atol=1e-9)
    monkeypatch.setattr("skdeepunsup.base.generative.CHUNK_ROWS", 21)
    np.testing.assert_allclose(imputer.transform(holes), whole, rtol=0, atol=1e-9)


def test_shared_numbers_are_those_of_the_group():
    def numbers(n):
        stream = SharedStream(0, n_groups=2)
        return [
            stream.uniform((2 * n, 3)).unflatten(0, (2, n)),
            stream.uniform((3, 2 * n), torch.float64, rows=1).unflatten(1, (2, n)).movedim(0, 2),
            stream.normal_like(torch.zeros(2 * n, 5)).unflatten(0, (2, n)),
            stream.bernoulli(torch.full((2 * n, 50), 0.5)).unflatten(0, (2, n)),
            stream.beta_binomial(9, torch.ones(2 * n, 50), torch.ones(2 * n, 50)).unflatten(
                0, (2, n)
            ),
        ]

    for few, many in zip(numbers(1), numbers(4), strict=True):
        assert torch.equal(few.expand_as(many), many)
        assert (many[0] != many[1]).any()


def test_shared_grey_levels_have_the_distribution_s_moments():
    alpha, beta, n = torch.full((1, 40_000), 1.5), torch.full((1, 40_000), 0.7), 9
    draws = SharedStream(0).beta_binomial(n, alpha, beta).double()
    mean = n * 1.5 / 2.2
    variance = n * 1.5 * 0.7 * (2.2 + n) / (2.2**2 * 3.2)
    assert abs(float(draws.mean()) - mean) < 5 * np.sqrt(variance / 40_000)
    assert float(draws.var()) == pytest.approx(variance, rel=0.05)


def test_rounds_learn_what_means_in_the_holes_hide(line):
    X, seen = line
    missing = np.isnan(seen)

    def error(n_rounds):
        model = GaussianRBM(8, n_iter=60)
        imputer = GenerativeImputer(model, n_rounds=n_rounds, random_state=0).fit(seen)
        return np.square(imputer.transform(seen) - X)[missing].mean()

    mean = np.square(SimpleImputer().fit_transform(seen) - X)[missing].mean()
    assert error(3) < 0.85 * error(0)
    assert error(0) < 0.8 * mean


def test_the_default_learns_from_what_is_there(line):
    X, seen = line
    missing = np.isnan(seen)
    scaler = StandardScaler()
    answer = make_pipeline(scaler, GenerativeImputer(random_state=0)).fit_transform(seen)
    error = np.square(scaler.inverse_transform(answer) - X)[missing].mean()
    assert error < 0.3 * np.square(SimpleImputer().fit_transform(seen) - X)[missing].mean()


def test_a_model_that_takes_missing_entries_is_fitted_to_them(holes):
    imputer = GenerativeImputer(MASKED, random_state=0).fit(holes)
    seed = imputer.model_.random_state
    alone = clone(MASKED).set_params(random_state=seed).fit(holes)
    np.testing.assert_array_equal(imputer.model_.transform(holes), alone.transform(holes))


def test_categories_are_filled_with_the_most_probable_one():
    X = np.random.default_rng(0).integers(3, size=(200, 1)) * np.ones((1, 4))
    seen = np.where(np.random.default_rng(1).random(X.shape) < 0.2, np.nan, X)
    for options in ({}, {"persistent": True}):
        model = CategoricalRBM(16, n_categories=3, n_iter=30, **options)
        answer = GenerativeImputer(model, n_draws=5, random_state=0).fit_transform(seen)
        assert set(np.unique(answer)) == {0, 1, 2}
        assert (answer == X)[np.isnan(seen)].mean() > 0.9


def test_a_fitted_model_is_used_and_left_alone(X, holes):
    fitted = clone(MACHINE).set_params(random_state=0).fit(pd.DataFrame(X, columns=list("abcdef")))
    before = pickle.dumps(fitted)
    imputer = GenerativeImputer(fitted, **BRIEF).fit(holes)
    imputer.transform(holes)
    assert imputer.model_ is fitted
    assert pickle.dumps(fitted) == before
    frozen = GenerativeImputer(FrozenEstimator(fitted), **BRIEF)
    np.testing.assert_array_equal(
        clone(frozen).fit(holes).transform(holes), imputer.transform(holes)
    )
    with pytest.raises(ValueError, match="6 features, but X has 5"):
        GenerativeImputer(fitted).fit(holes[:, :5])
    with pytest.raises(ValueError, match="frozen"):
        GenerativeImputer(FrozenEstimator(clone(MACHINE))).fit(holes)


def test_a_fitted_model_sees_the_columns_it_was_fitted_to(X, holes):
    frame = pd.DataFrame(X, columns=list("abcdef"))
    fitted = clone(MACHINE).set_params(random_state=0).fit(frame)
    seen = pd.DataFrame(holes, columns=list("abcdef"))
    GenerativeImputer(fitted, **BRIEF).fit(seen)
    with pytest.raises(ValueError, match=r"model was fitted to the columns \['a', .*\['f', "):
        GenerativeImputer(fitted, **BRIEF).fit(seen[list("fedcba")])


def test_a_fitted_model_is_shown_only_what_it_can_complete(X, holes):
    fitted = VariationalAutoencoder(2, likelihood="bernoulli", max_iter=2, random_state=0).fit(X)
    with pytest.raises(ValueError, match=r"in \[0, 1\]"):
        GenerativeImputer(fitted).fit(3 * holes)


def test_a_model_that_needs_classes_is_fitted_before(X, holes):
    y = X[:, 0].astype(int)
    model = GAN(2, conditional=True, encoder_max_iter=1, random_state=0, **GAME)
    with pytest.raises(ValueError, match=r"(?s)conditional=True.* needs y, .* fit the model"):
        imputer_of(model).fit(holes, y)
    answer = GenerativeImputer(model.fit(X, y), **BRIEF).fit(holes).transform(holes)
    assert np.isfinite(answer).all()


def test_draws_take_the_steps_of_the_imputer_unless_told_otherwise(holes):
    imputer = imputer_of(MACHINE).fit(holes)
    draws = imputer.impute(holes, random_state=0)
    np.testing.assert_array_equal(draws, imputer.impute(holes, n_steps=10, random_state=0))
    assert (draws != imputer.impute(holes, n_steps=11, random_state=0)).any()


@pytest.mark.parametrize("name", ["n_draws", "n_steps"])
def test_what_is_set_after_the_fit_is_checked_as_well(name, holes):
    imputer = imputer_of(MACHINE).fit(holes)
    for value in (0, 2.5):
        with pytest.raises((ValueError, TypeError), match=name):
            imputer.set_params(**{name: value}).transform(holes)


def test_chains_made_some_at_a_time_are_not_the_same_ones(holes, monkeypatch):
    monkeypatch.setattr("skdeepunsup.base.generative.CHUNK_ROWS", 4)
    imputer = imputer_of(MACHINE, n_draws=4).fit(holes)
    few = imputer.transform(holes)
    assert (imputer.set_params(n_draws=8).transform(holes) != few).any()


def test_an_unfitted_model_stays_unfitted(holes):
    model = clone(MACHINE)
    imputer_of(model).fit(holes)
    assert not model.__sklearn_is_fitted__()


def test_what_goes_in_comes_out(X, holes):
    frame = pd.DataFrame(holes, columns=list("abcdef"))
    imputer = imputer_of(MACHINE).set_output(transform="pandas").fit(frame)
    assert list(imputer.transform(frame).columns) == list("abcdef")
    assert list(imputer.get_feature_names_out()) == list("abcdef")
    imputer = imputer_of(MACHINE).fit(holes)
    expected = imputer.transform(holes)
    assert imputer.transform(holes.astype(np.float32)).dtype == np.float32
    sparse = imputer_of(MACHINE).fit(sp.csr_array(holes))
    np.testing.assert_allclose(sparse.transform(sp.csr_array(holes)), expected)
    again = pickle.loads(pickle.dumps(imputer))
    np.testing.assert_array_equal(again.transform(holes), expected)
    np.testing.assert_array_equal(imputer.transform(X), X)


def test_a_column_without_an_entry_is_filled_and_warned_of(holes):
    holes[:, 2] = np.nan
    for model in (MACHINE, MASKED):
        with pytest.warns(UserWarning, match=r"no value in the columns \[2\]"):
            answer = imputer_of(model).fit_transform(holes)
        assert np.isfinite(answer).all()


def test_it_stands_in_a_search(X, holes):
    y = X[:, 0].astype(int)
    pipeline = make_pipeline(imputer_of(MACHINE), LogisticRegression())
    grid = {"generativeimputer__n_rounds": [0, 1], "generativeimputer__model__n_components": [2, 4]}
    search = GridSearchCV(pipeline, grid, cv=2).fit(holes, y)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


@pytest.mark.parametrize(
    "options, error, name",
    [
        ({"model": LogisticRegression()}, TypeError, "model"),
        ({"n_rounds": -1}, ValueError, "n_rounds"),
        ({"n_draws": 0}, ValueError, "n_draws"),
        ({"n_steps": 0}, ValueError, "n_steps"),
        ({"random_state": "x"}, ValueError, "x"),
    ],
)
def test_what_is_not_sound_is_refused(options, error, name, holes):
    imputer = GenerativeImputer(**({"model": MACHINE} | options))
    with pytest.raises(error, match=name):
        imputer.fit(holes)
    assert not imputer.__sklearn_is_fitted__()


def test_it_must_be_fitted_first(holes):
    for method in ("transform", "impute"):
        with pytest.raises(NotFittedError):
            getattr(GenerativeImputer(MACHINE), method)(holes)
