"""Where clusters start, by any clusterer of the codes, and parameters that are refused."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.cluster import DBSCAN, HDBSCAN, OPTICS, KMeans
from sklearn.datasets import load_wine
from sklearn.decomposition import PCA
from sklearn.metrics import adjusted_rand_score
from sklearn.mixture import GaussianMixture
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import nn

from skdeepunsup import Autoencoder, DeepEmbeddedClustering, VariationalDeepEmbedding
from tests.applications.clustering.models import (
    AUTOENCODER,
    FIT,
    SEED,
    VARIATIONAL,
    K,
    deep,
    encoder_for,
    every,
)


@every
def test_more_clusters_than_rows(estimator, X):
    with pytest.raises(ValueError, match="n_samples=2 should be >= n_clusters=3"):
        clone(estimator).fit(X[:2])


def test_an_init_that_finds_another_number(X):
    model = DeepEmbeddedClustering(K, clone(AUTOENCODER), init=KMeans(5, random_state=0))
    with pytest.raises(ValueError, match="n_clusters == 3, but init finds 5 clusters"):
        model.fit(X)
    assert not model.__sklearn_is_fitted__()


@pytest.mark.nightly("the default encoder takes long")
def test_the_default_mixture_starts_at_clusters_of_rows_as_they_come():
    """A mixture fitted to the codes found .50; k-means finds .37, of standardised rows .90."""
    X, y = load_wine(return_X_y=True)
    model = VariationalDeepEmbedding(3, **SEED)
    assert adjusted_rand_score(y, model.fit_predict(X)) > 0.85


def test_dimensions_that_the_decoder_does_not_use_cost_no_likelihood(X):
    """Clusters had no width in them, where q(z | x) has width 1: −115 nats on iris, not −3."""
    encoder = clone(VARIATIONAL).set_params(n_components=10, beta=1.0).fit(X)
    model = VariationalDeepEmbedding(K, encoder, max_iter=1, tol=0, **SEED).fit(X)
    assert model.score(X) > encoder.score(X) - 0.5


SEES = Autoencoder(2, encoder=nn.Identity(), decoder=nn.Linear(2, 2), max_iter=1, **SEED)


@pytest.mark.filterwarnings("ignore:encoder and decoder of your own")  # its rows are codes as well
@pytest.mark.parametrize(
    "init",
    [DBSCAN(1.0), HDBSCAN(15, copy=True), OPTICS(max_eps=1.5, cluster_method="dbscan")],
    ids=lambda init: type(init).__name__,
)
def test_noise_is_no_cluster(init):
    """Ten rows far from all are noise: neither a cluster nor part of a first centre."""
    rng = np.random.default_rng(0)
    middles = np.array([[0.0, 0.0], [10.0, 0.0], [0.0, 10.0]])
    far = np.stack([np.full(10, 300.0), 300 + 50.0 * np.arange(10)], 1)
    X = np.vstack([far, *(middle + 0.3 * rng.normal(size=(40, 2)) for middle in middles)])
    assert set(clone(init).fit_predict(X)) == {-1, 0, 1, 2}
    model = DeepEmbeddedClustering(
        3, SEES, init=init, learning_rate=1e-9, max_iter=1, random_state=0
    ).fit(X)
    centers = model.cluster_centers_[np.argsort(model.cluster_centers_ @ [1, 2])]
    np.testing.assert_allclose(centers, middles, atol=0.2)
    assert sorted(np.bincount(model.labels_[10:])) == [40, 40, 40]


def test_nothing_but_noise_is_said(X):
    model = DeepEmbeddedClustering(K, clone(AUTOENCODER), init=DBSCAN(1e-9, min_samples=5))
    with pytest.raises(ValueError, match="finds 0 clusters in the codes, and noise in 90 of 90"):
        model.fit(X)
    assert not model.__sklearn_is_fitted__()


def test_labels_of_an_init_may_be_names(X):
    class Named(KMeans):
        def fit_predict(self, X, y=None):
            return np.array(["ant", "bee", "cat"])[super().fit_predict(X)]

    model = DeepEmbeddedClustering(K, AUTOENCODER, init=Named(K, random_state=0), **FIT).fit(X)
    assert set(model.labels_) == {0, 1, 2}


def test_an_init_may_write_to_its_codes(X):
    fits = (
        DeepEmbeddedClustering(
            K,
            AUTOENCODER,
            init=make_pipeline(StandardScaler(copy=copy), KMeans(K, random_state=0)),
            **FIT,
        ).fit(X)
        for copy in (True, False)
    )
    one, other = (model.cluster_centers_ for model in fits)
    np.testing.assert_allclose(one, other, rtol=1e-6)


@deep
def test_bad_parameters_are_named(kind, X):
    bad = {
        "n_clusters": [0, 2.5, "three"],
        "learning_rate": [0, -1.0, "fast"],
        "batch_size": [0],
        "max_iter": [0],
        "tol": [-1.0],
        "device": ["abacus"],
        "precision": ["float16"],
        "encoder": [PCA(2), "resnet", make_pipeline(StandardScaler(), Autoencoder(2))],
        "dof": [0, -1.0],
        "reconstruction_weight": [-1.0],
        "init": ["random", None],
        "augmentation": ["flip"],
    }
    for name in bad.keys() & kind().get_params(deep=False).keys():
        for value in bad[name]:
            model = kind(K, encoder_for(kind)).set_params(**{name: value})
            with pytest.raises((ValueError, TypeError), match=name):
                model.fit(X)
            assert not model.__sklearn_is_fitted__()


def test_init_is_seeded(X):
    one, other = (
        DeepEmbeddedClustering(
            K, Autoencoder(2, max_iter=3), init=GaussianMixture(K), max_iter=1, random_state=3
        ).fit(X)
        for _ in range(2)
    )
    np.testing.assert_array_equal(one.transform(X), other.transform(X))
