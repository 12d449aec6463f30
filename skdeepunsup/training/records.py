"""Records: the named figures of an epoch, and the history that they make."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

Record = dict[str, float]
Report = Callable[[Record], Record]
"""A function of an epoch's record that returns it in the units of the data."""


def to_columns(records: list[Record]) -> dict[str, Any]:
    """Records as one array with a column for each name; NaN stands for what is missing."""
    names = list(dict.fromkeys(name for record in records for name in record))
    rows = [[record.get(name, math.nan) for name in names] for record in records]
    return {"names": names, "values": np.array(rows).reshape(len(records), len(names))}


def from_columns(columns: dict[str, Any]) -> list[Record]:
    """The records that ``to_columns`` was given."""
    rows = columns["values"].tolist()
    return [dict(zip(columns["names"], row, strict=True)) for row in rows]


def extend(history: dict[str, list[float]], record: Record) -> None:
    """Append an epoch's record; NaN stands for what an epoch did not measure."""
    before = max(map(len, history.values()), default=0)
    for name in dict.fromkeys((*history, *record, "validation_loss")):
        history.setdefault(name, [math.nan] * before).append(record.get(name, math.nan))
