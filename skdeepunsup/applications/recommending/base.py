"""Base classes of recommenders: rows are users, columns are items, entries what is known."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.sparse as sp
from sklearn.base import BaseEstimator
from sklearn.utils import Tags, check_array, check_consistent_length, gen_batches
from sklearn.utils.validation import check_is_fitted

from ..._finite import finite_score
from ..._parameters import check_boolean, check_rows_fit
from ..._rows import CHUNK_ROWS, MAX_ENTRIES
from ...metrics.recommending import ndcg_at_k, rating_error
from .checks import check_interactions, check_ratings
from .entry_split import EntrySplit, entries_beyond

N_RANKED = 100
"""k of nDCG@k, the score of recommenders of interactions."""


class Recommender(BaseEstimator, ABC):
    """Base of the recommenders: predicts all items of users from the items known of them.

    A user is a row of known entries; users need not have been in ``fit``.
    """

    @abstractmethod
    def _read(self, X: Any, *, reset: bool) -> sp.csr_array:
        """Check a matrix of users by items, and return its known entries."""

    @abstractmethod
    def _scores(self, known: sp.csr_array) -> np.ndarray:
        """Predictions of all items for some users, (n_users, n_items), from their known entries."""

    @abstractmethod
    def _item_vectors(self) -> np.ndarray:
        """One vector per item; similar items have vectors with a small angle between them.

        The vector is 0 if nothing is known about the item.
        """

    def predict(self, X: Any, pairs: Any = None) -> np.ndarray:
        """Predict the entries of all users and items, or of given pairs.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame, Tensor} of shape (n_users, n_items)
            Known entries of the users, who need not have been there in ``fit``.
        pairs : array-like of int, of shape (n_pairs, 2), default=None
            A row and a column of ``X`` each; None predicts all items of all users.

        Returns
        -------
        ndarray of shape (n_users, n_items) or (n_pairs,)
            Predictions, also of known entries, as float64.
        """
        return evaluated(self._scores, self._known(X), pairs)

    def recommend(
        self, X: Any, k: int = 10, *, filter_seen: bool = True
    ) -> tuple[np.ndarray, np.ndarray]:
        """Recommend the items with the highest predictions to users.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame, Tensor} of shape (n_users, n_items)
            Known entries of the users, who need not have been there in ``fit``.
        k : int, default=10
            Items for each user.
        filter_seen : bool, default=True
            Whether to leave out the items that the user has in ``X``.

        Returns
        -------
        items : ndarray of int, of shape (n_users, k)
            Columns of ``X``, the best first; −1 where no item is left.
        scores : ndarray of shape (n_users, k)
            Predictions of these items; NaN where no item is left.
        """
        check_boolean("filter_seen", filter_seen)
        known = self._known(X)
        check_rows_fit("k", k, known.shape[0])
        return self._recommended(known, k, filter_seen)

    def similar_items(self, items: Any = None, k: int = 10) -> tuple[np.ndarray, np.ndarray]:
        """Find the items that are most similar to given ones, according to the model.

        Parameters
        ----------
        items : array-like of int, of shape (n_queries,), default=None
            Columns of the items; None takes all.
        k : int, default=10
            Similar items to find for each, without the item itself.

        Returns
        -------
        items : ndarray of int, of shape (n_queries, k)
            Columns, the most similar first; −1 where there are fewer, and for an item about which
            nothing is known.
        similarities : ndarray of shape (n_queries, k)
            Cosines between the vectors of the items; NaN where there is no item.
        """
        check_is_fitted(self)
        check_rows_fit("k", k, self.n_features_in_)
        vectors = self._item_vectors()
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        vectors = vectors / np.where(lengths > 0, lengths, 1)
        known = lengths[:, 0] > 0
        n_items = len(vectors)
        asked = np.arange(n_items) if items is None else _indices("items", items, n_items)
        found = np.full((len(asked), k), -1)
        similarities = np.full((len(asked), k), np.nan)
        for part in gen_batches(len(asked), at_a_time(n_items)):
            cosines = vectors[asked[part]] @ vectors.T
            cosines[:, ~known] = -np.inf
            cosines[~known[asked[part]]] = -np.inf
            cosines[np.arange(len(cosines)), asked[part]] = -np.inf
            best, values = best_of(cosines, k)
            found[part, : best.shape[1]] = np.where(np.isneginf(values), -1, best)
            similarities[part, : best.shape[1]] = np.where(np.isneginf(values), np.nan, values)
        return found, similarities

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    def _recommended(
        self, known: sp.csr_array, k: int, filter_seen: bool
    ) -> tuple[np.ndarray, np.ndarray]:
        """The ``k`` best items of users and their scores, from their known entries."""
        items = np.full((known.shape[0], k), -1)
        scores = np.full((known.shape[0], k), np.nan)
        for part in gen_batches(known.shape[0], at_a_time(known.shape[1])):
            predicted = self._scores(known[part])
            if filter_seen:
                seen = known[part].tocoo()
                predicted[seen.row, seen.col] = -np.inf
            best, values = best_of(predicted, k)
            items[part, : best.shape[1]] = np.where(np.isneginf(values), -1, best)
            scores[part, : best.shape[1]] = np.where(np.isneginf(values), np.nan, values)
        return items, scores

    def _known(self, X: Any) -> sp.csr_array:
        check_is_fitted(self)
        return self._read(X, reset=False)

    def _known_and_wanted(self, X: Any, y: Any) -> tuple[sp.csr_array, sp.csr_array]:
        """Known entries of users, and those to predict: ``y``, or a fifth of ``X`` held out.

        Entries of ``y`` that are known are none to predict.
        """
        known = self._known(X)
        if y is None or (not sp.issparse(y) and np.ndim(y) == 1):
            return next(EntrySplit(1, random_state=0).pairs(known))
        wanted = self._read(y, reset=False)
        check_consistent_length(known, wanted)
        return known, entries_beyond(known, wanted)


class RatingRecommender(Recommender):
    """Base of the recommenders of ratings: unknown entries are missing (NaN)."""

    def score(self, X: Any, y: Any = None) -> float:
        """Compute minus the root mean squared error of held-out ratings.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame, Tensor} of shape (n_users, n_items)
            Known entries of the users.
        y : {array-like, sparse matrix, DataFrame, Tensor} of shape (n_users, n_items), default=None
            Their ratings to predict, dense with NaN elsewhere, or sparse; those of items that are
            known in ``X`` do not count. None, or one label per user as a Pipeline may pass on,
            holds out a fifth of each user's ratings in ``X`` and predicts them from the others.

        Returns
        -------
        float
            Minus the error, in units of the ratings; higher is better.
        """
        known, wanted = self._known_and_wanted(X, y)
        entries = wanted.tocoo()
        if not entries.nnz:
            raise ValueError("no rating is held out: y has none beyond X, or no user in X has two.")
        pairs = np.column_stack([entries.row, entries.col])
        predicted = evaluated(self._scores, known, pairs)
        return -finite_score(lambda: rating_error(entries.data, predicted))

    def _read(self, X: Any, *, reset: bool) -> sp.csr_array:
        known = check_ratings(self, X, reset=reset)
        if reset and not known.nnz:
            raise ValueError("X has no ratings: all entries are missing.")
        return known

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags


class ImplicitRecommender(Recommender):
    """Base of the recommenders of interactions: unknown entries are 0."""

    def score(self, X: Any, y: Any = None) -> float:
        """Compute nDCG@100 of held-out interactions.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame, Tensor} of shape (n_users, n_items)
            Known entries of the users.
        y : {array-like, sparse matrix, DataFrame, Tensor} of shape (n_users, n_items), default=None
            Their other interactions; items that are known in ``X`` are not recommended, and do not
            count. None, or one label per user as a Pipeline may pass on, holds out a fifth of each
            user's interactions in ``X`` and ranks all items but the remaining ones.

        Returns
        -------
        float
            Mean over the users who have held-out interactions, in [0, 1].
        """
        known, wanted = self._known_and_wanted(X, y)
        if not wanted.nnz:
            raise ValueError(
                "no interaction is held out: y has none beyond X, or no user in X has two."
            )
        k = min(N_RANKED, known.shape[1])
        items, _ = self._recommended(known, k, filter_seen=True)
        return ndcg_at_k(wanted, items)

    def _read(self, X: Any, *, reset: bool) -> sp.csr_array:
        known = check_interactions(self, X, reset=reset)
        if reset and not known.nnz:
            raise ValueError("X has no interactions: all entries are 0.")
        return known

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.positive_only = True
        return tags


def at_a_time(n_items: int) -> int:
    """How many users, or items, have an array of a number for each item at a time."""
    return min(CHUNK_ROWS, max(1, MAX_ENTRIES // n_items))


def evaluated(
    function: Callable[[sp.csr_array], np.ndarray], known: sp.csr_array, pairs: Any
) -> np.ndarray:
    """Apply ``function`` to the known entries of users; return all results, or those of pairs.

    ``function`` maps known entries, (n, n_items), to an array of the same shape. A pair is a user
    and an item; without pairs, the result has the shape of ``known``.
    """
    if pairs is None:
        result = np.empty(known.shape)
        for part in gen_batches(known.shape[0], at_a_time(known.shape[1])):
            result[part] = function(known[part])
        return result
    if not np.size(pairs):
        return np.empty(0)
    pairs = check_array(pairs, dtype=None, input_name="pairs")
    if pairs.shape[1] != 2 or pairs.dtype.kind not in "iu":
        raise ValueError(
            "pairs must hold integers, a user and an item in each row; found "
            f"{pairs.dtype} of shape {pairs.shape}."
        )
    rows = _indices("pairs[:, 0]", pairs[:, 0], known.shape[0])
    columns = _indices("pairs[:, 1]", pairs[:, 1], known.shape[1])
    users, places = np.unique(rows, return_inverse=True)
    order = np.argsort(places, kind="stable")
    result = np.empty(len(pairs))
    for part in gen_batches(len(users), at_a_time(known.shape[1])):
        low, high = np.searchsorted(places[order], [part.start, part.stop])
        of_part = order[low:high]
        predicted = function(known[users[part]])
        result[of_part] = predicted[places[of_part] - part.start, columns[of_part]]
    return result


def best_of(scores: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Columns and values of the ``k`` largest scores of each row, the largest first."""
    k = min(k, scores.shape[1])
    best = np.argpartition(-scores, k - 1, axis=1)[:, :k] if k < scores.shape[1] else None
    values = scores if best is None else np.take_along_axis(scores, best, 1)
    order = np.argsort(-values, axis=1, kind="stable")
    columns = order if best is None else np.take_along_axis(best, order, 1)
    return columns, np.take_along_axis(values, order, 1)


def _indices(name: str, values: Any, n: int) -> np.ndarray:
    """Return ``values`` as an array of integers from 0 below ``n``; raise if they are not."""
    values = np.atleast_1d(values)
    if values.ndim != 1 or values.dtype.kind not in "iu":
        raise ValueError(f"{name} must be a list of integers; found {values.dtype}.")
    if len(values) and not (values.min() >= 0 and values.max() < n):
        wrong = values[(values < 0) | (values >= n)][0]
        raise ValueError(f"{name} has {wrong}, but X has 0 … {n - 1}.")
    return values
