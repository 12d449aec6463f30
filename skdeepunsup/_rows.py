"""Rows of a checked array as tensors, whole or in parts, and functions applied to all of them.

`ResidentRows` holds all rows in one tensor; `StreamedRows` leaves a sparse or memory-mapped array
where it is, and only the rows of a batch become a tensor. ``_sliced_rows.py`` chooses between them
and a buffer of what is too large for memory.
Tensors hold rows in the units of a `Scaling`, if there is one.
A user's rows become tensors here and in ``_validation.py`` only; the latter has the checks and the
conversions of single arrays, and comes first.
"""

import copy
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import scipy.sparse as sp
import torch
from sklearn.utils import gen_batches
from torch import Tensor

from ._finite import finite
from ._out import Out
from ._random import Stream
from ._scaling import CACHED_ENTRIES, Scaling
from ._validation import copied, densified

CHUNK_ROWS = 1024
"""Rows processed at a time outside training: enough for a fast product, few for the cache."""

CHUNK_ENTRIES = 2**20
"""Most entries in these rows: the activations of a convolution are many times the image's size."""

MAX_ENTRIES = 2**22
"""Most entries of a table with a row for each pair of a row of data and a state or a feature."""

SOME_ROWS = 500
"""At most so many rows, spread over all, show how codes vary."""


