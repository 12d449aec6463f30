"""The matrix product of every layer, computed by the fastest kernel available.

On a CPU, torch multiplies float32 matrices with MKL, which uses only its AVX2 kernels on
processors of other makers than Intel. oneDNN, also part of torch, uses AVX-512 wherever the
processor has it: on one AMD EPYC it was 2.2 times faster for large products, on another ("Genoa")
no faster or slower, and without AVX-512 always slower. So where a processor has AVX-512, both are
measured at the first product of each class of shapes in a process, in some milliseconds.

The kernels sum in different orders: where they are nearly as fast, float32 results of two
processes may differ in their last digits. The environment variable ``SKDEEPUNSUP_PRODUCTS`` forces
one of them, "torch" or "onednn"; it is read when the package is imported.
"""

import os
import time
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import linear

MEASURED_FROM = 2**18
"""Multiplications in a product from which on it may be oneDNN's; a call costs microseconds more."""

CLEARLY, ROUNDS = 1.1, 3
"""How many times faster oneDNN must be to be chosen, and how often both are measured."""

FUNCTION_FROM = 2**22
"""Multiplications from which on the faster kernel saves more than an autograd function in Python
costs: tens of microseconds per pass, forward and backward, and again for second derivatives."""


_forced = os.environ.get("SKDEEPUNSUP_PRODUCTS")


def _find_onednn() -> Any:
    """oneDNN's x Aᵀ + b, or None where it is missing or not faster."""
    if _forced == "torch" or not torch.backends.mkldnn.is_available():
        return None
    if _forced != "onednn" and torch.backends.cpu.get_cpu_capability() != "AVX512":
        return None
    # The operator that torch.compile emits; older or reduced builds of torch may lack it.
    return getattr(torch.ops.mkldnn, "_linear_pointwise", None)


_onednn = _find_onednn()
_chosen: dict[tuple[int, int, int, bool], bool] = {}
"""By class of shapes, whether oneDNN multiplies it."""


def prefers_onednn(x: Tensor, n_outputs: int) -> bool:
    """Whether oneDNN is faster for the product of ``x`` and a matrix of ``n_outputs`` columns."""
    if _onednn is None or x.dtype != torch.float32 or x.device.type != "cpu":
        return False
    if torch.compiler.is_compiling():  # exported
        return False
    if x.numel() * n_outputs < MEASURED_FROM:
        return False
    if _forced == "onednn":
        return True
    n, d = x.shape
    # Sizes within a factor of two, and whether the rows of x lie one after the other.
    shapes = n.bit_length(), d.bit_length(), n_outputs.bit_length(), x.is_contiguous()
    if shapes not in _chosen:
        _chosen[shapes] = onednn_is_faster(x.detach(), n_outputs)
    return _chosen[shapes]


@torch.no_grad()
def onednn_is_faster(x: Tensor, n_outputs: int) -> bool:
    """Measure the product of ``x`` and a matrix of ``n_outputs`` columns by both kernels."""
    W = x.new_ones(n_outputs, x.shape[1])
    kernels = (lambda: x @ W.T), (lambda: _onednn(x, W, None, "none", [], ""))
    by_torch, by_onednn = (min(seconds) for seconds in _rounds(*kernels))
    return CLEARLY * by_onednn < by_torch


def _rounds(*kernels: Callable[[], Any]) -> list[list[float]]:
    """Seconds of each of the kernels, in turn, after a first call of each."""
    found: list[list[float]] = [[] for _ in kernels]
    for number in range(ROUNDS + 1):
        for seconds, kernel in zip(found, kernels, strict=True):
            start = time.perf_counter()
            kernel()
            if number:
                seconds.append(time.perf_counter() - start)
    return found


def chosen_kernels() -> dict[str, str]:
    """The kernel of each class of products that has occurred, by its largest sizes n × d × h."""
    return {
        " × ".join(str(2**size - 1) for size in shapes): "oneDNN" if onednn else "torch"
        for (*shapes, _), onednn in _chosen.items()
    }


