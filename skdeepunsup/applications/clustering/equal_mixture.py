"""Clusters of equal size: a Gaussian mixture whose components are kept at equal shares."""

from typing import NamedTuple

import numpy as np
from scipy.special import logsumexp

N_STARTS = 10
"""Starts from k-means, of which the best is kept."""
N_ROUNDS = 40
"""Rounds of expectation and maximisation from each start."""
N_BALANCING = 8
"""Normalisations of the columns in each round."""
MAX_ROWS = 6000
"""The mixture is fitted to at most so many codes; all are then assigned."""
POOLED = 0.5
"""Share of the mean covariance in each component's own, which few rows do not determine."""
FLOOR = 1e-3
"""Variance added in each direction, relative to the mean variance of the codes."""


class EqualMixture(NamedTuple):
    """Mixture of normal components with equal shares.

    Attributes
    ----------
    means : ndarray of shape (n_clusters, n_components)
        Means μₖ.
    covariances : ndarray of shape (n_clusters, n_components, n_components)
        Covariances Σₖ.
    offsets : ndarray of shape (n_clusters,)
        Added to the log densities, so that all components have equal shares of the rows.
    """

    means: np.ndarray
    covariances: np.ndarray
    offsets: np.ndarray

    def log_densities(self, z: np.ndarray) -> np.ndarray:
        """Return log N(z; μₖ, Σₖ) up to a constant, of shape (n, n_clusters)."""
        result = np.empty((len(z), len(self.means)))
        for k, (mean, covariance) in enumerate(zip(self.means, self.covariances, strict=True)):
            L = np.linalg.cholesky(covariance)
            result[:, k] = -0.5 * (np.linalg.solve(L, (z - mean).T) ** 2).sum(0)
            result[:, k] -= np.log(np.diag(L)).sum()
        return result

    def predict(self, z: np.ndarray) -> np.ndarray:
        """Return the likeliest component of each code."""
        return (self.log_densities(z) + self.offsets).argmax(1)


def balanced(log_densities: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return responsibilities r ∝ exp(log density + offset), and the offsets.

    The offsets make the column sums of r equal. Columns and rows are normalised in turn (R.
    Sinkhorn, 1964); the rows come last.
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
    """Fit the components to codes with responsibilities ``r``, with offsets 0."""
    shares = r / r.sum(0)
    means = shares.T @ z
    pairs = zip(shares.T, means, strict=True)
    covariances = np.array([((z - mean) * share[:, None]).T @ (z - mean) for share, mean in pairs])
    pooled = POOLED * covariances.mean(0) + (1 - POOLED) * covariances
    floor = FLOOR * z.var(0).mean() * np.eye(z.shape[1])
    return EqualMixture(means, pooled + floor, np.zeros(len(means)))


def equal_mixture(codes: np.ndarray, n_clusters: int, rng: np.random.Generator) -> EqualMixture:
    """Fit the mixture to codes: the best start by the free energy of the responsibilities."""
    # Imported here: it takes a twentieth of a second of every import of the package.
    from sklearn.cluster import KMeans

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
