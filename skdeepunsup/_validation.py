"""Checks of a user's arrays, what is asked of them (dtype, range), and their conversion to tensors.

In this order: checks, which return arrays; questions; conversions between NumPy and torch. A user's
array is never written to, and no tensor shares its memory. ``_rows.py`` builds on this file and has
many rows as tensors, whole or in parts; a user's rows become tensors in these two files only.
"""

import math
from typing import Any

import numpy as np
import scipy.sparse as sp
import torch
from sklearn.utils import assert_all_finite, column_or_1d, get_tags
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _check_sample_weight, check_array, validate_data
from torch import Tensor

from ._remedies import naming, remedies
from ._sliced import NotFiniteError, Sliced
from ._sources import as_sliced, is_memory_mapped


def check_rows(estimator: Any, X: Any, *, reset: bool, allow_nan: bool = False) -> Any:
    """Return ``X`` as a C-ordered ndarray, a CSR matrix or `Sliced` rows, of finite numbers.

    What gives rows by slices is read whole if it is small. Integers and booleans keep their dtype,
    so that no array larger than the caller's is made. With ``reset``, this call defines the number
    and names of the features; without, they are compared with the fitted ones. NaN is accepted with
    ``allow_nan``, or if the estimator's tags allow it.
    """
    given, X = X, as_sliced(as_host_array(X))
    allow_nan = allow_nan or get_tags(estimator).input_tags.allow_nan
    if isinstance(X, Sliced) and not X.is_small:
        return _check_sliced(estimator, X, reset, allow_nan)
    if isinstance(X, Sliced):
        given = X = X.table(np.asarray(X))
    options = _array_options(X) | {"ensure_all_finite": "allow-nan" if allow_nan else True}
    with remedies(given, estimator):
        return validate_data(estimator, X, reset=reset, accept_sparse="csr", **options)


def _check_sliced(estimator: Any, X: Sliced, reset: bool, allow_nan: bool) -> Sliced:
    """``check_rows`` of rows too many to be read whole, in one pass over them."""
    options: dict[str, Any] = {"accept_sparse": "csr", "order": "C"}

    def check(start: int, **more: Any) -> Any:
        row = X.read(start, start + 1)
        row_options = options | _array_options(row) | more
        with remedies(X.table(row), estimator):
            return validate_data(estimator, X.table(row), **row_options)

    X.dtype = check(0, reset=reset, ensure_all_finite=False).dtype
    try:
        X.survey(allow_nan)
    except NotFiniteError as found:
        column = found.column if X.names is None else repr(X.names[found.column])
        try:
            check(found.row, reset=False, ensure_all_finite="allow-nan" if allow_nan else True)
        except ValueError as error:
            raise ValueError(
                f"{error}\nThe first such entry is in row {found.row}, column {column}."
            ) from error
        raise
    return X


def check_codes(Z: Any, n_components: int, name: str) -> Any:
    """Return codes ``Z`` as a finite ndarray; raise unless it has ``n_components`` columns.

    ``name`` is the estimator's, for the error.
    """
    Z = as_sliced(as_host_array(Z))
    if isinstance(Z, Sliced) and not Z.is_small:
        first = check_array(Z.read(0, 1), input_name="X", **_array_options(Z))
        Z.dtype = first.dtype
        try:
            Z.survey(allow_nan=False)
        except NotFiniteError as found:
            raise ValueError(f"X contains NaN or infinity, first in {found}.") from found
    else:
        Z = Z.table(np.asarray(Z)) if isinstance(Z, Sliced) else Z
        with remedies(Z):
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
    weights = as_host_array(sample_weight, "sample_weight")
    with remedies(weights, name="sample_weight"):
        weights = _check_sample_weight(weights, X, dtype=np.float64, ensure_non_negative=True)
    largest = weights.max()
    if 1e-9 < largest < 1e9:
        return weights
    return weights / largest  # ratios alone matter; sums, or float32, would overflow or be 0


