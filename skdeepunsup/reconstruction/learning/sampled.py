"""Descent of an autoencoder of sparse rows, whose errors are estimated from some of the columns."""

from typing import Any

import torch
from torch import Tensor

from ..._random import Stream
from ..._rows import Rows
from ..._sparse_rows import SparseBatch, mean_over_batches
from ...training import GradientDescent
from ..modules.deterministic import AutoencoderModule
from .deterministic import error_of
from .sampled_ends import SampledEnds


class SampledDescent(GradientDescent):
    """Descent of an `AutoencoderModule` of dense layers, from batches of `SparseBatch` objects.

    The error of a row is a sum over columns. It is exact over those that the batch has, and
    estimated for the others, so that gradients are unbiased, and an update takes a time that does
    not depend on the number of columns.

    Parameters
    ----------
    module : AutoencoderModule
    ends : SampledEnds
        Of ``module``.
    stream : Stream
    """

    gradients = "sampled"

    def __init__(self, module: AutoencoderModule, ends: SampledEnds, stream: Stream) -> None:
        super().__init__(module, ends.optimizer, stream)
        self._ends = ends
        ends.optimizer.flatten()
        self._encoder, self._decoder = ends.networks()
        self._error = error_of(module)

    @torch.no_grad()
    def differentiate(self, x: Any, weight: Tensor | None, *label: Tensor) -> dict[str, Tensor]:
        error, d = self._error_and_gradient(x, weight, self.stream)
        dh = self._decoder.backward(d, wants_dx=True)
        assert dh is not None
        self._encoder.backward(dh, wants_dx=False)
        return {"reconstruction": error}

    def _error_and_gradient(
        self, x: SparseBatch, weight: Tensor | None, stream: Stream
    ) -> tuple[Tensor, Tensor]:
        """The mean error, and its gradient by the decoder's output for the chosen columns."""
        counts = self._ends.choose(x, stream)
        target = x.values.new_zeros(len(x), len(counts))
        target.view(-1).index_add_(0, x.rows * len(counts) + x.places, x.values)
        share = 1 / len(x) if weight is None else (weight / len(x))[:, None]
        output = self._decoder.forward(self._encoder.forward(x))
        return self._error(target, output, counts, share, torch.empty_like(target))

    @torch.no_grad()
    def measure(self, rows: Rows, held_out: Rows | None) -> dict[str, Tensor]:
        if held_out is None:
            return {}
        self.module.eval()
        stream = Stream(0, self.stream.device)  # the same columns at each epoch

        def error(x: SparseBatch, weight: Tensor | None) -> Tensor:
            return self._error_and_gradient(x, weight, stream)[0]

        return {"validation_loss": mean_over_batches(error, held_out)}
