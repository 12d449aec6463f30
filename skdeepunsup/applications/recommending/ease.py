"""A linear recommender in closed form: the baseline for deep ones."""

from typing import Any, Self

import numpy as np
import scipy.sparse as sp
from scipy.linalg import LinAlgError, cho_factor, cho_solve

from ..._caller import all_or_nothing
from ..._parameters import check_real
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
            If ``X`` has no interactions or negative ones, or ``regularization`` is too small to
            solve for the weights.
        """
        check_real("regularization", self.regularization, 0, boundaries="neither")
        with all_or_nothing(self):
            known = self._read(X, reset=True)
            self._popularity = np.asarray(known.mean(axis=0)).ravel()
            counted = known / np.sqrt(known.multiply(known).sum() / known.nnz)
            self.item_weights_ = self._solved((counted.T @ counted).toarray())
        return self

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "item_weights_")

    def _solved(self, G: np.ndarray) -> np.ndarray:
        """B, given XᵀX, which is overwritten."""
        G[np.diag_indices_from(G)] += self.regularization
        try:
            factor = cho_factor(G, overwrite_a=True)
        except LinAlgError as error:
            raise ValueError(
                f"regularization == {self.regularization} is too small, compared with the counts "
                "of X, to solve for the weights; raise it."
            ) from error
        P = cho_solve(factor, np.eye(len(G)), overwrite_b=True)
        B = P / -np.diag(P)
        np.fill_diagonal(B, 0)
        return B

    def _scores(self, known: sp.csr_array) -> np.ndarray:
        scores = known @ self.item_weights_
        scores[np.diff(known.indptr) == 0] = self._popularity
        return scores

    def _item_vectors(self) -> np.ndarray:
        """The weights that predict each item; its own weight is 1."""
        return self.item_weights_.T + np.eye(len(self.item_weights_))
