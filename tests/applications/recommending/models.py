"""Recommenders that fit in no time, and ratings of two tastes."""

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.base import BaseEstimator, clone

from skdeepunsup import RatingAutoencoder, RatingRBM
from skdeepunsup.applications.recommending.checks import check_ratings

N, D = 60, 8
MODELS = [
    RatingRBM(5, learning_rate=0.05, n_iter=5, random_state=0),
    RatingRBM(5, conditional=False, learning_rate=0.05, n_iter=5, random_state=0),
    RatingAutoencoder(5, batch_size=8, max_iter=5, random_state=0),
    RatingAutoencoder(5, view="users", batch_size=20, max_iter=5, random_state=0),
]
every = pytest.mark.parametrize("estimator", MODELS, ids=repr)
nan = np.nan


def ratings(n=N, seed=0):
    """1 to 5, of two tastes; 40 % are known, of each user and item some."""
    rng = np.random.default_rng(seed)
    taste = rng.integers(0, 2, n)
    likes = np.where((np.arange(D) % 2) == taste[:, None], 4.2, 1.8)
    full = np.clip(np.rint(likes + 0.7 * rng.normal(size=(n, D))), 1, 5)
    hidden = rng.random((n, D)) < 0.6
    hidden[np.arange(n), np.arange(n) % D] = False
    return np.where(hidden, nan, full), full


def stored(X, kind=sp.csr_array):
    """The ratings as a sparse matrix."""
    rows, columns = np.nonzero(~np.isnan(X))
    return kind(sp.coo_array((X[rows, columns], (rows, columns)), shape=X.shape))


def dense(R):
    entries = R.tocoo()
    X = np.full(R.shape, nan)
    X[entries.row, entries.col] = entries.data
    return X


class Reader(BaseEstimator):
    """Whoever reads ratings."""


def read(X):
    return check_ratings(Reader(), X, reset=True)


def well_trained(estimator, X):
    machine = isinstance(estimator, RatingRBM)
    params = (
        {"n_iter": 100, "learning_rate": 0.3} if machine else {"max_iter": 300, "batch_size": 300}
    )
    return clone(estimator).set_params(**params, weight_decay=1e-3).fit(X)
