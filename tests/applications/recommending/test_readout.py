"""The linear readout: users as posterior means, with the moments of those it was learned from."""

import numpy as np
import scipy.sparse as sp
from scipy.special import softmax
from scipy.stats import multivariate_normal

from skdeepunsup.applications.recommending.readout import LinearReadout, linear_readout
from tests.applications.recommending.models import D, nan, read


def test_users_of_a_readout_are_posterior_means(X):
    rng = np.random.default_rng(0)
    readout = LinearReadout(rng.normal(size=D), rng.normal(size=(D, 3)), 0.4)
    X[5] = nan
    users = readout.users(read(X))
    assert not users[5].any()
    for x, user in zip(X[:8], users, strict=False):
        seen = ~np.isnan(x)
        phi = readout.factors[seen]
        # For jointly normal u and r: Cov(u, r) Cov(r)⁻¹ (r − E[r]).
        covariance = phi @ phi.T + 0.4 * np.eye(seen.sum())
        expected = phi.T @ np.linalg.solve(covariance, x[seen] - readout.offsets[seen])
        np.testing.assert_allclose(user, expected, rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(readout.expected(users), readout.offsets + users @ readout.factors.T)


def test_a_posterior_mean_is_the_mean_of_the_posterior():
    readout = LinearReadout(np.array([0.3, -0.2]), np.array([[1.0], [-0.7]]), 0.5)
    known = sp.csr_array(np.array([[1.3, -0.4]]))
    u = np.linspace(-8, 8, 4001)[:, None]
    log_p = -(u[:, 0] ** 2) / 2 + multivariate_normal([0, 0], 0.5 * np.eye(2)).logpdf(
        known.toarray() - readout.offsets - u * readout.factors.T
    )
    expected = softmax(log_p) @ u
    np.testing.assert_allclose(readout.users(known)[0], expected, rtol=1e-6)


def test_a_readout_has_the_mean_and_the_covariance_of_users():
    rng = np.random.default_rng(0)
    codes, weights, biases = rng.random((D, 3)), rng.normal(size=(40, 3)), rng.normal(size=40)
    readout = linear_readout(codes, weights, biases, 0.5)
    predicted = weights @ codes.T + biases[:, None]  # of each trained user, each item
    np.testing.assert_allclose(readout.offsets, predicted.mean(0), rtol=1e-10)
    assert readout.factors.shape == (D, 3)
    # As many directions as codes are wide, the largest of one more: most of the covariance.
    covariance = np.cov(predicted.T, bias=True)
    assert np.trace(covariance - readout.factors @ readout.factors.T) >= -1e-10
    variances = np.linalg.eigvalsh(np.cov(np.column_stack([weights, biases]).T, bias=True))
    seen = np.column_stack([codes, np.ones(D)])
    lost = np.linalg.norm(covariance - readout.factors @ readout.factors.T, 2)
    assert lost <= variances[0] * np.linalg.norm(seen, 2) ** 2 + 1e-10
    exact = linear_readout(codes, weights, np.zeros(40), 0.5)
    np.testing.assert_allclose(
        exact.factors @ exact.factors.T, np.cov((weights @ codes.T).T, bias=True), atol=1e-10
    )
