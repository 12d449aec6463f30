"""The matrix product every layer is made of, on the fastest kernel at hand.

torch multiplies float32 matrices on a CPU with MKL, which keeps to its AVX2 kernels where the
processor is not Intel's. oneDNN, in torch as well, uses AVX-512 wherever it is there: measured
2.2 times faster on an AMD EPYC from about a million multiplications, slower below (each call
costs some microseconds more). There, ``affine`` calls it; everywhere else it is ``addmm``.
"""

from typing import Any

import torch
from torch import Tensor

ONEDNN_FROM = 2**20
"""Multiplications in a product from which oneDNN is the faster of the two."""


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
    """Return x W + b, without gradients.

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
    # A part of a larger matrix would take oneDNN a thousand times as long.
    if prefers_onednn(x, W.shape[1]) and (W.is_contiguous() or W.T.is_contiguous()):
        return _onednn(x, W.T, b, "none", [], "")
    if x.dtype == torch.bfloat16:
        y = (x @ W.to(torch.bfloat16)).float()
        return y if b is None else y.add_(b)
    return x @ W if b is None else torch.addmm(b, x, W)


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
