"""Rows that are read a block at a time, as arrays; all are looked at in one pass.

`ahead` reads the next block while the caller works on this one. ``_sources.py`` has what the rows
may come from.
"""

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, TypeVar

import numpy as np
from sklearn.utils import gen_batches

BLOCK_ENTRIES = 2**22
"""Most entries of a block, which is read at once: 16 MB of float32."""

BUFFER_BLOCKS = 16
"""Blocks, taken from anywhere, whose rows are shuffled among each other: 256 MB of float32.

What has no more entries than such a buffer is read whole.
"""

LOOKED_AT = 2**17
"""Entries that are looked at in float64 at a time: they stay in a cache."""

T = TypeVar("T")


class Ahead(threading.Thread, Generic[T]):
    """A thread that calls a function once; ``result`` waits for it, and raises what it raised."""

    def __init__(self, function: Callable[[], T]) -> None:
        super().__init__(name="skdeepunsup reads ahead")
        self.function = function
        self.value: Any = None
        self.error: BaseException | None = None
        self.start()

    def run(self) -> None:
        try:
            self.value = self.function()
        except BaseException as error:
            self.error = error

    def result(self) -> T:
        self.join()
        if self.error is not None:
            raise self.error
        value: T = self.value
        return value


def ahead(functions: Iterable[Callable[[], T]]) -> Iterator[T]:
    """Yield what each function returns, which a thread computes while the caller has the last.

    Each is asked for when the one before has returned. There is one thread for each call, which
    ends with it: none waits for more, whatever becomes of the caller.
    """
    functions = iter(functions)
    if (first := next(functions, None)) is None:
        return
    running = Ahead(first)
    try:
        while True:
            value = running.result()
            if (following := next(functions, None)) is None:
                yield value
                return
            running = Ahead(following)
            yield value
            del value
    finally:
        running.join()


@dataclass
class Survey:
    """All rows, looked at once.

    Attributes
    ----------
    low, high : float
        The smallest and the largest entry; NaN if all are missing.
    counts : ndarray of shape (n_features,)
        Rows that have each feature.
    means : ndarray of shape (n_features,)
        Mean of each feature over these, in float64; 0 where there are none.
    """

    low: float
    high: float
    counts: np.ndarray
    means: np.ndarray


class NotFiniteError(ValueError):
    """An entry is infinite, or NaN where this is not allowed."""

    def __init__(self, row: int, column: int) -> None:
        super().__init__(f"row {row}, column {column}")
        self.row, self.column = row, column


