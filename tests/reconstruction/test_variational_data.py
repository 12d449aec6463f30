"""Data of a VAE: grey levels, missing entries, scales, and values beyond a likelihood."""

import math
import pickle

import numpy as np
import pytest
import torch
from sklearn.base import clone
from torch import nn

from skdeepunsup import VariationalAutoencoder
from tests.reconstruction.known_causes import bits_of_two_causes, rows_near_a_plane


@pytest.fixture(scope="module")
def plane():
    return rows_near_a_plane()


@pytest.fixture(scope="module")
def bits():
    return bits_of_two_causes()


def test_training_on_grey_levels_starts_at_their_means(digits):
    X = digits * 16
    model = VariationalAutoencoder(
        2,
        likelihood="beta-binomial",
        learning_rate=1e-12,
        max_iter=1,
        early_stopping=False,
        random_state=0,
    ).fit(X)
    with torch.no_grad():
        mean_code = model.module_.encode(torch.from_numpy(X.mean(0)).float())
    np.testing.assert_allclose(mean_code, 0, atol=1e-6)
    found = model.inverse_transform(np.zeros((1, 2)))[0]
    np.testing.assert_allclose(found, X.mean(0), atol=0.17)  # short of the ends


def test_held_out_densities_are_those_of_the_data(plane):
    """Of a fit on 1000 X the bound is lower by log 1000 a feature, on held-out rows as well."""
    model = VariationalAutoencoder(2, early_stopping=True, max_iter=2, random_state=0)
    one, other = (clone(model).fit(X).history_ for X in (plane, 1000 * plane))
    for name in ("loss", "reconstruction", "validation_loss", "validation_reconstruction"):
        gap = np.subtract(other[name], one[name])
        np.testing.assert_allclose(gap, 6 * math.log(1000), rtol=1e-4)
    for name in ("kl", "validation_kl"):
        np.testing.assert_allclose(other[name], one[name], rtol=1e-3)


@pytest.mark.parametrize("scale", ["shared", "features", 0.3])
def test_noise_scales_are_shared_or_each_or_given(plane, scale):
    X = plane * np.array([1, 1, 1, 1, 1, 5])
    model = VariationalAutoencoder(
        2, noise_scale=scale, learning_rate=0.01, max_iter=40, batch_size=100, random_state=0
    ).fit(X)
    variance = model.module_.observation.variance
    assert variance.shape == ((6,) if scale == "features" else (1,))
    variance = variance.double().detach() * model.module_.scaling.scale.square()
    if scale == 0.3:
        np.testing.assert_allclose(variance, 0.09, rtol=1e-6)
    if scale == "features":
        assert variance[5] > 2 * variance[:5].mean()


def test_missing_categories_and_values_are_filled_in(bits, plane):
    X = bits.copy()
    X[np.random.default_rng(0).random(X.shape) < 0.2] = np.nan
    model = VariationalAutoencoder(
        2, likelihood="categorical", missing="mask", max_iter=60, random_state=0
    ).fit(X)
    filled = model.reconstruct(X)
    assert np.isfinite(filled).all()
    hidden = np.isnan(X)
    assert np.square(filled - bits)[hidden].mean() < 0.8 * np.square(0.5 - bits)[hidden].mean()
    np.testing.assert_allclose(
        model.score_samples(np.full((1, 6), np.nan)), 0, atol=0.5
    )  # nothing observed, nothing to pay but q's distance from the prior


@pytest.mark.parametrize("likelihood", ["bernoulli", "categorical", "beta-binomial"])
def test_values_beyond_the_likelihood_are_refused(likelihood):
    X = np.array([[0.0, 1.5], [1.0, -3.0]])
    with pytest.raises(ValueError, match=r"MinMaxScaler|codes"):
        VariationalAutoencoder(2, likelihood=likelihood).fit(X)


def test_bits_are_drawn_anew_of_grey_levels():
    grey = np.full((64, 3), 0.5)
    model = VariationalAutoencoder(
        1, likelihood="bernoulli", resample=True, max_iter=30, random_state=0
    ).fit(grey)
    assert model.history_["reconstruction"][-1] == pytest.approx(3 * math.log(2), abs=0.1)
    with pytest.raises(ValueError, match="resample"):
        VariationalAutoencoder(1, resample=True).fit(grey)


def test_missing_bits_are_not_drawn_as_zeros(bits):
    X = np.where(np.random.default_rng(0).random(bits.shape) < 0.5, np.nan, bits)
    means = []
    for resample in (False, True):
        model = VariationalAutoencoder(
            2,
            likelihood="bernoulli",
            resample=resample,
            missing="mask",
            max_iter=40,
            random_state=0,
        ).fit(X)
        means.append(model.sample(2000, mean=True, random_state=0).mean())
    assert means[1] == pytest.approx(np.nanmean(X), abs=0.05)
    assert means[1] == pytest.approx(means[0], abs=0.05)


def test_bfloat16_stays_in_the_networks():
    X = np.random.default_rng(0).normal(size=(400, 4))
    histories = [
        VariationalAutoencoder(
            2, regularizer="dip", beta=3.0, batch_size=2, max_iter=1, precision=p, random_state=0
        )
        .fit(X)
        .history_
        for p in ("float32", "bfloat16")
    ]
    for name in ("loss", "kl", "regularization"):
        np.testing.assert_allclose(histories[1][name], histories[0][name], rtol=0.05)
    parts = sum(histories[1][name][0] for name in ("reconstruction", "kl", "regularization"))
    assert histories[1]["loss"][0] == pytest.approx(parts, rel=1e-4)


def test_a_scale_is_found_far_from_zero():
    X = 1e6 + 1e-3 * np.random.default_rng(0).normal(size=(500, 3))
    model = VariationalAutoencoder(1, precision="float64", max_iter=1, random_state=0).fit(X)
    first = model.module_.arguments["observation"]["first_scale"]
    assert first * model.module_.scaling.pooled == pytest.approx(1e-3, rel=0.1)


def test_noise_beside_networks_of_ones_own_may_be_small_in_a_feature_of_small_scale():
    """They get rows as they are: the floor of one feature's σ is no share of the others'."""
    rng = np.random.default_rng(0)
    z = rng.normal(size=(600, 1))
    X = np.c_[2 * rng.normal(size=(600, 1)), 0.1 * z + 0.01 * rng.normal(size=(600, 3))]
    model = VariationalAutoencoder(
        2, encoder=nn.Linear, decoder=nn.Linear, learning_rate=0.01, max_iter=60, random_state=0
    ).fit(X)
    assert model.score(X) > VariationalAutoencoder(2, max_iter=60, random_state=0).fit(X).score(X)
    spreads = model.module_.arguments["observation"]["spreads"]
    np.testing.assert_allclose(spreads, X.std(0), rtol=0.2)
    assert model.set_params(warm_start=True, max_iter=1).fit(X).n_iter_ > model.max_iter
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.score_samples(X), model.score_samples(X))