def check_labels(
    y: Any, classes: tuple[Any, ...] = (), unlabelled: str = "leave out their rows"
) -> tuple[np.ndarray, tuple[Any, ...]]:
    """Return the index of each label in ``classes``, and the classes.

    Without ``classes``, they are the sorted distinct labels; with them, other labels are an error.
    ``unlabelled`` says what to do with rows whose label is missing.
    """
    y = _of_one_type(label_column(y, unlabelled))
    with naming("y"):
        found, labels = np.unique(y, return_inverse=True)
    if not classes:
        with naming("y"):
            check_classification_targets(y)
        return labels, tuple(found.tolist())
    places = {label: place for place, label in enumerate(classes)}
    if unknown := [label for label in found.tolist() if label not in places]:
        with naming("y"):
            check_classification_targets(y)
        more = ", …" if len(unknown) > 5 else ""
        listed = ", ".join(map(repr, unknown[:5])) + more
        raise ValueError(f"y has {listed}: none of the classes {list(classes)}.")
    return np.array([places[label] for label in found.tolist()])[labels], classes


def label_column(y: Any, unlabelled: str) -> np.ndarray:
    """Return labels as a vector; raise if some are missing or infinite."""
    with naming("y"):
        y = column_or_1d(as_host_array(y, "y"), warn=True)
        if y.dtype.kind in "fO" and any(map(_is_missing, y)):
            raise ValueError(f"y has missing labels, NaN or None: {unlabelled}, or label them.")
        assert_all_finite(y, input_name="y")
    return y


def _is_missing(label: Any) -> bool:
    try:
        return label is None or bool(label != label)
    except TypeError:  # of pandas.NA, which is neither
        return True


def _of_one_type(y: np.ndarray) -> np.ndarray:
    """Labels of dtype object in the dtype that they have in common; raise if text is among others.

    scikit-learn takes objects for labels only if they are text.
    """
    if y.dtype != object:
        return y
    text = [label for label in y if isinstance(label, str)]
    if text and len(text) < len(y):
        other = next(label for label in y if not isinstance(label, str))
        raise ValueError(
            f"y mixes labels of type str, such as {text[0]!r}, and {type(other).__name__}, such as "
            f"{other!r}: give all as text, [str(label) for label in y], or all as numbers."
        )
    alike = np.array(y.tolist())
    return alike if alike.shape == y.shape else y


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
    if isinstance(X, Sliced):
        survey = X.survey()
        return survey.low, survey.high
    if sp.issparse(X):
        if not X.has_canonical_format:
            X = X.copy()  # SciPy's nanmin sums duplicate entries in place
        return float(X.nanmin()), float(X.nanmax())
    return float(np.fmin.reduce(X, axis=None)), float(np.fmax.reduce(X, axis=None))


def outside_unit_interval(X: Any, training: bool = True) -> str:
    """Text of a warning if entries of ``X`` are outside [0, 1] by more than rounding, else "".

    A scaler is fitted to rows of training alone.
    """
    return leaves_unit_interval(*value_range(X), training)


def leaves_unit_interval(low: float, high: float, training: bool = True) -> str:
    """Text of a warning if ``low`` or ``high`` is outside [0, 1] by more than rounding, else ""."""
    if not (low < -1e-6 or high > 1 + 1e-6):  # false also for NaN, where nothing is observed
        return ""
    return f"values in [0, 1], but X ranges from {low:.4g} to {high:.4g}; " + (
        "scale it with sklearn.preprocessing.MinMaxScaler."
        if training
        else "transform it as the rows of fit were, by the scaler that was fitted to them, such as "
        "a sklearn.preprocessing.MinMaxScaler, with clip=True where rows go beyond those of fit."
    )


def as_host_array(X: Any, name: str = "X") -> Any:
    """A tensor as an array on the CPU; anything else unchanged."""
    if not isinstance(X, Tensor):
        return X
    if X.device.type == "meta":
        raise ValueError(f"{name} is a tensor on device 'meta', which has no values; give some.")
    if X.layout != torch.strided:
        raise TypeError(
            f"{name} is a tensor of layout {X.layout}: give a SciPy matrix, or {name}.to_dense()."
        )
    if X.is_quantized:
        raise TypeError(f"{name} is a quantized tensor: give {name}.dequantize().")
    X = X.detach().cpu().resolve_conj().resolve_neg()
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
            "instance with sklearn.preprocessing.MaxAbsScaler (the squares that StandardScaler "
            "needs may be infinite), or leave out such rows where it is no measurement."
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
