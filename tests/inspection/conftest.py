"""What the tests of displays share."""

import pytest
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA


@pytest.fixture(autouse=True)
def drawn_nowhere():
    pytest.importorskip("matplotlib.pyplot").switch_backend("agg")


@pytest.fixture(scope="session")
def digits():
    X, y = load_digits(return_X_y=True)
    return X[:300] / 16, y[:300]


@pytest.fixture(scope="session")
def pca(digits):
    return PCA(6).fit(digits[0])
