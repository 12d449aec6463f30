"""Importance-weighted estimates of log p(x), with z drawn from a normal q(z | x) = N(μ, σ²)."""

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor


def importance_log_likelihood(
    cross_entropy: Callable[[Tensor], Tensor],
    mean: Tensor,
    log_variance: Tensor,
    noise: Sequence[Tensor],
    log_prior: Callable[[Tensor], Tensor] | None = None,
) -> Tensor:
    """log 1/S Σₛ p(x, zₛ) / q(zₛ | x) of each row, with zₛ = μ + σ noiseₛ.

    Parameters
    ----------
    cross_entropy : callable
        Maps z of shape (n_samples, n, n_components) to −log p(x | z) of shape (n_samples, n).
    mean, log_variance : Tensor of shape (n, n_components)
        μ and log σ².
    noise : sequence of Tensor of shape (n_samples, 1 or n, n_components)
        Standard normal draws, in parts that are evaluated one after another; S in all.
    log_prior : callable, default=None
        Maps z to log p(z) of shape (n_samples, n); None is the standard normal distribution.

    Returns
    -------
    Tensor of shape (n,)
        In nats, float64 on the CPU.
    """
    total = torch.full((len(mean),), -torch.inf, dtype=torch.float64, device="cpu")
    for part in noise:
        z = mean + (log_variance / 2).exp() * part
        log_weights = -cross_entropy(z) - log_ratio(z, part, log_variance)
        if log_prior is not None:
            log_weights = log_weights + log_prior(z) - log_normal(z)
        total = torch.logaddexp(total, log_weights.cpu().double().logsumexp(0))
    return total - math.log(sum(map(len, noise)))


def log_ratio(z: Tensor, noise: Tensor, log_variance: Tensor) -> Tensor:
    """log q(z | x) − log p(z) for z = μ + σ noise: ½ Σⱼ (zⱼ² − noiseⱼ² − log σⱼ²)."""
    return 0.5 * (z.square() - noise.square() - log_variance).sum(-1)


def log_normal(z: Tensor) -> Tensor:
    """log N(z; 0, 1), summed over components."""
    return -0.5 * (z.square() + math.log(2 * math.pi)).sum(-1)


def minus_bound(errors: Tensor) -> Tensor:
    """−log 1/S Σₛ exp(−errorₛ) of each row; ``errors`` has shape (S, n)."""
    return math.log(len(errors)) - (-errors).logsumexp(0)
