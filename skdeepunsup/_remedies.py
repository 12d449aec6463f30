"""What keeps a user's table from being rows of numbers: the column, what it holds, what to do.

`refuse_table` finds what scikit-learn would take, or refuse in words about other code; `remedies`
adds to its other errors what to do. Each remedy, done to the data that raised the error, leaves
data of the same meaning that are accepted.
"""

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import scipy.sparse as sp
from sklearn.utils import get_tags

COLOURS = (1, 3, 4)
"""Usual numbers of channels of an image."""


def refuse_table(X: Any, name: str) -> None:
    """Raise if ``X`` holds dates, has no rows yet, or has two columns of one name."""
    if type(X).__name__ == "LazyFrame":
        raise TypeError(f"{name} is a LazyFrame, which has no rows yet: give {name}.collect().")
    kind = getattr(getattr(X, "dtype", None), "kind", "")
    if kind in ("m", "M"):
        raise TypeError(_of_dates(name, name, str(X.dtype)))
    columns, dtypes = getattr(X, "columns", None), getattr(X, "dtypes", None)
    if columns is None or dtypes is None:
        return
    twice = [column for column, n in Counter(columns).items() if n > 1]
    if twice:
        raise ValueError(
            f"{name} has {list(columns).count(twice[0])} columns called {twice[0]!r}: rename them, "
            f"or give {name}.to_numpy(), whose columns have no names."
        )
    for column, dtype in zip(columns, dtypes, strict=True):
        if str(dtype).lower().startswith(("date", "time", "duration", "period")):
            raise TypeError(_of_dates(name, f"{name}[{column!r}]", str(dtype)))


def _of_dates(name: str, part: str, dtype: str) -> str:
    """The text of an error about dates and times, which have no unit, in ``part`` of ``name``."""
    kind = dtype.lower()
    if kind.startswith(("timedelta", "duration")):
        found, days = "lengths of time", part
    else:
        found, days = "dates", f"({part} - {part}.min())"
    if dtype.startswith(("Date", "Time", "Duration")):  # as polars writes them
        days = f"{days}.dt.total_seconds() / 86400"
    else:
        days = f"{days} / numpy.timedelta64(1, 'D')"
    if kind.startswith("period"):
        days = f"{part}.dt.to_timestamp(), and then numbers of it"
    if kind == "time":
        days = f"{part}.dt.hour() + {part}.dt.minute() / 60"
    return (
        f"{part} holds {found} ({dtype}), which have no unit that is theirs: give numbers, for "
        f"instance days, {days}."
    )


@contextmanager
def remedies(X: Any = None, estimator: Any = None, name: str = "X") -> Iterator[None]:
    """Refuse what `refuse_table` does, and add the remedy to scikit-learn's errors about ``X``."""
    refuse_table(X, name)
    with naming(name):
        try:
            yield
        except (TypeError, ValueError) as error:
            complaint = str(error)
            for part, remedy in REMEDIES.items():
                if part in complaint:
                    # What scikit-learn adds to the first line are models that are not ours.
                    first = complaint.splitlines()[0]
                    raise type(error)(f"{first}\n{remedy(X, estimator, name)}") from error
            raise


WORDS_FOR_X = "|arrays?|features?|samples?|dimensions?"
"""In scikit-learn's errors, which other code may look for."""


@contextmanager
def naming(name: str) -> Iterator[None]:
    """Make each error about an argument name it, and a ValueError or TypeError of each.

    NumPy's warnings are silent: sums that look for infinities may overflow.
    """
    try:
        with np.errstate(all="ignore"):
            yield
    except (TypeError, ValueError) as error:
        words = name + WORDS_FOR_X * (name == "X")
        if re.search(rf"\b({words})\b", str(error)):
            raise
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(f"{name} cannot be used: {error}") from error
    except (MemoryError, Warning):
        raise
    except Exception as error:  # such as those of polars, pyarrow and torch
        raise ValueError(f"{name} cannot be read as an array: {error}") from error


def _of_text(X: Any, estimator: Any, name: str) -> str:
    if name != "X":
        codes = f"numpy.unique({name}, return_inverse=True)[1].reshape({name}.shape)"
        return f"Encode classes as codes: {codes}."
    columns, value = _text(X)
    where = (
        f"{name} has text, such as {value!r}, in columns {_listed(columns)}. " if columns else ""
    )
    if hasattr(estimator, "recommend"):
        return f"{where}A row is a user and a column an item: give numbers alone."
    tags = None if estimator is None else get_tags(estimator).input_tags
    if tags is not None and (tags.categorical or tags.allow_nan):
        gaps = f"pandas.DataFrame({name}, dtype=object).fillna(numpy.nan)"
        return (
            f"{where}Encode text as integer codes by sklearn.preprocessing.OrdinalEncoder, which "
            f"keeps NaN (where None or NA marks what is missing, after {gaps}); a model of codes, "
            "such as CategoricalRBM, takes all its columns so."
        )
    return (
        f"{where}Encode text by make_column_transformer((OneHotEncoder(sparse_output=False), "
        f"{_listed(columns) or '[…]'}), remainder='passthrough') of sklearn.compose and "
        "sklearn.preprocessing."
    )


