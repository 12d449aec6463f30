"""Rows of a source that is read by slices, for training and for answers.

Training shuffles them in a buffer: an epoch takes the blocks of the source in random order, 16 at a
time, and shuffles the rows of these among each other. While the batches of a buffer train, a thread
fills the next one. Two buffers are in memory, each of 2²⁶ numbers, 256 MB in float32.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor

from . import _sliced
from ._random import Stream
from ._rows import CHUNK_ROWS, ResidentRows, Rows, StreamedRows, standardized
from ._scaling import Scaling
from ._sliced import Picked, Sliced, ahead
from ._sources import is_memory_mapped

Buffer = tuple[Tensor, Tensor]
"""Rows, and their numbers."""


class SlicedRows(StreamedRows):
    """Rows of a `Sliced` source."""

    X: Sliced

    def take(self, ids: Tensor) -> Tensor:
        return self._tensor(self.X.rows(ids.cpu().numpy()))

    def _select(self, ids: Tensor) -> Rows:
        """Few rows come into memory; many stay where they are, in the order of the source."""
        if len(ids) <= _sliced.BUFFER_BLOCKS * self.X.block_rows:
            return ResidentRows(self.take(ids))
        wanted = np.zeros(len(self), dtype=bool)
        wanted[ids.cpu().numpy()] = True
        return self._of(Picked(self.X, wanted))

    def _of(self, X: Sliced) -> "SlicedRows":
        return SlicedRows(X, self.device, self.dtype, scaling=self.scaling)

    def chunks(self, size: int = CHUNK_ROWS) -> Iterator[Tensor]:
        for _, block in self.X.blocks(max(1, self.X.block_rows // size) * size):
            yield from self._tensor(block).split(size)

    def value_range(self) -> tuple[float, float]:
        survey = self.X.survey()
        return survey.low, survey.high

    def mean(self) -> Tensor:
        survey = self.X.survey()
        if self.weights is not None or survey.counts.min() < len(self):
            return super().mean()
        means = survey.means[None]
        means = means if self.scaling is None else self.scaling.standardized(means)
        return torch.from_numpy(means[0])

    def part(self, n: int, stream: Stream) -> Tensor:
        """Numbers of ``n`` rows in blocks drawn at random; the last block drawn gives its first."""
        size = self.X.block_rows
        size = max(1, min(size, n // _sliced.BUFFER_BLOCKS))
        starts = stream.permutation(-(-len(self) // size)) * size
        blocks = starts[: n // size + 2, None] + torch.arange(size, device="cpu")
        numbers = blocks.flatten()
        return numbers[numbers < len(self)][:n].sort().values

    def shuffled(self, size: int, stream: Stream) -> Iterator[tuple[Tensor, Rows, Tensor]]:
        """Yield all rows in random order, a buffer at a time, the next one read ahead.

        Rows that fill no batch go on to the next buffer.
        """
        n = self.X.block_rows
        starts = stream.permutation(-(-len(self) // n)) * n
        orders = Stream(int(stream.numpy.integers(2**31)))
        buffers = [part.sort().values for part in starts.split(_sliced.BUFFER_BLOCKS)]
        left: Buffer = self._empty(0), torch.empty(0, dtype=torch.int64, device="cpu")

        def fills() -> Iterator[Callable[[], tuple[Buffer, Tensor]]]:
            nonlocal left
            for number, part in enumerate(buffers):
                yield partial(fill, part.tolist(), number + 1 == len(buffers))

        def fill(blocks: list[int], is_last: bool) -> tuple[Buffer, Tensor]:
            nonlocal left
            x, numbers = self._filled(blocks, n, left)
            order = orders.permutation(len(x))
            kept = 0 if is_last else (len(x) - 1) % size + 1  # a last batch of a single row has one
            order, rest = order[: len(x) - kept], order[len(x) - kept :]
            left = x[rest], numbers[rest]
            return (x, numbers), order

        for (x, numbers), order in ahead(fills()):
            if len(order):  # or all rows go on
                yield numbers[order], ResidentRows(x.to(self.device)), order
            del x

    def _filled(self, blocks: list[int], n: int, left: Buffer) -> Buffer:
        """What is ``left``, and the ``n`` rows from each of ``blocks``, on the CPU."""
        sizes = [min(n, len(self) - start) for start in blocks]
        before = len(left[0])
        x = self._empty(before + sum(sizes))
        numbers = torch.empty(len(x), dtype=torch.int64, device="cpu")
        x[:before], numbers[:before] = left
        for start, size in zip(blocks, sizes, strict=True):
            rows = self.X.read(start, start + size)
            end = before + size
            cpu = torch.device("cpu")
            x[before:end] = standardized(rows, cpu, self.dtype, self.scaling)
            numbers[before:end] = torch.arange(start, start + size, device="cpu")
            before = end
        return x, numbers

    def _empty(self, n: int) -> Tensor:
        return torch.empty(n, self.n_features, dtype=self.dtype, device="cpu")


def training_rows(
    X: Any,
    device: torch.device,
    dtype: torch.dtype,
    absent: float = 0.0,
    scaling: Scaling | None = None,
) -> Rows:
    """Rows for training: resident if ``X`` is a dense array in memory, else streamed."""
    if isinstance(X, Sliced) or sp.issparse(X) or is_memory_mapped(X):
        return streamed_rows(X, device, dtype, absent=absent, scaling=scaling)
    rows = ResidentRows(standardized(X, device, dtype, scaling))
    rows.scaling = scaling
    return rows


def streamed_rows(X: Any, *args: Any, **kwargs: Any) -> StreamedRows:
    """Rows of an array that stays where it is; arguments as of `StreamedRows`."""
    return (SlicedRows if isinstance(X, Sliced) else StreamedRows)(X, *args, **kwargs)
