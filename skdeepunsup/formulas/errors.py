"""Losses between a row and its reconstruction: one formula each, summed over features.

``observed`` is 1 where an entry was observed and 0 where it is missing; None means that all were.
"""

import math

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy, mse_loss


def summed(entries: Tensor, observed: Tensor | None) -> Tensor:
    """Sum the observed entries of each row."""
    return (entries if observed is None else entries * observed).sum(-1)


def squared_error(x: Tensor, r: Tensor, observed: Tensor | None = None) -> Tensor:
    """‖x − r‖² of each row."""
    # One kernel fewer than the formula, forward and backward.
    return summed(mse_loss(r, x, reduction="none"), observed)


def bernoulli_cross_entropy(x: Tensor, logits: Tensor, observed: Tensor | None = None) -> Tensor:
    """−Σᵢ xᵢ log rᵢ + (1 − xᵢ) log(1 − rᵢ) of each row, in nats, with r = σ(logits)."""
    return summed(binary_cross_entropy_with_logits(logits, x, reduction="none"), observed)


def gaussian_cross_entropy(
    x: Tensor, mean: Tensor, variance: Tensor, observed: Tensor | None = None
) -> Tensor:
    """−Σᵢ log N(xᵢ; μᵢ, σᵢ²) of each row, in nats: ½ Σᵢ (xᵢ − μᵢ)² / σᵢ² + log 2πσᵢ².

    σ² has shape (d,), or (1,) where all features share it; a shared σ² is taken out of the sum.
    """
    log_scale = (2 * math.pi * variance).log()
    if len(variance) == 1:
        n = x.shape[-1] if observed is None else observed.sum(-1)
        return 0.5 * (squared_error(x, mean, observed) / variance + n * log_scale)
    entries = mse_loss(mean, x, reduction="none") / variance + log_scale
    return 0.5 * summed(entries, observed)


def categorical_cross_entropy(
    codes: Tensor, logits: Tensor, observed: Tensor | None = None
) -> Tensor:
    """−Σᵢ log pᵢ(xᵢ) of each row, in nats; pᵢ is the softmax of logits of shape (n, d, K)."""
    entries = cross_entropy(logits.movedim(-1, 1), codes.long(), reduction="none")
    return summed(entries, observed)


def beta_binomial_cross_entropy(
    levels: Tensor, log_alpha: Tensor, log_beta: Tensor, n: int, observed: Tensor | None = None
) -> Tensor:
    """−Σᵢ log BB(kᵢ; n, αᵢ, βᵢ) of each row of grey levels k from 0 to n, in nats.

    BB(k; n, α, β) = C(n, k) B(k + α, n − k + β) / B(α, β).
    """
    alpha, beta = log_alpha.exp(), log_beta.exp()
    ratio = _log_beta(levels + alpha, n - levels + beta) - _log_beta(alpha, beta)
    ways = math.lgamma(n + 1) - torch.lgamma(levels + 1) - torch.lgamma(n - levels + 1)
    return summed(-(ways + ratio), observed)


def _log_beta(a: Tensor, b: Tensor) -> Tensor:
    """log B(a, b)."""
    return torch.lgamma(a) + torch.lgamma(b) - torch.lgamma(a + b)


def observed_and_filled(x: Tensor, fill: Tensor) -> tuple[Tensor, Tensor]:
    """Return where ``x`` is not NaN, as 1 and 0, and ``x`` with each NaN replaced by ``fill``.

    ``fill`` has one number for each feature.
    """
    observed = x.isnan().logical_not_().to(x.dtype)
    return observed, fill.lerp(x.nan_to_num(0.0), observed)
