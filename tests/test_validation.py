"""The border: arrays of all kinds come in the same, and the caller's is never touched."""

from itertools import islice

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import torch
from sklearn.base import BaseEstimator

from skdeepunsup import Autoencoder, BernoulliRBM
from skdeepunsup._rows import ResidentRows, StreamedRows, map_rows, mean_over_rows, training_rows
from skdeepunsup._validation import (
    check_codes,
    check_rows,
    check_weights,
    is_memory_mapped,
    n_held_out,
    output_dtype,
    outside_unit_interval,
    value_range,
)

CPU = torch.device("cpu")


def bits(n=40, d=6, seed=0):
    return (np.random.default_rng(seed).random((n, d)) < 0.4).astype(np.float64)


def memory_mapped(X, folder, mode="r"):
    np.save(folder / "X.npy", X)
    return np.load(folder / "X.npy", mmap_mode=mode)


def untidy_csr(X):
    """A CSR matrix of X with an entry split in two and the columns out of order."""
    rows, columns = np.nonzero(X)
    halves = np.r_[X[rows, columns], X[rows, columns]] / 2
    order = np.lexsort((-np.r_[columns, columns], np.r_[rows, rows]))
    indptr = np.r_[0, np.cumsum(2 * np.count_nonzero(X, axis=1))]
    return sp.csr_matrix((halves[order], np.r_[columns, columns][order], indptr), X.shape)


def read_only(X):
    X.flags.writeable = False
    return X


def frozen_csr(X):
    X = untidy_csr(X)
    for part in (X.data, X.indices, X.indptr):
        read_only(part)
    return X


KINDS = {
    "float64": lambda X, folder: X.copy(),
    "float32": lambda X, folder: X.astype(np.float32),
    "float16": lambda X, folder: X.astype(np.float16),
    "integers": lambda X, folder: X.astype(np.int64),
    "bytes": lambda X, folder: X.astype(np.uint8),
    "booleans": lambda X, folder: X.astype(bool),
    "big-endian integers": lambda X, folder: X.astype(">i4"),
    "big-endian floats": lambda X, folder: X.astype(">f4"),
    "Fortran order": lambda X, folder: np.asfortranarray(X),
    "reversed": lambda X, folder: X[::-1].copy()[::-1],
    "read-only": lambda X, folder: read_only(X.copy()),
    "list": lambda X, folder: X.tolist(),
    "memory map": lambda X, folder: memory_mapped(X, folder),
    "writable memory map": lambda X, folder: memory_mapped(X, folder, "r+"),
    "memory map of bytes": lambda X, folder: memory_mapped(X.astype(np.uint8), folder),
    "reversed memory map": lambda X, folder: memory_mapped(X[::-1].astype(np.uint8), folder)[::-1],
    "DataFrame": lambda X, folder: pd.DataFrame(X),
    "CSR": lambda X, folder: sp.csr_matrix(X),
    "CSR array of integers": lambda X, folder: sp.csr_array(X.astype(np.int32)),
    "CSC": lambda X, folder: sp.csc_matrix(X),
    "untidy CSR": lambda X, folder: untidy_csr(X),
    "read-only untidy CSR": lambda X, folder: frozen_csr(X),
    "tensor": lambda X, folder: torch.tensor(X),
    "tensor of float32": lambda X, folder: torch.tensor(X, dtype=torch.float32),
    "tensor of bfloat16": lambda X, folder: torch.tensor(X, dtype=torch.bfloat16),
    "tensor with gradients": lambda X, folder: torch.tensor(X, requires_grad=True),
}


def memory(X):
    """Copies of all the numbers that X holds, as they lie in memory."""
    if sp.issparse(X):
        return [X.data.copy(), X.indices.copy(), X.indptr.copy()]
    if isinstance(X, torch.Tensor):
        return [X.detach().double().numpy().copy()]
    return [np.array(X)]


def shares_memory(tensor, X):
    X = X.data if sp.issparse(X) else X.detach() if isinstance(X, torch.Tensor) else X
    if isinstance(X, torch.Tensor):
        return tensor.untyped_storage().data_ptr() == X.untyped_storage().data_ptr()
    return not isinstance(X, list) and np.shares_memory(tensor.numpy(), X)


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


def some_rows(which, X):
    if which == "resident":
        return ResidentRows(torch.tensor(X, dtype=torch.float32))
    if which == "streamed CSR":
        return StreamedRows(sp.csr_matrix(X), CPU, torch.float32)
    return StreamedRows(X, CPU, torch.float32)


