"""How well what is predicted of users fits what was held out of them."""

from typing import Any

import numpy as np
import scipy.sparse as sp
from sklearn.utils import check_array, check_consistent_length


def rating_error(ratings: Any, predicted: Any) -> float:
    """Compute the root mean squared error of predicted ratings.

    Parameters
    ----------
    ratings : array-like of shape (n_ratings,)
        Ratings that were held out.
    predicted : array-like of shape (n_ratings,)
        What was predicted in their place.

    Returns
    -------
    float
        In the unit of the ratings; 0 is best.

    Raises
    ------
    ValueError
        If they are no lists of finite numbers, as many of one as of the other and one at least.

    Examples
    --------
    >>> from skdeepunsup.metrics import rating_error
    >>> rating_error([3, 5, 1], [4, 5, 3]) ** 2  # of 1, 0 and 4
    1.66...
    """
    ratings, predicted = _as_list("ratings", ratings), _as_list("predicted", predicted)
    if len(ratings) != len(predicted):
        raise ValueError(f"ratings has {len(ratings)} entries, but predicted {len(predicted)}.")
    return float(np.sqrt(np.square(predicted - ratings).mean()))


def recall_at_k(wanted: Any, items: Any) -> float:
    """Compute the share of held-out items that are among the recommended ones.

    Of a user with more than k held-out items, k count, so that 1 can be reached.

    Parameters
    ----------
    wanted : {array-like, sparse matrix} of shape (n_users, n_items)
        Not 0 where an interaction was held out.
    items : array-like of int, of shape (n_users, k)
        Distinct columns of ``wanted``, as ``recommend`` returns them: the best first, −1 for none.

    Returns
    -------
    float
        Mean over the users of whom any was held out, in [0, 1].

    Raises
    ------
    ValueError
        If nothing was held out, or ``items`` holds no such columns.

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

    A held-out item at rank r, from 1, gains 1 / log₂(r + 1); the sum is divided by that of a
    ranking which begins with held-out items.

    Parameters
    ----------
    wanted : {array-like, sparse matrix} of shape (n_users, n_items)
        Not 0 where an interaction was held out.
    items : array-like of int, of shape (n_users, k)
        Distinct columns of ``wanted``, as ``recommend`` returns them: the best first, −1 for none.

    Returns
    -------
    float
        Mean over the users of whom any was held out, in [0, 1].

    Raises
    ------
    ValueError
        If nothing was held out, or ``items`` holds no such columns.

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
    """Which recommendations were wanted, and how many at best, of the users who want any."""
    wanted = sp.csr_array(check_array(wanted, accept_sparse="csr", input_name="wanted"), copy=True)
    wanted.sum_duplicates()
    n_users, n_items = wanted.shape
    items = _as_items(items, n_items)
    check_consistent_length(wanted, items)
    users, columns = wanted.nonzero()
    # Places in the flattened matrix, of which there may be more than 2³¹.
    places = users.astype(np.int64) * n_items + columns
    there = np.isin(np.arange(n_users)[:, None] * n_items + items, places)
    n_wanted = np.bincount(users, minlength=n_users)
    asked = n_wanted > 0
    if not asked.any():
        raise ValueError("wanted has no entry but 0: nothing was held out.")
    return (there & (items >= 0))[asked], np.minimum(n_wanted, items.shape[1])[asked]


def _as_items(items: Any, n_items: int) -> np.ndarray:
    """Recommendations: distinct integers from 0 below ``n_items``, or −1."""
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
    """A list of finite numbers."""
    values = check_array(values, dtype=np.float64, ensure_2d=False, input_name=name)
    if values.ndim != 1:
        raise ValueError(f"{name} must have one dimension; found shape {values.shape}.")
    return values
