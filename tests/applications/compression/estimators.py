"""Compressors of rows, small enough to fit in no time."""

from sklearn.decomposition import PCA
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skdeepunsup import Autoencoder, LosslessCompressor, LossyCompressor, VariationalAutoencoder

CODED = {"n_categories": 40, "max_iter": 2, "random_state": 0}

SMALL = [
    LosslessCompressor(VariationalAutoencoder(2, likelihood="categorical", **CODED)),
    LossyCompressor(PCA(1)),
]

VARIANTS = [
    LosslessCompressor(VariationalAutoencoder(2, likelihood="beta-binomial", **CODED)),
    LossyCompressor(
        Autoencoder(2, max_iter=2, random_state=0, hidden_layer_sizes=(), early_stopping=False),
        step=0.1,
    ),
    LossyCompressor(make_pipeline(StandardScaler(), PCA(1)), step=0.1),
]
