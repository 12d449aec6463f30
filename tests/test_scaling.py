"""The units of features: their deviations, and more where tails are heavy."""

import tracemalloc

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.decomposition import PCA
from sklearn.model_selection import train_test_split

from skdeepunsup import EncoderDecoder, VariationalAutoencoder
from skdeepunsup._scaling import feature_scaling, shared_scaling


def scales(X, weights=None):
    return feature_scaling(X, weights).scale.numpy()


def test_a_normal_feature_has_its_deviation():
    X = np.random.default_rng(0).normal(size=(20_000, 3)) * [1, 5, 0.1]
    np.testing.assert_allclose(scales(X), X.std(0), rtol=0.03)
    uniform = np.random.default_rng(0).random((500, 2))  # whose tails are light
    np.testing.assert_allclose(scales(uniform), uniform.std(0), rtol=1e-6)


@pytest.mark.parametrize("form", [np.asarray, sp.csr_array])
def test_a_feature_that_is_rarely_on_has_more(form):
    X = np.zeros((1000, 2))
    X[3, 0] = X[:500, 1] = 1
    p = 0.001
    fourth = p * (1 - p) ** 4 + (1 - p) * p**4
    np.testing.assert_allclose(scales(form(X)), [(fourth / 3) ** 0.25, 0.5], rtol=1e-6)
    np.testing.assert_allclose(scales(form(1e-6 * X)), 1e-6 * scales(form(X)), rtol=1e-6)
    repeated = scales(form(X.repeat(3, axis=0)))
    np.testing.assert_allclose(scales(form(X), np.full(1000, 3.0)), repeated, rtol=1e-6)


def test_a_column_that_float32_has_rounded_away_is_no_large_number():
    X = np.random.default_rng(0).normal(size=(200, 4))
    X[:, 0] = 1.7e9 + 30 * X[:, 0]
    rounded = X.astype(np.float32)  # to multiples of 128
    u = feature_scaling(rounded, None).standardized(rounded)
    assert np.abs(u[:, 0]).max() <= 1
    np.testing.assert_allclose(u[:, 1:].std(0), 1, rtol=0.1)
    pooled = np.sqrt(rounded.astype(float).var(0).mean())
    np.testing.assert_allclose(shared_scaling(rounded, None).pooled, pooled, rtol=1e-6)


def test_what_is_rounded_away_is_named():
    y = (1.7e9 + np.arange(40)).astype(np.float32)
    y[:3] += 128
    with pytest.raises(ValueError, match=r"^y is float32.*Give y as float64"):
        EncoderDecoder(2, max_iter=1).fit(np.eye(40), y)
    EncoderDecoder(2, max_iter=1, random_state=0).fit(np.eye(40), 1.7e9 + np.arange(40.0))


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("seed", range(10))
def test_a_constant_column_of_sparse_rows_with_weights_is_constant(seed):
    rng = np.random.default_rng(seed)
    X, weights = np.c_[np.full(40, 7.3), rng.normal(size=(40, 2))], rng.random(40)
    np.testing.assert_allclose(scales(sp.csr_array(X), weights), scales(X, weights), rtol=1e-6)


def test_entries_that_are_stored_twice_are_their_sum():
    parts = [1.0, 2.0, 5.0, 1.0, 3.0], [0, 0, 1, 0, 1], [0, 3, 5, 5]
    X = sp.csr_array(parts, shape=(3, 2))
    for scaling in (feature_scaling, shared_scaling):
        found, expected = scaling(X, None), scaling(X.toarray(), None)
        np.testing.assert_allclose(found.center, expected.center, rtol=1e-6)
        np.testing.assert_allclose(found.scale, expected.scale, rtol=1e-6)
    assert X.nnz == 5  # it stays as it was


def test_the_moments_of_wide_rows_take_little_memory():
    X = np.random.default_rng(0).random((1000, 20_000), dtype=np.float32)
    tracemalloc.start()
    shared_scaling(X, None)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2 * X.nbytes  # all rows at once in float64 take more than four times them


@pytest.mark.nightly("150 epochs of the digits take 15 seconds")
def test_a_pixel_that_was_never_on_does_not_make_the_density_of_all(digits):
    train, test = train_test_split(digits, random_state=0)
    model = VariationalAutoencoder(16, max_iter=150, random_state=0).fit(train)
    assert model.score(test) > PCA(16).fit(train).score(test)
