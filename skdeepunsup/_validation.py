"""The border between NumPy and torch: arrays are checked, copied into tensors, and handed back.

The caller's array is never written to and never aliased. Dense arrays become one resident tensor
for training; sparse and memory-mapped ones stay where they are, and only the rows of a batch cross.
"""

import copy
import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import scipy.sparse as sp
import torch
from sklearn.utils import column_or_1d, gen_batches, get_tags
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _check_sample_weight, check_array, validate_data
from torch import Tensor

CHUNK_ROWS = 1024
"""Rows that cross at a time outside training: enough for a fast product, few for the cache."""
CHUNK_ENTRIES = 2**20
"""Entries of these at most: what convolutions make of an image is many times its size."""


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
"""By what scikit-learn's complaint says: what to do about it, where it does not tell."""


@contextmanager
def remedies() -> Iterator[None]:
    """Add the remedy to scikit-learn's complaint of an array."""
    try:
        yield
    except ValueError as error:
        for complaint, remedy in REMEDIES.items():
            if complaint in str(error):
                raise ValueError(f"{error}\n{remedy}") from error
        raise


def check_rows(estimator: Any, X: Any, *, reset: bool, allow_nan: bool = False) -> Any:
    """Return ``X`` as a C-ordered ndarray or a CSR matrix of finite numbers.

    Integers and booleans keep their dtype, so that nothing wider than the caller's array is made.
    ``reset`` says whether this call defines the number and names of the features. NaN passes with
    ``allow_nan``, or where the estimator's tags allow it.
    """
    X = as_host_array(X)
    allow_nan = allow_nan or get_tags(estimator).input_tags.allow_nan
    options = _array_options(X) | {"ensure_all_finite": "allow-nan" if allow_nan else True}
    with remedies():
        return validate_data(estimator, X, reset=reset, accept_sparse="csr", **options)


def check_codes(Z: Any, n_components: int, name: str) -> Any:
    """Return codes ``Z`` as a finite ndarray of ``n_components`` columns."""
    Z = as_host_array(Z)
    with remedies():
        Z = check_array(Z, input_name="X", **_array_options(Z))
    if Z.shape[1] != n_components:
        raise ValueError(
            f"X has {Z.shape[1]} columns, but codes of this {name} have {n_components}."
        )
    return Z


def check_weights(sample_weight: Any, X: Any) -> np.ndarray | None:
    """Return the weights of the rows of a checked array, none of them negative; None stays None."""
    if sample_weight is None:
        return None
    weights = as_host_array(sample_weight)
    return _check_sample_weight(weights, X, dtype=np.float64, ensure_non_negative=True)


def check_labels(y: Any, classes: tuple[Any, ...] = ()) -> tuple[np.ndarray, tuple[Any, ...]]:
    """Return the place of each label in ``classes``, and these: sorted labels, unless given."""
    y = column_or_1d(as_host_array(y), warn=True)
    if y.dtype.kind in "fO" and any(label is None or label != label for label in y):
        raise ValueError("y has missing labels, NaN or None: drop their rows, or name them.")
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


def as_host_array(X: Any) -> Any:
    """A tensor as an array; all else as it is."""
    if not isinstance(X, Tensor):
        return X
    X = X.detach().cpu()
    return (X.float() if X.dtype == torch.bfloat16 else X).numpy()  # NumPy has no bfloat16


def _array_options(X: Any) -> dict[str, Any]:
    numeric = isinstance(X, np.ndarray) and (X.dtype.kind in "biu" or X.dtype == np.float16)
    numeric |= sp.issparse(X) and X.dtype.kind in "iu"
    return {
        "dtype": None if numeric else [np.float64, np.float32],
        "order": None if is_memory_mapped(X) else "C",
    }


def is_memory_mapped(X: Any) -> bool:
    """Whether the array's memory is a file's."""
    while isinstance(X, np.ndarray):
        if isinstance(X, np.memmap):
            return True
        X = X.base
    return False


def output_dtype(X: Any) -> np.dtype:
    """float32 for float32 input, float64 for all else, as scikit-learn's transformers do."""
    return np.dtype(np.float32 if X.dtype == np.float32 else np.float64)


def value_range(X: Any) -> tuple[float, float]:
    """The smallest and the largest entry of those that are not missing."""
    if sp.issparse(X):
        if not X.has_canonical_format:
            X = X.copy()  # to look for them, SciPy sums duplicate entries in place
        return float(X.nanmin()), float(X.nanmax())
    return float(np.fmin.reduce(X, axis=None)), float(np.fmax.reduce(X, axis=None))


def outside_unit_interval(X: Any) -> str:
    """Say where ``X`` leaves [0, 1] by more than rounding, and the remedy; "" where it does not."""
    return leaves_unit_interval(*value_range(X))


