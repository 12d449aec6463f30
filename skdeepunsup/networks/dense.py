"""Fully connected networks."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from .._products import affine, prefers_onednn
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
"""Activations by name: scikit-learn's four, then three of the field's."""


FUNCTION_FROM = 2**22
"""Multiplications from which a faster kernel makes up for an autograd function in Python: tens of
microseconds in each direction, and again where gradients are differentiated."""


class _AffineProduct(torch.autograd.Function):
    """y = x Wᵀ + b and its gradients, each through ``affine``."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, W: Tensor, b: Tensor | None) -> Tensor:
        ctx.save_for_backward(x, W)
        return affine(x, W.T, b)

    @staticmethod
    def backward(ctx: Any, dy: Tensor) -> tuple[Tensor | None, Tensor | None, Tensor | None]:
        x, W = ctx.saved_tensors
        for_x, for_W, for_b = ctx.needs_input_grad
        # Only under create_graph will these gradients be differentiated in their turn.
        product = _product if torch.is_grad_enabled() else affine
        return (
            product(dy, W) if for_x else None,
            product(dy.T, x) if for_W else None,
            dy.sum(0) if for_b else None,
        )


def _product(x: Tensor, W: Tensor) -> Tensor:
    """x W with gradients."""
    return affine_layer(x, W.T, None)


class Affine(nn.Module):
    """y = x Wᵀ + b, with parameters named and shaped as ``nn.Linear`` has them.

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

    def forward(self, x: Tensor) -> Tensor:
        """Map x of shape (n, n_inputs) to y of shape (n, n_outputs)."""
        return affine_layer(x, self.weight, self.bias)


def affine_layer(x: Tensor, W: Tensor, b: Tensor | None) -> Tensor:
    """x Wᵀ + b with gradients, on the kernel that is fastest for its size."""
    large = x.numel() * len(W) >= FUNCTION_FROM
    if large and prefers_onednn(x, len(W)) and not torch.is_autocast_enabled(x.device.type):
        return _AffineProduct.apply(x, W, b)
    return linear(x, W, b)


def hidden(activation: str, dropout: float) -> list[nn.Module]:
    """What follows a hidden layer: its activation and, unless ``dropout`` is 0, a ``Dropout``."""
    layers: list[nn.Module] = [ACTIVATIONS[activation]()]
    return [*layers, Dropout(dropout)] if dropout else layers


def dense(sizes: Sequence[int], activation: str, dropout: float = 0.0) -> nn.Sequential:
    """Affine layers through ``sizes``, with ``hidden`` between them and nothing after the last."""
    layers: list[nn.Module] = []
    for n_inputs, n_outputs in pairwise(sizes):
        if layers:
            layers += hidden(activation, dropout)
        layers.append(Affine(n_inputs, n_outputs))
    return nn.Sequential(*layers)
