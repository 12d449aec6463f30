"""Penalties that training lowers beside the reconstruction error: one formula each."""

import math
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

from .._random import Stream


def row_mean(values: Tensor, weights: Tensor | None) -> Tensor:
    """The mean over the rows of a batch, weighted if ``weights`` are given."""
    if weights is None:
        return values.mean(0)
    w = above_zero(weights)
    return (w[:, None] * values).sum(0) / w.sum()


def log_mean_activity(a: Tensor, weights: Tensor | None) -> Tensor:
    """log of the mean of σ(a) over the rows; finite even where σ(a) rounds to 0."""
    if weights is None:
        return logsigmoid(a).logsumexp(0) - math.log(len(a))
    w = above_zero(weights)
    return (logsigmoid(a) + w.log()[:, None]).logsumexp(0) - w.sum().log()


def above_zero(weights: Tensor) -> Tensor:
    """The weights, clamped to the smallest normal number, so that their sum is never 0."""
    return weights.clamp_min(torch.finfo(weights.dtype).tiny)


def bernoulli_divergence(rho: float, log_on: Tensor, log_off: Tensor) -> Tensor:
    """Σⱼ KL(ρ ‖ ρ̂ⱼ) = Σⱼ ρ log(ρ / ρ̂ⱼ) + (1 − ρ) log((1 − ρ) / (1 − ρ̂ⱼ)), in nats.

    Parameters
    ----------
    rho : float
        Target activity, in (0, 1).
    log_on, log_off : Tensor of shape (n_components,)
        log ρ̂ and log(1 − ρ̂), where ρ̂ is the mean of each unit over the rows.

    References
    ----------
    A. Ng, "Sparse autoencoder", CS294A lecture notes, 2011, section 3.
    """
    entropy = rho * math.log(rho) + (1 - rho) * math.log(1 - rho)
    return (entropy - rho * log_on - (1 - rho) * log_off).sum()


def keep_largest(a: Tensor, k: int) -> Tensor:
    """Keep the k largest entries of each row, rectified, and set all others to 0.

    References
    ----------
    A. Makhzani, B. Frey, "k-sparse autoencoders", ICLR 2014.
    """
    values, columns = a.topk(k, dim=-1, sorted=False)
    return torch.zeros_like(a).scatter(-1, columns, values.relu())


DERIVATIVES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "identity": lambda a, h: torch.ones_like(a),
    "logistic": lambda a, h: h * (1 - h),
    "tanh": lambda a, h: 1 - h * h,
    "relu": lambda a, h: (a > 0).to(a.dtype),
    "elu": lambda a, h: h.clamp_max(0) + 1,
    "gelu": lambda a, h: torch.special.ndtr(a) + a * (-a * a / 2).exp() / math.sqrt(2 * math.pi),
    "silu": lambda a, h: (s := a.sigmoid()) + h * (1 - s),
}
"""s′(a) by the name of the activation s, given a and h = s(a)."""


def squared_jacobian(derivative: Tensor, W: Tensor) -> Tensor:
    """‖∂h/∂x‖² = Σⱼ s′(aⱼ)² ‖Wⱼ‖² of each row, where h = s(a) and a = W x + b.

    Parameters
    ----------
    derivative : Tensor of shape (n, n_components)
        s′(a).
    W : Tensor of shape (n_components, n_features)

    References
    ----------
    S. Rifai et al., "Contractive auto-encoders", ICML 2011, equation 7.
    """
    return (derivative.square() * W.square().sum(1)).sum(-1)


def sampled_squared_jacobian(h: Tensor, x: Tensor, stream: Stream) -> Tensor:
    """Unbiased estimate of ‖∂h/∂x‖² of each row: ‖uᵀ ∂h/∂x‖² for a random u of ±1.

    Each row draws its own u. As E[u uᵀ] is the identity, E[uᵀ J Jᵀ u] is the trace of J Jᵀ.

    Parameters
    ----------
    h : Tensor of shape (n, n_components)
        Function of ``x``, each row of its own.
    x : Tensor of shape (n, n_features)
        Rows, which require gradients.
    stream : Stream

    References
    ----------
    M. Hutchinson, "A stochastic estimator of the trace of the influence matrix", Communications in
    Statistics 18, 1989.
    """
    u = stream.uniform(tuple(h.shape)).sub(0.5).sign().to(h)
    u = torch.where(u == 0, 1, u)
    (J,) = torch.autograd.grad(h, x, u, create_graph=True)
    return J.square().sum(-1)
