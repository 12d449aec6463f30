"""Fully connected networks, and the activations of all networks."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn

from .._products import fast_linear
from .._sparse_rows import SparseBatch
from .dropout import Dropout

ACTIVATIONS: dict[str, type[nn.Module]] = {
    "identity": nn.Identity,
    "logistic": nn.Sigmoid,
    "tanh": nn.Tanh,
    "relu": nn.ReLU,
    "elu": nn.ELU,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
}
"""Activations by name: scikit-learn's four, then three that deep learning has added."""


class Linear(nn.Module):
    """y = x Wᵀ + b; parameters have the names and shapes of those of ``nn.Linear``.

    Its parameters are not initialised: ``initialize`` draws them from a stream.

    Parameters
    ----------
    n_inputs, n_outputs : int
        Width of x and of y.
    """

    def __init__(self, n_inputs: int, n_outputs: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(n_outputs, n_inputs))
        self.bias = nn.Parameter(torch.empty(n_outputs))

    def forward(self, x: Any) -> Tensor:
        """Map x of shape (n, n_inputs), or a `SparseBatch`, to y of shape (n, n_outputs)."""
        if isinstance(x, SparseBatch):
            return x.times(self.weight.T.contiguous()).add_(self.bias)
        return fast_linear(x, self.weight, self.bias)


def hidden(activation: str, dropout: float) -> list[nn.Module]:
    """Layers after a hidden affine layer: its activation and, unless ``dropout`` is 0, dropout."""
    layers: list[nn.Module] = [ACTIVATIONS[activation]()]
    return [*layers, Dropout(dropout)] if dropout else layers


def dense(sizes: Sequence[int], activation: str, dropout: float = 0.0) -> nn.Sequential:
    """Affine layers of the widths ``sizes``, with activation and dropout between them only."""
    layers: list[nn.Module] = []
    for n_inputs, n_outputs in pairwise(sizes):
        if layers:
            layers += hidden(activation, dropout)
        layers.append(Linear(n_inputs, n_outputs))
    return nn.Sequential(*layers)
