"""Clusterers in a code that they learn, small enough to fit in no time."""

from sklearn.cluster import AgglomerativeClustering

from skdeepunsup import (
    Autoencoder,
    DeepEmbeddedClustering,
    VariationalAutoencoder,
    VariationalDeepEmbedding,
)
from tests.applications.models import MACHINE

# Clusters start at what it gives back of rows, so it has to learn something.
VARIATIONAL = VariationalAutoencoder(
    3, hidden_layer_sizes=(8,), beta=0.1, learning_rate=0.03, max_iter=10, early_stopping=False
)

SMALL = [
    DeepEmbeddedClustering(
        3,
        Autoencoder(2, hidden_layer_sizes=(8,), max_iter=3, early_stopping=False),
        max_iter=3,
        random_state=0,
    ),
    VariationalDeepEmbedding(3, VARIATIONAL, max_iter=3, random_state=0),
]

VARIANTS = [
    DeepEmbeddedClustering(
        3,
        MACHINE,
        init=AgglomerativeClustering(3),
        reconstruction_weight=0,
        max_iter=2,
        random_state=0,
    ),
]
