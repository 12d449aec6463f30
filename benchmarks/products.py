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
    return partial(torch.mm, A, B, out=torch.empty(A.shape[0], B.shape[1]))


def fast(A: Tensor, B: Tensor) -> Product:
    """AB by the kernel that the package chooses for this size and processor."""
    return partial(affine, A, B)


def rbm_products(n_visible: int, n_hidden: int, n: int, kernel: Kernel) -> list[Product]:
    """xW, hWᵀ, vW, xᵀh, vᵀh: the textbook update for ``n`` rows and as many chains."""
    x, v = torch.randn(2, n, n_visible)
    h, W = torch.randn(n, n_hidden), torch.randn(n_visible, n_hidden)
    return [kernel(x, W), kernel(h, W.T), kernel(v, W), kernel(x.T, h), kernel(v.T, h)]


def autoencoder_products(widths: Sequence[int], n: int, kernel: Kernel) -> list[Product]:
    """Products of each layer, to the code and back: forward, gradients of weights and of its input.

    The input of the first layer needs no gradient.
    """
    products = []
    for n_inputs, n_outputs in pairwise((*widths, *widths[-2::-1])):
        x, W = torch.randn(n, n_inputs), torch.randn(n_outputs, n_inputs)
        gradient = torch.randn(n, n_outputs)
        first = not products
        products += [kernel(x, W.T), kernel(gradient.T, x)]
        if not first:
            products.append(kernel(gradient, W))
    return products


def repeat(n_times: int, products: Sequence[Product]) -> None:
    """Compute all products ``n_times``."""
    with torch.inference_mode():
        for _ in range(n_times):
            for product in products:
                product()


def bfloat16_is_faster(n: int, n_inputs: int, n_outputs: int) -> bool:
    """Whether this processor multiplies bfloat16 matrices clearly faster than float32 ones."""
    x, W = torch.randn(n, n_inputs), torch.randn(n_inputs, n_outputs)
    contestants = {
        "float32": partial(repeat, 5, [fast(x, W)]),
        "bfloat16": partial(repeat, 5, [partial(torch.mm, x.bfloat16(), W.bfloat16())]),
    }
    return race(contestants).speed("bfloat16", "float32") > 1.2
