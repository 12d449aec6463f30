"""How far a reconstruction is from its row: one formula each, summed over observed features."""

import math

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy, mse_loss


def summed(entries: Tensor, observed: Tensor | None) -> Tensor:
    """Sum each row's entries; of those that are ``observed``, where some are not."""
    return (entries if observed is None else entries.where(observed, 0)).sum(-1)


def squared_error(x: Tensor, r: Tensor, observed: Tensor | None = None) -> Tensor:
    """‖x − r‖² of each row."""
    # One kernel less than the formula, each way.
    return summed(mse_loss(r, x, reduction="none"), observed)


def bernoulli_cross_entropy(x: Tensor, logits: Tensor, observed: Tensor | None = None) -> Tensor:
    """−Σᵢ xᵢ log rᵢ + (1 − xᵢ) log(1 − rᵢ) of each row, in nats, with r = σ(logits)."""
    return summed(binary_cross_entropy_with_logits(logits, x, reduction="none"), observed)


def gaussian_cross_entropy(
    x: Tensor, mean: Tensor, variance: Tensor, observed: Tensor | None = None
) -> Tensor:
    """−Σᵢ log N(xᵢ; μᵢ, σᵢ²) of each row, in nats: ½ Σᵢ (xᵢ − μᵢ)² / σᵢ² + log 2πσᵢ²."""
    entries = mse_loss(mean, x, reduction="none") / variance + (2 * math.pi * variance).log()
    return summed(entries / 2, observed)


def categorical_cross_entropy(
    codes: Tensor, logits: Tensor, observed: Tensor | None = None
) -> Tensor:
    """−Σᵢ log pᵢ(xᵢ) of each row, in nats; logits of shape (n, d, K), pᵢ their softmax over K."""
    entries = cross_entropy(logits.movedim(-1, 1), codes.long(), reduction="none")
    return summed(entries, observed)


def missing_and_filled(x: Tensor, fill: Tensor) -> tuple[Tensor, Tensor]:
    """Where ``x`` is observed, and ``x`` with the feature's ``fill`` where it is not."""
    observed = ~x.isnan()
    return observed, torch.where(observed, x, fill)
