"""Distances between the distributions of a model's samples and of the data."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from scipy.spatial.distance import pdist
from sklearn.metrics.pairwise import polynomial_kernel, rbf_kernel
from sklearn.utils import gen_batches

from .._parameters import check_option, check_real
from .._reducers import spread_rows
from ._features import comparable

BLOCK_ROWS = 1000
"""Rows and columns of the block of a kernel matrix that is in memory at a time."""

MEDIAN_ROWS = 1000
"""Most rows between which the median distance is computed."""

Kernel = Callable[[np.ndarray, np.ndarray], np.ndarray]


def kernel_distance(
    X: Any, samples: Any, *, kernel: str = "rbf", gamma: float | None = None, features: Any = None
) -> float:
    """Compute an unbiased estimate of the squared maximum mean discrepancy of samples and data.

    It is the mean of k(x, x') over pairs of distinct real rows, plus the mean of k(y, y') over
    pairs of distinct samples, minus twice the mean of k(x, y). Its expectation is 0 if both come
    from the same distribution; with the kernel "rbf" it is positive otherwise.

    Parameters
    ----------
    X : {array-like, sparse matrix} of shape (n_real, n_features)
        Real rows x, preferably not used to fit the model; at least two.
    samples : {array-like, sparse matrix} of shape (n_samples, n_features)
        Samples y of a model; at least two.
    kernel : {"rbf", "polynomial"}, default="rbf"
        Either exp(−γ‖x − y‖²) or (γ x·y + 1)³. The latter compares the first three moments; with
        features of an Inception network, it gives the kernel inception distance.
    gamma : float, default=None
        The kernel's γ, above 0. None takes, for "rbf", 1 over the median squared distance between
        two real rows (over the mean if the median is 0, and γ = 1 if all rows are equal), computed
        on at most 1000 evenly spaced rows; and for "polynomial" 1 over the number of features.
    features : callable or fitted transformer, default=None
        Maps rows to the features that are compared, by a call or by its ``transform``; None
        compares the rows themselves.

    Returns
    -------
    float
        Estimate of the squared distance; its noise can make it negative.

    Raises
    ------
    ValueError
        If ``X`` or ``samples`` is not such an array or has missing entries, if they differ in
        width, or if a parameter is none of the above.

    References
    ----------
    Gretton, A., Borgwardt, K., Rasch, M., Schölkopf, B. and Smola, A., "A kernel two-sample test",
    Journal of Machine Learning Research 13, 2012.

    Bińkowski, M., Sutherland, D. J., Arbel, M. and Gretton, A., "Demystifying MMD GANs", ICLR 2018.

    Examples
    --------
    >>> import numpy as np
    >>> from skdeepunsup.metrics import kernel_distance
    >>> X, same, moved = np.random.default_rng(0).normal(size=(3, 500, 2)) + [[[0]], [[0]], [[1]]]
    >>> bool(abs(kernel_distance(X, same)) < 0.01 < kernel_distance(X, moved))
    True
    """
    check_option("kernel", kernel, ("rbf", "polynomial"))
    if gamma is not None:
        check_real("gamma", gamma, 0, boundaries="neither")
    X, Y = comparable(X, samples, features)
    k: Kernel
    if kernel == "rbf":
        k = partial(rbf_kernel, gamma=gamma or _median_gamma(X))
        origin = X.mean(axis=0)  # distances are computed from products, inaccurate far from 0
        X, Y = X - origin, Y - origin
    else:
        k = partial(polynomial_kernel, degree=3, gamma=gamma, coef0=1)
    return _mean_within(X, k) + _mean_within(Y, k) - 2 * _mean_between(X, Y, k)


def frechet_distance(X: Any, samples: Any, *, features: Any = None) -> float:
    """Compute the squared Fréchet distance between Gaussians fitted to samples and to real rows.

    It is ‖μ₁ − μ₂‖² + tr(Σ₁ + Σ₂ − 2(Σ₁Σ₂)^½), with the means and the (unbiased) covariances of
    both. With features of an Inception network, it is the Fréchet inception distance.

    Parameters
    ----------
    X : {array-like, sparse matrix} of shape (n_real, n_features)
        Real rows, preferably not used to fit the model; at least two.
    samples : {array-like, sparse matrix} of shape (n_samples, n_features)
        Samples of a model; at least two.
    features : callable or fitted transformer, default=None
        Maps rows to the features that are compared, by a call or by its ``transform``; None
        compares the rows themselves.

    Returns
    -------
    float
        Squared distance, at least 0, in squared units of the features. It is biased upwards, the
        more the fewer rows there are: compare models at equal numbers of rows.

    Raises
    ------
    ValueError
        If ``X`` or ``samples`` is not such an array or has missing entries, or they differ in
        width.

    Notes
    -----
    The covariances may be singular. With RᵀR = Σ for each, tr (Σ₁Σ₂)^½ is the sum of the singular
    values of R₁R₂ᵀ; R is computed from the centred rows by a QR decomposition, without forming Σ.

    References
    ----------
    Dowson, D. C. and Landau, B. V., "The Fréchet distance between multivariate normal
    distributions", Journal of Multivariate Analysis 12, 1982.

    Heusel, M., Ramsauer, H., Unterthiner, T., Nessler, B. and Hochreiter, S., "GANs trained by a
    two time-scale update rule converge to a local Nash equilibrium", NeurIPS 2017.

    Examples
    --------
    >>> import numpy as np
    >>> from skdeepunsup.metrics import frechet_distance
    >>> X = np.random.default_rng(0).normal(size=(100, 3))
    >>> round(frechet_distance(X, X + 2), 6)
    12.0
    """
    X, Y = comparable(X, samples, features)
    R1, R2 = _covariance_factor(X), _covariance_factor(Y)
    means = np.square(X.mean(axis=0) - Y.mean(axis=0)).sum()
    overlap = np.linalg.svd(R1 @ R2.T, compute_uv=False).sum()
    return max(0.0, float(means + np.square(R1).sum() + np.square(R2).sum() - 2 * overlap))


def _median_gamma(X: np.ndarray) -> float:
    """1 over the median of ‖x − x'‖², over their mean if that is 0, and 1 if all rows are equal."""
    squares = pdist(X[spread_rows(len(X), MEDIAN_ROWS)], "sqeuclidean")
    return float(1 / (np.median(squares) or squares.mean() or 1.0))


def _blocks(A: np.ndarray) -> list[np.ndarray]:
    return [A[rows] for rows in gen_batches(len(A), BLOCK_ROWS)]


def _mean_within(A: np.ndarray, k: Kernel) -> float:
    """The mean of k(a, a') over pairs of distinct rows."""
    total, blocks = 0.0, _blocks(A)
    for i, a in enumerate(blocks):
        own = k(a, a)
        total += own.sum() - own.trace() + 2 * sum(k(a, b).sum() for b in blocks[:i])
    return float(total / (len(A) * (len(A) - 1)))


def _mean_between(A: np.ndarray, B: np.ndarray, k: Kernel) -> float:
    """The mean of k(a, b) over all pairs of rows of A and B."""
    total = sum(k(a, b).sum() for a in _blocks(A) for b in _blocks(B))
    return float(total / (len(A) * len(B)))


def _covariance_factor(X: np.ndarray) -> np.ndarray:
    """R such that RᵀR is the covariance of the rows."""
    return np.linalg.qr(X - X.mean(axis=0), mode="r") / np.sqrt(len(X) - 1)
