"""Checks of a user's arrays, what is asked of them (dtype, range), and their conversion to tensors.

In this order: checks, which return arrays; questions; conversions between NumPy and torch. A user's
array is never written to, and no tensor shares its memory. ``_rows.py`` builds on this file and has
many rows as tensors, whole or in parts; a user's rows become tensors in these two files only.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import scipy.sparse as sp
import torch
from sklearn.utils import column_or_1d, get_tags
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _check_sample_weight, check_array, validate_data
from torch import Tensor

REMEDIES = {
    "could not convert string": "Encode text, for instance by sklearn.preprocessing.OneHotEncoder.",
    "contains NaN": "Fill what is missing, for instance by sklearn.impute.SimpleImputer; "
    "autoencoders fitted with missing='mask' take it as it is; impute of a generative model, and "
    "GenerativeImputer, fill it.",
    "arrays of bytes/strings": "Encode classes, for instance by "
    "sklearn.preprocessing.OrdinalEncoder.",
    "with dim 3": "A row is one image, or one sound, flattened: X.reshape(len(X), -1).",
    "contains infinity": "Drop or clip the entries that numpy.isfinite rejects.",
    "Complex data": "Give the real and the imaginary part, or the modulus, as features.",
}
"""Remedies for errors of scikit-learn that name none, by a part of the error's message."""


def check_rows(estimator: Any, X: Any, *, reset: bool, allow_nan: bool = False) -> Any:
    """Return ``X`` as a C-ordered ndarray or a CSR matrix of finite numbers.

    Integers and booleans keep their dtype, so that no array larger than the caller's is made. With
    ``reset``, this call defines the number and names of the features; without, they are compared
    with the fitted ones. NaN is accepted with ``allow_nan``, or if the estimator's tags allow it.
    """
    X = as_host_array(X)
    allow_nan = allow_nan or get_tags(estimator).input_tags.allow_nan
    options = _array_options(X) | {"ensure_all_finite": "allow-nan" if allow_nan else True}
    with remedies():
        return validate_data(estimator, X, reset=reset, accept_sparse="csr", **options)


def check_codes(Z: Any, n_components: int, name: str) -> Any:
    """Return codes ``Z`` as a finite ndarray; raise unless it has ``n_components`` columns.

    ``name`` is the estimator's, for the error.
    """
    Z = as_host_array(Z)
    with remedies():
        Z = check_array(Z, input_name="X", **_array_options(Z))
    if Z.shape[1] != n_components:
        raise ValueError(
            f"X has {Z.shape[1]} columns, but codes of this {name} have {n_components}."
        )
    return Z


def check_weights(sample_weight: Any, X: Any) -> np.ndarray | None:
    """Return one weight, at least 0, for each row of a checked array ``X``; None stays None."""
    if sample_weight is None:
        return None
    weights = as_host_array(sample_weight)
    return _check_sample_weight(weights, X, dtype=np.float64, ensure_non_negative=True)


def check_labels(y: Any, classes: tuple[Any, ...] = ()) -> tuple[np.ndarray, tuple[Any, ...]]:
    """Return the index of each label in ``classes``, and the classes.

    Without ``classes``, they are the sorted distinct labels; with them, other labels are an error.
    """
    y = column_or_1d(as_host_array(y), warn=True)
    if y.dtype.kind in "fO" and any(label is None or label != label for label in y):
        raise ValueError("y has missing labels, NaN or None: drop their rows, or label them.")
    found, labels = np.unique(y, return_inverse=True)
    if not classes:
        check_classification_targets(y)
        return labels, tuple(found.tolist())
    places = {label: place for place, label in enumerate(classes)}
    if unknown := [label for label in found.tolist() if label not in places]:
        check_classification_targets(y)
        more = ", …" if len(unknown) > 5 else ""
        listed = ", ".join(map(repr, unknown[:5])) + more
        raise ValueError(f"y has {listed}: none of the classes {list(classes)}.")
    return np.array([places[label] for label in found.tolist()])[labels], classes


def n_held_out(n_rows: int, fraction: float) -> int:
    """Number of held-out rows, a ``fraction`` of ``n_rows``, rounded up.

    Raises unless at least one row is held out and one is left for training; 0 holds out none.
    """
    held_out = math.ceil(n_rows * fraction)
    if fraction > 0 and not 1 <= held_out < n_rows:
        raise ValueError(
            f"validation_fraction == {fraction} with n_samples = {n_rows} leaves no row to train "
            "on; give more rows or a smaller fraction, or hold none out."
        )
    return held_out


