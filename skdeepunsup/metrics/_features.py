"""Maps real rows and samples to the features that metrics of samples compare."""

import copy
from typing import Any

import numpy as np
from sklearn.utils import check_array

from .._validation import to_dense


def comparable(X: Any, samples: Any, features: Any) -> tuple[np.ndarray, np.ndarray]:
    """Features of real rows and of samples, as float arrays with equally many columns.

    ``features`` is None for the rows themselves, a function of rows, or a fitted transformer.
    """
    tables = _tables(X, samples, "X", "samples")
    if features is None:
        return tables
    function = getattr(features, "transform", features)
    if isinstance(features, type) or not callable(function):
        raise TypeError(
            f"features == {features!r}, must be None, a function of rows or a fitted transformer."
        )
    if not hasattr(features, "transform"):  # a transformer gets a DataFrame with its feature names
        X, samples = tables
    of_X, of_samples = (function(copy.deepcopy(rows)) for rows in (X, samples))  # may be written to
    return _tables(of_X, of_samples, "features of X", "features of samples")


def _tables(A: Any, B: Any, name_a: str, name_b: str) -> tuple[np.ndarray, np.ndarray]:
    A, B = _table(A, name_a), _table(B, name_b)
    if A.shape[1] != B.shape[1]:
        raise ValueError(
            f"{name_a} has {A.shape[1]} columns, but {name_b} has {B.shape[1]}; "
            "give both the same columns."
        )
    return A, B


def _table(array: Any, name: str) -> np.ndarray:
    """Return a dense array of finite numbers; raise unless it has two dimensions and two rows."""
    shape = np.shape(array)
    if len(shape) != 2 or shape[0] < 2:
        raise ValueError(f"{name} must have two dimensions and at least 2 rows; found {shape}.")
    return check_array(to_dense(array), input_name=name)
