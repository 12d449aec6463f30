"""Losses of a batch and their gradients by the decoder's output, written out: one each.

Each returns Σ sᵣ Lᵣ over the rows r of a batch, and its gradient by the output; sᵣ is the ``share``
of a row, one number for all or of shape (n, 1). L are the losses of ``errors.py``. ``observed`` is
the weight of each entry in them: 1 or 0 where rows have gaps. ``out`` is memory for the gradient.
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from .errors import bernoulli_cross_entropy, categorical_cross_entropy

Share = float | Tensor


def total(share: Share, losses: Tensor) -> Tensor:
    """Σ sᵣ Lᵣ of losses of shape (n,)."""
    return losses.sum() * share if isinstance(share, float) else losses @ share[:, 0]


def squared_error(
    x: Tensor, r: Tensor, observed: Tensor | None, share: Share, out: Tensor
) -> tuple[Tensor, Tensor]:
    """L = ‖x − r‖²; ∂L/∂r = 2 (r − x)."""
    d = torch.sub(r, x, out=out)
    counted = d if observed is None else d * observed
    if isinstance(share, float):
        loss = torch.dot(d.view(-1), counted.view(-1)) * share
    else:
        loss = total(share, (d * counted).sum(1))
    return loss, torch.mul(counted, 2 * share, out=out)


def bounded_squared_error(
    x: Tensor, output: Tensor, observed: Tensor | None, share: Share, out: Tensor
) -> tuple[Tensor, Tensor]:
    """L = ‖x − r‖² with r = σ(o); ∂L/∂o = 2 (r − x) r (1 − r)."""
    r = output.sigmoid_()
    loss, d = squared_error(x, r, observed, share, out)
    torch.ops.aten.sigmoid_backward(d, r, grad_input=d)
    return loss, d


def bernoulli_error(
    x: Tensor, logits: Tensor, observed: Tensor | None, share: Share, out: Tensor
) -> tuple[Tensor, Tensor]:
    """L = −Σᵢ xᵢ log rᵢ + (1 − xᵢ) log(1 − rᵢ) with r = σ(o); ∂L/∂o = r − x."""
    loss = total(share, bernoulli_cross_entropy(x, logits, observed))
    d = torch.sigmoid(logits, out=out).sub_(x)
    if observed is not None:
        d.mul_(observed)
    return loss, d.mul_(share)


def gaussian_error(
    x: Tensor,
    mean: Tensor,
    variance: Tensor,
    observed: Tensor | None,
    share: Share,
    out: Tensor,
) -> tuple[Tensor, Tensor, Tensor]:
    """L = ½ Σᵢ (xᵢ − μᵢ)² / σᵢ² + log 2πσᵢ²; ∂L/∂μ = (μ − x) / σ², and ∂L/∂σ² is third.

    With S = Σ sᵣ (x − μ)² and N = Σ sᵣ over the rows, ∂L/∂σ² = ½ (N − S / σ²) / σ².
    """
    d = torch.sub(mean, x, out=out)
    if observed is not None:
        d.mul_(observed)
    weighed = share if isinstance(share, Tensor) else mean.new_full((len(x), 1), share)
    squares = (weighed.T @ d.square())[0]
    n = weighed.sum().expand_as(squares) if observed is None else (weighed.T @ observed)[0]
    if len(variance) == 1:  # shared by all features
        squares, n = squares.sum(0, keepdim=True), n.sum(0, keepdim=True)
    loss = 0.5 * (squares / variance + n * (2 * math.pi * variance).log()).sum()
    return loss, d.mul_(share / variance), 0.5 * (n - squares / variance) / variance


def categorical_error(
    codes: Tensor, logits: Tensor, observed: Tensor | None, share: Share, out: Tensor
) -> tuple[Tensor, Tensor]:
    """L = −Σᵢ log pᵢ(xᵢ), pᵢ the softmax of logits (n, d, K); ∂L/∂o = p − 1 at the code, p else."""
    loss = total(share, categorical_cross_entropy(codes, logits, observed))
    d = torch.softmax(logits, -1, out=out.view_as(logits))
    d.scatter_add_(-1, codes.long()[..., None], torch.full_like(codes, -1.0)[..., None])
    if observed is not None:
        d.mul_(observed[..., None])
    d = d.flatten(1)
    return loss, d.mul_(share)


def divergence(
    mean: Tensor, variance: Tensor, log_variance: Tensor, share: Share
) -> tuple[Tensor, Tensor, Tensor]:
    """L = KL(N(μ, σ²) ‖ N(0, 1)); ∂L/∂μ = μ and ∂L/∂log σ² = ½ (σ² − 1), shape (n, k) each."""
    half = (variance - 1).mul_(0.5)
    losses = torch.addcmul(half - 0.5 * log_variance, mean, mean, value=0.5).sum(1)
    return total(share, losses), mean * share, half.mul_(share)


def multinomial_error(
    counts: Tensor, rows: Tensor, columns: Tensor, logits: Tensor, share: float
) -> tuple[Tensor, Tensor]:
    """L = −Σᵢ xᵢ log pᵢ with p = softmax(o); ∂L/∂o = (Σᵢ xᵢ) p − x.

    Of x only the entries that are not 0 are given: their ``counts``, ``rows`` and ``columns``, each
    of shape (n_entries,). The memory of the logits, (n, d), is used.
    """
    places = rows * logits.shape[1] + columns
    totals = logits.new_zeros(len(logits)).index_add_(0, rows, counts)
    log_p = torch.log_softmax(logits, 1)
    loss = torch.dot(counts, log_p.view(-1).index_select(0, places)) * -share
    d = torch.exp(log_p, out=logits).mul_(share * totals[:, None])
    d.view(-1).index_add_(0, places, counts, alpha=-share)
    return loss, d


WrittenError = Callable[[Tensor, Tensor, Tensor | None, Share, Tensor], tuple[Tensor, Tensor]]
"""Rows, output, where they are observed, shares, and memory for the gradient."""
