"""Metrics of recommendations: predictions compared with held-out ratings or interactions."""

from typing import Any

import numpy as np
import scipy.sparse as sp
from sklearn.utils import check_array, check_consistent_length


def rating_error(ratings: Any, predicted: Any) -> float:
    """Compute the root mean squared error of predicted ratings.

    Parameters
    ----------
    ratings : array-like of shape (n_ratings,)
        Held-out ratings.
    predicted : array-like of shape (n_ratings,)
        Predictions of these ratings.

    Returns
    -------
    float
        In the unit of the ratings; 0 is best.

    Raises
    ------
    ValueError
        If the arguments are not lists of finite numbers of the same length, at least 1.

    Examples
    --------
    >>> from skdeepunsup.metrics import rating_error
    >>> rating_error([3, 5, 1], [4, 5, 3]) ** 2  # the mean of 1, 0 and 4
    1.66...
    """
    ratings, predicted = _as_list("ratings", ratings), _as_list("predicted", predicted)
    if len(ratings) != len(predicted):
        raise ValueError(f"ratings has {len(ratings)} entries, but predicted {len(predicted)}.")
    return float(np.sqrt(np.square(predicted - ratings).mean()))


def recall_at_k(wanted: Any, items: Any) -> float:
    """Compute the share of held-out items that are among the recommended ones.

    The number of hits among k recommendations is divided by the number of held-out items, or by k
    for users with more, so that 1 can be reached.

    Parameters
    ----------
    wanted : {array-like, sparse matrix} of shape (n_users, n_items)
        Not 0 where an interaction was held out.
    items : array-like of int, of shape (n_users, k)
        Recommendations, as ``recommend`` returns them: distinct columns of ``wanted``, the best
        first, −1 for none.

    Returns
    -------
    float
        Mean over the users who have held-out items, in [0, 1].

    Raises
    ------
    ValueError
        If nothing was held out, or ``items`` is not such an array.

    References
    ----------
    Liang, D., Krishnan, R. G., Hoffman, M. D. and Jebara, T., "Variational autoencoders for
    collaborative filtering", WWW 2018.

    Examples
    --------
    >>> from skdeepunsup.metrics import recall_at_k
    >>> recall_at_k([[1, 1, 0, 0], [0, 0, 0, 1]], [[2, 0], [3, 1]])
    0.75
    """
    hits, n_ideal = _hits(wanted, items)
    return float((hits.sum(axis=1) / n_ideal).mean())


def ndcg_at_k(wanted: Any, items: Any) -> float:
    """Compute the normalised discounted cumulative gain of recommendations.

    A held-out item at rank r, counted from 1, gains 1 / log₂(r + 1); the sum is divided by that of
    an ideal ranking, which begins with the held-out items.

    Parameters
    ----------
    wanted : {array-like, sparse matrix} of shape (n_users, n_items)
        Not 0 where an interaction was held out.
    items : array-like of int, of shape (n_users, k)
        Recommendations, as ``recommend`` returns them: distinct columns of ``wanted``, the best
        first, −1 for none.

    Returns
    -------
    float
        Mean over the users who have held-out items, in [0, 1].

    Raises
    ------
    ValueError
        If nothing was held out, or ``items`` is not such an array.

    References
    ----------
    Liang, D., Krishnan, R. G., Hoffman, M. D. and Jebara, T., "Variational autoencoders for
    collaborative filtering", WWW 2018.

    Examples
    --------
    >>> from skdeepunsup.metrics import ndcg_at_k
    >>> ndcg_at_k([[1, 1, 0, 0], [0, 0, 0, 1]], [[0, 1], [3, 1]])
    1.0
    >>> round(ndcg_at_k([[1, 1, 0, 0]], [[2, 0]]), 3)
    0.387
    """
    hits, n_ideal = _hits(wanted, items)
    gains = 1 / np.log2(np.arange(hits.shape[1]) + 2)
    return float((hits @ gains / gains.cumsum()[n_ideal - 1]).mean())


def _hits(wanted: Any, items: Any) -> tuple[np.ndarray, np.ndarray]:
    """Which recommendations are hits, and the largest possible number of hits, for each user.

    Returns a boolean array (n, k) and an integer array (n,), for the n users with held-out items.
    """
    wanted = sp.csr_array(check_array(wanted, accept_sparse="csr", input_name="wanted"), copy=True)
    wanted.sum_duplicates()
    n_users, n_items = wanted.shape
    items = _as_items(items, n_items)
    check_consistent_length(wanted, items)
    users, columns = wanted.nonzero()
    # Indices into the flattened matrix, which may have more than 2³¹ entries.
    places = users.astype(np.int64) * n_items + columns
    there = np.isin(np.arange(n_users)[:, None] * n_items + items, places)
    n_wanted = np.bincount(users, minlength=n_users)
    asked = n_wanted > 0
    if not asked.any():
        raise ValueError("wanted is 0 everywhere: nothing was held out.")
    return (there & (items >= 0))[asked], np.minimum(n_wanted, items.shape[1])[asked]


def _as_items(items: Any, n_items: int) -> np.ndarray:
    """Return recommendations as int64; rows must hold distinct columns below ``n_items``, or −1."""
    items = check_array(items, dtype=None, input_name="items")
    if items.dtype.kind not in "iu":
        raise ValueError(f"items must hold integers, columns of wanted; found {items.dtype}.")
    if items.min() < -1 or items.max() >= n_items:
        wrong = items[(items < -1) | (items >= n_items)][0]
        raise ValueError(
            f"items has {wrong}, but wanted has columns 0 … {n_items - 1}; -1 is none."
        )
    items = items.astype(np.int64)
    ordered = np.sort(items, axis=1)
    twice = (ordered[:, 1:] == ordered[:, :-1]) & (ordered[:, 1:] >= 0)
    if twice.any():
        row = int(twice.any(axis=1).argmax())
        raise ValueError(f"items has column {ordered[row, 1:][twice[row]][0]} twice in row {row}.")
    return items


def _as_list(name: str, values: Any) -> np.ndarray:
    """Return a one-dimensional float64 array of finite numbers."""
    values = check_array(values, dtype=np.float64, ensure_2d=False, input_name=name)
    if values.ndim != 1:
        raise ValueError(f"{name} must have one dimension; found shape {values.shape}.")
    return values
