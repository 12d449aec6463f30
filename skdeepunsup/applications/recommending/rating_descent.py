"""Descent of an autoencoder of ratings, with gradients written out for the known ones."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from ..._random import Stream
from ..._sparse_rows import SparseBatch
from ...networks.sparse import WholeTable
from ...training import Adam, GradientDescent
from .rating_module import RatingModule


class RatingDescent(GradientDescent):
    """Descent of a `RatingModule`, from batches that are `SparseBatch` objects.

    Products with W, A and their gradients, and those back through V, take the time of the known
    ratings; the predictions h Vᵀ are those of the columns that have one.

    Parameters
    ----------
    module : RatingModule
        The weights of whose encoder are laid out by ``lay_by_columns``.
    optimizer : Adam
        Holds all parameters.
    stream : Stream
    pace : callable
        Factor of the learning rate, as in `GradientDescent`.
    """

    gradients = "written"
    module: RatingModule

    def __init__(
        self,
        module: RatingModule,
        optimizer: Adam,
        stream: Stream,
        pace: Callable[[float], float],
    ) -> None:
        super().__init__(module, optimizer, stream, pace=pace)
        optimizer.flatten()
        self._inputs = WholeTable(module.encoder.weight, by_columns=True)
        self._outputs, self._biases = (WholeTable(p) for p in module.decoder.parameters())

    @torch.no_grad()
    def differentiate(self, x: Any, weight: Tensor | None, *label: Tensor) -> dict[str, Tensor]:
        keep = torch.full_like(x.values, 1 - self.module.corruption_level)
        shown = x.with_values(self.stream.bernoulli(keep).to(x.dtype))
        root = (1 + shown.row_sums(shown.values)).sqrt_()[:, None]
        h = self._hidden(x, shown, root)
        error, dh = self._through_decoder(x, h)
        da = torch.ops.aten.sigmoid_backward(dh, h)
        self._through_encoder(x, shown, da.sum(0), da.div_(root))
        return {"squared_error": error}

    def _hidden(self, x: SparseBatch, shown: SparseBatch, root: Tensor) -> Tensor:
        """h = σ((W x + A m) / √(1 + Σm) + c), with m where ratings are shown."""
        W, A = self._inputs.values.chunk(2)
        z = x.with_values(x.values * shown.values).times(W) + shown.times(A)
        return z.div_(root).add_(self.module.encoder.bias).sigmoid_()

    def _through_decoder(self, x: SparseBatch, h: Tensor) -> tuple[Tensor, Tensor]:
        """L = Σ (r̂ − x)² / n over known ratings, n their number; set ∂L/∂V, ∂L/∂b, return ∂L/∂h."""
        V, b = (table.values.index_select(0, x.present) for table in (self._outputs, self._biases))
        places = x.rows * len(x.present) + x.places
        e = torch.addmm(b, h, V.T).view(-1).index_select(0, places).sub_(x.values)
        share = 1 / (self.module.ratings_per_row * len(x))
        error, d = torch.dot(e, e) * share, x.with_values(e * (2 * share))
        self._outputs.receive(x.present, d.transposed_times(h))
        self._biases.receive(x.present, d.column_sums(d.values))
        return error, d.times(self._outputs.values)

    def _through_encoder(self, x: SparseBatch, shown: SparseBatch, dc: Tensor, dz: Tensor) -> None:
        """Set ∂L/∂W, ∂L/∂A and ∂L/∂c, given the last and ∂L/∂z of z = W x + A m."""
        dW = x.with_values(x.values * shown.values).transposed_times(dz)
        dA = shown.transposed_times(dz)
        n_columns = len(self._inputs.values) // 2
        self._inputs.receive(torch.cat([x.present, n_columns + x.present]), torch.cat([dW, dA]))
        assert self.module.encoder.bias.grad is not None
        self.module.encoder.bias.grad.copy_(dc)
