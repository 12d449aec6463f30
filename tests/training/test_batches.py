"""Batches: all rows, each once, in a fresh order."""

from itertools import chain

import numpy as np
import pytest
import torch

from skdeepunsup._random import Stream
from skdeepunsup._rows import ResidentRows, StreamedRows
from skdeepunsup.training.batches import batches


def numbered_rows(n):
    return ResidentRows(torch.arange(n)[:, None])


def drawn(n, size, stream):
    return [x[:, 0].tolist() for (x,) in batches(numbered_rows(n), size, stream)]


@pytest.mark.parametrize("n", [1, 2, 7, 8, 9, 64])
@pytest.mark.parametrize("size", [1, 2, 4, 8, 100])
def test_every_row_comes_exactly_once(n, size):
    assert sorted(chain(*drawn(n, size, Stream(0)))) == list(range(n))


@pytest.mark.parametrize(
    ("n", "size", "sizes"),
    [
        (8, 4, [4, 4]),
        (10, 4, [4, 4, 2]),  # the last batch is kept
        (9, 4, [4, 5]),  # one row has no batch statistics: it joins the batch before it
        (5, 8, [5]),
        (1, 8, [1]),  # there is none before it
        (3, 1, [1, 1, 1]),  # one row a batch is what was asked for
    ],
)
def test_batches_have_their_size_save_the_last(n, size, sizes):
    assert list(map(len, drawn(n, size, Stream(0)))) == sizes


def test_each_pass_has_an_order_of_its_own():
    stream = Stream(0)
    first, second = drawn(50, 50, stream), drawn(50, 50, stream)
    assert first != second
    assert list(range(50)) not in first + second


def test_one_seed_is_one_order_wherever_the_rows_are():
    X = np.arange(20.0)[:, None]
    streamed = StreamedRows(X, torch.device("cpu"), torch.float64)
    resident = ResidentRows(torch.tensor(X))
    pairs = zip(batches(streamed, 6, Stream(0)), batches(resident, 6, Stream(0)), strict=True)
    assert all(torch.equal(a, b) for (a,), (b,) in pairs)


@pytest.mark.parametrize("size", [1, 3, 100])
def test_weights_go_with_their_rows_and_have_mean_1(size):
    weights = torch.arange(1, 11).double()
    rows = ResidentRows(10 * weights.float()[:, None]).weighted(weights.numpy())
    seen = [
        pair for x, w in batches(rows, size, Stream(0)) for pair in zip(x[:, 0], w, strict=True)
    ]
    assert len(seen) == 10
    assert all(w.dtype == torch.float32 for _, w in seen)
    for x, w in seen:
        assert float(w) == pytest.approx(float(x) / 55, rel=1e-6)


def test_weights_change_nothing_in_the_order():
    weights = torch.rand(20, generator=torch.Generator())
    weighted = ResidentRows(torch.arange(20)[:, None]).weighted(weights.numpy())
    orders = [x[:, 0].tolist() for x, _ in batches(weighted, 6, Stream(0))]
    assert orders == drawn(20, 6, Stream(0))
