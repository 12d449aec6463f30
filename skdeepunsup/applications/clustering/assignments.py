"""Soft assignments of codes to clusters: one formula each."""

import torch
from torch import Tensor


def student_t(z: Tensor, centers: Tensor, dof: float) -> Tensor:
    """log q with qᵢⱼ ∝ (1 + ‖zᵢ − μⱼ‖² / α)^(−(α + 1)/2), summing to 1 over the centres μⱼ.

    α is ``dof``, the degrees of freedom of the t-distribution.
    """
    # The squares by one matrix product; rounding can leave them below 0.
    squares = z.square().sum(1, keepdim=True) + centers.square().sum(1) - 2 * z @ centers.T
    return (-(dof + 1) / 2 * (squares.clamp_min(0) / dof).log1p()).log_softmax(1)


def sharpened(q: Tensor, frequencies: Tensor) -> Tensor:
    """pᵢⱼ ∝ qᵢⱼ² / fⱼ, normalised over the clusters j, with their soft frequencies fⱼ = Σᵢ qᵢⱼ."""
    weighted = q.square() / frequencies
    return weighted / weighted.sum(1, keepdim=True)


def divergence(p: Tensor, log_q: Tensor) -> Tensor:
    """KL(p ‖ q) of each row, in nats."""
    return (torch.xlogy(p, p) - p * log_q).sum(1)


def moved(before: Tensor, after: Tensor) -> Tensor:
    """The share of rows whose most probable cluster changed, given q before and after."""
    return (before.argmax(1) != after.argmax(1)).float().mean()


def normal_draws(mean: Tensor, covariance: Tensor, noise: Tensor) -> Tensor:
    """Turn standard normal ``noise`` into draws of N(mean, covariance), which may be singular."""
    variances, directions = torch.linalg.eigh(covariance.cpu())  # not every device can
    scales = variances.clamp_min(0).sqrt()
    return mean + noise @ (directions * scales).T.to(noise)