def leaves_unit_interval(low: float, high: float) -> str:
    """The same, of values that lie between these."""
    if not (low < -1e-6 or high > 1 + 1e-6):  # nor if both are NaN, nothing being observed
        return ""
    return (
        f"values in [0, 1], but X ranges from {low:.4g} to {high:.4g}; "
        "scale it with sklearn.preprocessing.MinMaxScaler."
    )


class Rows(ABC):
    """Rows of a checked array, handed out as tensors of one dtype on one device."""

    n_features: int
    index_device: torch.device
    """Where ``take`` wants its indices."""
    weights: Tensor | None = None
    """How much each row counts, on a scale of their own, kept on the CPU; None if all alike."""
    labels: Tensor | None = None
    """What each row is to be told to be, kept on the CPU: the place of its class in ``classes``, or
    a target; None where nothing is."""
    classes: tuple[Any, ...] = ()

    @abstractmethod
    def __len__(self) -> int:
        """How many rows there are."""

    @abstractmethod
    def take(self, ids: Tensor) -> Tensor:
        """Copy the rows ``ids``."""

    @abstractmethod
    def _select(self, ids: Tensor) -> "Rows":
        """The rows ``ids`` as rows of their own, without weights and classes."""

    @abstractmethod
    def chunks(self, size: int = CHUNK_ROWS) -> Iterator[Tensor]:
        """Copies of all rows in order, some at a time."""

    def select(self, ids: Tensor) -> "Rows":
        """The rows ``ids`` as rows of their own."""
        rows = self._select(ids)
        rows.weights = None if self.weights is None else self.weights[ids.cpu()]
        rows.labels = None if self.labels is None else self.labels[ids.cpu()]
        rows.classes = self.classes
        return rows

    def weighted(self, weights: np.ndarray) -> "Rows":
        """The rows whose weight is not 0, bearing it."""
        counting = torch.from_numpy(weights.nonzero()[0])
        rows = copy.copy(self) if len(counting) == len(self) else self.select(counting)
        rows.weights = torch.from_numpy(weights)[counting]
        return rows

    def labelled(self, labels: np.ndarray, classes: tuple[Any, ...]) -> "Rows":
        """The same rows, each with its label."""
        rows = copy.copy(self)
        rows.labels, rows.classes = torch.from_numpy(labels), classes
        return rows

    def value_range(self) -> tuple[float, float]:
        """The smallest and the largest entry."""
        ranges = [chunk.aminmax() for chunk in self.chunks()]
        return min(float(r.min) for r in ranges), max(float(r.max) for r in ranges)

    def mean(self) -> Tensor:
        """The mean of each feature, in float64 on the CPU."""
        return mean_over_rows(lambda chunk: chunk, self)


class ResidentRows(Rows):
    """All rows in one tensor, which is this object's own."""

    def __init__(self, X: Tensor) -> None:
        self.X = X
        self.n_features, self.index_device = X.shape[1], X.device

    def __len__(self) -> int:
        return len(self.X)

    def take(self, ids: Tensor) -> Tensor:
        return self.X.index_select(0, ids.to(self.index_device))

    def _select(self, ids: Tensor) -> "ResidentRows":
        return ResidentRows(self.take(ids))

    def chunks(self, size: int = CHUNK_ROWS) -> Iterator[Tensor]:
        yield from (part.clone() for part in self.X.split(size))

    def array(self) -> Tensor:
        """The rows as another estimator's ``fit`` takes them."""
        return self.X


class StreamedRows(Rows):
    """Rows of an array that stays outside torch: sparse, memory-mapped, or used only once.

    Parameters
    ----------
    X : ndarray or CSR matrix of shape (n_samples, n_features)
    device : torch.device
    dtype : torch.dtype
    ids : ndarray of shape (n_rows,), optional
        The rows of ``X`` that are meant; all of them by default.
    absent : float, default=0.0
        What an entry is that a sparse matrix does not store.
    """

    def __init__(
        self,
        X: Any,
        device: torch.device,
        dtype: torch.dtype,
        ids: np.ndarray | None = None,
        absent: float = 0.0,
    ) -> None:
        self.X, self.device, self.dtype, self.ids, self.absent = X, device, dtype, ids, absent
        self.n_features, self.index_device = X.shape[1], torch.device("cpu")

    def __len__(self) -> int:
        return self.X.shape[0] if self.ids is None else len(self.ids)

    def take(self, ids: Tensor) -> Tensor:
        wanted = ids.numpy() if self.ids is None else self.ids[ids.numpy()]
        return self._tensor(self.X[wanted])

    def _select(self, ids: Tensor) -> "StreamedRows":
        wanted = ids.numpy() if self.ids is None else self.ids[ids.numpy()]
        return StreamedRows(self.X, self.device, self.dtype, wanted, self.absent)

    def chunks(self, size: int = CHUNK_ROWS) -> Iterator[Tensor]:
        for start in range(0, len(self), size):
            part = slice(start, start + size)
            yield self._tensor(self.X[part if self.ids is None else self.ids[part]])

    def array(self) -> Any:
        """The rows as another estimator's ``fit`` takes them."""
        return self.X if self.ids is None else self.X[self.ids]

    def _tensor(self, rows: Any) -> Tensor:
        rows = dense(rows, self.absent) if sp.issparse(rows) else np.asarray(rows)
        return copied(rows, self.device, self.dtype)


