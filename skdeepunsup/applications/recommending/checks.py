"""Checks of matrices of users by items; the result is sparse, and stores the known entries."""

from typing import Any

import numpy as np
import scipy.sparse as sp
from sklearn.utils.validation import validate_data

from ..._caller import warn
from ..._remedies import remedies
from ..._validation import as_host_array, value_range
from .triples import refuse_triples, remedy_for_names

MOST = 1e100
"""The largest entry: squares of larger ones, summed, need not be finite."""


def check_ratings(estimator: Any, X: Any, *, reset: bool) -> sp.csr_array:
    """Return known ratings, including zeros, as a CSR array of float64 with sorted indices.

    In a dense array, unknown ratings are NaN; in a sparse one, they are NaN or not stored.
    """
    X = _validated(estimator, X, reset=reset, ensure_all_finite="allow-nan")
    if sp.issparse(X):
        entries = X.tocoo()
        known = ~np.isnan(entries.data)
        rows, columns, values = entries.row[known], entries.col[known], entries.data[known]
    else:
        if reset:
            _warn_of_zeros(X)
        rows, columns = np.nonzero(~np.isnan(X))
        values = X[rows, columns]
    if reset and len(values) > 1 and values.min() == values.max():
        warn(
            f"all {len(values)} ratings in X are {values[0]:g}: nothing tells one item from "
            "another, and recommendations are arbitrary. If they mark what users have, EASE or "
            "ImplicitVAE learns from a sparse matrix of them.",
        )
    return sp.csr_array((values, (rows, columns)), shape=X.shape, dtype=np.float64)


def _warn_of_zeros(X: np.ndarray) -> None:
    """Warn that zeros count as ratings, if there are many of them and no NaN."""
    share = float((X == 0).mean())
    if 0.5 < share < 1 and not np.isnan(X).any():
        warn(
            f"X is dense, without NaN, and {share:.0%} of it are 0, which are taken for ratings; "
            "mark what is missing by NaN, or pass a sparse matrix of what is known.",
        )


def check_interactions(estimator: Any, X: Any, *, reset: bool) -> sp.csr_array:
    """Return counts of interactions, all positive, as a CSR array of float64, only to be read.

    It shares the caller's memory where that holds each entry once, in order, and no zeros.
    """
    X = _validated(estimator, X, reset=reset, ensure_all_finite=True)
    if sp.issparse(X) and X.has_canonical_format and X.data.all():
        X = sp.csr_array((X.data.astype(np.float64, copy=False), X.indices, X.indptr), X.shape)
    else:
        X = sp.csr_array(X, dtype=np.float64, copy=True)
        X.sum_duplicates()
        X.eliminate_zeros()
    if X.nnz and X.data.min() < 0:
        raise ValueError(
            f"Negative values in data passed to {type(estimator).__name__}: X has "
            f"{X.data.min():.4g}, but interactions are counts. Pass what users liked, for "
            "instance X >= 4 if X are ratings."
        )
    return X


def _validated(estimator: Any, X: Any, *, reset: bool, **options: Any) -> Any:
    given, X = X, as_host_array(X)
    options |= {"accept_sparse": "csr", "dtype": [np.float64, np.float32]}
    with remedy_for_names(X), remedies(given, estimator):
        X = validate_data(estimator, X, reset=reset, **options)
    low, high = value_range(X) if X.size else (0.0, 0.0)
    if max(-low, high) > MOST:
        raise ValueError(
            f"X has entries from {low:.3g} to {high:.3g}, whose squares may be beyond float64, and "
            "which no ratings or counts are: leave them out, or scale X."
        )
    if reset:
        refuse_triples(X, getattr(estimator, "feature_names_in_", None))
    return X


def rated_items(known: sp.csr_array) -> np.ndarray:
    """Whether each item has a rating, shape (n_items,)."""
    return np.bincount(known.indices, minlength=known.shape[1]) > 0


def transposed(R: sp.csr_array) -> sp.csr_array:
    """The matrix of items by users, with stored zeros."""
    return R.T.tocsr()
