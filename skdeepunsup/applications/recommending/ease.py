"""A linear recommender in closed form: the baseline for deep ones."""

from typing import Any, Self

import numpy as np
import scipy.sparse as sp
from scipy.linalg.lapack import dpotrf, dpotri
from sklearn.utils import gen_batches

from ..._caller import all_or_nothing
from ..._parameters import check_real, memory
from .base import ImplicitRecommender


class EASE(ImplicitRecommender):
    """Linear recommender: each item is predicted from the user's other items.

    The weights are those of a ridge regression of each item on all others, in closed form: without
    iterations or randomness, and with one parameter. It is hard to beat.

    Parameters
    ----------
    regularization : float, default=500.0
        λ, the weight of the squared norm of B, in units of the mean square of the interactions (1
        where they are 0 and 1). Fewer users need more of it.

    Attributes
    ----------
    item_weights_ : ndarray of shape (n_items, n_items)
        B: the weight of each item (row) in the prediction of each other (column); the diagonal is
        0.
    n_features_in_ : int
        Items seen in ``fit``.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Their names, where they had any.

    See Also
    --------
    ImplicitVAE : A nonlinear recommender of interactions.

    Notes
    -----
    B minimises ‖X − X B‖² + λ‖B‖² subject to diag B = 0, for X in units of the root mean square of
    its entries other than 0. With P = (XᵀX + λ I)⁻¹, Bᵢⱼ = −Pᵢⱼ / Pⱼⱼ
    off the diagonal. For users without interactions, the scores are the items' mean interactions.
    Memory grows with the square of the number of items, time with its cube.

    References
    ----------
    Steck, H., "Embarrassingly shallow autoencoders for sparse data", WWW 2019.

    Examples
    --------
    >>> import numpy as np
    >>> from skdeepunsup import EASE
    >>> X = np.array([[1, 1, 0, 0], [1, 1, 0, 0], [0, 0, 1, 1], [0, 0, 1, 1]])
    >>> model = EASE(regularization=1).fit(X)
    >>> items, scores = model.recommend([[1, 0, 0, 0], [0, 0, 0, 1]], k=1)
    >>> items
    array([[1],
           [2]])
    """

    def __init__(self, regularization: float = 500.0) -> None:
        self.regularization = regularization

    def fit(self, X: Any, y: Any = None) -> Self:
        """Fit the weights to ``X``.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame, Tensor} of shape (n_users, n_items)
            Interactions, at least 0; 0 where there are none.
        y : Ignored
            Present for API consistency.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError
            If ``X`` has no interactions or negative ones, ``regularization`` is too small to solve
            for the weights, or these do not fit in memory.
        """
        check_real("regularization", self.regularization, 0, boundaries="neither")
        with all_or_nothing(self):
            known = self._read(X, reset=True)
            check_fits(known)
            self._popularity = np.asarray(known.mean(axis=0)).ravel()
            G = gram(known)
            G /= known.data @ known.data / known.nnz
            self.item_weights_ = self._solved(G)
        return self

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "item_weights_")

    def _solved(self, G: np.ndarray) -> np.ndarray:
        """B, given XᵀX, in whose memory it is made."""
        G[np.diag_indices_from(G)] += self.regularization
        L, failed = dpotrf(G.T, lower=False, overwrite_a=True)  # G.T, as LAPACK wants columns
        if failed:
            raise ValueError(
                f"regularization == {self.regularization} is too small, compared with the counts "
                "of X, to solve for the weights; raise it."
            )
        P = dpotri(L, lower=False, overwrite_c=True)[0].T
        mirror(P)
        P /= -np.diag(P).copy()
        np.fill_diagonal(P, 0)
        return P

    def _scores(self, known: sp.csr_array) -> np.ndarray:
        scores = known @ self.item_weights_
        scores[np.diff(known.indptr) == 0] = self._popularity
        return scores

    def _item_vectors(self) -> np.ndarray:
        """The weights that predict each item; its own weight is 1."""
        return self.item_weights_.T + np.eye(len(self.item_weights_))


BLOCK = 1024
"""Columns that are made or mirrored at a time."""


def check_fits(known: sp.csr_array) -> None:
    """Raise unless a weight for each pair of items, and a block of work, fit in memory."""
    n_items = known.shape[1]
    needed = 8 * n_items * (n_items + 4 * BLOCK)
    if needed > memory():
        raise ValueError(
            f"EASE of {n_items} items has a weight for each pair, {needed / 2**30:.0f} GiB, and "
            f"this machine has {memory() / 2**30:.0f}. Leave out items that few users have, or "
            "take ImplicitVAE, whose memory grows with the number of items alone."
        )


def gram(X: sp.csr_array) -> np.ndarray:
    """XᵀX, dense, at the cost of the stored entries."""
    G = np.empty((X.shape[1], X.shape[1]))
    for part in gen_batches(X.shape[1], BLOCK):  # a part transposed at a time: no copy of X
        (X[:, part].T.tocsr() @ X).toarray(out=G[part])
    return G


def mirror(P: np.ndarray) -> None:
    """Copy the lower triangle to the upper one, in place."""
    for part in gen_batches(len(P), BLOCK):
        block = P[part, part]
        block[:] = np.tril(block) + np.tril(block, -1).T
        P[part, part.stop :] = P[part.stop :, part].T
