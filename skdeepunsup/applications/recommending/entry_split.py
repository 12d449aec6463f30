"""Cross-validation within rows: a share of each user's entries is hidden."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import scipy.sparse as sp
from sklearn.utils import check_array

from ..._parameters import check_integer, check_real, check_seed
from .triples import refuse_triples, remedy_for_names


class EntrySplit:
    """Cross-validator that hides a share of each user's entries.

    A recommender is judged by hidden entries of users whose other entries it knows. The splitters
    of scikit-learn leave out whole users; this one leaves out entries.

    Parameters
    ----------
    n_splits : int, default=5
        Number of independent draws of hidden entries.
    test_size : float, default=0.2
        Share of each user's entries to hide, in (0, 1). It is rounded to a number of entries, but
        at least one is hidden and at least one is kept; a user with a single entry keeps it.
    random_state : int, RandomState instance or None, default=None
        Seeds the draws; an integer hides the same entries at every call.

    See Also
    --------
    recommending_scorer : Hides entries when it scores, for splitters that leave out whole users.
    sklearn.model_selection.ShuffleSplit : Leaves out rows.

    Notes
    -----
    The entries of a sparse matrix are those it stores, including zeros; those of a dense array are
    the values that are not NaN, or, if it has no NaN, those that are not 0.

    Examples
    --------
    In a search, the known entries take the place of ``X`` and the hidden ones that of ``y``. Each
    split is a block of rows; a model is trained on its known entries, and scored by the hidden
    entries of the same users:

    >>> import numpy as np
    >>> from sklearn.model_selection import GridSearchCV
    >>> from skdeepunsup import EASE, EntrySplit
    >>> X = np.random.default_rng(0).random((60, 12)) < 0.4
    >>> splitter = EntrySplit(3, random_state=0)
    >>> search = GridSearchCV(EASE(), {"regularization": [1, 10]}, cv=splitter, refit=False)
    >>> search.fit(*splitter.stacked(X)).cv_results_["mean_test_score"].shape
    (2,)

    Such a search cannot refit: fit the best parameters to all of ``X`` afterwards.
    """

    def __init__(
        self, n_splits: int = 5, *, test_size: float = 0.2, random_state: Any = None
    ) -> None:
        self.n_splits = n_splits
        self.test_size = test_size
        self.random_state = random_state

    def pairs(self, X: Any) -> Iterator[tuple[sp.csr_array, sp.csr_array]]:
        """Split the entries of each user into known and hidden ones, once for each split.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_users, n_items)
            Ratings or interactions.

        Returns
        -------
        iterator of (csr_array, csr_array)
            Known and hidden entries, with the shape of ``X``; their sum is ``X``.

        Raises
        ------
        ValueError
            If a parameter is invalid, or ``X`` is not such a matrix.
        """
        self._check_parameters()
        return self._draws(entries_of(X), check_seed(self.random_state))

    def stacked(self, X: Any) -> tuple[sp.csr_array, sp.csr_array]:
        """Stack the known entries of all splits, and the hidden ones, vertically.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_users, n_items)
            Ratings or interactions.

        Returns
        -------
        known : csr_array of shape (n_splits * n_users, n_items)
            Known entries, the first of each of the ``pairs``.
        held_out : csr_array of shape (n_splits * n_users, n_items)
            Hidden entries, the second of each of the ``pairs``.
        """
        known, held_out = zip(*self.pairs(X), strict=True)
        return sp.vstack(known, format="csr"), sp.vstack(held_out, format="csr")

    def split(
        self, X: Any, y: Any = None, groups: Any = None
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Return the row numbers of each split in the result of ``stacked``, to train and to score.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_splits * n_users, n_items)
            Known entries, from ``stacked``.
        y : {array-like, sparse matrix} of shape (n_splits * n_users, n_items), default=None
            Hidden entries, from ``stacked``.
        groups : Ignored
            Present for API consistency.

        Returns
        -------
        iterator of (ndarray, ndarray)
            For each split its rows, twice: training and test rows are the same users.

        Raises
        ------
        ValueError
            If a parameter is invalid, or the rows are not ``n_splits`` blocks of equal length.
        """
        self._check_parameters()
        if y is None:
            raise ValueError("y is None: pass the result of stacked(X) as X and y.")
        n_rows = np.shape(X)[0]
        if n_rows % self.n_splits:
            raise ValueError(
                f"X has {n_rows} rows, which n_splits == {self.n_splits} does not divide; pass "
                "the result of stacked(X)."
            )
        return ((rows, rows) for rows in np.split(np.arange(n_rows), self.n_splits))

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        """Return the number of splits.

        Parameters
        ----------
        X : Ignored
            Present for API consistency.
        y : Ignored
            Present for API consistency.
        groups : Ignored
            Present for API consistency.

        Returns
        -------
        int
            ``n_splits``.
        """
        return self.n_splits

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(n_splits={self.n_splits!r}, test_size={self.test_size!r}, "
            f"random_state={self.random_state!r})"
        )

    def _draws(
        self, entries: sp.csr_array, random: np.random.RandomState
    ) -> Iterator[tuple[sp.csr_array, sp.csr_array]]:
        n = np.diff(entries.indptr)
        n_hidden = np.where(n < 2, 0, np.clip(np.rint(self.test_size * n), 1, n - 1))
        users = np.repeat(np.arange(len(n)), n)
        for _ in range(self.n_splits):
            # Sorted by user, in random order within each; the first ones of each user are hidden.
            order = np.lexsort((random.uniform(size=entries.nnz), users))
            hidden = np.empty(entries.nnz, dtype=bool)
            hidden[order] = np.arange(entries.nnz) - entries.indptr[users] < n_hidden[users]
            yield _subset(entries, users, ~hidden), _subset(entries, users, hidden)

    def _check_parameters(self) -> None:
        check_integer("n_splits", self.n_splits, 1)
        check_real("test_size", self.test_size, 0, 1, "neither")


