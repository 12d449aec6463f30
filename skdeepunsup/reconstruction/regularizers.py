"""What a variational autoencoder adds to its bound, to shape its codes: one formula each.

q(z | x) is normal with the ``mean`` and ``log_variance`` that the encoder gives for each row; z is
a draw from it; q(z) is the mean of q(z | x) over the rows.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus


def kl_divergence(mean: Tensor, log_variance: Tensor) -> Tensor:
    """KL(q(zⱼ | x) ‖ N(0, 1)) = ½ (μⱼ² + σⱼ² − 1 − log σⱼ²) of each row and component, in nats."""
    return 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance)


def below_free_bits(kl: Tensor, free_bits: float) -> Tensor:
    """Σⱼ max(λ − KLⱼ, 0), where KLⱼ is the mean over the rows: what makes of each KLⱼ max(λ, KLⱼ).

    References
    ----------
    D. P. Kingma et al., "Improved variational inference with inverse autoregressive flow", NIPS
    2016, equation 15.
    """
    return (free_bits - kl.mean(0)).relu().sum()


def normal_log_density(z: Tensor, mean: Tensor, log_variance: Tensor) -> Tensor:
    """log N(z; μ, σ²) of each entry."""
    squares = (z - mean).square() * (-log_variance).exp()
    return -0.5 * (squares + log_variance + math.log(2 * math.pi))


def total_correlation(z: Tensor, mean: Tensor, log_variance: Tensor) -> Tensor:
    """KL(q(z) ‖ Πⱼ q(zⱼ)) in nats: of each row, log q(z) − Σⱼ log q(zⱼ).

    q(z) is taken to be the mean of q(z | x) over the rows of the batch. Weighting the batch as a
    part of all rows, as the paper does, adds a constant.

    References
    ----------
    R. T. Q. Chen et al., "Isolating sources of disentanglement in variational autoencoders",
    NeurIPS 2018, section 3 and appendix C.
    """
    log_q = normal_log_density(z[:, None], mean, log_variance)  # of row i's z, given row j
    joint = log_q.sum(-1).logsumexp(1) - math.log(len(z))
    marginals = log_q.logsumexp(1) - math.log(len(z))
    return joint - marginals.sum(-1)


def covariance_distance(mean: Tensor) -> Tensor:
    """Σᵢ≠ⱼ Cᵢⱼ² + 10 Σⱼ (Cⱼⱼ − 1)², where C is the covariance of μ over the rows.

    References
    ----------
    A. Kumar, P. Sattigeri, A. Balakrishnan, "Variational inference of disentangled latent concepts
    from unlabeled observations", ICLR 2018: DIP-VAE-I, with λ_d = 10 λ_od.
    """
    centred = mean - mean.mean(0)
    C = centred.T @ centred / len(mean)
    diagonal = C.diagonal()
    return C.square().sum() - diagonal.square().sum() + 10 * (diagonal - 1).square().sum()


def density_ratio(z: Tensor, critic: nn.Module) -> Tensor:
    """log q(z) − Σⱼ log q(zⱼ) of each row, by a ``critic`` that tells z from shuffled z.

    The critic's logit is that ratio, if it is good. No gradient goes to its parameters.

    References
    ----------
    H. Kim, A. Mnih, "Disentangling by factorising", ICML 2018, equation 3.
    """
    frozen = {name: parameter.detach() for name, parameter in critic.named_parameters()}
    return torch.func.functional_call(critic, frozen, (z,)).squeeze(-1)


def critic_cross_entropy(z: Tensor, shuffled: Tensor, critic: nn.Module) -> Tensor:
    """What the critic lowers: its cross-entropy between z and z of independently shuffled columns.

    No gradient goes to z.
    """
    real, fake = critic(z.detach()).squeeze(-1), critic(shuffled.detach()).squeeze(-1)
    return 0.5 * (softplus(-real) + softplus(fake))
