"""The border: arrays of all kinds come in the same, and the caller's is never touched."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import torch
from sklearn.base import BaseEstimator

from skdeepunsup import Autoencoder, BernoulliRBM
from skdeepunsup._rows import ResidentRows, StreamedRows, map_rows
from skdeepunsup._sliced_rows import training_rows
from skdeepunsup._validation import (
    check_rows,
    is_memory_mapped,
    output_dtype,
    outside_unit_interval,
    value_range,
)
from tests.arrays import CPU, KINDS, bits, memory, memory_mapped, shares_memory


@pytest.fixture(params=KINDS)
def kind(request, tmp_path):
    return lambda X: KINDS[request.param](X, tmp_path)


@pytest.mark.parametrize(
    "model",
    [
        BernoulliRBM(n_components=3, n_iter=1, random_state=0),
        Autoencoder(n_components=3, max_iter=1, random_state=0),
    ],
    ids=["rbm", "autoencoder"],
)
def test_the_callers_array_is_left_as_it_was(kind, model):
    X = kind(bits())
    before = memory(X)
    model.fit(X).partial_fit(X)
    model.transform(X), model.reconstruct(X), model.score_samples(X)
    assert all(map(np.array_equal, memory(X), before))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_rows_share_no_memory_with_the_callers_array(kind, dtype):
    X = kind(bits())
    checked = check_rows(BaseEstimator(), X, reset=True)
    for rows in (training_rows(checked, CPU, dtype), StreamedRows(checked, CPU, dtype)):
        if isinstance(rows, ResidentRows):
            assert not shares_memory(rows.X, X)
        for x in (rows.take(torch.arange(5)), next(rows.chunks()), next(rows.chunks(3))):
            assert not shares_memory(x, X)


def test_a_function_that_writes_to_its_rows_writes_to_copies(kind):
    X = kind(bits())
    before = memory(X)
    checked = check_rows(BaseEstimator(), X, reset=True)
    for rows in (
        training_rows(checked, CPU, torch.float64),
        StreamedRows(checked, CPU, torch.float64),
    ):
        zeros = map_rows(lambda x: x.zero_(), rows, np.dtype(np.float64))
        assert not zeros.any()
        again = map_rows(lambda x: x, rows, np.dtype(np.float64))
        assert np.array_equal(again, bits())
    assert all(map(np.array_equal, memory(X), before))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_rows_of_every_kind_are_the_dense_rows(kind, dtype):
    X = bits()
    rows = training_rows(check_rows(BaseEstimator(), kind(X), reset=True), CPU, dtype)
    taken = rows.take(torch.arange(len(X)))
    assert taken.dtype == dtype
    assert torch.equal(taken, torch.tensor(X, dtype=dtype))


def test_the_range_of_every_kind_is_that_of_the_dense_array(kind):
    assert value_range(check_rows(BaseEstimator(), kind(bits()), reset=True)) == (0, 1)


def test_memory_maps_are_recognised_through_views(tmp_path):
    X = memory_mapped(bits(), tmp_path)
    assert all(map(is_memory_mapped, [X, X[3:], X.T, np.asarray(X), np.asarray(X)[::2].T]))
    copies = [np.array(X), np.asarray(X)[[1, 2]], bits(), sp.csr_matrix(X), X.tolist()]
    assert not any(map(is_memory_mapped, copies))


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.uint8])
def test_memory_maps_stay_in_their_file(tmp_path, dtype):
    X = memory_mapped(np.asfortranarray(bits().astype(dtype)), tmp_path)
    for view in (X, X[::2], X[:, 1:], np.asarray(X)):
        checked = check_rows(BaseEstimator(), view, reset=True)
        assert np.shares_memory(checked, X)
        assert isinstance(training_rows(checked, CPU, torch.float32), StreamedRows)


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int64, np.float16, np.float32, np.float64])
def test_checked_dense_arrays_are_no_wider_than_they_came(dtype):
    assert check_rows(BaseEstimator(), bits().astype(dtype), reset=True).dtype == dtype


def test_float32_answers_float32_and_all_else_float64():
    single = bits().astype(np.float32)
    model = Autoencoder(n_components=3, max_iter=1).fit(single)
    for X in (single, sp.csr_matrix(single), pd.DataFrame(single), torch.tensor(single)):
        assert output_dtype(check_rows(BaseEstimator(), X, reset=True)) == np.float32
        assert model.transform(X).dtype == np.float32
    for dtype in (np.float64, np.float16, np.int32, bool):
        assert model.transform(single.astype(dtype)).dtype == np.float64
        assert model.score_samples(single.astype(dtype)).dtype == np.float64


def test_the_range_is_that_of_what_is_not_missing():
    X = bits()
    X[X == 0] = np.nan
    for kind in (np.asarray, sp.csr_array):
        assert value_range(kind(X)) == (1, 1)
        assert not outside_unit_interval(kind(X))
        assert "ranges from 3 to 3" in outside_unit_interval(kind(3 * X))
        assert not outside_unit_interval(kind(np.nan * X))
