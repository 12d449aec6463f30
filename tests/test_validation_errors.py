"""The border refuses rows, codes and weights that cannot be meant, and says what to do."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import torch
from sklearn.base import BaseEstimator

from skdeepunsup import Autoencoder, BernoulliRBM
from skdeepunsup._validation import check_codes, check_rows, check_weights, n_held_out
from tests.arrays import bits

BAD = {
    "text": (np.array([["a", "b"]]), "Encode text"),
    "text in a column": (pd.DataFrame({"a": ["x"], "b": [1.0]}), "Encode text"),
    "NaN": (np.array([[0, np.nan]]), "SimpleImputer"),
    "NaN in CSR": (sp.csr_matrix([[0, np.nan]]), "SimpleImputer"),
    "infinity": (np.array([[0, np.inf]]), "clip"),
    "complex": (np.array([[0, 1j]]), "the real and the imaginary part"),
    "no rows": (np.empty((0, 2)), "minimum of 1 is required"),
    "no features": (np.empty((3, 0)), "minimum of 1 is required"),
    "one dimension": (np.ones(4), "Reshape your data"),
    "three dimensions": (np.ones((2, 2, 2)), "dim <= 2"),
}


@pytest.mark.parametrize("bad", BAD)
@pytest.mark.parametrize("model", [BernoulliRBM(), Autoencoder()], ids=["rbm", "autoencoder"])
def test_bad_rows_get_an_error_that_names_the_remedy(bad, model):
    X, remedy = BAD[bad]
    with pytest.raises(ValueError, match=remedy):
        model.fit(X)
    assert not hasattr(model, "n_features_in_")


def test_sparse_tensors_get_an_error_that_names_the_remedy():
    with pytest.raises(TypeError, match="to_dense"):
        check_rows(BaseEstimator(), torch.eye(3).to_sparse(), reset=True)


def test_weights_are_checked_and_none_stays_none():
    X = bits(3)
    assert check_weights(None, X) is None
    for weights in ([1, 0, 2.5], torch.tensor([1, 0, 2.5]), np.float32([1, 0, 2.5])):
        checked = check_weights(weights, X)
        assert checked.dtype == np.float64
        assert checked.tolist() == [1, 0, 2.5]
    assert check_weights(2, X).tolist() == [2, 2, 2]


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([1, -1, 1], "[Nn]egative"),
        ([1, np.nan, 1], "NaN"),
        ([1, np.inf, 1], "infinity"),
        ([1, 1], "shape"),
        ([[1], [1], [1]], "1D"),
        ([0, 0, 0], "zero"),
    ],
)
def test_what_are_no_weights_is_an_error(weights, message):
    with pytest.raises(ValueError, match=message):
        check_weights(weights, bits(3))


def test_rows_of_another_width_are_refused():
    model = Autoencoder(n_components=2, max_iter=1).fit(bits())
    for use in (model.transform, model.partial_fit, model.score_samples, model.reconstruct):
        with pytest.raises(ValueError, match="X has 5 features, but Autoencoder is expecting 6"):
            use(bits(d=5))


@pytest.mark.parametrize("bad", ["text", "NaN", "infinity", "complex", "no rows", "one dimension"])
def test_bad_codes_get_an_error_that_names_the_remedy(bad):
    Z, remedy = BAD[bad]
    with pytest.raises(ValueError, match=remedy):
        check_codes(Z, 2, "Autoencoder")


def test_codes_of_another_width_are_refused():
    with pytest.raises(ValueError, match=r"X has 3 columns.*Autoencoder have 2"):
        check_codes(np.ones((4, 3)), 2, "Autoencoder")


def test_sparse_codes_are_refused():
    with pytest.raises(TypeError, match="toarray"):
        check_codes(sp.csr_matrix(np.ones((4, 2))), 2, "Autoencoder")


@pytest.mark.parametrize(
    ("n_rows", "fraction", "held_out"), [(10, 0.0, 0), (10, 0.1, 1), (2, 0.5, 1), (3, 0.01, 1)]
)
def test_a_fraction_is_held_out(n_rows, fraction, held_out):
    assert n_held_out(n_rows, fraction) == held_out


@pytest.mark.parametrize(("n_rows", "fraction"), [(1, 0.1), (2, 0.9), (5, 0.99)])
def test_holding_out_all_rows_is_refused(n_rows, fraction):
    with pytest.raises(ValueError, match=r"validation_fraction.*more rows"):
        n_held_out(n_rows, fraction)
