"""Scorers of recommenders for scikit-learn's searches."""

import warnings
from typing import Any

import numpy as np
import scipy.sparse as sp

from ..._parameters import check_integer, check_option, check_real
from ...metrics.recommending import ndcg_at_k, rating_error, recall_at_k
from .entry_split import EntrySplit, entries_beyond, entries_of

RANKED = {"ndcg": ndcg_at_k, "recall": recall_at_k}
METRICS = ("rmse", *RANKED)


class RecommendingScorer:
    """Scorer of recommenders, created by ``recommending_scorer``.

    Parameters
    ----------
    metric : {"ndcg", "recall", "rmse"}
        The metric.
    k : int
        Recommendations for each user.
    test_size : float
        Share of each user's entries to hide.
    random_state : int, RandomState instance or None
        Seeds the choice of hidden entries.
    """

    def __init__(self, metric: str, k: int, test_size: float, random_state: Any) -> None:
        self.metric, self.k, self.test_size = metric, k, test_size
        self.random_state = random_state

    def __call__(self, estimator: Any, X: Any, y: Any = None) -> float:
        """Score a fitted recommender on users who need not have been in its ``fit``.

        Parameters
        ----------
        estimator : fitted recommender
            Has ``recommend``, or ``predict`` for "rmse".
        X : {array-like, sparse matrix} of shape (n_users, n_items)
            Known entries of the users.
        y : {array-like, sparse matrix} of shape (n_users, n_items), default=None
            Entries to predict; of these, "ndcg" and "recall" count those that ``X`` has not. None
            hides entries of ``X`` and predicts them from the others.

        Returns
        -------
        float
            Higher is better.
        """
        if y is not None:
            wanted = entries_of(y)
            ranked = self.metric in RANKED  # without what is known, which is not recommended
            wanted = entries_beyond(entries_of(X), wanted) if ranked else wanted
            return self._measured(estimator, X, wanted)
        split = EntrySplit(1, test_size=self.test_size, random_state=self.random_state)
        known, wanted = next(split.pairs(X))
        with warnings.catch_warnings():  # the known part of a DataFrame has no column names
            warnings.filterwarnings("ignore", "X does not have valid feature names", UserWarning)
            return self._measured(estimator, known, wanted)

    def _measured(self, estimator: Any, known: Any, wanted: sp.csr_array) -> float:
        """The metric of predictions from ``known`` entries, compared with ``wanted`` ones."""
        if self.metric == "rmse":
            entries = wanted.tocoo()
            pairs = np.column_stack([entries.row, entries.col])
            return -rating_error(entries.data, estimator.predict(known, pairs))
        items, _ = estimator.recommend(known, self.k)
        return RANKED[self.metric](wanted, items)

    def __repr__(self) -> str:
        return (
            f"recommending_scorer({self.metric!r}, k={self.k!r}, test_size={self.test_size!r}, "
            f"random_state={self.random_state!r})"
        )


def recommending_scorer(
    metric: str = "ndcg", k: int = 20, *, test_size: float = 0.2, random_state: Any = 0
) -> RecommendingScorer:
    """Create a scorer of recommenders.

    Pass it as ``scoring=`` to :class:`~sklearn.model_selection.GridSearchCV` and similar searches.
    These leave out whole users; the scorer hides some entries of each of them, and measures how
    well they are predicted from the others.

    Parameters
    ----------
    metric : {"ndcg", "recall", "rmse"}, default="ndcg"
        ``metrics.ndcg_at_k`` or ``metrics.recall_at_k`` of recommendations, or minus
        ``metrics.rating_error`` of ratings.
    k : int, default=20
        Recommendations for each user; "rmse" does not use it.
    test_size : float, default=0.2
        Share of each user's entries to hide, in (0, 1), as in `EntrySplit`. If a search is given
        ``y``, nothing is hidden, and ``y`` is predicted from ``X``.
    random_state : int, RandomState instance or None, default=0
        Seeds the choice of hidden entries. An integer hides the same entries for all candidates of
        a search.

    Returns
    -------
    callable
        A function of a fitted recommender, ``X`` and ``y=None`` that returns a float; higher is
        better.

    Raises
    ------
    ValueError
        If a parameter is invalid.

    See Also
    --------
    EntrySplit : Cross-validation that trains on all users, and scores their hidden entries.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.model_selection import GridSearchCV, KFold
    >>> from skdeepunsup import EASE, recommending_scorer
    >>> X = np.random.default_rng(0).random((60, 12)) < 0.4
    >>> search = GridSearchCV(
    ...     EASE(),
    ...     {"regularization": [1, 10]},
    ...     cv=KFold(3),
    ...     scoring=recommending_scorer("recall", k=5),
    ... )
    >>> search.fit(X).best_estimator_
    EASE(regularization=...)
    """
    check_option("metric", metric, METRICS)
    check_integer("k", k, 1)
    check_real("test_size", test_size, 0, 1, "neither")
    return RecommendingScorer(metric, k, test_size, random_state)
