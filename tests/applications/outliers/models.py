"""Models of outliers with the criteria that they have, and rows of one cause."""

from functools import cache

import numpy as np
import pytest
from sklearn.base import clone

from skdeepunsup import (
    Autoencoder,
    DeepBeliefNetwork,
    DenoisingAutoencoder,
    GaussianRBM,
    OutlierDetector,
    VariationalAutoencoder,
)
from skdeepunsup.applications.outliers import scores as outlier_scores

N, D = 100, 5
SEED = {"random_state": 0}
MODELS = [
    GaussianRBM(4, n_iter=5, **SEED),
    DeepBeliefNetwork((4, 3), visible_units="gaussian", n_iter=3, **SEED),
    Autoencoder(2, hidden_layer_sizes=(), max_iter=5, **SEED),
    Autoencoder(2, hidden_layer_sizes=(), missing="mask", max_iter=5, **SEED),
    DenoisingAutoencoder(2, max_iter=5, **SEED),
    VariationalAutoencoder(2, hidden_layer_sizes=(6,), max_iter=5, **SEED),
]
every = pytest.mark.parametrize("model", MODELS, ids=repr)
DETERMINISTIC = Autoencoder | DenoisingAutoencoder


def has(model, criterion):
    return {
        "free-energy": hasattr(model, "free_energy"),
        "log-likelihood": not isinstance(model, DETERMINISTIC),
    }.get(criterion, True)


PAIRS = [(m, c) for m in MODELS for c in outlier_scores.CRITERIA if has(m, c)]
each_pair = pytest.mark.parametrize("model, criterion", PAIRS, ids=repr)


def rows_of_a_cause():
    cause = np.random.default_rng(0).normal(size=(N, 1))
    return cause + 0.3 * np.random.default_rng(1).normal(size=(N, D))


def bits_of_a_cause():
    cause = np.random.default_rng(0).random((N, 1)) < 0.5
    return (cause ^ (np.random.default_rng(1).random((N, D)) < 0.15)).astype(float)


@cache
def fitted(model, n_epochs=None):
    """The model fitted to the rows of a cause once, for tests of answers alone."""
    name = "n_iter" if "n_iter" in model.get_params() else "max_iter"
    epochs = {} if n_epochs is None else {name: n_epochs}
    return clone(model).set_params(**epochs).fit(rows_of_a_cause())


@cache
def detector_of(model, criterion):
    return OutlierDetector(fitted(model), criterion=criterion).fit(rows_of_a_cause())
