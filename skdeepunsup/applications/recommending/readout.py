"""Users as vectors in the space of item codes, inferred by Bayesian ridge regression."""

from typing import NamedTuple

import numpy as np
import scipy.sparse as sp
from scipy.linalg import solve


class LinearReadout(NamedTuple):
    """Ratings r = offsetᵢ + φᵢᵀu + ε of a user u ~ N(0, I), with noise ε ~ N(0, σ²).

    Attributes
    ----------
    offsets : ndarray of shape (n_items,)
        Mean rating of each item over users.
    factors : ndarray of shape (n_items, n_components)
        Rows φᵢ.
    noise : float
        σ².

    Notes
    -----
    The output units of an autoencoder over items are such vectors u, one for each training user.
    Their mean and covariance give the prior of a user without ratings; the posterior mean, given
    some ratings, takes the place of the unit that training would have given to the user.
    """

    offsets: np.ndarray
    factors: np.ndarray
    noise: float

    def users(self, known: sp.csr_array) -> np.ndarray:
        """The posterior mean of u for each user, given the residuals of known ratings."""
        ends = zip(known.indptr[:-1], known.indptr[1:], strict=True)
        entries = [(known.indices[a:b], known.data[a:b]) for a, b in ends]
        return np.array([self._user(columns, ratings) for columns, ratings in entries])

    def expected(self, users: np.ndarray) -> np.ndarray:
        """The mean of all ratings, offsetᵢ + φᵢᵀu, for users u."""
        return self.offsets + users @ self.factors.T

    def _user(self, columns: np.ndarray, ratings: np.ndarray) -> np.ndarray:
        """(ΦᵀΦ + σ²I)⁻¹ Φᵀ(r − offset) = Φᵀ(ΦΦᵀ + σ²I)⁻¹(r − offset), by the smaller system."""
        phi, rest = self.factors[columns], ratings - self.offsets[columns]
        few = len(columns) < phi.shape[1]
        gram = phi @ phi.T if few else phi.T @ phi
        gram[np.diag_indices_from(gram)] += self.noise
        right = rest if few else phi.T @ rest
        solved = solve(gram, right, assume_a="pos", overwrite_a=True, check_finite=False)
        return phi.T @ solved if few else solved


def linear_readout(
    codes: np.ndarray, weights: np.ndarray, biases: np.ndarray, noise: float
) -> LinearReadout:
    """Estimate the distribution of users from the output units of the training users.

    Parameters
    ----------
    codes : ndarray of shape (n_items, n_components)
        Codes of the items.
    weights : ndarray of shape (n_users, n_components)
        Weights of the users' output units.
    biases : ndarray of shape (n_users,)
        Biases of these units.
    noise : float
        Variance of the ratings about the outputs.

    Returns
    -------
    LinearReadout
        The prior of users as offsets and factors, with the noise.
    """
    readers = np.column_stack([weights, biases])
    seen = np.column_stack([codes, np.ones(len(codes))])
    mean = readers.mean(0)
    variances, directions = np.linalg.eigh(np.cov(readers.T, bias=True))
    kept = slice(-codes.shape[1], None)  # the largest ones, as many as the codes have components
    scales = np.sqrt(np.maximum(variances[kept], 0))
    return LinearReadout(seen @ mean, seen @ (directions[:, kept] * scales), noise)
