"""Checks of targets: of their values, and of the number of their categories."""

from typing import Any

import numpy as np
from sklearn.utils import check_array, column_or_1d
from torch import Tensor

from ..._caller import warn
from ..._categories import MAX_COUNTED
from ..._remedies import refuse_table, remedies
from ..._validation import as_host_array

ENCODE = "encode it by numpy.unique(y, return_inverse=True)[1].reshape(y.shape)"
"""Targets of a row share their categories; an encoder of columns would number each anew."""


def checked_targets(y: Any, loss: str, n_categories: int | None) -> np.ndarray:
    """Check targets; return a matrix, or a vector if each row has one number.

    Raises if they are outside [0, 1] for the loss "bernoulli", or not codes below ``n_categories``
    for "categorical".
    """
    y = as_host_array(y, "y")
    with remedies(y, name="y"):
        y = check_array(y, dtype="numeric", ensure_2d=False, input_name="y")
        refuse_table(y, "y")  # a list may hold dates,
        if y.dtype == object:  # and keeps its objects
            y = check_array(y, dtype=np.float64, ensure_2d=False, input_name="y")
    if y.ndim == 2 and y.shape[1] == 1:
        y = column_or_1d(y, warn=True)
    if loss == "bernoulli" and (y.min() < 0 or y.max() > 1):
        raise ValueError(
            "loss == 'bernoulli' needs targets in [0, 1], but y ranges from "
            f"{y.min():.4g} to {y.max():.4g}; divide it by the largest value that it can have."
        )
    if loss == "categorical":
        wrong = (y < 0) | (y != np.floor(y))
        if n_categories is not None:
            wrong |= y >= n_categories
        if wrong.any():
            codes = "0, 1, …" if n_categories is None else f"0 … {n_categories - 1}"
            raise ValueError(
                f"loss == 'categorical' needs targets that are codes {codes}, but y has "
                f"{y[wrong][0]}; {ENCODE}."
            )
    return y


def count_target_categories(targets: Tensor, fitted: int | None) -> int:
    """The largest code plus one, at least 2; ``fitted``, if a previous fit is continued.

    Raises if a code is too large for ``fitted``, or there would be more than ``MAX_COUNTED``
    categories; warns if most codes do not occur.
    """
    found = max(2, int(targets.max()) + 1)
    if found > MAX_COUNTED:
        raise ValueError(
            f"y has code {found - 1}, so each target would have {found} categories; {ENCODE}, or "
            "set n_categories."
        )
    if fitted is None:
        if 2 * (n_different := len(targets.unique())) < found:
            warn(
                f"y has {n_different} different codes, but the largest makes {found} "
                f"categories of each target; {ENCODE}, or set n_categories if so many are meant.",
            )
        return found
    if found > fitted:
        raise ValueError(
            f"y has code {found - 1}, but the first call saw 0 … {fitted - 1}; set n_categories to "
            f"{found} or more and fit anew."
        )
    return fitted