@pytest.mark.parametrize("which", ["resident", "streamed", "streamed CSR"])
class TestRows:
    """Resident or streamed, rows are handed out alike."""

    X = np.random.default_rng(1).random((50, 4)).astype(np.float32)

    def test_take_gives_the_rows_in_the_order_asked_for(self, which):
        ids = torch.tensor([7, 0, 7, 49])
        rows = some_rows(which, self.X)
        assert torch.equal(rows.take(ids), torch.tensor(self.X[ids]))
        assert rows.take(ids[:0]).shape == (0, 4)

    def test_chunks_are_all_rows_in_order(self, which):
        rows = some_rows(which, self.X)
        chunks = list(rows.chunks(16))
        assert [len(c) for c in chunks] == [16, 16, 16, 2]
        assert torch.equal(torch.cat(chunks), torch.tensor(self.X))

    def test_a_selection_of_a_selection_is_a_selection(self, which):
        first, second = torch.tensor([3, 30, 9, 12, 3]), torch.tensor([4, 1, 2])
        rows = some_rows(which, self.X).select(first).select(second)
        wanted = torch.tensor(self.X[first[second]])
        assert (len(rows), rows.n_features) == (3, 4)
        assert torch.equal(torch.cat(list(rows.chunks(2))), wanted)
        assert torch.equal(rows.take(torch.tensor([2, 0])), wanted[[2, 0]])

    def test_the_mean_is_that_of_float64(self, which):
        X = self.X + 4096
        mean = some_rows(which, np.repeat(X, 50, axis=0)).mean()
        assert mean.dtype == torch.float64
        # One chunk at a time is summed in float32.
        np.testing.assert_allclose(mean, X.mean(axis=0, dtype=np.float64), rtol=1e-6)

    def test_rows_of_weight_zero_are_left_out_and_the_others_bear_theirs(self, which):
        weights = np.arange(50.0) % 3
        rows = some_rows(which, self.X).weighted(weights)
        kept = weights > 0
        assert (len(rows), rows.n_features) == (kept.sum(), 4)
        assert torch.equal(torch.cat(list(rows.chunks(16))), torch.tensor(self.X[kept]))
        assert rows.weights.tolist() == weights[kept].tolist()
        some = torch.tensor([5, 0, 30])
        selected = rows.select(some)
        assert torch.equal(selected.take(torch.tensor([0, 2])), rows.take(some[[0, 2]]))
        assert selected.weights.tolist() == rows.weights[some].tolist()

    def test_weights_leave_the_rows_they_are_given_to_alone(self, which):
        rows = some_rows(which, self.X)
        assert rows.weighted(np.ones(50)).weights.tolist() == [1] * 50
        assert rows.weights is None

    def test_means_are_weighted_over_all_chunks(self, which):
        X = np.repeat(self.X, 50, axis=0)  # of more than a chunk
        weights = np.random.default_rng(2).random(len(X))
        rows = some_rows(which, X).weighted(weights)
        expected = np.average(X.astype(float), axis=0, weights=weights)
        np.testing.assert_allclose(rows.mean(), expected, rtol=1e-6)
        squares = mean_over_rows(lambda x: x.square(), rows)
        expected = np.average(np.square(X.astype(float)), axis=0, weights=weights)
        np.testing.assert_allclose(squares, expected, rtol=1e-6)


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


def test_the_range_is_that_of_what_is_not_missing():
    X = bits()
    X[X == 0] = np.nan
    for kind in (np.asarray, sp.csr_array):
        assert value_range(kind(X)) == (1, 1)
        assert not outside_unit_interval(kind(X))
        assert "ranges from 3 to 3" in outside_unit_interval(kind(3 * X))
        assert not outside_unit_interval(kind(np.nan * X))


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


@pytest.fixture
def dense_rows(monkeypatch):
    """How many rows each conversion of a sparse matrix makes dense; many at once fail the test."""
    heights = []
    for kind in (sp.csr_matrix, sp.csr_array):
        plain = kind.toarray

        def spied(self, *args, plain=plain, **kwargs):
            assert self.shape[0] <= 1024, "too much at a time"
            heights.append(self.shape[0])
            return plain(self, *args, **kwargs)

        monkeypatch.setattr(kind, "toarray", spied)
    return heights


def sparse_bits(n, d, n_entries):
    rng = np.random.default_rng(0)
    rows, columns = rng.integers(0, n, n_entries), rng.integers(0, d, n_entries)
    X = sp.csr_matrix((np.ones(n_entries, np.float32), (rows, columns)), (n, d))
    X.data[:] = 1  # where an entry was drawn twice
    return X


def test_a_sparse_matrix_is_dense_a_few_rows_at_a_time(dense_rows):
    X = check_rows(BaseEstimator(), sparse_bits(200_000, 20_000, 100_000), reset=True)  # 16 GB
    assert value_range(X) == (0, 1)
    rows = training_rows(X, CPU, torch.float32)
    rows = rows.select(torch.arange(199_999, -1, -1))
    ids = torch.randint(0, 200_000, (100,), generator=torch.Generator().manual_seed(0))
    taken = rows.take(ids)
    assert sum(map(len, islice(rows.chunks(), 3))) == sum(dense_rows) - 100
    assert taken.sum(1).tolist() == X.sum(1).A1[199_999 - ids.numpy()].tolist()


@pytest.mark.parametrize(
    "model",
    [
        BernoulliRBM(n_components=2, n_iter=1, batch_size=1000, random_state=0),
        Autoencoder(n_components=2, max_iter=1, batch_size=1000, random_state=0),
    ],
    ids=["rbm", "autoencoder"],
)
def test_a_fit_on_a_sparse_matrix_never_makes_it_dense(dense_rows, model):
    X = sparse_bits(100_000, 20, 50_000)
    model.fit(X)
    model.transform(X)
    assert sum(dense_rows) >= 2 * X.shape[0]
