"""Units and offsets do not matter: a model of a + b X says of it what a model of X says of X.

A model of real values joins by its line in `REAL`, with what its scores are.
"""

from functools import cache

import numpy as np
import pytest
import scipy.sparse as sp
from scipy.special import expit
from scipy.stats import norm
from sklearn.base import clone
from sklearn.pipeline import make_pipeline

from skdeepunsup import (
    EASE,
    GAN,
    Autoencoder,
    BiGAN,
    ContractiveAutoencoder,
    DeepBeliefNetwork,
    DeepEmbeddedClustering,
    DenoisingAutoencoder,
    EncoderDecoder,
    FineTunedClassifier,
    FineTunedRegressor,
    GaussianRBM,
    GenerativeImputer,
    LossyCompressor,
    OutlierDetector,
    RatingAutoencoder,
    SparseAutoencoder,
    VariationalAutoencoder,
    VariationalDeepEmbedding,
)

ERROR, DENSITY, PURE = "error", "density", "pure number"
BRIEF = {"max_iter": 4, "random_state": 0}
VARIATIONAL = VariationalAutoencoder(3, hidden_layer_sizes=(6,), **BRIEF)

REAL = [
    (Autoencoder(3, **BRIEF), ERROR),
    (Autoencoder(3, hidden_layer_sizes=(6,), early_stopping=True, **BRIEF), ERROR),
    (Autoencoder(3, missing="mask", **BRIEF), ERROR),
    (Autoencoder(3, image_shape=(3, 2), hidden_layer_sizes=(3,), **BRIEF), ERROR),
    (DenoisingAutoencoder(8, **BRIEF), ERROR),
    (DenoisingAutoencoder(8, corruption="gaussian", **BRIEF), ERROR),
    (DenoisingAutoencoder(8, corruption="salt-and-pepper", **BRIEF), ERROR),
    (DenoisingAutoencoder(8, corruption=lambda x, generator: x.roll(1, 1), **BRIEF), ERROR),
    (SparseAutoencoder(8, **BRIEF), ERROR),
    (SparseAutoencoder(8, sparsity="l1", **BRIEF), ERROR),
    (SparseAutoencoder(8, sparsity="top-k", **BRIEF), ERROR),
    (SparseAutoencoder(8, sparsity="running-mean", **BRIEF), ERROR),
    (ContractiveAutoencoder(8, **BRIEF), ERROR),
    (VARIATIONAL, DENSITY),
    (clone(VARIATIONAL).set_params(noise_scale="features", missing="mask"), DENSITY),
    (clone(VARIATIONAL).set_params(image_shape=(3, 2), hidden_layer_sizes=(3,)), DENSITY),
    (GAN(3, hidden_layer_sizes=(6,), encoder_max_iter=2, **BRIEF), PURE),
    (BiGAN(3, hidden_layer_sizes=(6,), **BRIEF), PURE),
    (GaussianRBM(4, n_iter=4, random_state=0), DENSITY),
    (GaussianRBM(4, n_iter=4, hidden_units="relu", random_state=0), DENSITY),
    (DeepBeliefNetwork((5, 3), visible_units="gaussian", n_iter=4, random_state=0), DENSITY),
    (EncoderDecoder(3, hidden_layer_sizes=(6,), **BRIEF), PURE),
    (DeepEmbeddedClustering(3, Autoencoder(3, **BRIEF), **BRIEF), PURE),
    (VariationalDeepEmbedding(3, VARIATIONAL, **BRIEF), DENSITY),
    (FineTunedClassifier(DenoisingAutoencoder(8, **BRIEF), **BRIEF), PURE),
    (FineTunedRegressor(DenoisingAutoencoder(8, **BRIEF), **BRIEF), PURE),
    (OutlierDetector(Autoencoder(3, **BRIEF), random_state=0), ERROR),
    (OutlierDetector(VARIATIONAL, random_state=0), DENSITY),
    (GenerativeImputer(VARIATIONAL, n_steps=5, random_state=0), PURE),
    (LossyCompressor(Autoencoder(3, **BRIEF)), PURE),
]
each_real = pytest.mark.parametrize(
    ("estimator", "kind"), REAL, ids=lambda e: "" if isinstance(e, str) else type(e).__name__
)
units = pytest.mark.parametrize(
    ("a", "b"),
    [(300.0, 1.0), (1.7e9, 1e4), (0.0, 1e-6), (0.0, 1e6), (-40.0, 0.01)],
    ids=lambda number: f"{number:g}",
)

CODES = ("transform", "predict_proba")
"""Answers that do not depend on the units at all."""


def rows(n=60):
    """Rows of six features with two causes and unlike variances."""
    rng = np.random.default_rng(0)
    causes = rng.normal(size=(n, 2)) @ rng.normal(size=(2, 6))
    return causes + 0.3 * rng.normal(size=(n, 6))