def _listed(columns: list[Any]) -> str:
    """The list as Python writes it, or a range where it would be long."""
    if len(columns) > 9 and columns == list(range(columns[0], columns[-1] + 1)):
        return f"range({columns[0]}, {columns[-1] + 1})"
    return repr(columns) if columns else ""


def _text(X: Any) -> tuple[list[Any], Any]:
    """The columns that have entries which are no numbers, and the first such entry."""
    found, first = [], None
    for column, entries in _columns(X):
        for entry in entries:
            if isinstance(entry, str | bytes) and not _is_number(entry):
                first = entry if first is None else first
                found.append(column)
                break
    return found, first


def _is_number(text: Any) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _columns(X: Any) -> Iterator[tuple[Any, Any]]:
    """Each column of a table of two dimensions, with its name or number."""
    names = getattr(X, "columns", None)
    if names is not None:
        for name in names:
            yield name, X[name]
    elif not sp.issparse(X) and (table := np.asarray(X, dtype=object)).ndim == 2:
        yield from enumerate(table.T)


def _of_objects(X: Any, estimator: Any, name: str) -> str:
    for column, entries in _columns(X):
        for entry in entries:
            kind = type(entry).__name__
            if kind in ("date", "datetime", "time", "Period", "Timestamp", "Timedelta"):
                return (
                    f"{name} has a {kind}, {entry}, in column {column!r}: give numbers, of dates "
                    f"for instance [each.toordinal() for each in {name}[{column!r}]]."
                )
            if entry is not None and not np.isscalar(entry):
                return f"{name} has a {kind}, {entry!r}, in column {column!r}: give numbers."
    return "Give numbers."


def _of_gaps(X: Any, estimator: Any, name: str) -> str:
    if name != "X":
        return f"Leave out the rows in which {name} is missing."
    if hasattr(estimator, "recommend"):
        return f"Put 0 where there was no interaction: numpy.nan_to_num({name})."
    parameters = {} if estimator is None else estimator.get_params()
    masks = [key for key in parameters if key.split("__")[-1] == "missing"]
    inner = [key for key in ("encoder", "model", "estimator") if key in parameters]
    fill = (
        "fill what is missing by GenerativeImputer or sklearn.impute.SimpleImputer; impute of a "
        "fitted generative model fills it too."
    )
    if masks:
        return f"Set {masks[0]}='mask', to learn from the entries that are there, or {fill}"
    if inner and ("hidden_layer_sizes" not in parameters or "encoder_learning_rate" in parameters):
        return f"Give a model with missing='mask' as {inner[0]}, such as an Autoencoder, or {fill}"
    return f"F{fill[1:]}"


def _of_lengths(X: Any, estimator: Any, name: str) -> str:
    shapes = [np.shape(_or_none(row)) for row in X] if hasattr(X, "__len__") else []
    unlike = next((shape for shape in shapes if shape != shapes[0]), None)
    if unlike is None:
        return f"Give {name} as one array of numbers."
    return (
        f"{name} has rows of unlike shape, {shapes[0]} and {unlike}: every row needs the same "
        "entries. Pad the shorter ones, sounds by zeros and sequences by their code of padding, "
        "crop the longer ones, or resize images."
    )


def _or_none(row: Any) -> Any:
    try:
        return np.asarray(row)
    except ValueError:
        return None


def _of_axes(X: Any, estimator: Any, name: str) -> str:
    shape = np.shape(X)
    array = name if hasattr(X, "reshape") else f"numpy.asarray({name})"
    if hasattr(estimator, "sample_rate"):
        axis = 2 if len(shape) == 3 and shape[2] <= shape[1] else 1
        return (
            f"A row is one sound of one channel, and {name} has shape {shape}: mix the channels, "
            f"{array}.mean({axis})."
        )
    if len(shape) == 4 and _channels_first(*shape[1:]):
        last = f"({', '.join(map(str, (0, 2, 3, 1)))})"
        moved = "permute" if hasattr(X, "permute") else "transpose"
        return (
            f"A row is one image, flattened with channels last, and {name} has shape {shape}: "
            f"{array}.{moved}{last}.reshape({shape[0]}, -1)."
        )
    return (
        f"A row is one image, flattened with channels last, and {name} has shape {shape}: "
        f"{array}.reshape({shape[0]}, -1). Of sounds, first mix the channels or take one."
    )


def _channels_first(a: int, b: int, c: int) -> bool:
    """Whether images of this shape have their channels first."""
    return a in COLOURS and (c not in COLOURS or a != b == c)


def _of_infinity(X: Any, estimator: Any, name: str) -> str:
    return (
        f"Leave out the rows in which {name} is not finite, or clip those entries: "
        f"numpy.clip({name}, low, high)."
    )


def _of_complex(X: Any, estimator: Any, name: str) -> str:
    return (
        "Give the real and the imaginary part, or the modulus, as features: "
        f"numpy.hstack([{name}.real, {name}.imag])."
    )


REMEDIES = {
    "could not convert string": _of_text,
    "arrays of bytes/strings": _of_text,
    "string or a real number, not": _of_objects,
    "contains NaN": _of_gaps,
    "contains infinity": _of_infinity,
    "Complex data": _of_complex,
    "inhomogeneous": _of_lengths,
    "array element with a sequence": _of_lengths,
    "while dim <= ": _of_axes,
}
"""What to say of an error of scikit-learn's, by a part of its message."""
