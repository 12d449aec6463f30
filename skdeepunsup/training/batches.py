"""Shuffled batches."""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from .._random import Stream
from .._rows import Rows


def batches(rows: Rows, size: int, stream: Stream) -> Iterator[tuple[Any, ...]]:
    """Yield all rows in random order: ``(x,)``, ``(x, weight)`` or ``(x, weight or None, label)``.

    A batch has ``size`` rows. The last one is kept however small it is, except that a single row
    joins the batch before it, since one row has no batch statistics. Weights have mean 1 over all
    rows, not over a batch, so that a row counts the same whatever else is in its batch.
    """
    weighing = None if rows.weights is None else rows.weights / rows.weights.mean()
    n_marks = 2 if rows.labels is not None else 1 if weighing is not None else 0
    for numbers, held, order in rows.shuffled(size, stream):
        # Moved to the device once: a copy for each batch would make the device wait for the host.
        weights = None if weighing is None else weighing[numbers]
        labels = None if rows.labels is None else rows.labels[numbers]
        start = 0
        for ids in _parts(order.to(held.index_device), size):
            x = held.take(ids)
            weights = None if weights is None else weights.to(x.device, x.dtype)
            labels = None if labels is None else labels.to(x.device)
            part = slice(start, start + len(x))
            marks = [None if of_rows is None else of_rows[part] for of_rows in (weights, labels)]
            yield (x, *marks[:n_marks])
            start += len(x)
        del held  # a buffer, which the next one takes the place of


def _parts(entries: Tensor, size: int) -> list[Tensor]:
    """Split ``entries`` into parts of ``size``; a single one left over joins the last part."""
    parts = list(entries.split(int(size)))
    if len(parts) > 1 and len(parts[-1]) == 1 < size:
        parts[-2:] = [torch.cat(parts[-2:])]
    return parts