@contextmanager
def remedies() -> Iterator[None]:
    """Add the remedy to scikit-learn's error about an array."""
    try:
        yield
    except ValueError as error:
        for complaint, remedy in REMEDIES.items():
            if complaint in str(error):
                raise ValueError(f"{error}\n{remedy}") from error
        raise


def _array_options(X: Any) -> dict[str, Any]:
    numeric = isinstance(X, np.ndarray) and (X.dtype.kind in "biu" or X.dtype == np.float16)
    numeric |= sp.issparse(X) and X.dtype.kind in "iu"
    return {
        "dtype": None if numeric else [np.float64, np.float32],
        "order": None if is_memory_mapped(X) else "C",
    }


def output_dtype(X: Any) -> np.dtype:
    """float32 for float32 input, else float64, as for scikit-learn's transformers."""
    return np.dtype(np.float32 if X.dtype == np.float32 else np.float64)


def value_range(X: Any) -> tuple[float, float]:
    """The smallest and the largest entry, missing ones (NaN) left out; NaN if all are missing."""
    if sp.issparse(X):
        if not X.has_canonical_format:
            X = X.copy()  # SciPy's nanmin sums duplicate entries in place
        return float(X.nanmin()), float(X.nanmax())
    return float(np.fmin.reduce(X, axis=None)), float(np.fmax.reduce(X, axis=None))


def outside_unit_interval(X: Any) -> str:
    """Text of a warning if entries of ``X`` are outside [0, 1] by more than rounding, else ""."""
    return leaves_unit_interval(*value_range(X))


def leaves_unit_interval(low: float, high: float) -> str:
    """Text of a warning if ``low`` or ``high`` is outside [0, 1] by more than rounding, else ""."""
    if not (low < -1e-6 or high > 1 + 1e-6):  # false also for NaN, where nothing is observed
        return ""
    return (
        f"values in [0, 1], but X ranges from {low:.4g} to {high:.4g}; "
        "scale it with sklearn.preprocessing.MinMaxScaler."
    )


def is_memory_mapped(X: Any) -> bool:
    """Whether the array's memory is mapped from a file."""
    while isinstance(X, np.ndarray):
        if isinstance(X, np.memmap):
            return True
        X = X.base
    return False


def as_host_array(X: Any) -> Any:
    """A tensor as an array on the CPU; anything else unchanged."""
    if not isinstance(X, Tensor):
        return X
    X = X.detach().cpu()
    return (X.float() if X.dtype == torch.bfloat16 else X).numpy()  # NumPy has no bfloat16


def copied(X: np.ndarray, device: torch.device, dtype: torch.dtype, name: str = "X") -> Tensor:
    """A tensor on ``device`` with the values of ``X``, in memory of its own."""
    # NumPy can copy from read-only, reversed and foreign-endian memory; torch cannot.
    tensor = torch.empty(X.shape, dtype=dtype, device="cpu")
    try:
        with np.errstate(over="raise"):
            np.copyto(tensor.numpy(), X, casting="same_kind")
    except FloatingPointError as error:
        raise ValueError(
            f"{name} has entries of up to {np.abs(X).max():.3g}, beyond {dtype}; scale it, for "
            "instance with sklearn.preprocessing.StandardScaler, or use precision='float64'."
        ) from error
    return tensor.to(device)


def densified(X: Any, absent: float) -> np.ndarray:
    """A sparse matrix as a dense array, with ``absent`` where no entry is stored."""
    if absent == 0:
        return X.toarray()
    entries = X.tocoo()
    rows = np.full(X.shape, absent, dtype=np.result_type(X.dtype, np.float32))
    rows[entries.row, entries.col] = entries.data
    return rows


def to_dense(X: Any) -> np.ndarray:
    """Rows, dense or sparse, as a dense array of float64."""
    return np.asarray(X.toarray() if sp.issparse(X) else X, dtype=np.float64)


def to_array(tensor: Tensor) -> np.ndarray:
    """A copy of a tensor as an array, in C order."""
    return np.array(tensor.detach().cpu().numpy(), order="C")
