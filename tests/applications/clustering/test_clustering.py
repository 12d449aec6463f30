"""Clusters in a code: what is found, with which probability, and what is drawn of it."""

import math

import numpy as np
import pytest
from scipy.special import softmax
from scipy.stats import norm
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from skdeepunsup import DeepEmbeddedClustering, GaussianRBM
from tests.applications.clustering.models import (
    AUTOENCODER,
    CLUSTERERS,
    SEED,
    D,
    K,
    N,
    accuracy,
    every,
)


@every
def test_separate_blobs_are_found(estimator, X, y):
    model = clone(estimator).fit(X)
    assert accuracy(model.labels_, y) > 0.95


@every
def test_labels_are_predictions(estimator, X):
    model = clone(estimator)
    labels = model.fit_predict(X)
    np.testing.assert_array_equal(labels, model.labels_)
    np.testing.assert_array_equal(labels, model.predict(X))
    p = model.predict_proba(X)
    assert p.shape == (N, K)
    np.testing.assert_allclose(p.sum(1), 1, rtol=1e-6)
    np.testing.assert_array_equal(labels, p.argmax(1))
    assert model.cluster_centers_.shape == (K, model.transform(X).shape[1])
    assert list(model.get_feature_names_out()) == [
        f"{type(model).__name__.lower()}{i}" for i in range(model.transform(X).shape[1])
    ]


def test_probabilities_are_those_of_the_formulas(X):
    model = clone(CLUSTERERS[0]).set_params(dof=2.5).fit(X)
    distance = np.square(model.transform(X)[:, None] - model.cluster_centers_).sum(2)
    q = (1 + distance / 2.5) ** (-3.5 / 2)
    np.testing.assert_allclose(model.predict_proba(X), q / q.sum(1, keepdims=True), rtol=1e-5)

    model = clone(CLUSTERERS[-1]).fit(X)
    module, z = model.module_, model.transform(X)
    log_joint = [
        math.log(weight) + norm.logpdf(z, center, scale).sum(1)
        for weight, center, scale in zip(
            softmax(module.logits.detach().numpy()),
            model.cluster_centers_,
            np.exp(module.log_variances.detach().numpy() / 2),
            strict=True,
        )
    ]
    np.testing.assert_allclose(
        model.predict_proba(X), softmax(np.array(log_joint).T, axis=1), rtol=1e-4, atol=1e-6
    )


def test_training_makes_assignments_surer(X):
    rough = X + np.random.default_rng(0).normal(scale=1.5, size=X.shape)
    encoder = clone(AUTOENCODER).fit(rough)
    params = {"learning_rate": 0.01, "tol": 0, "batch_size": 30}
    short, long = (
        DeepEmbeddedClustering(K, encoder, max_iter=n, **params, **SEED)
        .fit(rough)
        .predict_proba(rough)
        .max(1)
        .mean()
        for n in (1, 60)
    )
    assert long > short + 0.005


@every
def test_a_draw_of_a_cluster_is_nearest_to_its_rows(estimator, X):
    if isinstance(estimator.encoder, GaussianRBM):
        estimator = clone(estimator).set_params(encoder__n_iter=100)
    model = clone(estimator).fit(X)
    means = np.array([X[model.labels_ == k].mean(0) for k in range(K)])
    for k in range(K):
        drawn = model.sample(k, 200, random_state=0)
        assert drawn.shape == (200, D)
        assert np.square(drawn.mean(0) - means).sum(1).argmin() == k
        nearest = np.square(drawn[:, None] - means).sum(2).argmin(1)
        assert (nearest == k).mean() > 0.6  # of 1/3 by chance


@every
def test_draws_are_seeded_and_differ(estimator, X):
    model = clone(estimator).fit(X)
    one, again, other = (model.sample(1, 5, random_state=s) for s in (0, 0, 1))
    np.testing.assert_array_equal(one, again)
    assert np.abs(one - other).max() > 1e-6
    assert len(np.unique(one.round(9), axis=0)) == 5
    assert model.sample(0).shape == (1, D)


@every
def test_clusters_that_there_are_not(estimator, X):
    model = clone(estimator)
    with pytest.raises(NotFittedError):
        model.sample(0)
    model.fit(X)
    for wrong in (K, -1, 1.5, "first"):
        with pytest.raises((ValueError, TypeError), match="cluster"):
            model.sample(wrong)
    with pytest.raises((ValueError, TypeError), match="n_samples"):
        model.sample(0, 0)


def test_clusters_of_embedded_codes_have_the_codes_covariances(X):
    model = clone(CLUSTERERS[0]).fit(X)
    z = model.transform(X)
    for k, center in enumerate(model.cluster_centers_.astype(float)):
        about = z[model.labels_ == k] - center
        expected = np.mean([np.outer(a, a) for a in about], axis=0)
        np.testing.assert_allclose(model.module_.covariances[k], expected, rtol=1e-4, atol=1e-7)
