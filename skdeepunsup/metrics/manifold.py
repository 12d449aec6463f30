"""How much of the data's support a model's samples fill, and how much of theirs lies in it."""

from typing import Any, NamedTuple

import numpy as np
from scipy.spatial.distance import cdist
from sklearn.utils import gen_batches

from .._parameters import check_integer
from ._features import comparable

BLOCK_ROWS = 500
"""Rows whose distances to all others are in memory at a time."""


class PrecisionRecall(NamedTuple):
    """Two sides of a set of samples.

    Attributes
    ----------
    precision : float
        Share of the samples that fall among the real rows, in [0, 1].
    recall : float
        Share of the real rows that fall among the samples, in [0, 1].
    """

    precision: float
    recall: float


class DensityCoverage(NamedTuple):
    """Two sides of a set of samples, both measured around the real rows.

    Attributes
    ----------
    density : float
        How crowded the samples' places are with real rows: at least 0; 1 is expected of samples
        that follow the data's distribution, and more of those that stay where it is densest.
    coverage : float
        Share of the real rows that have a sample nearby, in [0, 1].
    """

    density: float
    coverage: float


def precision_recall(
    X: Any, samples: Any, *, n_neighbors: int = 3, features: Any = None
) -> PrecisionRecall:
    """Compute the share of samples among the real rows, and of real rows among the samples.

    A row falls among others if, for one of these at least, it is no farther off than their own
    k-th nearest neighbour.

    Parameters
    ----------
    X : {array-like, sparse matrix} of shape (n_real, n_features)
        Real rows.
    samples : {array-like, sparse matrix} of shape (n_samples, n_features)
        Rows that a model has drawn.
    n_neighbors : int, default=3
        k, less than the number of rows of either.
    features : callable or fitted transformer, default=None
        What maps rows to the features that are compared, by a call or by its ``transform``; None
        compares the rows themselves.

    Returns
    -------
    PrecisionRecall
        A tuple (precision, recall).

    Raises
    ------
    ValueError
        If ``X`` or ``samples`` is no such array or has missing entries, if they differ in width, or
        ``n_neighbors`` is too large for them.

    Notes
    -----
    A single outlier among the real rows raises precision, and one among the samples recall:
    ``density_coverage`` minds them less.

    References
    ----------
    Kynkäänniemi, T., Karras, T., Laine, S., Lehtinen, J. and Aila, T., "Improved precision and
    recall metric for assessing generative models", NeurIPS 2019.

    Examples
    --------
    >>> import numpy as np
    >>> from skdeepunsup.metrics import precision_recall
    >>> X = np.arange(20.0)[:, None]
    >>> precision_recall(X, X[:10] + 0.5)  # the model draws half of what there is
    PrecisionRecall(precision=1.0, recall=0.65)
    """
    X, Y = comparable(X, samples, features)
    _check_neighbors(n_neighbors, X=X, samples=Y)
    return PrecisionRecall(
        precision=float((_incidence(X, Y, n_neighbors)[0] > 0).mean()),
        recall=float((_incidence(Y, X, n_neighbors)[0] > 0).mean()),
    )


def density_coverage(
    X: Any, samples: Any, *, n_neighbors: int = 5, features: Any = None
) -> DensityCoverage:
    """Compute how many real rows are near each sample, and how many have a sample nearby.

    A sample is near a real row if it is no farther off than the row's k-th nearest real neighbour.
    Density is the mean number of real rows that a sample is near to, divided by k.

    Parameters
    ----------
    X : {array-like, sparse matrix} of shape (n_real, n_features)
        Real rows.
    samples : {array-like, sparse matrix} of shape (n_samples, n_features)
        Rows that a model has drawn; at least two.
    n_neighbors : int, default=5
        k, less than the number of real rows.
    features : callable or fitted transformer, default=None
        What maps rows to the features that are compared, by a call or by its ``transform``; None
        compares the rows themselves.

    Returns
    -------
    DensityCoverage
        A tuple (density, coverage).

    Raises
    ------
    ValueError
        If ``X`` or ``samples`` is no such array or has missing entries, if they differ in width, or
        ``n_neighbors`` is too large for ``X``.

    Notes
    -----
    Of n real rows and m samples from one continuous distribution, the expected density is 1, and
    the expected coverage is 1 − (n − 1)…(n − k) / ((n + m − 1)…(n + m − k)): about 1 − 2⁻ᵏ for as
    many samples as rows.

    References
    ----------
    Naeem, M. F., Oh, S. J., Uh, Y., Choi, Y. and Yoo, J., "Reliable fidelity and diversity metrics
    for generative models", ICML 2020.

    Examples
    --------
    >>> import numpy as np
    >>> from skdeepunsup.metrics import density_coverage
    >>> X = np.arange(20.0)[:, None]
    >>> density_coverage(X, X[:10] + 0.5, n_neighbors=2)  # the model draws half of what there is
    DensityCoverage(density=1.05, coverage=0.55)
    """
    X, Y = comparable(X, samples, features)
    _check_neighbors(n_neighbors, X=X)
    near, held = _incidence(X, Y, n_neighbors)
    return DensityCoverage(float(near.mean() / n_neighbors), float((held > 0).mean()))


def _check_neighbors(n_neighbors: Any, **tables: np.ndarray) -> None:
    check_integer("n_neighbors", n_neighbors, 1)
    for name, table in tables.items():
        if n_neighbors >= len(table):
            raise ValueError(
                f"n_neighbors == {n_neighbors}, must be less than the number of rows; "
                f"{name} has {len(table)}."
            )


def _incidence(centers: np.ndarray, points: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """In how many balls each point lies, and how many points each ball holds.

    The ball of a centre is closed and reaches to its k-th nearest neighbour among the others.
    """
    balls = np.zeros(len(points), dtype=np.int64)
    held = np.empty(len(centers), dtype=np.int64)
    for rows in gen_batches(len(centers), BLOCK_ROWS):
        block = centers[rows]
        # By differences, not by products: equal rows are 0 apart, and equal distances stay equal.
        distances = cdist(block, centers, "sqeuclidean")
        distances[np.arange(len(block)), np.arange(rows.start, rows.stop)] = np.inf  # itself
        radii = np.partition(distances, k - 1, axis=1)[:, k - 1 : k]
        inside = cdist(block, points, "sqeuclidean") <= radii
        balls += inside.sum(axis=0)
        held[rows] = inside.sum(axis=1)
    return balls, held
