"""Batches of sparse rows are those of dense ones, entry by entry."""

import numpy as np
import pytest
import scipy.sparse as sp
import torch

from skdeepunsup._rows import StreamedRows
from skdeepunsup._scaling import Scaling
from skdeepunsup._sparse_rows import mean_over_batches, sparse_rows

DENSE = np.array(
    [[0, 2, 0, 0, 1, 0], [0, 0, 0, 0, 0, 0], [3, 0, 0, 0, 4, 0], [0, 0, 5, 0, 0, 0]], float
)
IDS = torch.tensor([2, 1, 0])


def rows_of(X, ids=None, scaling=None, dtype=torch.float64):
    return sparse_rows(StreamedRows(X, torch.device("cpu"), dtype, ids, scaling=scaling))


def scaling():
    return Scaling.of(np.zeros(6), np.arange(1.0, 7))


@pytest.fixture
def batch():
    return rows_of(sp.csr_array(DENSE)).take(IDS)


def test_entries_are_those_of_the_rows(batch):
    x = torch.zeros(len(batch), 6, dtype=batch.dtype)
    x[batch.rows, batch.columns] = batch.values
    torch.testing.assert_close(x, torch.from_numpy(DENSE)[IDS])
    assert batch.present.tolist() == [0, 1, 4]
    assert torch.equal(batch.present[batch.places], batch.columns)


def test_products_are_those_of_dense_rows(batch):
    x, generator = torch.from_numpy(DENSE)[IDS], torch.Generator().manual_seed(0)
    W = torch.randn(6, 5, generator=generator, dtype=torch.float64)
    y = torch.randn(3, 5, generator=generator, dtype=torch.float64)
    torch.testing.assert_close(batch.times(W), x @ W)
    torch.testing.assert_close(batch.transposed_times(y), (x.T @ y)[batch.present])
    torch.testing.assert_close(batch.row_sums(batch.values), x.sum(1))
    twice = batch.with_values(2 * batch.values)
    torch.testing.assert_close(twice.times(W), 2 * x @ W)
    torch.testing.assert_close(batch.times(W), x @ W)


def test_rows_of_zeros_alone_have_no_entries():
    batch = rows_of(sp.csr_array(DENSE)).take(torch.tensor([1, 1]))
    assert (len(batch), len(batch.values), len(batch.present)) == (2, 0, 0)
    assert batch.times(torch.ones(6, 3, dtype=batch.dtype)).tolist() == [[0] * 3] * 2
    assert batch.transposed_times(torch.ones(2, 3, dtype=batch.dtype)).shape == (0, 3)


def test_entries_that_are_stored_twice_are_added():
    X = sp.csr_array((np.array([1.0, 2.0, 4.0]), np.array([1, 1, 0]), np.array([0, 2, 3])))
    batch = rows_of(X).take(torch.arange(2))
    assert batch.values.tolist() == [3, 4]
    assert X.nnz == 3  # the caller's matrix stays


def test_entries_are_in_the_units_of_the_rows():
    batch = rows_of(sp.csr_array(DENSE), scaling=scaling()).take(IDS)
    expected = torch.from_numpy(scaling().standardized(DENSE))[IDS]
    torch.testing.assert_close(batch.dense(6), expected)


@pytest.mark.parametrize("ids", [None, np.array([0, 2, 3])], ids=["all", "some"])
@pytest.mark.parametrize("weighted", [False, True])
def test_the_mean_is_that_of_dense_rows(ids, weighted):
    rows = rows_of(sp.csr_array(DENSE), ids, scaling())
    dense = StreamedRows(DENSE, rows.device, rows.dtype, ids, scaling=scaling())
    if weighted:
        weights = np.arange(1.0, 1 + len(rows))
        rows, dense = rows.weighted(weights), dense.weighted(weights)
    torch.testing.assert_close(rows.mean(), dense.mean())


def test_parts_are_sparse_rows_with_their_marks():
    rows = rows_of(sp.csr_array(DENSE)).weighted(np.array([1.0, 0.0, 2.0, 3.0]))
    part = rows.select(torch.tensor([2, 0]))
    assert part.take(torch.tensor([0])).values.tolist() == [5]
    assert part.weights.tolist() == [3, 1]


def test_chunks_are_batches_of_all_rows_in_order():
    rows = rows_of(sp.csr_array(DENSE), scaling=scaling())
    chunks = list(rows.chunks(3))
    assert [len(chunk) for chunk in chunks] == [3, 1]
    dense = torch.cat([chunk.dense(6) for chunk in chunks])
    torch.testing.assert_close(dense, torch.from_numpy(DENSE / np.arange(1.0, 7)))
    assert rows.value_range() == (0, 5)


def test_normalized_rows_are_those_of_torch(batch):
    expected = torch.nn.functional.normalize(torch.from_numpy(DENSE)[IDS])
    torch.testing.assert_close(batch.normalized().dense(6), expected)


@pytest.mark.parametrize("weighted", [False, True])
def test_means_over_batches_are_those_over_rows(weighted, monkeypatch):
    monkeypatch.setattr("skdeepunsup._sparse_rows.CHUNK_ROWS", 3)
    rows = rows_of(sp.csr_array(DENSE))
    weights = np.arange(1.0, 5) if weighted else None
    rows = rows.weighted(weights) if weighted else rows

    def total(x, weight):
        sums = x.row_sums(x.values)
        return (sums if weight is None else weight * sums).mean()

    expected = np.average(DENSE.sum(1), weights=weights)
    assert float(mean_over_batches(total, rows)) == pytest.approx(expected)


def test_rows_with_few_entries_are_not_all_passed_at_once():
    empty = sp.csr_array((100_000, 6))
    assert rows_of(empty).at_a_time <= 8192