def entries_of(X: Any) -> sp.csr_array:
    """Return the known entries, including zeros, with sorted indices.

    Parameters
    ----------
    X : {array-like, sparse matrix} of shape (n_users, n_items)
        The known entries of a sparse matrix are those it stores, except NaN; those of a dense array
        are the values that are not NaN, or, if it has no NaN, those that are not 0.

    Returns
    -------
    csr_array of shape (n_users, n_items)
        Stores the known entries.
    """
    names = getattr(X, "columns", None)
    with remedy_for_names(X):
        X = check_array(X, accept_sparse="csr", ensure_all_finite="allow-nan", input_name="X")
    refuse_triples(X, names)
    if sp.issparse(X):
        entries = sp.csr_array(X, copy=True)
        entries.sum_duplicates()
        users = np.repeat(np.arange(entries.shape[0]), np.diff(entries.indptr))
        return _subset(entries, users, ~np.isnan(entries.data))
    missing = np.isnan(X)
    users, columns = np.nonzero(~missing if missing.any() else X)
    return sp.csr_array((X[users, columns], (users, columns)), shape=X.shape)


def entries_beyond(known: sp.csr_array, wanted: sp.csr_array) -> sp.csr_array:
    """The stored entries of ``wanted`` where ``known`` stores none."""
    users, at_known = (
        np.repeat(np.arange(entries.shape[0], dtype=np.int64), np.diff(entries.indptr))
        for entries in (wanted, known)
    )
    n_items = known.shape[1]
    new = ~np.isin(users * n_items + wanted.indices, at_known * n_items + known.indices)
    return _subset(wanted, users, new)


def _subset(entries: sp.csr_array, users: np.ndarray, chosen: np.ndarray) -> sp.csr_array:
    """The stored entries where the boolean array ``chosen`` is True; ``users`` are their rows."""
    n = np.bincount(users[chosen], minlength=entries.shape[0])
    indptr = np.concatenate([[0], n.cumsum()])
    return sp.csr_array((entries.data[chosen], entries.indices[chosen], indptr), entries.shape)
