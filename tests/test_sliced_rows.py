from functools import partial

import numpy as np
import pytest
import torch

from skdeepunsup import Autoencoder, DeepBeliefNetwork, _sliced, _sliced_rows
from skdeepunsup._random import Stream
from skdeepunsup._sliced_rows import SlicedRows
from skdeepunsup._sources import Mapped
from skdeepunsup.base.fit import split
from skdeepunsup.training.batches import batches
from tests.arrays import CPU
from tests.sources import mapped


@pytest.fixture(autouse=True)
def small_buffers(monkeypatch):
    """Buffers of 4 blocks of 5 rows of 2."""
    monkeypatch.setattr(_sliced, "BLOCK_ENTRIES", 10)
    monkeypatch.setattr(_sliced, "BUFFER_BLOCKS", 4)


def numbered(n, folder):
    """Rows (i, −i)."""
    X = np.arange(n, dtype=np.float64)[:, None] * [1, -1]
    return SlicedRows(Mapped(mapped(X, folder)), CPU, torch.float32)


@pytest.mark.parametrize("n", [21, 22, 41, 100, 103])
@pytest.mark.parametrize("size", [1, 2, 7, 20, 50, 1000])
def test_an_epoch_has_every_row_once_in_batches_of_one_size(n, size, tmp_path):
    rows = numbered(n, tmp_path)
    rows.weights = torch.arange(n) + 1.0
    rows = rows.labelled(np.arange(n), ())
    seen, sizes = [], []
    for x, weight, label in batches(rows, size, Stream(0)):
        seen += x[:, 0].tolist()
        sizes.append(len(x))
        assert (x[:, 1] == -x[:, 0]).all()
        assert (label == x[:, 0]).all()
        torch.testing.assert_close(weight, (x[:, 0] + 1) / ((n + 1) / 2))
    assert sorted(seen) == list(range(n))
    assert seen != sorted(seen)
    assert all(found == size for found in sizes[:-1])
    assert sizes[-1] <= size + (size > 1)
    assert sizes[-1] > 1 or size == 1


def test_rows_of_a_buffer_come_from_all_over_and_epochs_differ(tmp_path):
    rows, stream = numbered(1000, tmp_path), Stream(0)
    orders = [torch.cat([x[:, 0] for (x,) in batches(rows, 10, stream)]) for _ in range(2)]
    first = orders[0][:10]  # a buffer of 20 rows gives 10 to begin with
    assert first.max() - first.min() > 500
    assert len(first.div(5).floor().unique()) <= 4
    assert (orders[0] != orders[1]).any()


def test_an_epoch_depends_on_the_stream_as_it_begins_alone(tmp_path):
    rows, orders = numbered(100, tmp_path), []
    for draws in (0, 3):
        stream, order = Stream(0), []
        for (x,) in batches(rows, 10, stream):
            stream.permutation(draws)
            stream.uniform((draws,))
            order += x[:, 0].tolist()
        orders.append(order)
    assert orders[0] == orders[1]


@pytest.mark.parametrize(
    "estimator",
    [Autoencoder(2, max_iter=2), DeepBeliefNetwork((3, 2), n_iter=2)],
    ids=lambda e: type(e).__name__,
)
def test_reading_ahead_changes_nothing(estimator, tmp_path, monkeypatch):
    X = mapped(np.random.default_rng(0).random((90, 2)), tmp_path)
    estimator = estimator.set_params(random_state=0)
    before = estimator.fit(X).transform(X)
    for module in (_sliced, _sliced_rows):
        monkeypatch.setattr(module, "ahead", partial(map, lambda function: function()))
    np.testing.assert_array_equal(estimator.fit(X).transform(X), before)


@pytest.mark.parametrize("by_class", [False, True])
def test_held_out_rows_stay_apart(by_class, tmp_path):
    rows = numbered(403, tmp_path)
    if by_class:
        rows = rows.labelled(np.arange(403) % 3, ("a", "b", "c"))
    trained, held_out = split(rows, 0.2, 0)
    found = [torch.cat(list(part.chunks()))[:, 0] for part in (trained, held_out)]
    assert [len(trained), len(held_out)] == [322, 81]
    assert torch.cat(found).sort().values.tolist() == list(range(403))
    assert found[1].max() - found[1].min() > 200  # not one run of neighbours
    if by_class:
        assert held_out.labels.tolist() == (found[1].long() % 3).tolist()
        assert held_out.labels.bincount().tolist() == [27, 27, 27]


def test_means_and_ranges_are_those_of_the_rows(tmp_path):
    rows = numbered(100, tmp_path)
    assert rows.value_range() == (-99, 99)
    torch.testing.assert_close(rows.mean(), torch.tensor([49.5, -49.5], dtype=torch.float64))
    weighted = rows.weighted(np.r_[np.zeros(50), np.ones(50)])
    assert len(weighted) == 50
    torch.testing.assert_close(weighted.mean(), torch.tensor([74.5, -74.5], dtype=torch.float64))
