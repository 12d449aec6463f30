"""The figures of merit that PCA and ours share."""

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skdeepunsup import Autoencoder
from skdeepunsup.metrics import reconstruction_error, reconstruction_score


@pytest.fixture
def X():
    return np.random.default_rng(0).normal(size=(50, 5)) * [5, 4, 3, 2, 1]


@pytest.mark.parametrize("n_components", [1, 2, 5])
def test_score_of_pca_on_its_own_data_is_its_explained_variance(X, n_components):
    pca = PCA(n_components).fit(X)
    expected = pca.explained_variance_ratio_.sum()
    assert reconstruction_score(pca, X) == pytest.approx(expected)


def test_error_is_squared_and_summed_over_features(X):
    pca = PCA(2).fit(X)
    r = pca.inverse_transform(pca.transform(X))
    np.testing.assert_allclose(reconstruction_error(pca, X), ((X - r) ** 2).sum(1))


def test_a_pipeline_is_scored_in_the_units_it_was_given(X):
    pipeline = make_pipeline(StandardScaler(), PCA(5)).fit(X)
    assert reconstruction_score(pipeline, X) == pytest.approx(1)


def test_sparse_rows_are_scored_as_dense_ones(X):
    svd = TruncatedSVD(2, random_state=0).fit(X)
    assert reconstruction_score(svd, sp.csr_array(X)) == pytest.approx(reconstruction_score(svd, X))


class Fixed:
    """Reconstructs everything as one value."""

    def __init__(self, value):
        self.value = value

    def transform(self, X):
        return np.asarray(X)[:, :1]

    def inverse_transform(self, Z):
        return np.full((len(Z), 5), self.value)


def test_the_mean_scores_zero_and_worse_is_negative(X):
    centred = X - X.mean(0)
    assert reconstruction_score(Fixed(0.0), centred) == pytest.approx(0)
    assert reconstruction_score(Fixed(9.0), centred) < 0


def test_data_without_variance_are_reconstructed_or_not():
    ones = np.ones((4, 5))
    assert reconstruction_score(Fixed(1.0), ones) == 1
    assert reconstruction_score(Fixed(0.0), ones) == -np.inf


def test_missing_entries_are_left_out_of_both_sums(X):
    holes = np.where(np.random.default_rng(1).random(X.shape) < 0.2, np.nan, X)
    model = Autoencoder(2, missing="mask", max_iter=20, random_state=0).fit(holes)
    squares = np.square(holes - model.reconstruct(holes))
    np.testing.assert_allclose(reconstruction_error(model, holes), np.nansum(squares, axis=1))
    variance = np.nansum(np.square(holes - np.nanmean(holes, axis=0)))
    expected = 1 - np.nansum(squares) / variance
    assert reconstruction_score(model, holes) == pytest.approx(expected)
