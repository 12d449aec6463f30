"""Ratings that are read: which entries are known, of arrays and matrices of all kinds."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import torch

from skdeepunsup import EASE
from skdeepunsup.applications.recommending.checks import check_interactions, check_ratings
from tests.applications.recommending.models import Reader, dense, nan, read


def test_nan_is_unknown_of_dense_ratings_and_0_is_a_rating():
    known = read(np.array([[0, nan, 2.5], [nan, nan, nan]]))
    assert (known.nnz, known.dtype, known.format) == (2, np.float64, "csr")
    np.testing.assert_array_equal(dense(known), [[0, nan, 2.5], [nan, nan, nan]])


def test_what_a_sparse_matrix_stores_is_known_zeros_too_but_not_nan():
    for kind in (sp.csr_array, sp.csc_array, sp.coo_array, sp.csr_matrix):
        X = sp.coo_array(([0.0, nan, 3.0], ([0, 0, 1], [2, 1, 0])), shape=(2, 3))
        np.testing.assert_array_equal(dense(read(kind(X))), [[nan, nan, 0], [3, nan, nan]])


def test_indices_are_sorted():
    X = sp.csr_array((np.array([1.0, 2.0]), np.array([2, 0]), np.array([0, 2])), shape=(1, 3))
    known = read(X)
    assert known.has_sorted_indices
    np.testing.assert_array_equal(known.indices, [0, 2])
    np.testing.assert_array_equal(X.indices, [2, 0])  # the caller's is left alone


def test_duplicates_are_sums_as_everywhere_in_scipy():
    X = sp.coo_array(([1.0, 2.0], ([0, 0], [1, 1])), shape=(1, 2)).tocsr()
    assert read(X)[0, 1] == 3
    twice = sp.csr_array((np.array([1.0, 2.0]), np.array([1, 1]), np.array([0, 2])), shape=(1, 2))
    known = read(twice)
    assert (known.nnz, known[0, 1]) == (1, 3)


def test_ratings_of_any_kind(X):
    expected = read(X).toarray()
    for kind in (torch.tensor, pd.DataFrame, np.asfortranarray, np.ndarray.tolist):
        np.testing.assert_array_equal(read(kind(X)).toarray(), expected)
    table = Reader()
    check_ratings(table, pd.DataFrame(X, columns=list("abcdefgh")), reset=True)
    assert list(table.feature_names_in_) == list("abcdefgh")
    assert read(np.array([[1, 2], [3, 0]])).nnz == 4  # integers, all of them known


@pytest.mark.parametrize("kind", [np.array, sp.csr_array])
def test_infinite_ratings_are_refused(kind):
    with pytest.raises(ValueError, match="infinity"):
        read(kind([[1.0, np.inf]]))


@pytest.mark.parametrize("dtype", [np.float64, np.int64, np.float32])
def test_tidy_interactions_are_not_copied_and_others_are(dtype):
    X = sp.csr_array(np.array([[0, 2, 1], [3, 0, 0]], dtype))
    known = check_interactions(EASE(), X, reset=True)
    assert known.dtype == np.float64
    assert np.shares_memory(known.indices, X.indices) == (dtype != np.int64)
    assert np.shares_memory(known.data, X.data) == (dtype == np.float64)
    X.data[0] = 0
    assert check_interactions(EASE(), X, reset=True).nnz == 2
    assert X.nnz == 3
