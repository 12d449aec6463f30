"""The first layer of sparse rows, and the last layer for some of their columns, written out.

Both take a time that is proportional to the entries, or columns, at hand.
"""

from typing import Protocol

import torch
from torch import Tensor, nn

from .._sparse_rows import SparseBatch
from .dense import Linear


class Table(Protocol):
    """Parameters, row by row, whose gradient is 0 but for some rows."""

    @property
    def values(self) -> Tensor:
        """The parameters, shape (n_rows, …), contiguous."""

    def receive(self, rows: Tensor, gradient: Tensor) -> None:
        """Take the gradient of the given rows, shape (len(rows), …); each occurs once."""


class WholeTable:
    """A table whose gradient is that of a parameter; in rows that receive none it becomes 0.

    Parameters
    ----------
    parameter : nn.Parameter
        Has a gradient.
    by_columns : bool, default=False
        Whether the rows of the table are the columns of the parameter, which was laid out by
        ``lay_by_columns``.
    """

    def __init__(self, parameter: nn.Parameter, by_columns: bool = False) -> None:
        assert parameter.grad is not None
        pair = parameter.detach(), parameter.grad
        self.values, self._gradient = (t.T if by_columns else t for t in pair)

    def receive(self, rows: Tensor, gradient: Tensor) -> None:
        self._gradient.zero_().index_copy_(0, rows, gradient)


def lay_by_columns(W: nn.Parameter) -> None:
    """Lay a matrix out column after column, so that its columns are contiguous."""
    W.data = W.detach().T.contiguous().T


class SparseAffine:
    """y = x Wᵀ + b of a `SparseBatch` x; ∂L/∂W = dyᵀ x, ∂L/∂b = Σ dy over the rows.

    Parameters
    ----------
    table : Table
        Wᵀ, of shape (n_inputs, n_outputs).
    b, db : Tensor of shape (n_outputs,)
        The bias, and where its gradient is written.
    """

    def __init__(self, table: Table, b: Tensor, db: Tensor) -> None:
        self.table, self.b, self.db = table, b, db

    def forward(self, x: SparseBatch) -> Tensor:
        self._x = x
        return x.times(self.table.values).add_(self.b)

    def backward(self, dy: Tensor, wants_dx: bool) -> None:
        self.table.receive(self._x.present, self._x.transposed_times(dy))
        torch.sum(dy, 0, out=self.db)


def sparse_affine(layer: Linear, table: Table) -> SparseAffine:
    """The first layer of sparse rows, whose bias has a gradient, with a table of its weights."""
    assert layer.bias.grad is not None
    return SparseAffine(table, layer.bias.detach(), layer.bias.grad)


class SomeOutputs:
    """y = x W_Sᵀ + b_S for the columns S of the output that are chosen for a batch.

    Parameters
    ----------
    weights, biases : Table
        W and b, of shapes (n_outputs, n_inputs) and (n_outputs,).

    Attributes
    ----------
    chosen : Tensor of int64
        S; set before ``forward``.
    """

    chosen: Tensor

    def __init__(self, weights: Table, biases: Table) -> None:
        self.weights, self.biases = weights, biases

    def forward(self, x: Tensor) -> Tensor:
        self._x, self._W = x, self.weights.values.index_select(0, self.chosen)
        return torch.addmm(self.biases.values.index_select(0, self.chosen), x, self._W.T)

    def backward(self, dy: Tensor, wants_dx: bool) -> Tensor:
        self.weights.receive(self.chosen, dy.T @ self._x)
        self.biases.receive(self.chosen, dy.sum(0))
        return dy @ self._W
