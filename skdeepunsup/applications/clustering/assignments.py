"""Soft assignments of codes to clusters: one formula to a function."""

import torch
from torch import Tensor


def student_t(z: Tensor, centers: Tensor, dof: float) -> Tensor:
    """Log q, qᵢⱼ ∝ (1 + ‖zᵢ − μⱼ‖² / α)^(−(α + 1)/2), of each row over centres μ; α is ``dof``."""
    # As a product, for many rows; what rounding leaves below 0 is 0.
    squares = z.square().sum(1, keepdim=True) + centers.square().sum(1) - 2 * z @ centers.T
    return (-(dof + 1) / 2 * (squares.clamp_min(0) / dof).log1p()).log_softmax(1)


def sharpened(q: Tensor, frequencies: Tensor) -> Tensor:
    """pᵢⱼ ∝ qᵢⱼ² / fⱼ, of each row over the clusters, f being their soft frequencies Σᵢ qᵢⱼ."""
    weighted = q.square() / frequencies
    return weighted / weighted.sum(1, keepdim=True)


def divergence(p: Tensor, log_q: Tensor) -> Tensor:
    """KL(p ‖ q) of each row, in nats."""
    return (torch.xlogy(p, p) - p * log_q).sum(1)


def moved(before: Tensor, after: Tensor) -> Tensor:
    """The share of rows whose most probable cluster changed, given q before and after."""
    return (before.argmax(1) != after.argmax(1)).float().mean()


def normal_draws(mean: Tensor, covariance: Tensor, noise: Tensor) -> Tensor:
    """Draws of N(mean, covariance), which may be singular, of standard normal ``noise``."""
    variances, directions = torch.linalg.eigh(covariance.cpu())  # not every device can
    scales = variances.clamp_min(0).sqrt()
    return mean + noise @ (directions * scales).T.to(noise)
