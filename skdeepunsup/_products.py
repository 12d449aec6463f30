"""The matrix product every layer is made of, on the fastest kernel at hand.

torch multiplies float32 matrices on a CPU with MKL, which keeps to its AVX2 kernels where the
processor is not Intel's. oneDNN, in torch as well, uses AVX-512 wherever it is there: measured
2.2 times faster on an AMD EPYC from about a million multiplications, slower below (each call
costs some microseconds more). There, ``affine`` calls it; everywhere else it is ``addmm``.
"""

from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import linear

ONEDNN_FROM = 2**20
"""Multiplications in a product from which oneDNN is the faster of the two."""

FUNCTION_FROM = 2**22
"""Multiplications from which a faster kernel makes up for an autograd function in Python: tens of
microseconds in each direction, and again where gradients are differentiated."""


def _find_onednn() -> Any:
    """oneDNN's x Aᵀ + b, or None where it is missing or no faster."""
    if torch.backends.mkldnn.is_available() and torch.backends.cpu.get_cpu_capability() == "AVX512":
        # The overload torch.compile itself emits; older or slimmer builds may lack it.
        return getattr(torch.ops.mkldnn, "_linear_pointwise", None)
    return None


_onednn = _find_onednn()


def prefers_onednn(x: Tensor, n_outputs: int) -> bool:
    """Whether oneDNN is the faster kernel for ``x`` times a matrix of ``n_outputs`` columns."""
    return (
        _onednn is not None
        and x.dtype == torch.float32
        and x.device.type == "cpu"
        and x.numel() * n_outputs >= ONEDNN_FROM
    )


def affine(x: Tensor, W: Tensor, b: Tensor | None = None) -> Tensor:
    """Return x W + b, with gradients where the operands ask for them.

    Parameters
    ----------
    x : Tensor of shape (n, d)
    W : Tensor of shape (d, h)
    b : Tensor of shape (h,), optional

    Returns
    -------
    Tensor of shape (n, h)
        In float32 where ``x`` is bfloat16 (the product itself is then bfloat16's), else in the
        common dtype of all.
    """
    if torch.is_grad_enabled() and (x.requires_grad or W.requires_grad):
        return affine_layer(x, W.T, b)
    # A part of a larger matrix would take oneDNN a thousand times as long.
    if prefers_onednn(x, W.shape[1]) and (W.is_contiguous() or W.T.is_contiguous()):
        return _onednn(x, W.T, b, "none", [], "")
    if x.dtype == torch.bfloat16:
        y = (x @ W.to(torch.bfloat16)).float()
        return y if b is None else y.add_(b)
    return x @ W if b is None else torch.addmm(b, x, W)


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


def affine_layer(x: Tensor, W: Tensor, b: Tensor | None) -> Tensor:
    """x Wᵀ + b with gradients, on the kernel that is fastest for its size."""
    large = x.numel() * len(W) >= FUNCTION_FROM
    if large and prefers_onednn(x, len(W)) and not torch.is_autocast_enabled(x.device.type):
        return _AffineProduct.apply(x, W, b)
    return linear(x, W, b)


def add_product_(M: Tensor, A: Tensor, B: Tensor, scale: float) -> None:
    """M ← M + scale · AᵀB in place, without gradients; AᵀB in bfloat16 where ``A`` is.

    Parameters
    ----------
    M : Tensor of shape (d, h)
    A : Tensor of shape (n, d)
    B : Tensor of shape (n, h)
    scale : float
    """
    # oneDNN writes its result before it is added: over few rows, that costs more than it saves.
    if A.dtype == M.dtype and (len(A) <= 32 or not prefers_onednn(A, B.shape[1])):
        M.addmm_(A.T, B, alpha=scale)
    else:
        M.add_(affine(A.T, B), alpha=scale)
