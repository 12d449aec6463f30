"""Fully connected networks."""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn.functional import linear

from .._products import affine, prefers_onednn
from .._random import Stream

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


class _AffineProduct(torch.autograd.Function):
    """y = x Wᵀ + b and its gradients, each through ``affine``."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, W: Tensor, b: Tensor) -> Tensor:
        ctx.save_for_backward(x, W)
        return affine(x, W.T, b)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, dy: Tensor) -> tuple[Tensor | None, Tensor, Tensor]:
        x, W = ctx.saved_tensors
        dx = affine(dy, W) if ctx.needs_input_grad[0] else None
        return dx, affine(dy.T, x), dy.sum(0)


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


def affine_layer(x: Tensor, W: Tensor, b: Tensor) -> Tensor:
    """x Wᵀ + b with gradients, on the kernel that is fastest for its size."""
    if prefers_onednn(x, len(W)) and not torch.is_autocast_enabled(x.device.type):
        return _AffineProduct.apply(x, W, b)
    return linear(x, W, b)


def dense(sizes: Sequence[int], activation: str) -> nn.Sequential:
    """Affine layers through ``sizes`` with ``activation`` between them, none after the last."""
    layers: list[nn.Module] = []
    for n_inputs, n_outputs in pairwise(sizes):
        layers += [Affine(n_inputs, n_outputs), ACTIVATIONS[activation]()]
    return nn.Sequential(*layers[:-1])


def initialize(network: nn.Module, stream: Stream) -> None:
    """Draw the ``Affine`` layers: W ~ U(−r, r) with r = √(6 / (n_inputs + n_outputs)), b = 0.

    References
    ----------
    X. Glorot, Y. Bengio, "Understanding the difficulty of training deep feedforward neural
    networks", AISTATS 2010, equation 16.
    """
    for layer in network.modules():
        if isinstance(layer, Affine):
            r = math.sqrt(6 / sum(layer.weight.shape))
            stream.fill_uniform(layer.weight, -r, r)
            nn.init.zeros_(layer.bias)
