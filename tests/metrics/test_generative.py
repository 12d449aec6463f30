"""Models judged by what they draw."""

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.decomposition import PCA
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KernelDensity
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skdeepunsup import Autoencoder, BernoulliRBM, VariationalAutoencoder
from skdeepunsup.metrics import (
    density_coverage,
    frechet_distance,
    kernel_distance,
    kernel_score,
    precision_recall,
    sample_quality,
)

FIGURES = [kernel_distance, frechet_distance, precision_recall, density_coverage, sample_quality]


@pytest.fixture(scope="module")
def bits(digits):
    return (digits[:300] > 0.5).astype(float)


RBM = BernoulliRBM(16, n_iter=10, random_state=0)
VAE = VariationalAutoencoder(
    4, likelihood="bernoulli", max_iter=10, early_stopping=False, random_state=0
)


def test_quality_is_all_figures_at_once():
    X, Y = np.random.default_rng(0).normal(size=(2, 50, 6))
    pca = PCA(2).fit(X)
    Z = pca.transform(X), pca.transform(Y)
    expected = {
        "kernel_distance": kernel_distance(*Z),
        "frechet_distance": frechet_distance(*Z),
        "precision": precision_recall(*Z).precision,
        "recall": precision_recall(*Z).recall,
        "density": density_coverage(*Z).density,
        "coverage": density_coverage(*Z).coverage,
    }
    quality = sample_quality(X, Y, features=pca)
    assert quality == expected
    assert list(quality) == list(expected)
    assert {type(value) for value in quality.values()} == {float}


def test_features_are_computed_once():
    calls = []
    X, Y = np.random.default_rng(0).normal(size=(2, 10, 2))
    sample_quality(X, Y, features=lambda rows: calls.append(len(rows)) or rows)
    assert calls == [10, 10]


@pytest.mark.parametrize("model", [RBM, VAE])
def test_learning_betters_what_a_model_draws(bits, model):
    first = type(model)(**model.get_params())
    first.set_params(**{"n_iter" if model is RBM else "max_iter": 1})
    before, after = (
        sample_quality(bits, each.fit(bits).sample(300, random_state=0)) for each in (first, model)
    )
    assert np.isfinite([*before.values(), *after.values()]).all()
    assert after["kernel_distance"] < before["kernel_distance"]
    assert after["frechet_distance"] < before["frechet_distance"]
    assert after["coverage"] > before["coverage"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("model", "grid"), [(RBM, {"n_iter": [1, 40]}), (VAE, {"max_iter": [1, 40]})]
)
def test_a_grid_search_takes_the_model_that_draws_better(bits, model, grid):
    search = GridSearchCV(model, grid, scoring=kernel_score, cv=2, error_score="raise")
    assert list(search.fit(bits).best_params_.values()) == [40]
    assert search.score(bits) == kernel_score(search.best_estimator_, bits)


def test_score_is_minus_the_distance_of_as_many_samples():
    X = np.random.default_rng(0).normal(size=(40, 3))
    model = KernelDensity().fit(X)
    samples = model.sample(40, random_state=0)
    assert kernel_score(model, X) == -kernel_distance(X, samples)
    assert kernel_score(model, X, y=np.ones(40)) == kernel_score(model, sp.csr_array(X))


def test_a_pipeline_draws_rows_as_it_was_given_them():
    X = np.random.default_rng(0).normal(size=(40, 3)) * [1, 10, 100] + 5
    pipeline = make_pipeline(StandardScaler(), "passthrough", PCA(2), KernelDensity()).fit(X)
    Z = pipeline[-1].sample(40, random_state=0)
    samples = pipeline[0].inverse_transform(pipeline[2].inverse_transform(Z))
    assert kernel_score(pipeline, X) == -kernel_distance(X, samples)
    model = pipeline[-1].fit(X)
    assert kernel_score(make_pipeline(model), X) == kernel_score(model, X)


def test_an_estimator_that_draws_nothing_is_named():
    X = np.eye(4)
    for estimator in (Autoencoder(2), make_pipeline(StandardScaler(), Autoencoder(2))):
        with pytest.raises(TypeError, match="Autoencoder has no method 'sample'"):
            kernel_score(estimator, X)


X = np.random.default_rng(0).normal(size=(20, 3))


@pytest.mark.parametrize("figure", FIGURES)
@pytest.mark.parametrize(
    ("real", "samples", "message"),
    [
        (X, X[:, :2], "X has 3 columns, but samples has 2"),
        (X[:1], X, r"X must have two dimensions and at least 2 rows; found \(1, 3\)"),
        (X, X[:1], r"samples must have two dimensions and at least 2 rows; found \(1, 3\)"),
        (X, X[0], r"samples must have two dimensions .* found \(3,\)"),
        (np.where(X > 1, np.nan, X), X, "X contains NaN"),
        (X, sp.csr_array(np.where(X > 1, np.nan, X)), "samples contains NaN"),
        (X, np.where(X > 1, np.inf, X), "samples contains infinity"),
    ],
)
def test_arrays_that_will_not_do_are_named(figure, real, samples, message):
    with pytest.raises(ValueError, match=message):
        figure(real, samples)


@pytest.mark.parametrize("figure", FIGURES)
def test_features_that_will_not_do_are_named(figure):
    for features in (PCA, "pca", 3):
        with pytest.raises(TypeError, match=r"features == .*, must be None, a function"):
            figure(X, X, features=features)
    with pytest.raises(ValueError, match="features of X must have two dimensions"):
        figure(X, X, features=lambda rows: rows[:, 0])
    with pytest.raises(ValueError, match="features of X contains NaN"):
        figure(X, X, features=lambda rows: np.where(rows > 0, rows, np.nan))


@pytest.mark.parametrize("figure", FIGURES)
def test_answers_are_repeatable_and_leave_arrays_and_the_global_state_alone(figure):
    real, samples = X.astype(np.float32), X[::-1].copy()
    real.flags.writeable = samples.flags.writeable = False
    before = np.random.get_state()[1].copy()
    assert figure(real, samples) == figure(real, samples)
    assert figure(real, samples) == figure(real.astype(float), sp.csr_array(samples))
    np.testing.assert_array_equal(np.random.get_state()[1], before)
