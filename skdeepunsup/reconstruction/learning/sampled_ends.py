"""The layers at the columns of sparse rows, whose updates cost as much as the columns at hand."""

from typing import Any

from torch import Tensor

from ..._parameters import check_integer
from ..._random import Stream
from ..._sparse_rows import SparseBatch
from ...formulas.sampling import drawn_columns
from ...networks.sparse import SomeOutputs, lay_by_columns, sparse_affine
from ...networks.written import Layer, WrittenNetwork, written
from ...training import LazyAdam, LazyTable

WIDE, SAMPLED = 10_000, 1_000
"""With more columns than the first, an update draws the second of them, unless told otherwise."""


def check_sampled(estimator: Any) -> None:
    """Raise an error if ``n_sampled`` is invalid."""
    if estimator.n_sampled is not None:
        check_integer("n_sampled", estimator.n_sampled, 1)


def columns_to_sample(n_sampled: int | None, n_columns: int) -> int | None:
    """How many columns an update draws, given the parameter; None if it takes all."""
    if n_sampled is None:
        return SAMPLED if n_columns > WIDE else None
    return int(n_sampled) if n_sampled < n_columns else None


class SampledEnds:
    """The first layer of an encoder and the last one of a decoder.

    Of the encoder's, an update changes the weights of the columns that a batch has; of the
    decoder's, those of a draw of the others, too.

    Parameters
    ----------
    module : nn.Module
        Has an ``encoder`` and a ``decoder`` of dense layers.
    n_sampled : int
        Columns to draw for each update.
    rate, weight_decay : float
        Parameters of `LazyAdam`.

    Attributes
    ----------
    optimizer : LazyAdam
        Holds all parameters of ``module``.
    """

    def __init__(self, module: Any, n_sampled: int, rate: float, weight_decay: float = 0.0) -> None:
        self._module, self._n_sampled = module, n_sampled
        self._first, self._last = module.encoder[0], module.decoder[-1]
        lay_by_columns(self._first.weight)
        self._inputs = LazyTable(self._first.weight, by_columns=True)
        outputs = LazyTable(self._last.weight), LazyTable(self._last.bias)
        self._outputs = SomeOutputs(*outputs)
        own = {id(p) for p in (self._first.weight, self._last.weight, self._last.bias)}
        others = [p for p in module.parameters() if id(p) not in own]
        self.optimizer = LazyAdam((self._inputs, *outputs), others, rate, weight_decay)

    def networks(self) -> tuple[WrittenNetwork, WrittenNetwork]:
        """Encoder and decoder; the optimizer must have been flattened."""
        module, first, last = self._module, self._first, self._last
        inputs: Layer = sparse_affine(first, self._inputs)
        return (
            written(module.encoder, replaced={first: inputs}),
            written(module.decoder, replaced={last: self._outputs}),
        )

    def choose(self, x: SparseBatch, stream: Stream) -> Tensor:
        """Choose the columns that the decoder returns for a batch, x.present first.

        Returns the weight of each in a sum over all columns.
        """
        n_columns = self._last.weight.shape[0]
        columns, weights = drawn_columns(x.present_on_host, n_columns, self._n_sampled, stream)
        self._outputs.chosen = columns
        return weights.to(x.values)
