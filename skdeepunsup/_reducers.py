"""Shared by the table and the figure that compare transformers: names, folds, subsets of rows."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn.model_selection import KFold, StratifiedKFold, check_cv

Fold = tuple[np.ndarray, np.ndarray]


def flatten_reducers(reducers: Any) -> list[tuple[str, Any]]:
    """Return (name, reducer) pairs; a list in the dict holds one model at several code widths."""
    if not isinstance(reducers, Mapping):
        raise TypeError(
            "reducers must be a dict of names to transformers, such as {'pca': PCA(8)}; got "
            f"{type(reducers).__name__}."
        )
    named = [
        (str(name), reducer)
        for name, value in reducers.items()
        for reducer in (value if isinstance(value, list | tuple) else [value])
    ]
    if not named:
        raise ValueError("reducers holds no transformer.")
    for name, reducer in named:
        _check_reducer(name, reducer)
    return named


def spread_rows(n_rows: int, n_kept: int) -> np.ndarray:
    """Return at most ``n_kept`` row numbers, evenly spaced: a subset without randomness."""
    return np.linspace(0, n_rows - 1, min(n_rows, n_kept)).astype(int)


def holds_classes(y: np.ndarray) -> bool:
    """Whether ``y`` holds classes (text, or few integers that repeat) rather than numbers."""
    if y.dtype.kind not in "iuf":
        return True
    n_values = len(np.unique(y))
    few = n_values <= min(len(y) / 2, max(20, len(y) ** 0.5))
    return few and bool(np.array_equal(y, np.round(y)))


def split_rows(cv: Any, X: Any, y: Any = None, random_state: int = 0) -> list[Fold]:
    """Return (train, test) row numbers for each fold.

    An integer ``cv`` asks for that many folds of shuffled rows, stratified where ``y`` holds
    classes that each have a row for every fold.
    """
    if not isinstance(cv, int | np.integer):
        return list(check_cv(cv).split(X, y))
    if not 2 <= cv <= X.shape[0]:
        raise ValueError(f"cv == {cv}, must be between 2 and the number of rows, {X.shape[0]}.")
    stratify = (
        y is not None and holds_classes(y) and np.unique(y, return_counts=True)[1].min() >= cv
    )
    splitter = StratifiedKFold if stratify else KFold
    return list(splitter(cv, shuffle=True, random_state=random_state).split(X, y))


def _check_reducer(name: str, reducer: Any) -> None:
    if isinstance(reducer, type):
        raise TypeError(f"reducers[{name!r}] is a class; pass an instance, {reducer.__name__}().")
    for method in ("fit", "transform", "inverse_transform"):
        if not hasattr(reducer, method):
            raise TypeError(
                f"reducers[{name!r}], a {type(reducer).__name__}, has no {method}; only "
                "transformers that can decode, such as PCA or Autoencoder, can be compared."
            )
