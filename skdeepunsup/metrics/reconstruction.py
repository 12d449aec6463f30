"""How much of the data survives the way through the code and back."""

from typing import Any

import numpy as np

from .._validation import to_dense


def reconstruction_error(estimator: Any, X: Any) -> np.ndarray:
    """Compute ‖x − x̂‖² of each row, x̂ being its way through the code and back.

    Parameters
    ----------
    estimator : fitted transformer
        Has ``transform`` and ``inverse_transform``: PCA, ours, or a Pipeline of such.
    X : {array-like, sparse matrix} of shape (n_samples, n_features)
        Data.

    Returns
    -------
    ndarray of shape (n_samples,)
        Squared errors summed over features, those of missing entries (NaN) left out, float64.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.decomposition import PCA
    >>> from skdeepunsup.metrics import reconstruction_error
    >>> X = load_iris().data
    >>> f"{reconstruction_error(PCA(2).fit(X), X).mean():.3f}"
    '0.101'
    """
    r = np.asarray(estimator.inverse_transform(estimator.transform(X)), dtype=np.float64)
    dense = to_dense(X)
    return np.square(np.where(np.isnan(dense), r, dense) - r).sum(axis=1)


def reconstruction_score(estimator: Any, X: Any, y: Any = None) -> float:
    """Compute the share of variance that the reconstruction explains, 1 − Σ‖x − x̂‖² / Σ‖x − x̄‖².

    Serves as ``scoring=`` in :class:`~sklearn.model_selection.GridSearchCV`, for PCA and ours
    alike.

    Parameters
    ----------
    estimator : fitted transformer
        Has ``transform`` and ``inverse_transform``: PCA, ours, or a Pipeline of such.
    X : {array-like, sparse matrix} of shape (n_samples, n_features)
        Data; x̄ is their mean. Missing entries (NaN) are left out of both sums.
    y : Ignored
        Present for API consistency.

    Returns
    -------
    float
        1 for perfect reconstructions, 0 for none better than the mean, below it for worse ones. For
        data without variance: 1 where they are reconstructed, else minus infinity.

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
    """Compute 1 − Σ errors / Σ‖x − x̄‖², the score of given ``reconstruction_error``.

    Parameters
    ----------
    errors : ndarray of shape (n_samples,)
        Squared error of each row.
    X : {array-like, sparse matrix} of shape (n_samples, n_features)
        Data.

    Returns
    -------
    float
        As ``reconstruction_score`` returns it.
    """
    error = float(errors.sum())
    dense = to_dense(X)
    observed = ~np.isnan(dense)
    means = np.where(observed, dense, 0).sum(axis=0) / np.maximum(observed.sum(axis=0), 1)
    variance = float(np.square(np.where(observed, dense - means, 0)).sum())
    if variance == 0:
        return 1.0 if error == 0 else -np.inf
    return 1 - error / variance
