"""A Gaussian mixture that is held to equal shares."""

import numpy as np
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score

from skdeepunsup.applications.clustering.equal_mixture import balanced, equal_mixture, fitted


def stretched(seed: int = 0, n: int = 200):
    """Three parallel cigars, nearer to each other than they are long: k-means cuts them across."""
    rng = np.random.default_rng(seed)
    z = rng.normal(size=(3 * n, 2)) * [2.0, 0.3]
    y = np.repeat(np.arange(3), n)
    z[:, 1] += 2 * y
    return z, y


def test_balanced_responsibilities_have_equal_sums():
    log_densities = np.random.default_rng(0).normal(size=(300, 4)) * [1, 2, 1, 1] + [0, 3, 0, -3]
    r, offsets = balanced(log_densities)
    np.testing.assert_allclose(r.sum(1), 1)
    np.testing.assert_allclose(r.sum(0), 75, rtol=0.02)
    expected = np.exp(log_densities + offsets)
    np.testing.assert_allclose(r, expected / expected.sum(1, keepdims=True))


def test_components_are_weighted_moments_of_their_rows():
    z, y = stretched()
    mixture = fitted(z, np.eye(3)[y])
    own = np.array([np.cov(z[y == k].T, bias=True) for k in range(3)])
    np.testing.assert_allclose(mixture.means, [z[y == k].mean(0) for k in range(3)])
    floor = 1e-3 * z.var(0).mean() * np.eye(2)
    np.testing.assert_allclose(mixture.covariances, (own + own.mean(0)) / 2 + floor)


def test_clusters_of_any_shape_are_found():
    z, y = stretched()
    labels = equal_mixture(z, 3, np.random.default_rng(0)).predict(z)
    assert adjusted_rand_score(y, KMeans(3, n_init=10, random_state=0).fit_predict(z)) < 0.5
    assert adjusted_rand_score(y, labels) > 0.95


def test_a_seed_repeats():
    z, _ = stretched(n=40)
    one, other = (equal_mixture(z, 3, np.random.default_rng(1)) for _ in range(2))
    np.testing.assert_array_equal(one.means, other.means)
