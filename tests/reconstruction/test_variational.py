"""Variational autoencoders: their bound, scores and samples, each against a known density."""

import math

import numpy as np
import pytest
from scipy import stats
from sklearn.decomposition import PCA

from skdeepunsup import VariationalAutoencoder
from tests.reconstruction.known_causes import bits_of_two_causes, linear, rows_near_a_plane


@pytest.fixture(scope="module")
def plane():
    return rows_near_a_plane()


@pytest.fixture(scope="module")
def linear_fit(plane):
    return linear(3, plane)


@pytest.fixture(scope="module")
def bits():
    return bits_of_two_causes()


@pytest.fixture(scope="module")
def fitted(bits):
    return VariationalAutoencoder(
        2, hidden_layer_sizes=(8,), likelihood="bernoulli", max_iter=60, random_state=0
    ).fit(bits)


def exact_log_likelihood(model, X, n=120):
    """log of the integral of p(z) p(x | z) over a grid of two-dimensional codes."""
    grid = np.linspace(-5, 5, n)
    z = np.stack(np.meshgrid(grid, grid), axis=-1).reshape(-1, 2)
    p = model.inverse_transform(z)
    log_prior = stats.norm.logpdf(z).sum(1) + 2 * math.log(grid[1] - grid[0])
    log_p = X @ np.log(p).T + (1 - X) @ np.log1p(-p).T
    return np.logaddexp.reduce(log_p + log_prior, axis=1)


def test_the_score_is_the_integral_over_codes(fitted, bits):
    exact = exact_log_likelihood(fitted, bits[:40])
    estimates = fitted.score_samples(bits[:40], n_samples=5000)
    np.testing.assert_allclose(estimates, exact, atol=0.05)


def test_more_samples_raise_the_score_towards_the_likelihood(fitted, bits):
    """One draw gives the bound in expectation, many the likelihood."""
    one, many = (fitted.score_samples(bits, n_samples=n).mean() for n in (1, 2000))
    assert one < many - 0.02
    assert many == pytest.approx(exact_log_likelihood(fitted, bits).mean(), abs=0.02)


def test_the_bound_is_below_the_likelihood(bits):
    model = VariationalAutoencoder(
        2, likelihood="bernoulli", early_stopping=True, max_iter=30, random_state=0
    ).fit(bits)
    held_out_bound = -np.array(model.history_["validation_loss"])
    assert (held_out_bound[-5:] < exact_log_likelihood(model, bits).mean() + 1).all()
    assert held_out_bound[-1] < model.score(bits) + 1


def test_a_linear_gaussian_vae_is_probabilistic_pca(plane, linear_fit):
    """Lucas et al. 2019: its bound is tight at the optimum, which is that of PPCA.

    Of standardised rows, since the noise is a share of each feature's standard deviation.
    """
    standard = (plane - plane.mean(0)) / plane.std(0)
    pca, model = PCA(3).fit(standard), linear_fit
    log_p = pca.score(standard) - np.log(plane.std(0)).sum()
    assert model.score(plane) == pytest.approx(log_p, abs=0.03)
    bound = -model.history_["loss"][-1]
    assert bound == pytest.approx(log_p, abs=0.1)
    variance = model.module_.observation.variance.item()
    assert variance == pytest.approx(pca.noise_variance_, rel=0.05)


def test_samples_have_the_moments_of_the_data(plane, linear_fit):
    model, n = linear_fit, 50_000
    drawn, means = (model.sample(n, mean=mean, random_state=0) for mean in (False, True))
    spread = plane.std(0)
    np.testing.assert_allclose(drawn.mean(0), plane.mean(0), atol=0.1 * spread.max())
    np.testing.assert_allclose(np.cov(drawn.T), np.cov(plane.T), atol=0.15 * spread.max() ** 2)
    noise = np.var(drawn, axis=0) - np.var(means, axis=0)
    error = 4 * spread.max() ** 2 / math.sqrt(n)
    variance = model.module_.observation.variance.item() * model.module_.scaling.scale.square()
    np.testing.assert_allclose(noise, variance, atol=error)


def test_samples_repeat_by_seed_and_come_from_the_model(fitted):
    a, b = (fitted.sample(10, random_state=0) for _ in range(2))
    np.testing.assert_array_equal(a, b)
    assert set(np.unique(a)) <= {0.0, 1.0}
    assert np.abs(fitted.sample(10, random_state=1) - a).max() > 0


def test_samples_follow_the_likelihood_the_model_gives(fitted):
    """The frequency of a row among samples is its probability."""
    n = 40_000
    drawn = fitted.sample(n, random_state=0)
    row = np.ones((1, 6))
    p = math.exp(exact_log_likelihood(fitted, row)[0])
    share = (drawn == 1).all(1).mean()
    assert abs(share - p) < 4 * math.sqrt(p * (1 - p) / n)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_scores_do_not_depend_on_the_company(plane, dtype):
    model = VariationalAutoencoder(3, max_iter=3, random_state=0).fit(plane)
    X = plane.astype(dtype)
    together = model.score_samples(X, n_samples=37)
    parts = (model.score_samples(part, n_samples=37) for part in (X[:7], X[7:]))
    alone = np.concatenate(list(parts))
    np.testing.assert_allclose(together, alone, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(together, model.score_samples(plane, n_samples=37), atol=1e-3)


def test_scores_refuse_what_has_no_bound(fitted, bits):
    with pytest.raises(ValueError, match="MinMaxScaler"):
        fitted.score_samples(50 * bits)
