"""Warnings of options that are given and do nothing beside the others, and of empty columns."""

import inspect
from typing import Any

import numpy as np
import scipy.sparse as sp

from ._caller import warn


def warn_if_unused(estimator: Any, used: bool, needs: str, *names: str) -> None:
    """Warn of parameters that are not at their defaults and not ``used``.

    Parameters
    ----------
    estimator : estimator
        Has the parameters.
    used : bool
        Whether the other parameters let them do anything.
    needs : str
        What they need, for the warning.
    *names : str
        The parameters.
    """
    if used:
        return
    signature = inspect.signature(type(estimator).__init__).parameters
    for name in names:
        value = getattr(estimator, name)
        default = signature[name].default
        if value is not default and value != default:
            warn(f"{name} == {value!r} does nothing: it needs {needs}.")


def warn_of_empty_columns(estimator: Any, X: Any) -> None:
    """Warn of columns of a checked array in which no row has a value."""
    if X.dtype.kind != "f" or not X.shape[0]:
        return
    if sp.issparse(X):
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
