"""Samples of a GAN: they repeat by their seed, and are decoded normal codes."""

import math

import numpy as np
import pytest
from sklearn.base import clone

from tests.adversarial.models import both, normal_rows


@pytest.fixture
def X():
    return normal_rows()


@both
def test_samples_repeat_by_their_seed(estimator, X):
    model = clone(estimator).fit(X)
    S = model.sample(30, random_state=4)
    assert S.shape == (30, 3) and S.dtype == np.float64
    np.testing.assert_array_equal(model.sample(30, random_state=4), S)
    assert np.abs(model.sample(30, random_state=5) - S).max() > 1e-3
    state = np.random.RandomState(4)
    assert np.abs(model.sample(30, random_state=state) - S).max() == 0
    assert np.abs(model.sample(30, random_state=state) - S).max() > 1e-3
    assert len(np.unique(S, axis=0)) == 30


@both
def test_samples_without_a_seed_take_numpy_s_global_state(estimator, X):
    model, before = clone(estimator).fit(X), np.random.get_state()
    try:
        np.random.seed(7)
        first, second = model.sample(3), model.sample(3)
        np.random.seed(7)
        np.testing.assert_array_equal(model.sample(3), first)
    finally:
        np.random.set_state(before)
    assert np.abs(first - second).max() > 1e-3


@both
@pytest.mark.parametrize("n_samples", [0, -1, 1.5, "three", None, True])
def test_what_is_no_number_of_samples_is_named(estimator, X, n_samples):
    model = clone(estimator).fit(X)
    with pytest.raises((ValueError, TypeError), match="n_samples"):
        model.sample(n_samples)


@both
def test_more_samples_than_a_chunk_are_other_samples(estimator, X):
    samples = clone(estimator).fit(X).sample(2500, random_state=0)
    assert len(np.unique(samples, axis=0)) > 2400  # all units may be off for several codes


@both
def test_samples_are_decoded_normal_codes(estimator, X):
    model = clone(estimator).fit(X)
    Z = np.random.default_rng(0).normal(size=(5000, 2))
    decoded, samples = model.inverse_transform(Z), model.sample(5000, random_state=0)
    error = 5 * decoded.std(axis=0) / math.sqrt(5000)
    assert (abs(decoded.mean(axis=0) - samples.mean(axis=0)) < 1.5 * error).all()
    np.testing.assert_allclose(decoded.std(axis=0), samples.std(axis=0), rtol=0.1)
