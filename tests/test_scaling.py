"""The units of features: their deviations, and more where tails are heavy."""

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.decomposition import PCA
from sklearn.model_selection import train_test_split

from skdeepunsup import VariationalAutoencoder
from skdeepunsup._scaling import feature_scaling


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


@pytest.mark.nightly("150 epochs of the digits take 15 seconds")
def test_a_pixel_that_was_never_on_does_not_make_the_density_of_all(digits):
    train, test = train_test_split(digits, random_state=0)
    model = VariationalAutoencoder(16, max_iter=150, random_state=0).fit(train)
    assert model.score(test) > PCA(16).fit(train).score(test)
