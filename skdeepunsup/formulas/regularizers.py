"""Terms that a variational autoencoder adds to its bound to shape its codes: one formula each.

q(z | x) is normal, with the ``mean`` and ``log_variance`` that the encoder returns for each row; z
is a draw from it; q(z) is the mean of q(z | x) over the rows.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from .._random import Stream
from .penalties import above_zero, row_mean


def kl_divergence(mean: Tensor, log_variance: Tensor) -> Tensor:
    """KL(q(zⱼ | x) ‖ N(0, 1)) = ½ (μⱼ² + σⱼ² − 1 − log σⱼ²) of each row and component, in nats."""
    return 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance)


def below_free_bits(kl: Tensor, free_bits: float, weights: Tensor | None = None) -> Tensor:
    """Σⱼ max(λ − KLⱼ, 0), KLⱼ being the mean over the rows; added, it makes each KLⱼ max(λ, KLⱼ).

    References
    ----------
    D. P. Kingma et al., "Improved variational inference with inverse autoregressive flow", NIPS
    2016, equation 15.
    """
    return (free_bits - row_mean(kl, weights)).relu().sum()


def normal_log_density(z: Tensor, mean: Tensor, log_variance: Tensor) -> Tensor:
    """log N(z; μ, σ²) of each entry."""
    squares = (z - mean).square() * (-log_variance).exp()
    return -0.5 * (squares + log_variance + math.log(2 * math.pi))


def total_correlation(
    z: Tensor, mean: Tensor, log_variance: Tensor, weights: Tensor | None = None
) -> Tensor:
    """log q(z) − Σⱼ log q(zⱼ) of each row, in nats; its mean estimates KL(q(z) ‖ Πⱼ q(zⱼ)).

    q(z) is estimated as the mean of q(z | x) over the rows of the batch. Weighting the batch as a
    part of all rows, as the paper does, would add a constant.

    References
    ----------
    R. T. Q. Chen et al., "Isolating sources of disentanglement in variational autoencoders",
    NeurIPS 2018, section 3 and appendix C.
    """
    log_q = normal_log_density(z[:, None], mean, log_variance)  # of row i's z, given row j
    w = torch.ones_like(z[:, 0]) if weights is None else above_zero(weights)
    log_share = (w / w.sum()).log()
    joint = (log_q.sum(-1) + log_share).logsumexp(1)
    marginals = (log_q + log_share[:, None]).logsumexp(1)
    return joint - marginals.sum(-1)


def covariance_distance(mean: Tensor, weights: Tensor | None = None) -> Tensor:
    """Σᵢ≠ⱼ Cᵢⱼ² + 10 Σⱼ (Cⱼⱼ − 1)², where C is the covariance of μ over the rows.

    References
    ----------
    A. Kumar, P. Sattigeri, A. Balakrishnan, "Variational inference of disentangled latent concepts
    from unlabeled observations", ICLR 2018: DIP-VAE-I, with λ_d = 10 λ_od.
    """
    centred = mean - row_mean(mean, weights)
    shares = torch.ones_like(mean[:, 0]) if weights is None else above_zero(weights)
    with torch.autocast(mean.device.type, enabled=False):  # a difference that bfloat16 loses
        C = centred.T @ (centred * (shares / shares.sum())[:, None])
    diagonal = C.diagonal()
    return C.square().sum() - diagonal.square().sum() + 10 * (diagonal - 1).square().sum()


def density_ratio(z: Tensor, critic: nn.Module) -> Tensor:
    """log q(z) − Σⱼ log q(zⱼ) of each row, as the logit of a ``critic``.

    The best critic that tells z from z with shuffled columns has that logit. No gradient goes to
    the critic's parameters.

    References
    ----------
    H. Kim, A. Mnih, "Disentangling by factorising", ICML 2018, equation 3.
    """
    frozen = {name: parameter.detach() for name, parameter in critic.named_parameters()}
    return torch.func.functional_call(critic, frozen, (z,)).squeeze(-1).to(z.dtype)


def critic_cross_entropy(z: Tensor, shuffled: Tensor, critic: nn.Module) -> Tensor:
    """The critic's loss: its cross-entropy between z and z with independently shuffled columns.

    No gradient goes to z.
    """
    real, fake = (critic(part.detach()).squeeze(-1).to(z.dtype) for part in (z, shuffled))
    return 0.5 * (softplus(-real) + softplus(fake))


def shuffled(z: Tensor, stream: Stream) -> Tensor:
    """The columns of z, each in a random order of its own: draws from Πⱼ q(zⱼ)."""
    return z.gather(0, stream.uniform(tuple(z.shape)).argsort(0))