def copied(X: np.ndarray, device: torch.device, dtype: torch.dtype, name: str = "X") -> Tensor:
    """A tensor with the values of ``X`` that shares no memory with it."""
    # NumPy copies from read-only, reversed and foreign-endian memory as well; torch does not.
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


def dense(X: Any, absent: float) -> np.ndarray:
    """A sparse matrix as an array that has ``absent`` where nothing is stored."""
    if absent == 0:
        return X.toarray()
    entries = X.tocoo()
    rows = np.full(X.shape, absent, dtype=np.result_type(X.dtype, np.float32))
    rows[entries.row, entries.col] = entries.data
    return rows


def to_dense(X: Any) -> np.ndarray:
    """Rows as an array of float64, missing ones as NaN."""
    return np.asarray(X.toarray() if sp.issparse(X) else X, dtype=np.float64)


def to_array(tensor: Tensor) -> np.ndarray:
    """A copy of a tensor as an array, in C order."""
    return np.array(tensor.detach().cpu().numpy(), order="C")


def training_rows(X: Any, device: torch.device, dtype: torch.dtype, absent: float = 0.0) -> Rows:
    """The rows of a checked array as training wants them: resident where they are in memory."""
    if sp.issparse(X) or is_memory_mapped(X):
        return StreamedRows(X, device, dtype, absent=absent)
    return ResidentRows(copied(X, device, dtype))


def chunk_rows(rows: Rows) -> int:
    """Rows that a network is given at a time: fewer of wide ones, such as large images."""
    return max(1, min(CHUNK_ROWS, CHUNK_ENTRIES // rows.n_features))


def map_rows(function: Callable[[Tensor], Tensor], rows: Rows, dtype: np.dtype) -> np.ndarray:
    """Apply ``function`` to chunks of rows, without gradients, into one array of ``dtype``."""
    result = None
    start = 0
    with torch.inference_mode():
        for chunk in rows.chunks(chunk_rows(rows)):
            part = function(chunk).cpu().numpy()
            if result is None:
                result = np.empty((len(rows), *part.shape[1:]), dtype=dtype)
            result[start : start + len(part)] = part
            start += len(part)
    assert result is not None  # check_rows lets no empty array pass
    return result


def drawn_rows(function: Callable[[slice], Tensor], n_rows: int, n_features: int) -> np.ndarray:
    """Rows that ``function`` draws for each part of ``n_rows``, without gradients, as float64."""
    result = np.empty((n_rows, n_features))
    with torch.inference_mode():
        for part in gen_batches(n_rows, CHUNK_ROWS):
            result[part] = function(part).cpu().numpy()
    return result


def mean_over_rows(function: Callable[[Tensor], Tensor], rows: Rows) -> Tensor:
    """The weighted mean of a per-row ``function`` over all rows, summed in float64 on the CPU."""
    return mean_over_weighted_rows(lambda x, *marks: function(x), rows)


def mean_over_weighted_rows(function: Callable[..., Tensor], rows: Rows) -> Tensor:
    """The same of a ``function`` that is given what marks its rows.

    These are their weights, None if all count alike, and their labels, where they bear some.
    """
    # A running total: small tensors kept between the freed chunks would tear the heap to pieces.
    total: Tensor | float = 0.0
    alike = torch.ones(len(rows), dtype=torch.float64, device="cpu")
    weights = alike if rows.weights is None else rows.weights.double()
    with torch.no_grad():
        size = chunk_rows(rows)
        for start, x in zip(range(0, len(rows), size), rows.chunks(size), strict=True):
            part = slice(start, start + size)
            weight = weights[part]
            label = [] if rows.labels is None else [rows.labels[part].to(x.device)]
            values = function(x, None if rows.weights is None else weight.to(x), *label)
            total = total + weight @ values.cpu().double()
    return torch.as_tensor(total) / weights.sum()


def n_held_out(n_rows: int, fraction: float) -> int:
    """How many of ``n_rows`` a fraction holds out; at least one row stays on each side."""
    held_out = math.ceil(n_rows * fraction)
    if fraction > 0 and not 1 <= held_out < n_rows:
        raise ValueError(
            f"validation_fraction == {fraction} with n_samples = {n_rows} leaves none to train on; "
            "give more rows or a smaller fraction, or hold none out."
        )
    return held_out
