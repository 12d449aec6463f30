"""Real rows and samples as the features by which they are compared."""

from typing import Any

import numpy as np
from sklearn.utils import check_array

from .._validation import to_dense


def comparable(X: Any, samples: Any, features: Any) -> tuple[np.ndarray, np.ndarray]:
    """Features of real rows and of samples, as arrays of float64 that are equally wide."""
    tables = _tables(X, samples, "X", "samples")
    if features is None:
        return tables
    function = getattr(features, "transform", features)
    if isinstance(features, type) or not callable(function):
        raise TypeError(
            f"features == {features!r}, must be None, a function of rows or a fitted transformer."
        )
    if not hasattr(features, "transform"):  # which may know its features by name
        X, samples = tables
    return _tables(function(X), function(samples), "features of X", "features of samples")


def _tables(A: Any, B: Any, name_a: str, name_b: str) -> tuple[np.ndarray, np.ndarray]:
    A, B = _table(A, name_a), _table(B, name_b)
    if A.shape[1] != B.shape[1]:
        raise ValueError(
            f"{name_a} has {A.shape[1]} columns, but {name_b} has {B.shape[1]}; "
            "rows of one kind are compared."
        )
    return A, B


def _table(array: Any, name: str) -> np.ndarray:
    """An array of finite numbers with two dimensions and two rows at least."""
    shape = np.shape(array)
    if len(shape) != 2 or shape[0] < 2:
        raise ValueError(f"{name} must have two dimensions and at least 2 rows; found {shape}.")
    return check_array(to_dense(array), input_name=name)