class Rows(ABC):
    """Rows of a checked array, handed out as tensors of one dtype on one device."""

    n_features: int
    index_device: torch.device
    """Device on which ``take`` expects its indices."""
    weights: Tensor | None = None
    """Weight of each row, in any unit, on the CPU; None if all rows count the same."""
    labels: Tensor | None = None
    """Training target of each row, on the CPU: the index of its class in ``classes``, or a number;
    None if unsupervised."""
    classes: tuple[Any, ...] = ()
    """Names of the classes; empty without classes."""
    scaling: Scaling | None = None
    """The units of the rows that are handed out; None if they are those of the array."""

    @abstractmethod
    def __len__(self) -> int:
        """Number of rows."""

    @property
    def at_a_time(self) -> int:
        """Rows to pass through a network at a time: fewer if they are wide, as large images are."""
        return max(1, min(CHUNK_ROWS, CHUNK_ENTRIES // self.n_features))

    @abstractmethod
    def take(self, ids: Tensor) -> Tensor:
        """Copies of the rows ``ids``, shape (len(ids), n_features)."""

    @abstractmethod
    def _select(self, ids: Tensor) -> "Rows":
        """A `Rows` object of the rows ``ids``, with nothing else set."""

    @abstractmethod
    def chunks(self, size: int = CHUNK_ROWS) -> Iterator[Tensor]:
        """Yield copies of all rows in order, ``size`` at a time."""

    def shuffled(self, size: int, stream: Stream) -> Iterator[tuple[Tensor, "Rows", Tensor]]:
        """Yield all rows in random order, in parts for batches of ``size``.

        Of each part come the numbers of its rows, in random order; rows that hold them; and their
        numbers among these. All is drawn from ``stream`` before the first part is yielded.
        """
        order = stream.permutation(len(self))
        yield order, self, order

    def select(self, ids: Tensor) -> "Rows":
        """A `Rows` object of the rows ``ids``, with their weights and labels."""
        rows = self._select(ids)
        rows.weights = None if self.weights is None else self.weights[ids.cpu()]
        rows.labels = None if self.labels is None else self.labels[ids.cpu()]
        rows.classes, rows.scaling = self.classes, self.scaling
        return rows

    def weighted(self, weights: np.ndarray) -> "Rows":
        """The rows whose weight is not 0, with their weights."""
        counting = weights.nonzero()[0]
        everyone = len(counting) == len(self)
        rows = copy.copy(self) if everyone else self.select(torch.from_numpy(counting))
        rows.weights = torch.from_numpy(weights[counting])  # a copy: the caller's may be read-only
        return rows

    def labelled(self, labels: np.ndarray, classes: tuple[Any, ...]) -> "Rows":
        """A copy of this object with labels; the rows themselves are shared."""
        rows = copy.copy(self)
        rows.labels, rows.classes = torch.from_numpy(labels), classes
        return rows

    def in_data_units(self, x: Tensor) -> Tensor:
        """Rows that were handed out in the units of the array."""
        return x if self.scaling is None else self.scaling.original(x)

    def value_range(self) -> tuple[float, float]:
        """The smallest and the largest entry, in the units of the data."""
        ranges = [self.in_data_units(chunk).aminmax() for chunk in self.chunks()]
        return min(float(r.min) for r in ranges), max(float(r.max) for r in ranges)

    def mean(self) -> Tensor:
        """The mean of each feature, in float64 on the CPU; chunks are summed in their own dtype."""
        if self.weights is not None:
            return mean_over_rows(lambda chunk: chunk, self)
        total = torch.zeros(self.n_features, dtype=torch.float64, device="cpu")
        for chunk in self._parts(CHUNK_ROWS):
            total += chunk.sum(0).cpu()
        return total / len(self)

    def _parts(self, size: int) -> Iterator[Tensor]:
        """As ``chunks``, but only to be read."""
        return self.chunks(size)


class ResidentRows(Rows):
    """All rows in one tensor that belongs to this object."""

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
        yield from (part.clone() for part in self._parts(size))

    def _parts(self, size: int) -> Iterator[Tensor]:
        return iter(self.X.split(size))


class StreamedRows(Rows):
    """Rows of an array that stays as it is: sparse, memory-mapped, or used only once.

    Parameters
    ----------
    X : ndarray or CSR matrix of shape (n_samples, n_features)
    device : torch.device
    dtype : torch.dtype
    ids : ndarray of shape (n_rows,), optional
        Rows of ``X`` to use; all of them by default.
    absent : float, default=0.0
        Value of the entries that a sparse matrix does not store.
    scaling : Scaling, optional
        The units of the rows that are handed out; those of ``X`` by default.
    """

    def __init__(
        self,
        X: Any,
        device: torch.device,
        dtype: torch.dtype,
        ids: np.ndarray | None = None,
        absent: float = 0.0,
        scaling: Scaling | None = None,
    ) -> None:
        self.X, self.device, self.dtype, self.ids, self.absent = X, device, dtype, ids, absent
        self.scaling = scaling
        self.n_features, self.index_device = X.shape[1], torch.device("cpu")

    def __len__(self) -> int:
        return self.X.shape[0] if self.ids is None else len(self.ids)

    def take(self, ids: Tensor) -> Tensor:
        return self._tensor(self.X[self._wanted(ids)])

    def _wanted(self, ids: Tensor) -> np.ndarray:
        """Rows of ``X`` that are the rows ``ids``."""
        return ids.numpy() if self.ids is None else self.ids[ids.numpy()]

    def _select(self, ids: Tensor) -> Rows:
        kind, wanted = type(self), self._wanted(ids)
        return kind(self.X, self.device, self.dtype, wanted, self.absent, self.scaling)

    def chunks(self, size: int = CHUNK_ROWS) -> Iterator[Tensor]:
        for start in range(0, len(self), size):
            part = slice(start, start + size)
            yield self._tensor(self.X[part if self.ids is None else self.ids[part]])

    def _tensor(self, rows: Any) -> Tensor:
        rows = densified(rows, self.absent) if sp.issparse(rows) else np.asarray(rows)
        return standardized(rows, self.device, self.dtype, self.scaling)


def standardized(
    X: np.ndarray, device: torch.device, dtype: torch.dtype, scaling: Scaling | None
) -> Tensor:
    """A tensor on ``device`` with the rows of ``X`` in the units of ``scaling``."""
    if scaling is None:
        return copied(X, device, dtype)
    size = max(1, CACHED_ENTRIES // X.shape[1])
    if len(X) <= size:
        return copied(scaling.standardized(X), device, dtype)
    rows = torch.empty(X.shape, dtype=dtype, device="cpu")
    for part in gen_batches(len(X), size):
        rows[part] = torch.from_numpy(scaling.standardized(X[part]))
    return rows.to(device)


def map_rows(
    function: Callable[[Tensor], Tensor], rows: Rows, dtype: np.dtype, out: Any = None
) -> Any:
    """Apply ``function`` to all rows in chunks, without gradients; return an array of ``dtype``.

    It is ``out``, filled, if that is given. Raises ValueError if a result is not finite in that
    dtype.
    """
    result, writer = None, None
    start = 0
    with torch.inference_mode():
        for chunk in rows.chunks(rows.at_a_time):
            part = function(chunk).cpu().numpy()
            if result is None:
                shape = len(rows), *part.shape[1:]
                writer = None if out is None else Out(out, shape, dtype)
                result = np.empty(shape, dtype) if out is None else out
            if writer is None:
                answers = result[start : start + len(part)]
            else:
                answers = np.empty(part.shape, writer.dtype)
            with np.errstate(over="ignore"):
                answers[:] = part
            if not np.isfinite(answers).all():
                finite(answers, rows.in_data_units(chunk), start)
            if writer is not None:
                writer.add(answers)
            start += len(part)
    if writer is not None:
        writer.write()
    assert result is not None  # check_rows refuses empty arrays
    return result


def drawn_rows(function: Callable[[slice], Tensor], n_rows: int, n_features: int) -> np.ndarray:
    """Call ``function`` for each slice of ``n_rows`` rows to draw, without gradients.

    Returns a float64 array of shape (n_rows, n_features).
    """
    result = np.empty((n_rows, n_features))
    with torch.inference_mode():
        for part in gen_batches(n_rows, CHUNK_ROWS):
            result[part] = function(part).cpu().numpy()
    return finite(result)


def mean_over_rows(function: Callable[[Tensor], Tensor], rows: Rows) -> Tensor:
    """The weighted mean of ``function(x)`` over all rows, summed in float64 on the CPU.

    ``function`` maps rows, (n, n_features), to one value or one vector per row.
    """
    return mean_over_weighted_rows(lambda x, *marks: function(x), rows)


def mean_over_weighted_rows(function: Callable[..., Tensor], rows: Rows) -> Tensor:
    """The weighted mean of ``function(x, weights)`` over all rows, in float64 on the CPU.

    ``function`` maps rows, (n, n_features), to one value or one vector per row. Weights are None if
    all rows count the same; rows that have labels are passed as ``function(x, weights, labels)``.
    """
    # A running total: small tensors kept between the freed chunks would fragment the heap.
    total: Tensor | float = 0.0
    weights = None if rows.weights is None else rows.weights.double()
    with torch.no_grad():
        size = rows.at_a_time
        for start, x in zip(range(0, len(rows), size), rows.chunks(size), strict=True):
            part = slice(start, start + size)
            alike = torch.ones(len(x), dtype=torch.float64, device="cpu")
            weight = alike if weights is None else weights[part]
            label = [] if rows.labels is None else [rows.labels[part].to(x.device)]
            values = function(x, None if weights is None else weight.to(x), *label)
            total = total + weight @ values.cpu().double()
    return torch.as_tensor(total) / (len(rows) if weights is None else weights.sum())


def variance_over_some_rows(function: Callable[[Tensor], Tensor], rows: Rows) -> Tensor:
    """The variance of each component of ``function(x)`` over `SOME_ROWS` rows spread over all."""
    n = min(len(rows), SOME_ROWS)
    some = torch.arange(n, device="cpu") * len(rows) // n
    return torch.cat([function(x) for x in rows.select(some).chunks()]).var(0, correction=0)
