"""Laws of data: what kinds of rows every model takes, and what it refuses."""

import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse as sp
import torch
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.utils import get_tags

from tests.laws import assert_same, each_kind, every_at_night, few_bits, holds_rows_out, outputs

# Scores are compared with each other, not with the truth.
pytestmark = pytest.mark.usefixtures("hasty_log_partition")


@pytest.fixture
def X():
    return few_bits()


@every_at_night
def test_every_kind_of_input_gives_the_same(estimator, X, tmp_path):
    expected = outputs(clone(estimator).fit(X), X)
    np.save(tmp_path / "X.npy", X)
    kinds = {
        "csr": sp.csr_array(X),
        "csr_matrix": sp.csr_matrix(X),
        "csc": sp.csc_array(X),
        "memmap": np.load(tmp_path / "X.npy", mmap_mode="r"),
        "fortran": np.asfortranarray(X),
        "tensor": torch.tensor(X),
        "list": X.tolist(),
        "integers": X.astype(np.int8),
    }
    for kind, other in kinds.items():
        answers = outputs(clone(estimator).fit(other), other)
        assert_same(expected, answers, rtol=1e-6, atol=1e-6, err_msg=kind)


@each_kind
def test_the_caller_s_array_is_left_alone(estimator, X):
    X.flags.writeable = False
    before = X.copy()
    outputs(clone(estimator).fit(X), X)
    np.testing.assert_array_equal(X, before)


@each_kind
@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame])
def test_frames_name_features_and_come_back(estimator, X, frame):
    names = list("abcdef")
    table = frame(dict(zip(names, X.T, strict=True)))
    library = "pandas" if frame is pd.DataFrame else "polars"
    model = clone(estimator).set_output(transform=library).fit(table)
    assert list(model.feature_names_in_) == names
    codes = model.transform(table)
    assert isinstance(codes, frame)
    prefix = type(estimator).__name__.lower()
    assert list(codes.columns) == [f"{prefix}{i}" for i in range(4)]
    with pytest.raises(ValueError, match="feature names"):
        model.transform(frame(dict(zip("ghijkl", X.T, strict=True))))


@every_at_night
@pytest.mark.parametrize("n", [1, 2, 3])
def test_few_rows_are_enough_or_refused_clearly(estimator, X, n):
    too_few = n == 1 or "quality" in estimator.get_params()  # which is that of many rows
    if too_few and holds_rows_out(estimator):
        with pytest.raises(ValueError, match="validation_fraction"):
            clone(estimator).fit(X[:n])
    else:
        model = clone(estimator).fit(X[:n])
        assert all(np.isfinite(a).all() for a in outputs(model, X))


@each_kind
@pytest.mark.filterwarnings("ignore:The code hardly varies")
@pytest.mark.parametrize("batch_size", [1, 7, 49, 50, 1000])
def test_any_batch_size_trains(estimator, X, batch_size):
    model = clone(estimator).set_params(batch_size=batch_size).fit(X)
    assert np.isfinite(model.transform(X)).all()


@each_kind
def test_constant_columns_are_finite(estimator, X):
    X[:, 0], X[:, 1] = 0, 1
    assert all(np.isfinite(a).all() for a in outputs(clone(estimator).fit(X), X))


BAD_INPUT = {
    "text": (lambda X: X.astype(str).astype(object) + "x", "could not convert|numeric"),
    "NaN": (lambda X: np.where(X[0, 0] == X, np.nan, X), "NaN"),
    "infinity": (lambda X: X + np.inf, "infinity"),
    "complex": (lambda X: X + 1j, "Complex"),
    "empty": (lambda X: X[:0], "0 sample"),
    "no features": (lambda X: X[:, :0], "0 feature"),
    "one dimension": (lambda X: X[0], "2D array"),
    "three dimensions": (lambda X: X[None], "dim"),
}


@each_kind
@pytest.mark.parametrize("kind", BAD_INPUT)
def test_bad_input_is_refused_and_nothing_is_half_fitted(estimator, X, kind):
    spoil, message = BAD_INPUT[kind]
    if kind == "NaN" and get_tags(estimator).input_tags.allow_nan:
        pytest.skip("missing entries are part of the model")
    model = clone(estimator)
    for method in (model.fit, model.partial_fit):
        with pytest.raises((ValueError, TypeError), match=message):
            method(spoil(X))
    with pytest.raises(NotFittedError):
        model.transform(X)

    model.fit(X)
    before, attributes = outputs(model, X), set(vars(model))
    for method in (model.fit, model.partial_fit, model.transform, model.score_samples):
        with pytest.raises((ValueError, TypeError), match=message):
            method(spoil(X))
    assert_same(outputs(model, X), before)
    assert set(vars(model)) == attributes


@each_kind
def test_wrong_width_is_named(estimator, X):
    model = clone(estimator).fit(X)
    with pytest.raises(ValueError, match="X has 5 features"):
        model.transform(X[:, :5])
    with pytest.raises(ValueError, match=r"X has 3 columns.*4"):
        model.inverse_transform(X[:, :3])


@each_kind
def test_numbers_beyond_the_precision_are_in_other_units_or_refused(estimator, X):
    X[3, 2] = 1e300
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        try:
            model = clone(estimator).fit(X)
        except ValueError as error:
            assert "MaxAbsScaler" in str(error)
        else:
            assert model.module_.scaling.scale.isfinite().all()
            assert np.isfinite(model.transform(X)).all()
