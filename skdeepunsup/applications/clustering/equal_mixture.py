"""Clusters of codes that are of one size: a Gaussian mixture that is held to equal shares."""

from typing import NamedTuple

import numpy as np
from scipy.special import logsumexp
from sklearn.cluster import KMeans

N_STARTS = 10
N_ROUNDS = 40
N_BALANCING = 8
MAX_ROWS = 6000
"""That the mixture is fitted to; all rows are then assigned."""
POOLED = 0.5
"""Share of a component's covariance that is the mean of all: few rows do not tell all of it."""
FLOOR = 1e-3
"""Of variances, relative to the codes' own."""


class EqualMixture(NamedTuple):
    """K normal components.

    Attributes
    ----------
    means : ndarray of shape (n_clusters, n_components)
    covariances : ndarray of shape (n_clusters, n_components, n_components)
    offsets : ndarray of shape (n_clusters,)
        What is added to the log densities, so that components explain equal shares.
    """

    means: np.ndarray
    covariances: np.ndarray
    offsets: np.ndarray

    def log_densities(self, z: np.ndarray) -> np.ndarray:
        """log N(z; μₖ, Σₖ) up to a constant, of shape (n, n_clusters)."""
        result = np.empty((len(z), len(self.means)))
        for k, (mean, covariance) in enumerate(zip(self.means, self.covariances, strict=True)):
            L = np.linalg.cholesky(covariance)
            result[:, k] = -0.5 * (np.linalg.solve(L, (z - mean).T) ** 2).sum(0)
            result[:, k] -= np.log(np.diag(L)).sum()
        return result

    def predict(self, z: np.ndarray) -> np.ndarray:
        """The component of each code."""
        return (self.log_densities(z) + self.offsets).argmax(1)


def balanced(log_densities: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Responsibilities r ∝ exp(log density + offset) whose columns have equal sums; the offsets.

    By turns rows are normalised and columns (R. Sinkhorn, 1964); the rows are last.
    """
    n, n_clusters = log_densities.shape
    offsets = np.zeros(n_clusters)
    for _ in range(N_BALANCING):
        scores = log_densities + offsets
        shares = logsumexp(scores - logsumexp(scores, axis=1, keepdims=True), axis=0)
        offsets -= shares - np.log(n / n_clusters)
    scores = log_densities + offsets
    return np.exp(scores - logsumexp(scores, axis=1, keepdims=True)), offsets


def fitted(z: np.ndarray, r: np.ndarray) -> EqualMixture:
    """The components by responsibilities, without offsets."""
    shares = r / r.sum(0)
    means = shares.T @ z
    pairs = zip(shares.T, means, strict=True)
    covariances = np.array([((z - mean) * share[:, None]).T @ (z - mean) for share, mean in pairs])
    pooled = POOLED * covariances.mean(0) + (1 - POOLED) * covariances
    floor = FLOOR * z.var(0).mean() * np.eye(z.shape[1])
    return EqualMixture(means, pooled + floor, np.zeros(len(means)))


def equal_mixture(codes: np.ndarray, n_clusters: int, rng: np.random.Generator) -> EqualMixture:
    """The best of some starts from k-means, by the free energy of balanced responsibilities."""
    z = codes[rng.permutation(len(codes))[:MAX_ROWS]]
    best, best_bound = None, -np.inf
    for _ in range(N_STARTS):
        first = KMeans(n_clusters, n_init=1, random_state=int(rng.integers(2**31))).fit_predict(z)
        r = np.eye(n_clusters)[first]
        for _ in range(N_ROUNDS):
            mixture = fitted(z, r)
            log_densities = mixture.log_densities(z)
            r, offsets = balanced(log_densities)
        entropy = -(r * np.log(np.maximum(r, 1e-300))).sum()
        bound = ((r * log_densities).sum() + entropy) / len(z)
        if bound > best_bound:
            best, best_bound = mixture._replace(offsets=offsets), bound
    assert best is not None
    return best
