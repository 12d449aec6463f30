"""Reads files into rows of numbers; every error is one line that names a remedy."""

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from sklearn.datasets import load_digits


class UnusableError(Exception):
    """Arguments or data cannot be used; the message is one line that names the remedy."""


class Data(NamedTuple):
    """Rows to compare models on, and a target to predict from their codes."""

    name: str
    X: np.ndarray
    y: np.ndarray | None
    image_shape: tuple[int, ...] | None


def read_data(file: str | None, target: str | None) -> Data:
    """Read a file, or scikit-learn's digits if ``file`` is None."""
    if file is None:
        if target is not None:
            raise UnusableError("--target needs a FILE; the digits have their own classes.")
        X, y = load_digits(return_X_y=True)
        return Data("digits", X, y, (8, 8))
    path = Path(file)
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise UnusableError(
            f"{path}: unknown extension {path.suffix!r}; name a file that ends in "
            f"{', '.join(READERS)}."
        )
    try:
        size = path.stat().st_size
    except OSError as error:
        raise UnusableError(
            f"{path}: there is no such file ({error.strerror}); check the path."
        ) from error
    if path.is_dir():
        raise UnusableError(f"{path}: is a folder; name a file in it.")
    if size == 0:
        raise UnusableError(f"{path}: is empty; it must hold rows of numbers.")
    try:
        return reader(path, target)
    except UnusableError as error:
        raise UnusableError(f"{path}: {error}") from error
    except Exception as error:  # a broken file may raise anything
        reason = (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
        kind = path.suffix[1:].upper()
        raise UnusableError(
            f"{path}: cannot be read as {kind} ({reason}); save it anew."
        ) from error


def _read_csv(path: Path, target: str | None) -> Data:
    pandas = _pandas()
    with warnings.catch_warnings():
        # Columns of mixed types are an error below.
        warnings.simplefilter("ignore", pandas.errors.DtypeWarning)
        frame = pandas.read_csv(path)
        if _is_row_of_numbers(list(frame.columns)):  # the file has no header
            frame = pandas.read_csv(path, header=None)
    if str(frame.columns[0]) == "Unnamed: 0":  # the index that DataFrame.to_csv writes
        frame = frame.iloc[:, 1:]
    return _from_frame(path, frame, target)


def _is_row_of_numbers(names: list[str]) -> bool:
    """Whether a header is a row of data: numbers, but not the 0, 1, … of nameless columns."""
    if names == [str(i) for i in range(len(names))]:
        return False
    try:
        return bool([float(name) for name in names])
    except ValueError:
        return False


def _read_parquet(path: Path, target: str | None) -> Data:
    try:
        frame = _pandas().read_parquet(path)
    except ImportError as error:
        raise UnusableError(
            "reading Parquet needs pyarrow: pip install 'skdeepunsup[tables]'"
        ) from error
    return _from_frame(path, frame, target)


def _pandas() -> Any:
    try:
        import pandas
    except ImportError as error:
        raise UnusableError("reading it needs pandas: pip install 'skdeepunsup[tables]'") from error
    return pandas


def _from_frame(path: Path, frame: Any, target: str | None) -> Data:
    _check_length(len(frame))
    frame.columns = [str(column) for column in frame.columns]
    columns = list(frame.columns)
    y = None
    if target is not None:
        if target not in columns:
            raise UnusableError(
                f"has no column {target!r} for --target; it has {_listing(columns)}."
            )
        y = _check_target(_target_values(frame[target]))
        frame = frame.drop(columns=target)
    for column, dtype in frame.dtypes.items():
        if dtype.kind not in "biuf":
            kind = "complex numbers" if dtype.kind == "c" else "text or dates"
            raise UnusableError(
                f"column {column!r} holds {kind} where numbers are needed; encode or drop it, or "
                "name it by --target where it is what to predict."
            )
    X = frame.to_numpy(dtype=np.float64, na_value=np.nan)
    return Data(path.stem, _check(X, list(frame.columns)), y, None)


def _target_values(column: Any) -> np.ndarray:
    """Numbers as float64, with NaN where they are missing; anything else as text."""
    if column.dtype.kind in "iuf":
        return column.to_numpy(dtype=np.float64, na_value=np.nan)
    if column.isna().any():
        raise UnusableError(f"the target is missing in {column.isna().sum()} rows; drop them.")
    return column.astype(str).to_numpy(dtype=str)


def _read_npy(path: Path, target: str | None) -> Data:
    array = np.load(path, allow_pickle=False)
    y = None
    if target is not None:
        array, y = _split_column(array, target)
    return _from_array(path, array, y)


def _split_column(array: np.ndarray, target: str) -> tuple[np.ndarray, np.ndarray]:
    """Split ``array`` into the columns without the target, and the target, given by its number."""
    width = array.shape[1] if array.ndim == 2 else 0
    try:
        column = int(target)
        y = array[:, range(width)[column]]
    except (ValueError, IndexError) as error:
        raise UnusableError(
            f"has no column {target!r} for --target; in an NPY file give its number, from 0 to "
            f"{width - 1}."
            if width
            else "is not a table of rows and columns, so it has no column for --target."
        ) from error
    return np.delete(array, column, axis=1), y


def _read_npz(path: Path, target: str | None) -> Data:
    with np.load(path, allow_pickle=False) as archive:
        arrays = {name: archive[name] for name in archive.files}
    y = None
    if target is not None:
        if target not in arrays:
            raise UnusableError(f"has no array {target!r} for --target; it has {_listing(arrays)}.")
        y = arrays.pop(target)
        if y.ndim != 1:
            raise UnusableError(
                f"array {target!r} has shape {y.shape}; a target has one value per row."
            )
    names = [name for name, array in arrays.items() if array.ndim >= 2]
    names = [name for name in ("X", "x", "data") if name in names] or names
    if y is not None:
        names = [name for name in names if len(arrays[name]) == len(y)]
    if len(names) != 1 and names[:1] not in (["X"], ["x"], ["data"]):
        raise UnusableError(
            "must hold one array of rows, or one called 'X'"
            f"{' as long as the target' if y is not None else ''}; it has {_listing(arrays)}."
        )
    return _from_array(path, arrays[names[0]], y)


def _from_array(path: Path, array: np.ndarray, y: np.ndarray | None) -> Data:
    if array.dtype.kind not in "biuf":
        kind = "complex numbers" if array.dtype.kind == "c" else f"data of type {array.dtype}"
        raise UnusableError(f"holds {kind} where real numbers are needed; convert it.")
    _check_length(len(array) if array.ndim else 0)
    if array.ndim < 2:
        raise UnusableError(f"has shape {array.shape}; it must have rows and columns: reshape it.")
    if y is not None:
        y = _check_target(y)
    is_image = array.ndim == 3 or (array.ndim == 4 and array.shape[3] in (3, 4))
    X = array.reshape(len(array), -1).astype(np.float64)
    columns = [str(column) for column in range(X.shape[1])]
    return Data(path.stem, _check(X, columns), y, array.shape[1:] if is_image else None)


def _check_target(y: np.ndarray) -> np.ndarray:
    """Return ``y``; raise unless it holds finite numbers or text that repeats."""
    if y.dtype.kind not in "biufU":
        raise UnusableError(f"the target holds {y.dtype} values; it must be numbers or text.")
    if y.dtype.kind == "f" and not np.isfinite(y).all():
        n_bad = (~np.isfinite(y)).sum()
        raise UnusableError(f"the target is missing or infinite in {n_bad} rows; drop them.")
    if y.dtype.kind == "U" and 2 * len(np.unique(y)) > len(y):
        raise UnusableError("the target is text that hardly repeats; give a column of classes.")
    return y


def _check_length(n_rows: int) -> None:
    if n_rows < 2:
        raise UnusableError(f"has {'one row' if n_rows else 'no rows'}; a comparison needs dozens.")


def _check(X: np.ndarray, columns: list[str]) -> np.ndarray:
    """Return ``X``; raise unless it has columns and all values are finite."""
    if not X.shape[1]:
        raise UnusableError("has no column of numbers left; it needs some besides the target.")
    bad = ~np.isfinite(X)
    if bad.any():
        column = int(bad.any(axis=0).argmax())
        others = int(bad.any(axis=0).sum()) - 1
        more = f" (and {others} other columns have some too)" if others else ""
        raise UnusableError(
            f"column {columns[column]!r} has missing or infinite values in {bad[:, column].sum()} "
            f"of {len(X)} rows{more}; fill or drop them."
        )
    return X


def _listing(names: Any) -> str:
    names = [str(name) for name in names]
    return ", ".join(names[:8]) + (f", … ({len(names)} in all)" if len(names) > 8 else "")


READERS: dict[str, Callable[[Path, str | None], Data]] = {
    ".csv": _read_csv,
    ".parquet": _read_parquet,
    ".npy": _read_npy,
    ".npz": _read_npz,
}
