"""Descents of a multinomial autoencoder of sparse rows, with gradients written out."""

from typing import Any

import torch
from torch import Tensor

from ..._random import Stream
from ..._rows import Rows
from ..._sparse_rows import SparseBatch, mean_over_batches
from ...formulas.gradients import multinomial_error
from ...networks.dropout import noise
from ...networks.sparse import WholeTable, sparse_affine
from ...networks.written import Layer, WrittenNetwork, written
from ...reconstruction.learning.base import gradient_by_output
from ...reconstruction.learning.sampled_ends import SampledEnds
from ...training import Adam, GradientDescent, LazyAdam, mean_term
from .implicit_module import ImplicitModule


class ImplicitDescent(GradientDescent):
    """Descent of an `ImplicitModule`, from batches that are `SparseBatch` objects.

    The error's gradient goes back through the decoder to ∂L/∂z, by autograd through
    z = μ + σ ε and the KL to the encoder's output, and through the encoder, whose first layer costs
    as much as rows have entries.

    Parameters
    ----------
    module : ImplicitModule
        The weights of whose first layer are laid out by ``lay_by_columns``.
    optimizer : Adam
        Holds all parameters.
    stream : Stream
    """

    gradients = "written"
    module: ImplicitModule

    def __init__(self, module: ImplicitModule, optimizer: Adam, stream: Stream) -> None:
        super().__init__(module, optimizer, stream, before_epoch=module.begin_epoch)
        optimizer.flatten()
        self._encoder, self._decoder = self._networks()

    def _networks(self) -> tuple[WrittenNetwork, WrittenNetwork]:
        first: Any = self.module.encoder[0]
        replaced: dict[Any, Layer] = {
            first: sparse_affine(first, WholeTable(first.weight, by_columns=True))
        }
        return written(self.module.encoder, replaced=replaced), written(self.module.decoder)

    @torch.no_grad()
    def differentiate(self, x: Any, weight: Tensor | None, *label: Tensor) -> dict[str, Tensor]:
        module = self.module
        output = self._encoder.forward(self._seen(x, self.stream)).detach().requires_grad_()
        with torch.enable_grad():
            z, beside = module.drawn(output, self.stream)
            terms = {name: mean_term(term, weight) for name, term in beside.items()}
        error, d = self._error(x, z.detach(), self.stream)
        dz = self._decoder.backward(d, wants_dx=True)
        assert dz is not None
        self._encoder.backward(gradient_by_output(output, z, dz, terms.values()), wants_dx=False)
        return {"reconstruction": error} | {name: t.detach() for name, t in terms.items()}

    def _seen(self, x: SparseBatch, stream: Stream) -> SparseBatch:
        """The encoder's input: x / ‖x‖ with dropout."""
        seen = x.normalized()
        level = self.module.corruption_level
        return seen.with_values(seen.values * noise(seen.values, level, stream))

    def _error(self, x: SparseBatch, z: Tensor, stream: Stream) -> tuple[Tensor, Tensor]:
        """The mean error, and its gradient by the decoder's output."""
        logits = self._decoder.forward(z)
        return multinomial_error(x.values, x.rows, x.columns, logits, 1 / len(x))

    @torch.no_grad()
    def measure(self, rows: Rows, held_out: Rows | None) -> dict[str, Tensor]:
        if held_out is None:
            return {}
        module, stream = self.module.eval(), Stream(0, self.stream.device)
        names: list[str] = []

        def terms(x: SparseBatch, weight: Tensor | None) -> Tensor:
            z, beside = module.drawn(self._encoder.forward(self._seen(x, stream)), stream)
            found = {"reconstruction": self._error(x, z, stream)[0]}
            found |= {name: term.mean() for name, term in beside.items()}
            names[:] = found
            return torch.stack(list(found.values()))

        means = mean_over_batches(terms, held_out)
        found = {"loss": means.sum()} | dict(zip(names, means, strict=True))
        kept = found if len(names) > 1 else {"loss": means.sum()}
        return {f"validation_{name}": value for name, value in kept.items()}


class SampledImplicitDescent(ImplicitDescent):
    """Descent in which the softmax's sum over all items is estimated from some.

    An update then takes a time that does not depend on the number of items.

    Parameters
    ----------
    module : ImplicitModule
    ends : SampledEnds
        Of ``module``.
    stream : Stream
    """

    gradients = "sampled"
    optimizer: LazyAdam

    def __init__(self, module: ImplicitModule, ends: SampledEnds, stream: Stream) -> None:
        self._ends = ends
        super().__init__(module, ends.optimizer, stream)

    def _networks(self) -> tuple[WrittenNetwork, WrittenNetwork]:
        return self._ends.networks()

    def _error(self, x: SparseBatch, z: Tensor, stream: Stream) -> tuple[Tensor, Tensor]:
        weights = self._ends.choose(x, stream)
        logits = self._decoder.forward(z).add_(weights.log_())
        return multinomial_error(x.values, x.rows, x.places, logits, 1 / len(x))

    def measure(self, rows: Rows, held_out: Rows | None) -> dict[str, Tensor]:
        self.optimizer.catch_up()  # at the end of an epoch all rows are as of its last update
        return super().measure(rows, held_out)
