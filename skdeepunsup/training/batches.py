"""Shuffled batches."""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from .._random import Stream
from .._rows import Rows


def batches(rows: Rows, size: int, stream: Stream) -> Iterator[tuple[Any, ...]]:
    """All rows in a fresh order, ``size`` at a time, then their weights, then their labels.

    Of these two there are as many as the rows bear: labels without weights come after a None. The
    last batch is kept however small, but a single row left over joins the batch before it: one
    row has no batch statistics. The weights have mean 1 over all rows, not over those of a batch,
    so that every row counts as much as it should whoever shares its batch.
    """
    # To the device once, and not with each batch, which would make it wait for the host.
    order = stream.permutation(len(rows))
    weights = None if rows.weights is None else (rows.weights / rows.weights.mean())[order]
    labels = None if rows.labels is None else rows.labels[order]
    n_marks = 2 if labels is not None else 1 if weights is not None else 0
    batches_of_ids = _parts(order.to(rows.index_device), size)
    nothing = [None] * len(batches_of_ids)
    for ids, weight, label in zip(
        batches_of_ids,
        nothing if weights is None else _parts(weights, size),
        nothing if labels is None else _parts(labels, size),
        strict=True,
    ):
        x = rows.take(ids)
        marks = (
            None if weight is None else weight.to(x),
            None if label is None else label.to(x.device),
        )
        yield (x, *marks[:n_marks])


def _parts(entries: Tensor, size: int) -> list[Tensor]:
    """``size`` entries at a time, a single one left over joined to the part before it."""
    parts = list(entries.split(int(size)))
    if len(parts) > 1 and len(parts[-1]) == 1 < size:
        parts[-2:] = [torch.cat(parts[-2:])]
    return parts
