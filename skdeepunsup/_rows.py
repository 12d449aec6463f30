"""Rows of a checked array as tensors: resident or streamed, and what is done with all of them."""

import copy
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import scipy.sparse as sp
import torch
from sklearn.utils import gen_batches
from torch import Tensor

from ._validation import copied, dense, is_memory_mapped

CHUNK_ROWS = 1024
"""Rows that cross at a time outside training: enough for a fast product, few for the cache."""


CHUNK_ENTRIES = 2**20
"""Entries of these at most: what convolutions make of an image is many times its size."""


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

    def _tensor(self, rows: Any) -> Tensor:
        rows = dense(rows, self.absent) if sp.issparse(rows) else np.asarray(rows)
        return copied(rows, self.device, self.dtype)


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
