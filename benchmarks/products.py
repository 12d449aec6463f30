"""The matrix products alone: the minimum cost of an update."""

from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor

from skdeepunsup._products import affine

from .timing import race

Product = Callable[[], Any]
"""A matrix product, ready to be computed."""
Kernel = Callable[[Tensor, Tensor], Product]
"""Prepares a matrix product."""


def mm(A: Tensor, B: Tensor) -> Product:
    """AB by ``torch.mm``, into an allocated output."""
    return partial(torch.mm, A, B, out=A.new_empty(A.shape[0], B.shape[1]))


def fast(A: Tensor, B: Tensor) -> Product:
    """AB by the kernel that the package chooses for this size and processor."""
    return partial(affine, A, B)


def rbm_products(
    n_visible: int, n_hidden: int, n: int, kernel: Kernel, device: str = "cpu"
) -> list[Product]:
    """xW, hWᵀ, vW, xᵀh, vᵀh: the textbook update for ``n`` rows and as many chains."""
    x, v = torch.randn(2, n, n_visible, device=device)
    h = torch.randn(n, n_hidden, device=device)
    W = torch.randn(n_visible, n_hidden, device=device)
    return [kernel(x, W), kernel(h, W.T), kernel(v, W), kernel(x.T, h), kernel(v.T, h)]


def layers_of(widths: Sequence[int]) -> list[tuple[int, int]]:
    """Inputs and outputs of the layers of a symmetric autoencoder, to the code and back."""
    return list(pairwise((*widths, *widths[-2::-1])))


def network_products(
    layers: Sequence[tuple[int, int]], n: int, kernel: Kernel, device: str = "cpu"
) -> list[Product]:
    """Products of each layer: forward, gradients of weights and of its input.

    The input of the first layer needs no gradient.
    """
    products = []
    for n_inputs, n_outputs in layers:
        x = torch.randn(n, n_inputs, device=device)
        W = torch.randn(n_outputs, n_inputs, device=device)
        gradient = torch.randn(n, n_outputs, device=device)
        first = not products
        products += [kernel(x, W.T), kernel(gradient.T, x)]
        if not first:
            products.append(kernel(gradient, W))
    return products


def forward_products(
    layers: Sequence[tuple[int, int]], n: int, kernel: Kernel, device: str = "cpu"
) -> list[Product]:
    """Products of each layer forward."""
    return [
        kernel(torch.randn(n, d, device=device), torch.randn(h, d, device=device).T)
        for d, h in layers
    ]


def repeat(n_times: int, products: Sequence[Product]) -> None:
    """Compute all products ``n_times``."""
    with torch.inference_mode():
        for _ in range(n_times):
            for product in products:
                product()


def bfloat16_is_faster(n: int, n_inputs: int, n_outputs: int, device: str = "cpu") -> bool:
    """Whether this processor multiplies bfloat16 matrices clearly faster than float32 ones."""
    x, W = torch.randn(n, n_inputs, device=device), torch.randn(n_inputs, n_outputs, device=device)
    contestants = {
        "float32": partial(repeat, 5, [fast(x, W)]),
        "bfloat16": partial(repeat, 5, [partial(torch.mm, x.bfloat16(), W.bfloat16())]),
    }
    return race(contestants, clock="wall").speed("bfloat16", "float32") > 1.2
