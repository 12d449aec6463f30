"""Shuffled batches."""

from collections.abc import Iterator

import torch
from torch import Tensor

from .._random import Stream
from .._validation import Rows


def batches(rows: Rows, size: int, stream: Stream) -> Iterator[tuple[Tensor, ...]]:
    """All rows in a fresh order, ``size`` at a time, and their weights where they bear any.

    The last batch is kept however small, but a single row left over joins the batch before it: one
    row has no batch statistics. The weights have mean 1 over all rows, not over those of a batch,
    so that every row counts as much as it should whoever shares its batch.
    """
    # To the device once, and not with each batch, which would make it wait for the host.
    order = stream.permutation(len(rows))
    batches_of_ids = _parts(order.to(rows.index_device), size)
    if rows.weights is None:
        for ids in batches_of_ids:
            yield (rows.take(ids),)
        return
    weights = (rows.weights / rows.weights.mean())[order]
    for ids, weight in zip(batches_of_ids, _parts(weights, size), strict=True):
        x = rows.take(ids)
        yield x, weight.to(x)


def _parts(entries: Tensor, size: int) -> list[Tensor]:
    """``size`` entries at a time, a single one left over joined to the part before it."""
    parts = list(entries.split(size))
    if len(parts) > 1 and len(parts[-1]) == 1 < size:
        parts[-2:] = [torch.cat(parts[-2:])]
    return parts
