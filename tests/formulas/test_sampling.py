"""Sums over some columns estimate those over all."""

import numpy as np
import pytest

from skdeepunsup._random import Stream
from skdeepunsup.formulas.sampling import drawn_columns

D = 40
OWN = np.array([3, 4, 17, 39])


@pytest.mark.parametrize("n", [1, 5, 30])
@pytest.mark.parametrize("own", [OWN, OWN[:0]], ids=["some", "none"])
def test_sums_are_right_in_the_mean(n, own):
    f = np.random.default_rng(0).normal(size=D) ** 3
    stream, sums = Stream(0), []
    for _ in range(4000):
        columns, weights = drawn_columns(own, D, n, stream)
        sums.append(weights.double().numpy() @ f[columns.numpy()])
    error = np.std(sums) / np.sqrt(len(sums))
    assert abs(np.mean(sums) - f.sum()) < 4 * error


@pytest.mark.parametrize("n", [1, 5, 35])
def test_columns_are_those_present_and_others_once_each(n):
    columns, weights = drawn_columns(OWN, D, n, Stream(1))
    assert columns[:4].tolist() == OWN.tolist()
    assert len(set(columns.tolist())) == len(columns) == len(weights)
    assert 1 <= len(columns) - 4 <= n
    assert weights[:4].tolist() == [1] * 4
    assert float(weights.sum()) == pytest.approx(D)


@pytest.mark.parametrize("n", [36, 40, 1000])
def test_as_many_as_there_are_are_all(n):
    columns, weights = drawn_columns(OWN, D, n, Stream(1))
    assert sorted(columns.tolist()) == list(range(D))
    assert set(weights.tolist()) == {1.0}


def test_nothing_is_drawn_where_all_are_present():
    columns, weights = drawn_columns(np.arange(D), D, 3, Stream(1))
    assert columns.tolist() == list(range(D))
    assert set(weights.tolist()) == {1.0}