class Sliced(ABC):
    """Rows that are read by slices, as arrays of ``dtype``.

    Attributes
    ----------
    shape : tuple of int
    dtype : dtype
        Of the blocks that are read.
    names : list of str or None
        Names of the columns; None if they have none.
    """

    shape: tuple[int, ...]
    dtype: np.dtype
    names: list[str] | None = None
    _survey: Survey | None = None

    @abstractmethod
    def _read(self, start: int, stop: int) -> Any:
        """Rows from ``start`` to before ``stop``."""

    @property
    def ndim(self) -> int:
        return len(self.shape)

    def __len__(self) -> int:
        return self.shape[0]

    @property
    def is_small(self) -> bool:
        """Whether all rows fit into a buffer, and are read whole."""
        return len(self) <= BUFFER_BLOCKS * self.block_rows

    @property
    def block_rows(self) -> int:
        """Rows of a block."""
        return max(1, BLOCK_ENTRIES // max(1, int(np.prod(self.shape[1:]))))

    def read(self, start: int, stop: int) -> np.ndarray:
        """Copies of the rows from ``start`` to before ``stop``."""
        with _reading:
            return np.array(self._read(start, min(stop, len(self))), self.dtype, order="C")

    def blocks(self, size: int | None = None) -> Iterator[tuple[int, np.ndarray]]:
        """Yield the number of the first row of each block, and its rows, the next read ahead."""
        size = self.block_rows if size is None else size
        starts = range(0, len(self), size)
        return zip(starts, ahead(partial(self.read, a, a + size) for a in starts), strict=True)

    def rows(self, ids: np.ndarray) -> np.ndarray:
        """Copies of some rows, in the order of ``ids``; neighbours are read together."""
        found = np.empty((len(ids), self.shape[1]), self.dtype)
        order = np.argsort(ids, kind="stable")
        for run in np.split(order, np.flatnonzero(np.diff(ids[order]) > 1) + 1):
            if len(run):
                first = int(ids[run[0]])
                found[run] = self.read(first, int(ids[run[-1]]) + 1)[ids[run] - first]
        return found

    def __getitem__(self, key: Any) -> np.ndarray:
        if isinstance(key, slice):
            start, stop, step = key.indices(len(self))
            return self.read(start, stop)[::step]
        if np.ndim(key) == 0:
            return self.read(int(key), int(key) + 1)[0]
        key = np.asarray(key)
        return self.rows(np.flatnonzero(key) if key.dtype == bool else key)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.asarray(self.read(0, len(self)), dtype)

    def table(self, rows: np.ndarray) -> Any:
        """Rows as a table with the names of the columns, if they have names."""
        if self.names is None:
            return rows
        import pandas as pd

        return pd.DataFrame(rows, columns=self.names)

    def survey(self, allow_nan: bool = True) -> Survey:
        """Look at all rows once; raises `NotFiniteError` at the first entry that is not allowed."""
        if self._survey is None or not (allow_nan or self._survey.counts.min() == len(self)):
            self._survey = self._look(allow_nan)
        return self._survey

    def _look(self, allow_nan: bool) -> Survey:
        n_features = self.shape[1]
        low, high = np.nan, np.nan
        counts, totals = np.zeros(n_features), np.zeros(n_features)
        for start, block in self.blocks():
            for part in gen_batches(len(block), max(1, LOOKED_AT // n_features)):
                x = block[part].astype(np.float64)
                with np.errstate(over="ignore", invalid="ignore"):
                    sums = x.sum(0)
                missing = None
                if not np.isfinite(sums).all():
                    missing = np.isnan(x)
                    wrong = np.isinf(x) if allow_nan else ~np.isfinite(x)
                    if wrong.any():
                        row, column = np.argwhere(wrong)[0]
                        raise NotFiniteError(start + part.start + int(row), int(column))
                    with np.errstate(over="ignore"):
                        sums = np.where(missing, 0.0, x).sum(0)
                low = np.fmin(low, np.fmin.reduce(x, axis=None))
                high = np.fmax(high, np.fmax.reduce(x, axis=None))
                counts += len(x) if missing is None else len(x) - missing.sum(0)
                with np.errstate(over="ignore"):
                    totals += sums
        return Survey(float(low), float(high), counts, totals / np.maximum(counts, 1))


_reading = threading.RLock()
"""Whoever reads: libraries of files are not safe to use from two threads, nor is a cached part."""


class Picked(Sliced):
    """Some rows of another source, in its order.

    Parameters
    ----------
    X : Sliced
    wanted : ndarray of bool, of shape (n_rows of X,)
    """

    def __init__(self, X: Sliced, wanted: np.ndarray) -> None:
        edges = np.flatnonzero(np.diff(wanted, prepend=False, append=False))
        self.X, self.starts, self.stops = X, edges[::2], edges[1::2]
        self.ends = np.cumsum(self.stops - self.starts)
        n_rows = int(self.ends[-1]) if len(self.ends) else 0
        self.shape, self.dtype, self.names = (n_rows, *X.shape[1:]), X.dtype, X.names

    def _read(self, start: int, stop: int) -> np.ndarray:
        """Read runs of wanted rows, with what is between them where that is little."""
        number = np.arange(start, stop)
        run = np.searchsorted(self.ends, number, "right")
        ids = number - self.ends[run] + self.stops[run]
        if len(ids) and ids[-1] - ids[0] < 4 * len(ids):
            first = int(ids[0])
            return self.X.read(first, int(ids[-1]) + 1)[ids - first]
        return self.X.rows(ids)


def some_rows(X: Any, wanted: np.ndarray) -> Any:
    """The rows of a checked array where ``wanted`` is true; of a `Sliced` source, not yet read."""
    return Picked(X, wanted) if isinstance(X, Sliced) else X[wanted]
