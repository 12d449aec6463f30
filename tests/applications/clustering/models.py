"""Clusterers that fit in no time, and three blobs for them to find."""

from itertools import permutations

import numpy as np
import pytest
from sklearn.cluster import AgglomerativeClustering
from sklearn.datasets import make_blobs
from sklearn.preprocessing import StandardScaler

from skdeepunsup import (
    Autoencoder,
    DeepEmbeddedClustering,
    GaussianRBM,
    VariationalAutoencoder,
    VariationalDeepEmbedding,
)

N, D, K = 90, 5, 3
SEED = {"random_state": 0}
AUTOENCODER = Autoencoder(2, hidden_layer_sizes=(16,), learning_rate=0.01, max_iter=40, **SEED)
VARIATIONAL = VariationalAutoencoder(
    2, hidden_layer_sizes=(16,), beta=0.1, learning_rate=0.01, max_iter=40, **SEED
)
FIT = {"batch_size": 30, "max_iter": 4, "random_state": 0}
CLUSTERERS = [
    DeepEmbeddedClustering(K, AUTOENCODER, **FIT),
    DeepEmbeddedClustering(K, AUTOENCODER, init=AgglomerativeClustering(K), **FIT),
    DeepEmbeddedClustering(K, GaussianRBM(8, n_iter=20, **SEED), reconstruction_weight=0, **FIT),
    VariationalDeepEmbedding(K, VARIATIONAL, **FIT),
]
every = pytest.mark.parametrize("estimator", CLUSTERERS, ids=lambda e: f"{e!r:.90}")
deep = pytest.mark.parametrize("kind", [DeepEmbeddedClustering, VariationalDeepEmbedding])


def blobs(seed=0):
    X, y = make_blobs(N, D, centers=K, cluster_std=0.5, random_state=seed)
    return StandardScaler().fit_transform(X), y


def accuracy(labels, y):
    return max(np.mean(np.array(order)[labels] == y) for order in permutations(range(K)))


def encoder_for(kind, **params):
    if kind is VariationalDeepEmbedding:
        return VariationalAutoencoder(2, max_iter=2, **SEED).set_params(**params)
    return Autoencoder(2, max_iter=2, **SEED).set_params(**params)
