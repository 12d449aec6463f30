"""What recommenders share: rows are users, columns items, and a row is all that is known of one."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.sparse as sp
from sklearn.base import BaseEstimator
from sklearn.utils import Tags, check_array, check_consistent_length, gen_batches
from sklearn.utils.validation import check_is_fitted

from ..._parameters import check_boolean, check_integer
from ..._rows import CHUNK_ROWS
from ...metrics.recommending import ndcg_at_k, rating_error
from .checks import check_interactions, check_ratings
from .entry_split import EntrySplit

N_RANKED = 100
"""Items whose ranks a score of recommendations counts."""


class Recommender(BaseEstimator, ABC):
    """Base of the recommenders: predicts every item for users, some of whose items are known.

    A user is a row of what is known, whether the row was there in ``fit`` or not.
    """

    @abstractmethod
    def _read(self, X: Any, *, reset: bool) -> sp.csr_array:
        """Check a matrix of users by items."""

    @abstractmethod
    def _scores(self, known: sp.csr_array) -> np.ndarray:
        """What the model says of each item, for some users by what is known of them."""

    @abstractmethod
    def _item_vectors(self) -> np.ndarray:
        """A vector of each item, such that similar items have a small angle between theirs.

        All 0 if nothing is known of the item.
        """

    def predict(self, X: Any, pairs: Any = None) -> np.ndarray:
        """Predict how every user takes to every item, or to some.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame, Tensor} of shape (n_users, n_items)
            Known entries of the users, who need not have been there in ``fit``.
        pairs : array-like of int, of shape (n_pairs, 2), default=None
            Rows of ``X``, and items; None predicts all items of all users.

        Returns
        -------
        ndarray of shape (n_users, n_items) or (n_pairs,)
            Predictions, of known entries too, as float64.
        """
        return evaluated(self._scores, self._known(X), pairs)

    def recommend(
        self, X: Any, k: int = 10, *, filter_seen: bool = True
    ) -> tuple[np.ndarray, np.ndarray]:
        """Find the items that users are predicted to take to most.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame, Tensor} of shape (n_users, n_items)
            Known entries of the users, who need not have been there in ``fit``.
        k : int, default=10
            Items for each user.
        filter_seen : bool, default=True
            Whether to leave out the items that are known of the user.

        Returns
        -------
        items : ndarray of int, of shape (n_users, k)
            Columns of ``X``, the best first; −1 where no item is left.
        scores : ndarray of shape (n_users, k)
            What ``predict`` gives for them; NaN where no item is left.
        """
        check_integer("k", k, 1)
        check_boolean("filter_seen", filter_seen)
        return self._recommended(self._known(X), k, filter_seen)

    def similar_items(self, items: Any = None, k: int = 10) -> tuple[np.ndarray, np.ndarray]:
        """Find the items that the model thinks most alike.

        Parameters
        ----------
        items : array-like of int, of shape (n_queries,), default=None
            Columns; None asks for all.
        k : int, default=10
            Items to find for each, itself left out.

        Returns
        -------
        items : ndarray of int, of shape (n_queries, k)
            Columns, the most similar first; −1 where there are fewer, and for an item of which
            nothing is known.
        similarities : ndarray of shape (n_queries, k)
            Cosines of their vectors; NaN where there is no item.
        """
        check_is_fitted(self)
        check_integer("k", k, 1)
        vectors = self._item_vectors()
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        vectors = vectors / np.where(lengths > 0, lengths, 1)
        known = lengths[:, 0] > 0
        n_items = len(vectors)
        asked = np.arange(n_items) if items is None else _indices("items", items, n_items)
        found = np.full((len(asked), k), -1)
        similarities = np.full((len(asked), k), np.nan)
        for part in gen_batches(len(asked), CHUNK_ROWS):
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
        """What ``recommend`` returns for users of whom this is known."""
        items = np.full((known.shape[0], k), -1)
        scores = np.full((known.shape[0], k), np.nan)
        for part in gen_batches(known.shape[0], CHUNK_ROWS):
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
        """What is known of users, and what a score asks for."""
        known = self._known(X)
        if y is None or (not sp.issparse(y) and np.ndim(y) == 1):
            return next(EntrySplit(1, random_state=0).pairs(known))
        wanted = self._read(y, reset=False)
        check_consistent_length(known, wanted)
        return known, wanted


class RatingRecommender(Recommender):
    """Base of the recommenders of ratings: what is not known is missing."""

    def score(self, X: Any, y: Any = None) -> float:
        """Compute minus the root mean squared error of ratings that are held out.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame, Tensor} of shape (n_users, n_items)
            Known entries of the users.
        y : {array-like, sparse matrix, DataFrame, Tensor} of shape (n_users, n_items), default=None
            Their ratings to predict, dense with NaN elsewhere, or sparse. None, or one label a user
            as a Pipeline may pass on, holds out a fifth of each user's ratings in ``X`` and
            predicts them from the others.

        Returns
        -------
        float
            Higher is better.
        """
        known, wanted = self._known_and_wanted(X, y)
        entries = wanted.tocoo()
        if not entries.nnz:
            raise ValueError("no rating is held out: y has none, or no user in X has two.")
        pairs = np.column_stack([entries.row, entries.col])
        predicted = evaluated(self._scores, known, pairs)
        return -rating_error(entries.data, predicted)

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
    """Base of the recommenders of interactions: what is not known is 0."""

    def score(self, X: Any, y: Any = None) -> float:
        """Compute nDCG@100 of interactions that are held out.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame, Tensor} of shape (n_users, n_items)
            Known entries of the users.
        y : {array-like, sparse matrix, DataFrame, Tensor} of shape (n_users, n_items), default=None
            Their other interactions. None, or one label a user as a Pipeline may pass on, holds out
            a fifth of those of each user in ``X`` and ranks all items but the others.

        Returns
        -------
        float
            Mean over the users who have any, in [0, 1].
        """
        known, wanted = self._known_and_wanted(X, y)
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


def evaluated(
    function: Callable[[sp.csr_array], np.ndarray], known: sp.csr_array, pairs: Any
) -> np.ndarray:
    """What ``function`` says of users by what is known of them: all of it, or entries at pairs."""
    if pairs is None:
        result = np.empty(known.shape)
        for part in gen_batches(known.shape[0], CHUNK_ROWS):
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
    for part in gen_batches(len(users), CHUNK_ROWS):
        low, high = np.searchsorted(places[order], [part.start, part.stop])
        of_part = order[low:high]
        predicted = function(known[users[part]])
        result[of_part] = predicted[places[of_part] - part.start, columns[of_part]]
    return result


def best_of(scores: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """The columns of the ``k`` largest scores of each row, and these, the largest first."""
    k = min(k, scores.shape[1])
    best = np.argpartition(-scores, k - 1, axis=1)[:, :k] if k < scores.shape[1] else None
    values = scores if best is None else np.take_along_axis(scores, best, 1)
    order = np.argsort(-values, axis=1, kind="stable")
    columns = order if best is None else np.take_along_axis(best, order, 1)
    return columns, np.take_along_axis(values, order, 1)


def _indices(name: str, values: Any, n: int) -> np.ndarray:
    """``values`` as integers below ``n``."""
    values = np.atleast_1d(values)
    if values.ndim != 1 or values.dtype.kind not in "iu":
        raise ValueError(f"{name} must be a list of integers; found {values.dtype}.")
    if len(values) and not (values.min() >= 0 and values.max() < n):
        wrong = values[(values < 0) | (values >= n)][0]
        raise ValueError(f"{name} has {wrong}, but X has 0 … {n - 1}.")
    return values
