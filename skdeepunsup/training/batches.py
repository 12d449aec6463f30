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
    order = list(stream.permutation(len(rows)).to(rows.index_device).split(size))
    if len(order) > 1 and len(order[-1]) == 1 < size:
        order[-2:] = [torch.cat(order[-2:])]
    weights = None if rows.weights is None else rows.weights / rows.weights.mean()
    for ids in order:
        x = rows.take(ids)
        yield (x,) if weights is None else (x, weights[ids.cpu()].to(x))