def affine(x: Tensor, W: Tensor, b: Tensor | None = None) -> Tensor:
    """Return x W + b, differentiable if an operand requires gradients.

    Parameters
    ----------
    x : Tensor of shape (n, d)
    W : Tensor of shape (d, h)
    b : Tensor of shape (h,), optional

    Returns
    -------
    Tensor of shape (n, h)
        In float32 where ``x`` is bfloat16 (the product itself is computed in bfloat16), else in
        the common dtype of the operands.
    """
    if torch.is_grad_enabled() and (x.requires_grad or W.requires_grad):
        return fast_linear(x, W.T, b)
    # For a non-contiguous part of a larger matrix, oneDNN would take a thousand times as long.
    if prefers_onednn(x, W.shape[1]) and (W.is_contiguous() or W.T.is_contiguous()):
        return _onednn(x, W.T, b, "none", [], "")
    if x.dtype == torch.bfloat16:
        y = (x @ W.to(torch.bfloat16)).float()
        return y if b is None else y.add_(b)
    return x @ W if b is None else torch.addmm(b, x, W)


def affine_into(out: Tensor, x: Tensor, W: Tensor, b: Tensor | None = None) -> Tensor:
    """Write x W + b into ``out``, of shape (n, h), and return it, without gradients."""
    if prefers_onednn(x, W.shape[1]):
        return out.copy_(affine(x, W, b))
    return torch.mm(x, W, out=out) if b is None else torch.addmm(b, x, W, out=out)


class _LinearFunction(torch.autograd.Function):
    """y = x Wᵀ + b and its gradients, each computed by ``affine``."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, W: Tensor, b: Tensor | None) -> Tensor:
        ctx.save_for_backward(x, W)
        return affine(x, W.T, b)

    @staticmethod
    def backward(ctx: Any, dy: Tensor) -> tuple[Tensor | None, Tensor | None, Tensor | None]:
        x, W = ctx.saved_tensors
        for_x, for_W, for_b = ctx.needs_input_grad
        # Gradients are enabled here only under create_graph, for second derivatives.
        product = _product if torch.is_grad_enabled() else affine
        return (
            product(dy, W) if for_x else None,
            product(dy.T, x) if for_W else None,
            dy.sum(0) if for_b else None,
        )


def _product(x: Tensor, W: Tensor) -> Tensor:
    """x W with gradients."""
    return fast_linear(x, W.T, None)


def fast_linear(x: Tensor, W: Tensor, b: Tensor | None) -> Tensor:
    """x Wᵀ + b with gradients: torch's ``linear``, by the kernel that is fastest for its size.

    Here W has the shape (h, d), as layers of networks have it; ``affine`` takes (d, h), as the
    weights of Boltzmann machines have it.
    """
    if torch.compiler.is_compiling():  # exported: the size of a batch is not known
        return linear(x, W, b)
    large = x.numel() * len(W) >= FUNCTION_FROM and not torch.is_autocast_enabled(x.device.type)
    if large and prefers_onednn(x, len(W)):
        return _LinearFunction.apply(x, W, b)
    return linear(x, W, b)


def add_product_(M: Tensor, A: Tensor, B: Tensor, scale: float) -> None:
    """M ← M + scale · AᵀB in place, without gradients; AᵀB is bfloat16 where ``A`` is.

    Parameters
    ----------
    M : Tensor of shape (d, h)
    A : Tensor of shape (n, d)
    B : Tensor of shape (n, h)
    scale : float
    """
    # oneDNN stores AᵀB before it is added to M: for few rows, that costs more than it saves.
    if A.dtype == M.dtype and (len(A) <= 32 or not prefers_onednn(A, B.shape[1])):
        M.addmm_(A.T, B, alpha=scale)
    else:
        M.add_(affine(A.T, B), alpha=scale)
