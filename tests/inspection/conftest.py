"""What the tests of displays share."""

import pytest
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA


@pytest.fixture(autouse=True)
def close_figures():
    plt = pytest.importorskip("matplotlib.pyplot")
    plt.switch_backend("agg")
    yield
    plt.close("all")


@pytest.fixture(scope="session")
def digits():
    X, y = load_digits(return_X_y=True)
    return X[:300] / 16, y[:300]


@pytest.fixture(scope="session")
def pca(digits):
    return PCA(6).fit(digits[0])
