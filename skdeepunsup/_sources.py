"""What gives rows by slices, maps, HDF5, zarr, Parquet, dask, is recognised by ``as_sliced``."""

import mmap
import sys
from abc import abstractmethod
from typing import Any

import numpy as np
import scipy.sparse as sp
from torch import Tensor

from ._sliced import Sliced


class Mapped(Sliced):
    """A memory map; its pages leave the memory of this process once a block has been copied."""

    def __init__(self, X: np.ndarray) -> None:
        self.X, self.shape, self.dtype = X, X.shape, X.dtype

    def _read(self, start: int, stop: int) -> np.ndarray:
        return self.X[start:stop]

    def read(self, start: int, stop: int) -> np.ndarray:
        rows = super().read(start, stop)
        release(self.X)
        return rows


class ByIndex(Sliced):
    """An array of another library that gives rows by ``X[start:stop]``: of h5py, zarr, …"""

    def __init__(self, X: Any) -> None:
        self.X, self.shape, self.dtype = X, tuple(X.shape), np.dtype(X.dtype)

    def _read(self, start: int, stop: int) -> Any:
        return self.X[start:stop]


class InParts(Sliced):
    """Rows in parts that are read whole, such as a Parquet file's row groups; the last is kept.

    Parameters
    ----------
    sizes : sequence of int
        Rows of each part.
    """

    def __init__(self, sizes: Any, n_features: int, dtype: np.dtype) -> None:
        self.ends = np.cumsum(np.asarray(sizes, dtype=np.int64))
        n_rows = int(self.ends[-1]) if len(self.ends) else 0
        self.shape, self.dtype = (n_rows, n_features), dtype
        self.kept: tuple[int, Any] = -1, None

    @abstractmethod
    def _part(self, number: int) -> np.ndarray:
        """All rows of a part."""

    def _read(self, start: int, stop: int) -> np.ndarray:
        found = [np.empty((0, self.shape[1]), self.dtype)]
        number = int(np.searchsorted(self.ends, start, "right"))
        while start < stop:
            if self.kept[0] != number:
                self.kept = -1, None  # before the next one is made
                self.kept = number, self._part(number)
            part, end = self.kept[1], int(self.ends[number])
            first = end - len(part)
            found.append(part[start - first : stop - first])
            start, number = min(end, stop), number + 1
        return np.concatenate(found)


class Parquet(InParts):
    """A ``pyarrow.dataset``; its numeric columns are the features, null is NaN."""

    def __init__(self, X: Any) -> None:
        import pyarrow as pa

        self.names = list(X.schema.names)
        for field in X.schema:
            kinds = pa.types.is_integer, pa.types.is_floating, pa.types.is_boolean
            if not any(is_a(field.type) for is_a in kinds):
                raise ValueError(
                    f"X has values of type {field.type} in column {field.name!r}, which are no "
                    "numbers: write them as numbers, or leave the column out, "
                    "X.replace_schema(pyarrow.schema([field for field in X.schema if field.name "
                    f"!= {field.name!r}]))."
                )
        self.schema = X.schema
        self.fragments: list[Any] = []
        for fragment in X.get_fragments():
            in_groups = hasattr(fragment, "split_by_row_group")
            self.fragments += fragment.split_by_row_group() if in_groups else [fragment]
        sizes = [_n_rows(fragment) for fragment in self.fragments]
        if sum(sizes) != X.count_rows():
            raise ValueError("X is a filtered dataset: write the rows that pass to a file first.")
        shorts = [pa.float32(), pa.int8(), pa.uint8(), pa.int16(), pa.uint16(), pa.bool_()]
        types = [field.type for field in X.schema]
        is_short = pa.float32() in types and all(kind in shorts for kind in types)
        self.kind = pa.float32() if is_short else pa.float64()
        dtype = np.dtype(np.float32 if is_short else np.float64)
        super().__init__(sizes, len(self.names), dtype)

    def _part(self, number: int) -> np.ndarray:
        table = self.fragments[number].to_table(schema=self.schema)
        rows = np.empty((table.num_rows, self.shape[1]), self.kind.to_pandas_dtype())
        for i, column in enumerate(table.columns):
            rows[:, i] = column.cast(self.kind, safe=False).to_numpy()
        return rows


def _n_rows(fragment: Any) -> int:
    """Rows of a part of a dataset; ``count_rows`` of a row group counts those of its file."""
    groups = getattr(fragment, "row_groups", None)
    return fragment.count_rows() if groups is None else sum(group.num_rows for group in groups)


class Dask(InParts):
    """A dask array of two dimensions, computed a row of blocks at a time."""

    def __init__(self, X: Any) -> None:
        if np.isnan(X.shape[0]):
            raise ValueError("X has blocks of unknown size: call X.compute_chunk_sizes() first.")
        self.X = X
        super().__init__(X.chunks[0], X.shape[1], np.dtype(X.dtype))

    def _part(self, number: int) -> np.ndarray:
        return np.asarray(self.X.blocks[number])


def as_sliced(X: Any) -> Any:
    """What gives rows by slices as a `Sliced`; anything else, and small memory maps, unchanged."""
    if isinstance(X, np.ndarray):
        return mapped if is_memory_mapped(X) and not (mapped := Mapped(X)).is_small else X
    if isinstance(X, Sliced | Tensor | np.generic) or sp.issparse(X):
        return X
    kind = f"{type(X).__module__}.{type(X).__name__}"
    if kind.startswith("pyarrow._dataset") and "pyarrow.dataset" in sys.modules:
        return Parquet(X) if hasattr(X, "get_fragments") else X
    if kind.startswith("h5py.") and not X:
        raise ValueError("X is a dataset of a file that is closed: open it, and close it later.")
    if kind == "dask.array.core.Array" and X.ndim == 2:
        return Dask(X)
    other = hasattr(X, "iloc") or hasattr(X, "__array_namespace__") or not hasattr(X, "__getitem__")
    if other or not all(hasattr(X, name) for name in ("shape", "dtype", "ndim")):
        return X
    return ByIndex(X) if X.ndim else X


def as_array(X: Any) -> Any:
    """What gives rows by slices as an array or a table of all of them; all else unchanged."""
    rows = as_sliced(X)
    return rows.table(np.asarray(rows)) if isinstance(rows, Sliced) and rows is not X else X


def is_memory_mapped(X: Any) -> bool:
    """Whether the array's memory is mapped from a file."""
    return _map_of(X) is not None


def _map_of(X: Any) -> np.memmap | None:
    """The memory map that holds an array's memory, if one does."""
    while isinstance(X, np.ndarray):
        if isinstance(X, np.memmap):
            return X
        X = X.base
    return None


def release(X: Any) -> None:
    """Let the pages of a mapped file leave the memory of this process; they stay in the system's.

    What was written to them stays as well: in the file, or, of a map in mode "c", in memory.
    """
    found = _map_of(X)
    pages = getattr(found, "_mmap", None)
    if pages is not None and found is not None and found.mode != "c" and _DONTNEED is not None:
        pages.madvise(_DONTNEED)


_DONTNEED = getattr(mmap, "MADV_DONTNEED", None)  # Windows has none