def targets(estimator, X):
    """Two classes for a classifier, columns of its rows for a regressor."""
    if isinstance(estimator, FineTunedClassifier):
        return np.arange(len(X)) % 2
    return X[:, :2] if isinstance(estimator, EncoderDecoder | FineTunedRegressor) else None


def answers(estimator, kind, a, b, dtype=np.float64):
    """What a model fitted to a + b X says, in the units of X."""
    X = rows()
    Y = (a + b * X).astype(dtype)
    y = targets(estimator, X)
    if y is not None and isinstance(estimator, EncoderDecoder | FineTunedRegressor):
        y = a + b * y
    if isinstance(estimator, LossyCompressor):
        estimator = clone(estimator).set_params(step=0.5 * b)
    holes = Y.copy()
    holes[::7, 1] = np.nan
    imputes = isinstance(estimator, GenerativeImputer)
    model = clone(estimator).fit(holes if imputes else Y, y)
    if imputes:
        return {"transform": (model.transform(holes) - a) / b}
    found = {name: getattr(model, name)(Y) for name in CODES if hasattr(model, name)}
    if hasattr(model, "compress"):
        return {"decompress": (model.decompress(model.compress(Y)) - a) / b}
    if hasattr(model, "predict") and not isinstance(estimator, FineTunedClassifier):
        regresses = isinstance(estimator, EncoderDecoder | FineTunedRegressor)
        found["predict"] = (model.predict(Y) - a) / b if regresses else model.predict(Y)
    if hasattr(model, "inverse_transform"):
        found["inverse"] = (model.inverse_transform(found["transform"][:5]) - a) / b
    if hasattr(model, "reconstruct"):
        found["reconstruct"] = (model.reconstruct(Y) - a) / b
    if hasattr(model, "sample"):
        which = {"cluster": 1} if isinstance(estimator, DeepEmbeddedClustering) else {}
        if not isinstance(estimator, VariationalDeepEmbedding):
            found["sample"] = (model.sample(**which, n_samples=3, random_state=0) - a) / b
    if hasattr(model, "impute"):
        found["impute"] = (model.impute(holes, n_steps=3, random_state=0) - a) / b
    if hasattr(model, "score_samples"):
        found["score_samples"] = in_units(model.score_samples(Y), kind, b)
    if hasattr(model, "history_") and kind != PURE:
        last = 0 if isinstance(estimator, DeepBeliefNetwork) else -1  # those above model bits
        found["loss"] = -in_units(-np.array(model.history_["loss"][last]), kind, b)
    return found


@cache
def wanted_answers(estimator, kind):
    """Those of a model fitted to X itself."""
    return answers(estimator, kind, 0.0, 1.0)


def in_units(scores, kind, b):
    """Scores of a model of a + b X as those of one of X."""
    if kind == ERROR:
        return scores / b**2
    return scores + 6 * np.log(b) if kind == DENSITY else scores


@each_real
@units
def test_units_and_offsets_do_not_matter(estimator, kind, a, b):
    found, wanted = answers(estimator, kind, a, b), wanted_answers(estimator, kind)
    assert found.keys() == wanted.keys()
    for name, value in wanted.items():
        np.testing.assert_allclose(found[name], value, rtol=2e-3, atol=2e-3, err_msg=name)


@each_real
def test_float32_rows_give_the_same_where_they_hold_the_differences(estimator, kind):
    found = answers(estimator, kind, 300.0, 1.0, np.float32)
    wanted = wanted_answers(estimator, kind)
    for name, value in wanted.items():
        if name != "predict" or value.dtype.kind == "f":
            np.testing.assert_allclose(found[name], value, rtol=0.02, atol=0.02, err_msg=name)


@each_real
def test_float32_rows_that_lost_their_differences_are_refused(estimator, kind):
    X = (1.7e9 + 40 * rows()).astype(np.float32)
    with pytest.raises(ValueError, match=r"float32, whose numbers near 1.7e\+09 are 128 apart"):
        clone(estimator).fit(X, targets(estimator, X))
    exact = 1.7e9 + 40 * rows()
    clone(estimator).fit(exact, targets(estimator, exact))  # as the message advises


DENSITIES = [pair for pair in REAL if pair[1] == DENSITY and "image" not in str(pair[0])]


@pytest.mark.parametrize(("estimator", "kind"), DENSITIES, ids=lambda e: type(e).__name__)
def test_units_of_single_features_do_not_matter_to_a_density(estimator, kind):
    X, b = rows(), np.array([1e-3, 1.0, 1e5, 40.0, 1.0, 0.2])
    a = np.array([0.0, 300.0, -1e6, 0.0, 7.0, 0.0])
    scores = clone(estimator).fit(X).score_samples(X)
    others = clone(estimator).fit(a + b * X).score_samples(a + b * X)
    np.testing.assert_allclose(others + np.log(b).sum(), scores, rtol=2e-3, atol=2e-3)


