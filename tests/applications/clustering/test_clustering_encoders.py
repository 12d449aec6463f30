"""Encoders whose codes are clustered: fitted or not, of any kind, and those that are refused."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import make_pipeline

from skdeepunsup import (
    Autoencoder,
    BernoulliRBM,
    DeepBeliefNetwork,
    DeepEmbeddedClustering,
    GaussianRBM,
    VariationalAutoencoder,
    VariationalDeepEmbedding,
)
from tests.applications.clustering.models import (
    AUTOENCODER,
    FIT,
    VARIATIONAL,
    D,
    K,
    accuracy,
    deep,
    encoder_for,
    every,
)


@deep
def test_missing_entries_pass_where_the_encoder_takes_them(kind, X, y):
    encoder = clone(AUTOENCODER if kind is DeepEmbeddedClustering else VARIATIONAL)
    X[np.random.default_rng(0).random(X.shape) < 0.1] = np.nan
    model = kind(K, encoder.set_params(missing="mask"), **FIT).fit(X)
    assert accuracy(model.labels_, y) > 0.8
    assert np.isfinite(model.history_["loss"]).all()
    with pytest.raises(ValueError, match="NaN"):
        kind(K, clone(encoder).set_params(missing="error"), **FIT).fit(X)


@every
def test_a_fitted_encoder_is_used_and_left_as_it_is(estimator, X):
    encoder = clone(estimator.encoder).fit(X[:60])
    before, codes = pickle.dumps(encoder), encoder.transform(X)
    for given in (encoder, FrozenEstimator(encoder)):
        model = clone(estimator).set_params(encoder=given, tol=0, learning_rate=0.01).fit(X)
        assert pickle.dumps(encoder) == before
        np.testing.assert_array_equal(encoder.transform(X), codes)
        assert np.abs(model.transform(X) - codes).max() > 1e-3
    still = clone(estimator).set_params(encoder=FrozenEstimator(encoder), learning_rate=1e-12)
    np.testing.assert_allclose(clone(still).fit(X).transform(X), codes, rtol=1e-4, atol=1e-5)


@every
def test_an_unfitted_encoder_is_cloned(estimator, X):
    model = clone(estimator).fit(X)
    with pytest.raises(NotFittedError):
        model.encoder.transform(X)
    fitted = clone(estimator.encoder).fit(X)
    np.testing.assert_array_equal(model.encoder_.transform(X), fitted.transform(X))


@pytest.mark.parametrize(
    "encoder",
    [
        make_pipeline(GaussianRBM(6, n_iter=5), BernoulliRBM(4, n_iter=5)),
        DeepBeliefNetwork((6, 4), visible_units="gaussian", n_iter=5),
        VariationalAutoencoder(2, max_iter=5),
    ],
    ids=repr,
)
def test_any_encoder_can_be_clustered(encoder, X):
    model = DeepEmbeddedClustering(K, encoder, **FIT).fit(X)
    assert np.isfinite(model.history_["reconstruction"]).all()
    assert model.sample(0, 3, random_state=0).shape == (3, D)


def test_a_density_needs_a_variational_autoencoder(X):
    for encoder in (Autoencoder(2), make_pipeline(clone(VARIATIONAL), clone(VARIATIONAL))):
        with pytest.raises(TypeError, match="must be a VariationalAutoencoder"):
            VariationalDeepEmbedding(K, encoder).fit(X)


@deep
def test_a_fitted_encoder_of_other_columns_is_refused(kind, X):
    encoder = encoder_for(kind).fit(X[:, :3])
    with pytest.raises(ValueError, match="encoder was fitted to 3 features, but X has 5"):
        kind(K, encoder).fit(X)


@pytest.mark.parametrize("kind", [DeepEmbeddedClustering, VariationalDeepEmbedding])
def test_any_precision_and_encoders_with_dropout(kind, X):
    encoder = Autoencoder(2, hidden_layer_sizes=(6,), dropout=0.3, max_iter=3)
    if kind is VariationalDeepEmbedding:
        encoder = VariationalAutoencoder(2, hidden_layer_sizes=(6,), dropout=0.3, max_iter=3)
    for precision in ("float32", "bfloat16", "float64"):
        model = kind(K, encoder, max_iter=3, precision=precision, random_state=0).fit(X)
        np.testing.assert_array_equal(model.labels_, model.predict(X))
