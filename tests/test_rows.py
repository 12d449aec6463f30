"""Rows within a fit: resident or streamed, handed out alike, and never dense all at once."""

from itertools import islice

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from sklearn.base import BaseEstimator

from skdeepunsup import Autoencoder, BernoulliRBM
from skdeepunsup._rows import ResidentRows, StreamedRows, mean_over_rows
from skdeepunsup._sliced_rows import training_rows
from skdeepunsup._validation import check_rows, value_range
from tests.arrays import CPU


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