@pytest.mark.parametrize("b", [1e-6, 0.2, 1e6])
@pytest.mark.parametrize("view", ["users", "items"])
def test_the_unit_of_ratings_does_not_matter(view, b):
    rng = np.random.default_rng(0)
    R = np.where(rng.random((40, 12)) < 0.5, np.round(3 + rng.normal(size=(40, 12))), np.nan)
    model = RatingAutoencoder(4, view=view, **BRIEF).fit(R)
    other = clone(model).fit(b * R)
    np.testing.assert_allclose(other.predict(b * R) / b, model.predict(R), rtol=1e-4)
    np.testing.assert_allclose(
        np.array(other.history_["loss"]) / b**2, model.history_["loss"], rtol=1e-4
    )


@pytest.mark.parametrize("b", [1e-6, 10.0])
def test_the_unit_of_counts_does_not_matter(b):
    X = np.random.default_rng(0).poisson(0.5, (40, 8))
    model, other = EASE(5).fit(X), EASE(5).fit(b * X)
    np.testing.assert_allclose(other.predict(b * X), b * model.predict(X), atol=1e-12)


def test_sparse_rows_are_as_dense_ones():
    X = np.where(np.random.default_rng(0).random((60, 6)) < 0.5, rows(), 0)
    for estimator in (Autoencoder(3, **BRIEF), VARIATIONAL):
        dense, sparse = clone(estimator).fit(X), clone(estimator).fit(sp.csr_matrix(X))
        np.testing.assert_allclose(
            sparse.score_samples(sp.csr_matrix(X)), dense.score_samples(X), rtol=1e-5
        )


def test_models_in_a_row_are_each_in_units_of_their_own():
    X = 1e4 + 100 * rows()
    stack = make_pipeline(Autoencoder(4, **BRIEF), Autoencoder(2, **BRIEF))
    model = DeepEmbeddedClustering(3, stack, random_state=0, max_iter=1, learning_rate=1e-12).fit(X)
    codes = model.encoder_.transform(X)
    np.testing.assert_allclose(model.transform(X), codes, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(
        model.inverse_transform(codes), model.encoder_.inverse_transform(codes), rtol=1e-5
    )


def test_a_constant_feature_and_constant_rows_are_no_trouble():
    X = rows()
    X[:, 2] = 1e7
    for estimator, _ in REAL[:3]:
        model = clone(estimator).fit(X)
        np.testing.assert_allclose(model.reconstruct(X)[:, 2], 1e7, rtol=1e-6)
        same = np.full((10, 3), 1e9)
        if "image_shape" not in str(estimator):
            np.testing.assert_allclose(clone(estimator).fit(same).reconstruct(same), same)
    assert np.isfinite(clone(VARIATIONAL).fit(X).score_samples(X)).all()


@units
@pytest.mark.parametrize("hidden_units", ["bernoulli", "relu"])
def test_a_machine_of_rows_in_any_units_is_described_in_these_units(hidden_units, a, b):
    """By E(v, h) of its docstring, with its weights, biases and variances."""
    X = a + b * rows()
    model = GaussianRBM(3, n_iter=4, hidden_units=hidden_units, precision="float64", random_state=0)
    W, variances = model.fit(X).components_.T, model.variances_
    if a == 0:  # elsewhere differences of large terms remain
        own = (X**2 / 2 - X * model.intercept_visible_) / variances
        x = (X / variances) @ W + model.intercept_hidden_
        terms = np.logaddexp(0, x) if hidden_units == "bernoulli" else relu_terms(x)
        np.testing.assert_allclose(
            model.free_energy(X), own.sum(1) - terms.sum(1), rtol=1e-6, atol=1e-6
        )
    log_z = model.log_partition(n_temperatures=50).value if hidden_units == "bernoulli" else None
    if log_z is not None:
        energy = model.free_energy(X)
        np.testing.assert_allclose(
            -energy - log_z, model.score_samples(X), rtol=1e-6, atol=1e-9 * np.abs(energy).max()
        )
    if hidden_units == "bernoulli":
        (W, c), (V, d) = model.unroll().up[0], model.unroll().down[0]
        codes = expit(X @ W.T + c)
        np.testing.assert_allclose(codes, model.transform(X), atol=1e-3)
        back = model.inverse_transform(codes)
        np.testing.assert_allclose((codes @ V.T + d - a) / b, (back - a) / b, atol=1e-3)


def relu_terms(x):
    """log of the integral of exp(xh - h²/2) over h > 0."""
    return x**2 / 2 + norm.logcdf(x) + np.log(2 * np.pi) / 2
