"""Fidelity and diversity of samples, by nearest neighbours: precision, recall, density, coverage.

Balls around rows, up to their k-th nearest neighbours, estimate the support of a distribution.
"""

from typing import Any, NamedTuple

import numpy as np
from scipy.spatial.distance import cdist
from sklearn.utils import gen_batches

from .._parameters import check_integer
from ._features import comparable

BLOCK_ROWS = 500
"""Rows whose distances to all others are in memory at a time."""


class PrecisionRecall(NamedTuple):
    """Precision and recall of a set of samples.

    Attributes
    ----------
    precision : float
        Share of the samples within the support of the real rows, in [0, 1].
    recall : float
        Share of the real rows within the support of the samples, in [0, 1].
    """

    precision: float
    recall: float


class DensityCoverage(NamedTuple):
    """Density and coverage of a set of samples, both measured around the real rows.

    Attributes
    ----------
    density : float
        How densely real rows surround the samples: at least 0; 1 is expected for samples from the
        data's distribution, and more for samples that stay where it is densest.
    coverage : float
        Share of the real rows that have a sample nearby, in [0, 1].
    """

    density: float
    coverage: float


def precision_recall(
    X: Any, samples: Any, *, n_neighbors: int = 3, features: Any = None
) -> PrecisionRecall:
    """Compute the shares of samples within the data's support and of data within the samples'.

    The support of a set of rows is the union of balls, one around each row, whose radius is the
    distance to the row's k-th nearest neighbour in the set.

    Parameters
    ----------
    X : {array-like, sparse matrix} of shape (n_real, n_features)
        Real rows.
    samples : {array-like, sparse matrix} of shape (n_samples, n_features)
        Samples of a model.
    n_neighbors : int, default=3
        k, less than the number of rows of ``X`` and of ``samples``.
    features : callable or fitted transformer, default=None
        Maps rows to the features that are compared, by a call or by its ``transform``; None
        compares the rows themselves.

    Returns
    -------
    PrecisionRecall
        A tuple (precision, recall).

    Raises
    ------
    ValueError
        If ``X`` or ``samples`` is not such an array or has missing entries, if they differ in
        width, or if ``n_neighbors`` is too large for them.

    Notes
    -----
    A single outlier among the real rows raises precision, and one among the samples raises recall:
    ``density_coverage`` is less sensitive to outliers.

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
    """Compute how densely real rows surround the samples, and the share of them near a sample.

    A sample is near a real row if it is no farther away than the row's k-th nearest real neighbour.
    Density is the mean number of real rows that a sample is near to, divided by k; coverage is the
    share of real rows that have a sample nearby.

    Parameters
    ----------
    X : {array-like, sparse matrix} of shape (n_real, n_features)
        Real rows.
    samples : {array-like, sparse matrix} of shape (n_samples, n_features)
        Samples of a model; at least two.
    n_neighbors : int, default=5
        k, less than the number of real rows.
    features : callable or fitted transformer, default=None
        Maps rows to the features that are compared, by a call or by its ``transform``; None
        compares the rows themselves.

    Returns
    -------
    DensityCoverage
        A tuple (density, coverage).

    Raises
    ------
    ValueError
        If ``X`` or ``samples`` is not such an array or has missing entries, if they differ in
        width, or if ``n_neighbors`` is too large for ``X``.

    Notes
    -----
    For n real rows and m samples from the same continuous distribution, the expected density is 1,
    and the expected coverage is 1 − (n − 1)…(n − k) / ((n + m − 1)…(n + m − k)): about 1 − 2⁻ᵏ if
    n = m.

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
    """Number of balls that contain each point, and number of points in each ball.

    The ball around a centre is closed and extends to its k-th nearest neighbour among the others.
    """
    balls = np.zeros(len(points), dtype=np.int64)
    held = np.empty(len(centers), dtype=np.int64)
    for rows in gen_batches(len(centers), BLOCK_ROWS):
        block = centers[rows]
        # cdist takes differences, not products: equal rows have distance 0, and ties stay ties.
        distances = cdist(block, centers, "sqeuclidean")
        distances[np.arange(len(block)), np.arange(rows.start, rows.stop)] = np.inf  # itself
        radii = np.partition(distances, k - 1, axis=1)[:, k - 1 : k]
        inside = cdist(block, points, "sqeuclidean") <= radii
        balls += inside.sum(axis=0)
        held[rows] = inside.sum(axis=1)
    return balls, held
