"""Laws of rows that are read by slices: the same answers whatever gives them."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.utils import get_tags

from skdeepunsup import _sliced
from tests.estimators import APPLICATIONS, ESTIMATORS
from tests.laws import assert_same, few_bits
from tests.sources import SOURCES, mapped

pytestmark = pytest.mark.usefixtures("hasty_log_partition")

EVERY = pytest.mark.parametrize(
    "estimator", [*ESTIMATORS, *APPLICATIONS], ids=lambda e: type(e).__name__
)
METHODS = ("transform", "reconstruct", "score_samples", "predict", "predict_proba")


@pytest.fixture
def small_buffers(monkeypatch):
    """Buffers of 4 blocks of 3 rows: what has more is not read whole."""
    monkeypatch.setattr(_sliced, "BLOCK_ENTRIES", 18)
    monkeypatch.setattr(_sliced, "BUFFER_BLOCKS", 4)


def answers(model, X):
    asked = (getattr(model, name, None) for name in METHODS)
    return [np.asarray(method(X)) for method in asked if method is not None]


def fitted(estimator, X):
    y = few_bits()[:, 0] if get_tags(estimator).target_tags.required else None
    return clone(estimator).fit(X, y)


@EVERY
def test_small_sources_are_as_arrays(estimator, tmp_path):
    X = few_bits()
    expected = answers(fitted(estimator, X), X)
    for kind in ("HDF5", "Parquet"):  # all but maps, which have a law of their own, are read whole
        other = SOURCES[kind](X, tmp_path)
        assert_same(expected, answers(fitted(estimator, other), other), err_msg=kind)


@EVERY
def test_all_large_sources_give_the_same(estimator, small_buffers, tmp_path):
    X = few_bits()
    source = mapped(X, tmp_path)
    model = fitted(estimator, source)
    expected = answers(model, source)
    assert_same(answers(model, X), expected, rtol=1e-6, atol=1e-6)
    for kind, source in SOURCES.items():
        other = source(X, tmp_path)
        assert_same(expected, answers(fitted(estimator, other), other), err_msg=kind)
