"""Warnings of options that are given and do nothing beside the others, and of empty columns."""

import inspect
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any

import numpy as np
import scipy.sparse as sp

from ._caller import warn
from ._sliced import Sliced

NEEDS_LAYER = "a layer in hidden_layer_sizes"

IdleOptions = Iterator[tuple[str, str]]
"""Names of parameters that do nothing beside the others, each with what it needs."""


def warn_of_idle_options(estimator: Any) -> None:
    """Warn of each of an estimator's ``_idle_options()`` that is not at its default.

    It is a warning, not an error, so that a grid may combine an option with a setting in which it
    does nothing. A weight of 0 is a value like others, which a search may try: what it multiplies
    is not among these options.
    """
    parameters = _parameters(type(estimator).__init__)
    for name, needs in dict(estimator._idle_options()).items():
        if name not in parameters:  # a subclass of the user's sets it
            continue
        value, default = getattr(estimator, name), parameters[name].default
        if value is not default and not np.all(value == default):
            warn(f"{name} == {value!r} does nothing: it needs {needs}.")


@cache
def _parameters(constructor: Callable[..., None]) -> Mapping[str, inspect.Parameter]:
    return inspect.signature(constructor).parameters


def warn_of_empty_columns(estimator: Any, X: Any) -> None:
    """Warn of columns of a checked array in which no row has a value."""
    if X.dtype.kind != "f" or not X.shape[0]:
        return
    if isinstance(X, Sliced):
        empty = X.survey().counts == 0
    elif sp.issparse(X):
        missing = np.bincount(X.indices[np.isnan(X.data)], minlength=X.shape[1])
        empty = missing == X.shape[0]
    else:
        if not np.isnan(X[0]).any():  # an empty column shows in every row
            return
        empty = np.isnan(X).all(axis=0)
    if empty.any():
        names = getattr(estimator, "feature_names_in_", np.arange(X.shape[1]))[empty]
        warn(
            f"X has no value in the columns {names.tolist()}: what is filled in there is no more "
            "than where the model started; leave them out.",
        )
