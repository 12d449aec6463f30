"""Rows whose causes are known, and a linear VAE of them."""

import numpy as np

from skdeepunsup import VariationalAutoencoder


def linear(n_components, X):
    """Fitted without hidden layers, at a rate that ends low."""
    model = VariationalAutoencoder(
        n_components,
        hidden_layer_sizes=(),
        noise_scale="shared",
        batch_size=100,
        learning_rate=1e-2,
        max_iter=100,
        early_stopping=False,
        n_iter_no_change=100,
        warm_start=True,
        random_state=0,
    ).fit(X)
    return model.set_params(learning_rate=1e-3, max_iter=50).fit(X)


def rows_near_a_plane():
    """Rows near a plane: 3 directions of 6, and noise."""
    rng = np.random.default_rng(0)
    W = rng.normal(size=(3, 6))
    return rng.normal(size=(2000, 3)) @ W + 0.5 * rng.normal(size=(2000, 6)) + 1.0


def bits_of_two_causes():
    rng = np.random.default_rng(0)
    cause = rng.random((400, 2)) < 0.5
    return (cause[:, [0, 0, 0, 1, 1, 1]] ^ (rng.random((400, 6)) < 0.1)).astype(float)
