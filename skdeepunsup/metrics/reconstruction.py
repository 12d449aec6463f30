"""Reconstruction error, and the share of variance that reconstructions explain."""

import copy
from typing import Any

import numpy as np

from .._validation import to_dense


def reconstruction_error(estimator: Any, X: Any) -> np.ndarray:
    """Compute ‖x − x̂‖² of each row, where x̂ is its reconstruction from the code.

    Parameters
    ----------
    estimator : fitted transformer
        Has ``transform`` and ``inverse_transform``: PCA, an estimator of this package, or a
        Pipeline of these.
    X : {array-like, sparse matrix} of shape (n_samples, n_features)
        Data.

    Returns
    -------
    ndarray of shape (n_samples,)
        Squared errors summed over features, without those of missing entries (NaN), float64.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.decomposition import PCA
    >>> from skdeepunsup.metrics import reconstruction_error
    >>> X = load_iris().data
    >>> f"{reconstruction_error(PCA(2).fit(X), X).mean():.3f}"
    '0.101'
    """
    lent = copy.deepcopy(X)  # which a transformer with copy=False writes to
    r = np.asarray(estimator.inverse_transform(estimator.transform(lent)), dtype=np.float64)
    dense = to_dense(X)
    return np.square(np.where(np.isnan(dense), r, dense) - r).sum(axis=1)


def reconstruction_score(estimator: Any, X: Any, y: Any = None) -> float:
    """Compute the share of variance that the reconstruction explains, 1 − Σ‖x − x̂‖² / Σ‖x − x̄‖².

    It can be passed as ``scoring=`` to :class:`~sklearn.model_selection.GridSearchCV`.

    Parameters
    ----------
    estimator : fitted transformer
        Has ``transform`` and ``inverse_transform``: PCA, an estimator of this package, or a
        Pipeline of these.
    X : {array-like, sparse matrix} of shape (n_samples, n_features)
        Data; x̄ is their mean. Missing entries (NaN) are left out of both sums.
    y : Ignored
        Present for API consistency.

    Returns
    -------
    float
        1 for perfect reconstructions, 0 for reconstructions no better than the mean, negative for
        worse ones. For constant data: 1 if they are reconstructed exactly, else minus infinity.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.decomposition import PCA
    >>> from skdeepunsup.metrics import reconstruction_score
    >>> X = load_iris().data
    >>> round(reconstruction_score(PCA(2).fit(X), X), 3)
    0.978
    """
    return explained_share(reconstruction_error(estimator, X), X)


def explained_share(errors: np.ndarray, X: Any) -> float:
    """Compute 1 − Σ errors / Σ‖x − x̄‖², the share of variance explained, from given errors.

    Parameters
    ----------
    errors : ndarray of shape (n_samples,)
        Squared error of each row, from ``reconstruction_error``.
    X : {array-like, sparse matrix} of shape (n_samples, n_features)
        Data; x̄ is their mean. Missing entries (NaN) are left out.

    Returns
    -------
    float
        The share, at most 1. For constant data: 1 if all errors are 0, else minus infinity.
    """
    error = float(errors.sum())
    dense = to_dense(X)
    observed = ~np.isnan(dense)
    means = np.where(observed, dense, 0).sum(axis=0) / np.maximum(observed.sum(axis=0), 1)
    variance = float(np.square(np.where(observed, dense - means, 0)).sum())
    if variance == 0:
        return 1.0 if error == 0 else -np.inf
    return 1 - error / variance
