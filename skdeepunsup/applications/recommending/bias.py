"""The part of a rating that its user and its item explain separately: r ≈ μ + bᵤ + bᵢ."""

from typing import NamedTuple

import numpy as np
import scipy.sparse as sp

N_SWEEPS = 15


class RatingBias(NamedTuple):
    """The mean rating, and the biases of items.

    Attributes
    ----------
    mean : float
        μ, the mean of all ratings.
    items : ndarray of shape (n_items,)
        bᵢ, by how much item i is rated higher than expected.
    shrinkage : float
        Number of zeros added to the values that a bias is the mean of.
    """

    mean: float
    items: np.ndarray
    shrinkage: float

    def of_users(self, known: sp.csr_array) -> np.ndarray:
        """Biases of users from their n ratings: bᵤ = Σᵢ (rᵤᵢ − μ − bᵢ) / (n + shrinkage)."""
        rest = known.data - self.mean - self.items[known.indices]
        return _shrunk(rest, _rows(known), known.shape[0], self.shrinkage)

    def expected(self, known: sp.csr_array) -> np.ndarray:
        """μ + bᵤ + bᵢ of every item for each user."""
        return self.mean + self.of_users(known)[:, None] + self.items

    def residuals(self, known: sp.csr_array) -> sp.csr_array:
        """Residuals of known ratings: r − μ − bᵤ − bᵢ."""
        of_users = self.of_users(known)[_rows(known)]
        rest = known.data - self.mean - of_users - self.items[known.indices]
        return sp.csr_array((rest, known.indices, known.indptr), shape=known.shape)


def rating_bias(known: sp.csr_array, shrinkage: float) -> RatingBias:
    """Fit the biases of users and items in turn, as the shrunken means of the others' residuals."""
    n_users, n_items = known.shape
    mean, rows = float(known.data.mean()), _rows(known)
    of_users = np.zeros(n_users)
    for _ in range(N_SWEEPS):
        rest = known.data - mean - of_users[rows]
        of_items = _shrunk(rest, known.indices, n_items, shrinkage)
        of_users = RatingBias(mean, of_items, shrinkage).of_users(known)
    return RatingBias(mean, of_items, shrinkage)


def _rows(known: sp.csr_array) -> np.ndarray:
    """The row of each stored entry."""
    return np.repeat(np.arange(known.shape[0]), np.diff(known.indptr))


def _shrunk(values: np.ndarray, groups: np.ndarray, n_groups: int, shrinkage: float) -> np.ndarray:
    """The sum of the values of each group, divided by their number plus ``shrinkage``."""
    sums = np.bincount(groups, weights=values, minlength=n_groups)
    counts = np.bincount(groups, minlength=n_groups) + shrinkage
    return sums / np.where(counts > 0, counts, 1)
