"""A user as a vector that reads ratings off the codes of items: ridge regression, all at once."""

from typing import NamedTuple

import numpy as np
import scipy.sparse as sp
from scipy.linalg import solve

TINY = 1e-9
"""What noise there is where none was found: of ratings that are all alike."""


class LinearReadout(NamedTuple):
    """r = offsetᵢ + φᵢᵀu + ε, u normal with variance 1 in each component, ε with variance σ².

    Attributes
    ----------
    offsets : ndarray of shape (n_items,)
        The mean over users.
    factors : ndarray of shape (n_items, n_components)
        φ.
    noise : float
        σ².

    Notes
    -----
    The output units of an autoencoder over items are such vectors, one for each user that was there
    when it was trained. Their mean and covariance are what is known of a user before any rating;
    the posterior given some ratings stands for the unit that the user would have had.
    """

    offsets: np.ndarray
    factors: np.ndarray
    noise: float

    def users(self, known: sp.csr_array) -> np.ndarray:
        """The posterior mean of u, given known ratings less their biases."""
        ends = zip(known.indptr[:-1], known.indptr[1:], strict=True)
        entries = [(known.indices[a:b], known.data[a:b]) for a, b in ends]
        return np.array([self._user(columns, ratings) for columns, ratings in entries])

    def expected(self, users: np.ndarray) -> np.ndarray:
        """The mean of every item for users u."""
        return self.offsets + users @ self.factors.T

    def _user(self, columns: np.ndarray, ratings: np.ndarray) -> np.ndarray:
        """(ΦᵀΦ + σ²I)⁻¹ Φᵀ(r − offset), or Φᵀ(ΦΦᵀ + σ²I)⁻¹(r − offset), the smaller of them."""
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
    """What the output units of trained users say of users at large.

    Parameters
    ----------
    codes : ndarray of shape (n_items, n_components)
        Of the items.
    weights : ndarray of shape (n_users, n_components)
        Of the users' output units.
    biases : ndarray of shape (n_users,)
        Theirs.
    noise : float
        Variance of a rating about what they read.
    """
    readers = np.column_stack([weights, biases])
    seen = np.column_stack([codes, np.ones(len(codes))])
    mean = readers.mean(0)
    variances, directions = np.linalg.eigh(np.cov(readers.T, bias=True))
    kept = slice(-codes.shape[1], None)  # as many as the codes are wide, the largest
    scales = np.sqrt(np.maximum(variances[kept], 0))
    return LinearReadout(seen @ mean, seen @ (directions[:, kept] * scales), max(noise, TINY))
