"""The dull density of real values: one normal distribution with all covariances."""

import math

import torch
from torch import Tensor

from ..._rows import Rows

MOST_FEATURES = 500
"""With more features, their covariances cost a fit too much."""

LEAST_VARIANCE = 0.01
"""Least variance along a direction, in units of the features' own: that of features which are sums
of others, as dummies are, would be 0, and the density without a bound."""


def one_normal_score(rows: Rows, v: Tensor) -> float:
    """Mean log-density of ``v`` under N(m, S), the moments of the rows, as if they were new.

    On rows of training it is too high by p / n on average, with p = d (d + 3) / 2 parameters and n
    rows of d features (Akaike), which is subtracted. −inf if there are too few rows, more than 500
    features, or none that varies.
    """
    n, d = len(rows), v.shape[1]
    if n <= d + 1 or d > MOST_FEATURES:
        return -math.inf
    m = rows.mean()
    S = torch.zeros(d, d, dtype=torch.float64, device="cpu")
    for chunk in rows.chunks():
        x = chunk.cpu().double() - m
        S += x.T @ x / n
    if not S.any():
        return -math.inf
    variances, directions = torch.linalg.eigh(S)
    variances = variances.clamp_min(LEAST_VARIANCE)
    squares = ((v.cpu().double() - m) @ directions).square().mean(0)
    nats = -0.5 * ((2 * math.pi * variances).log() + squares / variances).sum()
    return float(nats) - d * (d + 3) / 2 / n
