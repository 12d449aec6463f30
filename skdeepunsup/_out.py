"""Arrays of the caller's that answers are written into."""

from typing import Any

import numpy as np
from torch import Tensor

from . import _sliced
from ._sources import release


class Out:
    """Writes answers into ``out`` a block at a time: a compressed file is slow to write by rows.

    Parameters
    ----------
    out : ndarray, or any other array that is written to by ``out[start:stop] = rows``
        Memory map, HDF5 dataset, zarr array, …
    shape : tuple of int
        Shape of all answers.
    dtype : dtype
        Of the answers, as they are computed.
    """

    def __init__(self, out: Any, shape: tuple[int, ...], dtype: np.dtype) -> None:
        check_out(out, shape, dtype)
        self.out, self.dtype = out, np.dtype(out.dtype)
        self.start, self.parts = 0, list[np.ndarray]()

    def add(self, answers: np.ndarray) -> None:
        """Take the next answers."""
        self.parts.append(answers)
        if sum(part.size for part in self.parts) >= _sliced.BLOCK_ENTRIES // 4:
            self.write()

    def write(self) -> None:
        """Write what has been taken."""
        if not self.parts:
            return
        rows = np.concatenate(self.parts)
        self.parts.clear()
        stop = self.start + len(rows)
        try:
            self.out[self.start : stop] = rows
        except (OSError, TypeError, ValueError, RuntimeError) as error:
            raise ValueError(f"out cannot be written to: {error}") from error
        release(self.out)
        self.start = stop


def check_out(out: Any, shape: tuple[int, ...], dtype: np.dtype) -> None:
    """Raise unless ``out`` is an array that holds answers of this shape and dtype."""
    is_array = all(hasattr(out, name) for name in ("shape", "dtype", "__setitem__"))
    if not is_array or isinstance(out, Tensor) or hasattr(out, "iloc"):
        raise TypeError(
            f"out is a {type(out).__name__}; give an array that can be written to by slices, such "
            f"as numpy.empty({shape}), a memory map, an HDF5 dataset or a zarr array."
        )
    if tuple(out.shape) != shape:
        raise ValueError(f"out has shape {tuple(out.shape)}, but the answers have {shape}.")
    if np.dtype(out.dtype).kind != "f":
        raise TypeError(
            f"out has dtype {out.dtype}, but the answers are of {dtype}: make it with that dtype."
        )
    if isinstance(out, np.ndarray) and not out.flags.writeable:
        raise ValueError("out is read-only: open a memory map in mode 'r+' or 'w+'.")


def check_container(estimator: Any, out: Any) -> None:
    """Raise if ``out`` is given to ``transform`` of an estimator that returns tables."""
    from sklearn.utils._set_output import _get_output_config

    if out is not None and _get_output_config("transform", estimator)["dense"] != "default":
        raise ValueError(
            "out is an array, but set_output asks for tables: set_output(transform='default')."
        )
