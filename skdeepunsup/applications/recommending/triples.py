"""Recognises a table of (user, item, rating) where a matrix of users by items is wanted."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import scipy.sparse as sp

MAX_COLUMNS = 4
"""User, item, rating and time."""

ENOUGH = 4.0
"""Pairs that should agree by chance, if none does: numbers so distinct are no ratings (e⁻⁴)."""

NAMES = (r"user|uid\b|customer|reader|viewer", r"item|iid\b|movie|film|book|product|song|rating")
"""Names of columns of such a table; a matrix has names of items only."""

REMEDY = (
    "With u, i and r its columns: u = numpy.unique(u, return_inverse=True)[1], i likewise, and "
    "scipy.sparse.coo_matrix((r, (u, i))).tocsr() is the matrix (of interactions without r: "
    "numpy.ones(len(u)))."
)


def refuse_triples(X: Any, names: Any = None) -> None:
    """Raise if a matrix of few columns is a table with an entry in each row.

    Parameters
    ----------
    X : ndarray or sparse matrix of shape (n_samples, n_features)
        The checked matrix.
    names : array-like of str, default=None
        Names of its columns, if any.
    """
    if not 2 <= X.shape[1] <= MAX_COLUMNS:
        return
    rows = np.asarray(X.toarray() if sp.issparse(X) else X)
    if _named(names) or (not np.isnan(rows).any() and _holds_pairs(rows)):
        raise ValueError(
            f"X looks like a table of (user, item, rating) in {len(rows)} rows, but must be a "
            f"matrix of users by items. {REMEDY}"
        )


@contextmanager
def remedy_for_names(X: Any) -> Iterator[None]:
    """Add to an error about text that users and items of a table have to become numbers."""
    try:
        yield
    except ValueError as error:
        text = "convert string" in str(error)
        if text and len(shape := np.shape(X)) == 2 and shape[1] <= MAX_COLUMNS:
            raise ValueError(
                f"{error}\nX has to be a matrix of users by items, not a table of (user, item, "
                f"rating). {REMEDY}"
            ) from error
        raise


def _named(names: Any) -> bool:
    """Whether the columns are called user and item, or user and rating."""
    return names is not None and all(
        any(re.search(part, str(name).lower()) for name in names) for part in NAMES
    )


def _holds_pairs(rows: np.ndarray) -> bool:
    """Whether the first two columns are numbers of users and items, each pair once.

    Ratings of two items agree in many users where they have few values: the expected number of
    rows that agree, Σₐ pₐ² Σ_b p_b² n (n − 1) / 2, is small only if the columns have many values.
    These are then numbers of users and items if the third column has other ones: fractions, or far
    fewer.
    """
    n, pairs = len(rows), rows[:, :2]
    if n < 3 or (pairs < 0).any() or (pairs != np.floor(pairs)).any():
        return False
    if len(np.unique(pairs, axis=0)) < n:
        return False
    counts = [np.unique(column, return_counts=True)[1] for column in pairs.T]
    agreeing = np.prod([np.square(count / n).sum() for count in counts]) * n * (n - 1) / 2
    if agreeing >= ENOUGH:
        return True
    if rows.shape[1] == 2 or n < 10:
        return False
    ratings = rows[:, 2]
    most = max(len(count) for count in counts)
    fewer = 2 * len(np.unique(ratings)) <= most and 2 * ratings.max() < pairs.max()
    return fewer or bool((ratings != np.floor(ratings)).any())
