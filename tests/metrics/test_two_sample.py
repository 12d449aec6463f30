"""Distances of distributions against their closed forms for Gaussians."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler

from skdeepunsup.metrics import frechet_distance, kernel_distance, two_sample

MEANS = np.array([[0.0, 1.0], [1.0, 0.5]])
COVARIANCES = np.array([[[1.0, 0.6], [0.6, 2.0]], [[0.5, -0.2], [-0.2, 1.0]]])
GAMMA = 1.0


def draw(which, shape, rng):
    return rng.multivariate_normal(MEANS[which], COVARIANCES[which], shape)


def expected_rbf(i, j):
    """E k(x, y) = |S|^−½ exp(−γ Δᵀ S⁻¹ Δ), S = I + 2γ(Σ₁ + Σ₂)."""
    S = np.eye(2) + 2 * GAMMA * (COVARIANCES[i] + COVARIANCES[j])
    delta = MEANS[i] - MEANS[j]
    return np.exp(-GAMMA * delta @ np.linalg.solve(S, delta)) / np.sqrt(np.linalg.det(S))


def expected_polynomial(i, j):
    """E (γ x·y + 1)³ by the raw moments, of which E (x·y)ᵖ is the inner product."""
    products = [np.sum(a * b) for a, b in zip(raw_moments(i), raw_moments(j), strict=True)]
    return 1 + np.array([3 * GAMMA, 3 * GAMMA**2, GAMMA**3]) @ products


def raw_moments(i):
    mu, sigma = MEANS[i], COVARIANCES[i]
    cross = np.einsum("ab,c->abc", sigma, mu)
    third = cross + cross.transpose(0, 2, 1) + cross.transpose(2, 1, 0)
    return mu, sigma + np.outer(mu, mu), third + np.einsum("a,b,c->abc", mu, mu, mu)


@pytest.mark.slow  # 1000 estimates
@pytest.mark.parametrize("other", [0, 1])
@pytest.mark.parametrize(
    ("kernel", "expected"), [("rbf", expected_rbf), ("polynomial", expected_polynomial)]
)
def test_few_rows_estimate_the_distance_of_gaussians_without_bias(kernel, expected, other):
    rng = np.random.default_rng(other)
    pairs = zip(draw(0, (1000, 4), rng), draw(other, (1000, 6), rng), strict=True)
    estimates = [kernel_distance(x, y, kernel=kernel, gamma=GAMMA) for x, y in pairs]
    truth = expected(0, 0) + expected(other, other) - 2 * expected(0, other)
    error = np.std(estimates) / np.sqrt(len(estimates))
    assert np.mean(estimates) == pytest.approx(truth, abs=4 * error)
    assert other == 0 or truth > 8 * error  # else it would prove little


def brute_force(X, Y, k):
    within = [np.mean([k(a, b) for a in Z for b in Z if a is not b]) for Z in (list(X), list(Y))]
    return sum(within) - 2 * np.mean([k(a, b) for a in X for b in Y])


@pytest.mark.parametrize("block_rows", [1, 5, 7, 100])
def test_kernel_distance_by_definition_in_blocks_of_any_size(monkeypatch, block_rows):
    monkeypatch.setattr(two_sample, "BLOCK_ROWS", block_rows)
    X, Y = np.random.default_rng(0).normal(size=(2, 14, 3))
    Y = Y[:9]
    gamma = 1 / np.median([np.sum((a - b) ** 2) for i, a in enumerate(X) for b in X[:i]])
    expected = brute_force(X, Y, lambda a, b: np.exp(-gamma * np.sum((a - b) ** 2)))
    assert kernel_distance(X, Y) == pytest.approx(expected)
    expected = brute_force(X, Y, lambda a, b: (a @ b / 3 + 1) ** 3)
    assert kernel_distance(X, Y, kernel="polynomial") == pytest.approx(expected)


def test_kernel_distance_takes_rows_of_any_unit_far_from_the_origin():
    X, Y = np.random.default_rng(0).normal(size=(2, 50, 3))
    X, Y = X.round(3), Y.round(3) + 1
    expected = kernel_distance(X, Y)
    assert expected > 0.1
    assert kernel_distance(X * 1e-3, Y * 1e-3) == pytest.approx(expected)
    assert kernel_distance(X + 1e8, Y + 1e8) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("distance", [kernel_distance, frechet_distance])
def test_the_order_of_rows_does_not_matter(distance):
    rng = np.random.default_rng(0)
    X, Y = rng.normal(size=(2, 40, 3))
    assert distance(rng.permutation(X), rng.permutation(Y)) == pytest.approx(distance(X, Y))


@pytest.mark.parametrize(
    ("values", "gamma"),
    [
        ([0, 0, 2, 2], 1 / 4),  # squares: 2 of 0, 4 of 4
        ([0, 0, 0, 0, 3], 10 / 36),  # 6 of 0, 4 of 9: the mean
        ([0, 0, 0, 0, 0], 1),
    ],
)
def test_gamma_of_rows_that_are_partly_alike(values, gamma):
    X = np.array(values, dtype=float)[:, None]
    assert kernel_distance(X, X + 0.5) == pytest.approx(kernel_distance(X, X + 0.5, gamma=gamma))
    assert kernel_distance(X, X + 0.5) != kernel_distance(X, X + 0.5, gamma=2 * gamma)


def test_gamma_of_many_rows_is_that_of_rows_spread_over_all():
    rng = np.random.default_rng(0)
    X = np.sort(rng.normal(size=(2500, 1)), axis=0)  # the first 1000 alone would be closer
    Y = rng.normal(size=(100, 1))
    gamma = 1 / (2 * 0.6745**2)  # the squared median of |N(0, 2)|
    distances = [kernel_distance(X, Y, gamma=g) for g in (0.8 * gamma, 1.25 * gamma)]
    assert min(distances) < kernel_distance(X, Y) < max(distances)


def test_frechet_distance_of_given_moments():
    """Rows whose moments are known exactly: along commuting axes √Σ₁ − √Σ₂ is all there is."""
    axes = np.linalg.qr(np.random.default_rng(0).normal(size=(3, 3)))[0]
    corners = np.array([[a, b, c] for a in (-1, 1) for b in (-1, 1) for c in (-1, 1)])
    unit = corners * np.sqrt(7 / 8)  # covariance I
    s1, s2, shift = np.array([[1.0, 2.0, 0.0], [3.0, 0.5, 2.0], [1.0, -1.0, 2.0]])
    X, Y = unit * s1 @ axes, (unit * s2 + shift) @ axes
    expected = np.sum(shift**2) + np.sum((s1 - s2) ** 2)
    assert frechet_distance(X, Y) == pytest.approx(expected)


def test_frechet_distance_where_axes_differ():
    """In two dimensions tr √M = √(tr M + 2 √|M|), M = Σ₁Σ₂."""
    rng = np.random.default_rng(0)
    X, Y = draw(0, 500, rng), draw(1, 700, rng)
    S1, S2 = np.cov(X.T), np.cov(Y.T)
    root = np.sqrt(np.trace(S1 @ S2) + 2 * np.sqrt(np.linalg.det(S1 @ S2)))
    expected = np.sum((X.mean(0) - Y.mean(0)) ** 2) + np.trace(S1 + S2) - 2 * root
    assert frechet_distance(X, Y) == pytest.approx(expected)


def test_frechet_distance_nears_that_of_the_gaussians_from_above():
    scale, shift = np.array([1.0, 3.0]), np.array([1.0, 0.0])
    expected = np.sum(shift**2) + np.sum((scale - 1) ** 2)
    rng = np.random.default_rng(0)

    def estimates(n_rows, repeats):
        pairs = rng.normal(size=(repeats, 2, n_rows, 2))
        values = [frechet_distance(x, y * scale + shift) for x, y in pairs]
        return np.mean(values), np.std(values) / np.sqrt(repeats)

    few, error = estimates(10, 400)
    assert few > expected + 4 * error
    many, error = estimates(2000, 50)
    assert many == pytest.approx(expected, abs=4 * error)


@pytest.mark.parametrize("n_rows", [2, 10, 300])
def test_frechet_distance_of_equal_rows_is_zero_and_of_shifted_ones_the_shift(n_rows):
    """With fewer rows than features, a constant and a doubled feature, very different scales."""
    X = np.random.default_rng(0).normal(size=(n_rows, 20)) * np.logspace(-3, 3, 20)
    X[:, 3], X[:, 5] = 7.0, X[:, 6]
    scale = np.square(X).sum(axis=1).mean()
    for rows in (X, 2 * X, X - 1, X[::-1], X[:, ::-1]):  # rounding goes either way
        assert 0 <= frechet_distance(rows, rows) < 1e-12 * scale
    shift = np.full(20, 100.0)
    assert frechet_distance(X, X + shift) == pytest.approx(20 * 1e4, abs=1e-12 * scale)


def test_a_larger_difference_is_a_larger_distance():
    X, Y = np.random.default_rng(0).normal(size=(2, 200, 3))
    for distance in (kernel_distance, frechet_distance):
        figures = [distance(X, Y + shift) for shift in (0, 0.3, 1, 3)]
        assert figures == sorted(figures)


@pytest.mark.parametrize("distance", [kernel_distance, frechet_distance])
def test_features_are_compared_by_a_function_or_a_transformer(distance):
    X, Y = np.random.default_rng(0).normal(size=(2, 40, 5))
    pca = PCA(2).fit(X)
    expected = distance(pca.transform(X), pca.transform(Y))
    assert distance(X, Y, features=pca) == expected
    assert distance(X, Y, features=pca.transform) == expected
    sparse = distance(sp.csr_array(X), sp.csc_matrix(Y), features=pca)
    assert sparse == pytest.approx(expected, rel=1e-9)  # which PCA itself computes otherwise
    assert distance(X, Y) != expected


@pytest.mark.parametrize("distance", [kernel_distance, frechet_distance])
def test_a_transformer_is_given_the_frames_that_it_knows(distance):
    X, Y = (pd.DataFrame(A) for A in np.random.default_rng(0).normal(size=(2, 40, 3)))
    X.columns = Y.columns = list("abc")
    scaler = StandardScaler().fit(X)
    expected = distance(scaler.transform(X), scaler.transform(Y))
    assert distance(X, Y, features=scaler) == expected  # and no warning of missing names


def test_parameters_of_the_kernel_are_checked():
    X = np.eye(3)
    with pytest.raises(ValueError, match="kernel == 'linear', must be one of"):
        kernel_distance(X, X, kernel="linear")
    with pytest.raises(ValueError, match="gamma"):
        kernel_distance(X, X, gamma=0)
