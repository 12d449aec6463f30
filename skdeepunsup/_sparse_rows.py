"""Rows of a CSR matrix of which only the entries that are not 0 are ever handed out."""

import copy
from collections.abc import Callable, Iterator
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import embedding_bag

from ._rows import CHUNK_ENTRIES, CHUNK_ROWS, Rows, StreamedRows

MAX_ROWS = 8 * CHUNK_ROWS
"""At most so many rows pass through a network at a time, however few entries they have."""


class SparseBatch:
    """Rows x by their stored entries.

    Products with it take a time that is proportional to these entries, not to the columns.

    Parameters
    ----------
    lengths : ndarray of int, of shape (n,)
        How many entries each row has.
    columns : ndarray of int, of shape (n_entries,)
        Their columns, row after row; a row has each at most once.
    values : ndarray of shape (n_entries,)
    device : torch.device
    dtype : torch.dtype

    Attributes
    ----------
    values : Tensor of shape (n_entries,)
    rows, columns : Tensor of int64, of shape (n_entries,)
        The row and the column of each entry, row after row.
    present : Tensor of int64, of shape (n_present,)
        The columns that have an entry, in rising order.
    present_on_host : ndarray of int64
        The same columns, without a wait for the device.
    places : Tensor of int64, of shape (n_entries,)
        The place in ``present`` of each entry's column.
    """

    rows: Tensor
    columns: Tensor
    present: Tensor
    present_on_host: np.ndarray
    places: Tensor
    _by_column: Tensor
    _row_starts: Tensor
    _column_starts: Tensor

    def __init__(
        self,
        lengths: np.ndarray,
        columns: np.ndarray,
        values: np.ndarray,
        device: torch.device,
        dtype: torch.dtype,
    ) -> None:
        by_column = np.argsort(columns, kind="stable")
        in_order = columns[by_column]
        begins = np.diff(in_order, prepend=-1) > 0  # where the entries of a column begin
        places = np.empty(len(columns), np.int64)
        places[by_column] = begins.cumsum() - 1
        self._n = len(lengths)
        self.present_on_host = in_order[begins].astype(np.int64)
        self.values = torch.from_numpy(values).to(device, dtype)
        ids = {
            "rows": np.repeat(np.arange(len(lengths)), lengths),
            "columns": columns,
            "present": self.present_on_host,
            "places": places,
            "_by_column": by_column,
            "_row_starts": lengths.cumsum() - lengths,
            "_column_starts": np.flatnonzero(begins),
        }
        for name, of in ids.items():
            setattr(self, name, torch.from_numpy(of.astype(np.int64, copy=False)).to(device))

    def __len__(self) -> int:
        return self._n

    @property
    def device(self) -> torch.device:
        """Where the tensors are."""
        return self.values.device

    @property
    def dtype(self) -> torch.dtype:
        """That of the values."""
        return self.values.dtype

    def with_values(self, values: Tensor) -> Self:
        """Rows with other values at the same places."""
        changed = copy.copy(self)
        changed.values = values
        return changed

    def normalized(self) -> Self:
        """The rows divided by their Euclidean lengths; rows of zeros stay."""
        lengths = self.row_sums(self.values.square()).sqrt_().clamp_min_(1e-12)
        return self.with_values(self.values / lengths[self.rows])

    def dense(self, n_features: int) -> Tensor:
        """The rows as a tensor of shape (n, n_features)."""
        x = self.values.new_zeros(len(self), n_features)
        x[self.rows, self.columns] = self.values
        return x

    def row_sums(self, values: Tensor) -> Tensor:
        """The sum over each row, shape (n,), of one number for each entry."""
        return values.new_zeros(len(self)).index_add_(0, self.rows, values)

    def column_sums(self, values: Tensor) -> Tensor:
        """The sum over each present column, shape (n_present,), of one number for each entry."""
        return values.new_zeros(len(self.present)).index_add_(0, self.places, values)

    def times(self, W: Tensor) -> Tensor:
        """Return x W, given W of shape (n_features, h), contiguous."""
        return _weighted_sums(W, self.columns, self._row_starts, self.values)

    def transposed_times(self, y: Tensor) -> Tensor:
        """Return the rows of xᵀ y that are not 0, those of the ``present`` columns.

        ``y`` has the shape (n, h), and is contiguous; the result has the shape (n_present, h).
        """
        order = self._by_column
        return _weighted_sums(y, self.rows[order], self._column_starts, self.values[order])


def _weighted_sums(W: Tensor, rows: Tensor, starts: Tensor, weights: Tensor) -> Tensor:
    """Weighted sums of rows of W, one for each part of the list ``rows`` that begins at a start."""
    return embedding_bag(rows, W, starts, mode="sum", per_sample_weights=weights)


class SparseRows(StreamedRows):
    """`StreamedRows` of a CSR matrix that are handed out as `SparseBatch` objects.

    Entries that are not stored are 0, in the units of a `Scaling` too: its centre must be 0.
    """

    @property
    def at_a_time(self) -> int:
        entries_per_row = self.X.nnz / self.X.shape[0]
        return max(1, min(MAX_ROWS, int(CHUNK_ENTRIES / (1 + entries_per_row))))

    def take(self, ids: Tensor) -> Any:
        wanted, starts = self._wanted(ids), self.X.indptr  # SciPy takes ten times as long
        lengths = starts[wanted + 1] - starts[wanted]
        begins = lengths.cumsum() - lengths
        entries = np.arange(lengths.sum()) + np.repeat(starts[wanted] - begins, lengths)
        columns, values = self.X.indices[entries], self.X.data[entries]
        if self.scaling is not None:
            values = values / self.scaling.scale.numpy()[columns]
        return SparseBatch(lengths, columns, values, self.device, self.dtype)

    def chunks(self, size: int = CHUNK_ROWS) -> Iterator[Any]:
        yield from map(self.take, torch.arange(len(self), device="cpu").split(size))

    def in_data_units(self, x: Any) -> Tensor:
        return super().in_data_units(x.dense(self.n_features))

    def mean(self) -> Tensor:
        X = self.X if self.ids is None else self.X[self.ids]
        weights = np.ones(len(self)) if self.weights is None else self.weights.double().numpy()
        means = torch.from_numpy(weights @ X / weights.sum())
        return means if self.scaling is None else means / self.scaling.scale


def sparse_rows(rows: StreamedRows) -> SparseRows:
    """The rows of a CSR matrix, to be handed out by their stored entries."""
    X = rows.X
    if not X.has_canonical_format:
        X = X.copy()
        X.sum_duplicates()
    made = SparseRows(X, rows.device, rows.dtype, rows.ids, rows.absent, rows.scaling)
    made.weights, made.labels, made.classes = rows.weights, rows.labels, rows.classes
    return made


def mean_over_batches(function: Callable[[Any, Tensor | None], Tensor], rows: Rows) -> Tensor:
    """The mean over all rows of what ``function(x, weights)`` returns for batches, on the CPU.

    ``function`` returns weighted means over the rows of a batch, whose weights have the mean 1 over
    all rows, or are None.
    """
    total = torch.zeros((), dtype=torch.float64, device="cpu")
    ids = torch.arange(len(rows), device="cpu").split(CHUNK_ROWS)
    weights = None if rows.weights is None else rows.weights / rows.weights.mean()
    for part in ids:
        x = rows.take(part)
        weight = None if weights is None else weights[part].to(x.device, x.dtype)
        total = total + function(x, weight).cpu().double() * len(part)
    return total / len(rows)
