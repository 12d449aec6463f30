"""Checks of categorical data: integer codes from 0, NaN where an entry is missing."""

from typing import Any

import numpy as np
import scipy.sparse as sp
from sklearn.utils import get_tags

from ._rows import Rows
from ._sliced import Sliced

MAX_COUNTED = 1000
"""Codes from here on are taken for a mistake unless ``n_categories`` is set."""

ENCODE = (
    "encode it by sklearn.preprocessing.OrdinalEncoder, which numbers the categories of each "
    "column, or, where all columns share their categories, as pixels do, by "
    "numpy.unique(X, return_inverse=True)[1].reshape(X.shape)"
)


def has_missing(X: Any) -> bool:
    """Whether an entry of a checked array is NaN."""
    if isinstance(X, Sliced):
        return bool(X.survey().counts.min() < len(X))
    values = X.data if sp.issparse(X) else X
    return bool(values.dtype.kind == "f" and np.isnan(values).any())


def count_categories(rows: Rows, fitted: int | None) -> int:
    """The largest code plus one, at least 2; ``fitted``, if a previous fit is continued.

    Raises ValueError if a code is too large for ``fitted``, or above ``MAX_COUNTED``.
    """
    largest = int(max(float(chunk.nan_to_num(0.0).max()) for chunk in rows.chunks()))
    if fitted is not None and largest >= fitted:
        raise ValueError(
            f"X has code {largest}, but the first call saw 0 … {fitted - 1}; set n_categories to "
            f"{largest + 1} or more and fit anew."
        )
    if largest >= MAX_COUNTED:
        raise ValueError(
            f"X has code {largest}, so each feature would have {largest + 1} categories; "
            f"{ENCODE}, or set n_categories."
        )
    return max(2, largest + 1) if fitted is None else fitted


def check_categories(X: Any, n_categories: int | None, estimator: Any) -> None:
    """Raise if an entry is neither missing nor an integer code below ``n_categories``."""
    if isinstance(X, Sliced):
        for _, block in X.blocks():
            check_categories(block, n_categories, estimator)
        return
    values = X.data if sp.issparse(X) else X
    if (values < 0).any():
        raise ValueError(
            f"Negative values in data passed to {type(estimator).__name__}; codes begin at 0: "
            f"{ENCODE}."
        )
    top = np.inf if n_categories is None else n_categories - 1
    with np.errstate(invalid="ignore"):
        wrong = (values > top) | (values != np.floor(values))
        wrong &= ~np.isnan(values) if values.dtype.kind == "f" else True
    if not wrong.any():
        return
    first = np.argwhere(wrong)[0]
    column = X.tocoo().col[first[0]] if sp.issparse(X) else first[1]
    names = getattr(estimator, "feature_names_in_", None)
    name = f"column {column}" if names is None else f"column {names[column]!r}"
    codes = "0, 1, …" if n_categories is None else f"0 … {n_categories - 1}"
    missing = ", or NaN where it is missing" if get_tags(estimator).input_tags.allow_nan else ""
    raise ValueError(
        f"X has {values[tuple(first)]} in {name}, but a category is a code {codes}{missing}; "
        f"{ENCODE}."
    )
