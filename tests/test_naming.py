"""Errors name the argument that is wrong, whichever library finds it; NumPy warns of nothing."""

import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch

from skdeepunsup import (
    Autoencoder,
    EncoderDecoder,
    FineTunedClassifier,
    FineTunedRegressor,
    GaussianRBM,
)
from skdeepunsup._remedies import naming

X = np.random.default_rng(0).random((20, 6))
Y = np.arange(20) % 2
MODEL = Autoencoder(2, max_iter=1, random_state=0)
CLASSIFIER = FineTunedClassifier(MODEL, max_iter=1, random_state=0)

REFUSED_X = {
    "sparse tensor": (torch.tensor(X).to_sparse(), TypeError, r"X.*torch.sparse_coo.*X.to_dense"),
    "dictionary": ({"a": X}, TypeError, "X cannot be used: float"),
    "words": (["a"] * 20, ValueError, "X cannot be used: could not convert.*'a'"),
}


@pytest.mark.parametrize("kind", REFUSED_X)
def test_an_error_about_rows_names_x(kind):
    given, error, message = REFUSED_X[kind]
    with pytest.raises(error, match=message):
        MODEL.fit(given)


REFUSED_Y = {
    "NA": np.array([pd.NA, 1] * 10, dtype=object),
    "infinite objects": np.array([np.inf, 1] * 10, dtype=object),
    "complex": Y + 1j,
    "fractions": Y + 0.25,
    "beyond 64 bits": pl.Series([0, 10**30] * 10, strict=False),
    "of dimension 2": np.ones((20, 2)),
}


@pytest.mark.parametrize("kind", REFUSED_Y)
def test_an_error_about_labels_names_y(kind):
    with pytest.raises((TypeError, ValueError), match=r"\by\b"):
        CLASSIFIER.fit(X, REFUSED_Y[kind])


@pytest.mark.parametrize(
    "y", [["a", None] * 10, [1, pd.NA] * 10, [np.datetime64("2024-01-01")] * 20]
)
def test_an_error_about_targets_names_y(y):
    with pytest.raises((TypeError, ValueError), match=r"\by\b"):
        EncoderDecoder(2, max_iter=1).fit(X, y)


def test_targets_that_are_large_python_integers_are_numbers():
    model = EncoderDecoder(2, max_iter=1, random_state=0)
    small = model.fit(X, [0.0, 1.0] * 10).predict(X)
    np.testing.assert_allclose(model.fit(X, [0, 10**30] * 10).predict(X), small * 1e30, rtol=1e-5)


@pytest.mark.parametrize("weights", ["balanced", {0: 1.0}, ["a"] * 20])
def test_an_error_about_weights_names_them(weights):
    with pytest.raises((TypeError, ValueError), match="sample_weight"):
        MODEL.fit(X, sample_weight=weights)


def test_sums_that_look_for_infinities_do_not_warn():
    ends = np.where(X < 0.5, -1.7e308, 1.7e308)
    with warnings.catch_warnings(), pytest.raises(ValueError, match="X has entries of up to"):
        warnings.simplefilter("error")
        MODEL.fit(ends)


def test_units_of_the_smallest_numbers_do_not_warn():
    small = GaussianRBM(2, n_iter=1, random_state=0).fit(X * 1e-320)
    assert np.isfinite(small.transform(X * 1e-320)).all()


def test_other_libraries_errors_are_value_errors_and_memory_s_is_itself():
    with pytest.raises(ValueError, match="y cannot be read as an array: odd"), naming("y"):
        raise pl.exceptions.ComputeError("odd")
    with pytest.raises(MemoryError), naming("y"):
        raise MemoryError


def test_a_regressor_s_largest_labels_are_learned_or_refused_by_name():
    model = FineTunedRegressor(MODEL, max_iter=1, random_state=0)
    small = model.fit(X, np.where(Y, 1.0, -1.0)).predict(X)
    large = model.fit(X, np.where(Y, 1e308, -1e308)).predict(X)
    np.testing.assert_allclose(large, small * 1e308, rtol=1e-5)
    lopsided = np.where(np.arange(20), 1.7e308, -1.7e308)  # 3.2e308 from the mean
    with pytest.raises(ValueError, match="y has labels that differ from their mean"):
        model.fit(X, lopsided)
