"""Regularisers of a variational autoencoder: what β weighs beside the bound on log p(x).

Each class names its formula and owns its critic, if it has one. ``CONTRIBUTING.md`` has the recipe
for a new regulariser.
"""

from abc import ABC, abstractmethod

from torch import Tensor, nn

from ..._random import Stream
from ...formulas.regularizers import (
    covariance_distance,
    critic_cross_entropy,
    density_ratio,
    shuffled,
    total_correlation,
)
from ...networks import dense, initialize

CRITIC_WIDTHS = (256, 256)


class Regularizer(nn.Module, ABC):
    """Base of the regularisers; training lowers, with q(z | x) = N(μ, σ²),

        −E_q[log p(x | z)] + price(β) · KL(q(z | x) ‖ p(z)) + (β − 1) · penalty,

    which at β = 1 is minus the bound, whatever the regulariser.

    Parameters
    ----------
    n_components : int
        Width of z.
    """

    def __init__(self, n_components: int) -> None:
        super().__init__()

    def initialize(self, stream: Stream) -> None:
        """Draw the critic's first parameters; most have no critic."""

    def price(self, beta: float) -> float:
        """How much KL(q(z | x) ‖ p(z)) counts: once, unless it is itself what β weighs."""
        return 1.0

    @abstractmethod
    def penalty(
        self, z: Tensor, mean: Tensor, log_variance: Tensor, weights: Tensor | None
    ) -> Tensor:
        """Return the penalty of each row, or one number for the whole batch.

        ``z`` is a draw from q(z | x), given by ``mean`` and ``log_variance``, all three of shape
        (n, n_components); ``weights`` are those of the n rows, or None.
        """

    def critic_losses(self, z: Tensor, stream: Stream) -> dict[str, Tensor]:
        """Return what the critic lowers for each row, given codes without gradients, by name."""
        return {}


class Divergence(Regularizer):
    """KL(q(z | x) ‖ p(z)) itself, which then counts β times: the β-VAE.

    References
    ----------
    I. Higgins et al., "β-VAE: learning basic visual concepts with a constrained variational
    framework", ICLR 2017.
    """

    def price(self, beta: float) -> float:
        return beta

    def penalty(
        self, z: Tensor, mean: Tensor, log_variance: Tensor, weights: Tensor | None
    ) -> Tensor:
        return z.new_zeros(())  # it is in the price


class TotalCorrelation(Regularizer):
    """KL(q(z) ‖ Πⱼ q(zⱼ)), estimated from each batch: the β-TCVAE."""

    def penalty(
        self, z: Tensor, mean: Tensor, log_variance: Tensor, weights: Tensor | None
    ) -> Tensor:
        return total_correlation(z, mean, log_variance, weights)


class CovarianceDistance(Regularizer):
    """How far the covariance of μ over the batch is from the identity: the DIP-VAE-I."""

    def penalty(
        self, z: Tensor, mean: Tensor, log_variance: Tensor, weights: Tensor | None
    ) -> Tensor:
        return covariance_distance(mean, weights)


class DensityRatio(Regularizer):
    """KL(q(z) ‖ Πⱼ q(zⱼ)) by a critic that tells codes from shuffled codes: the FactorVAE."""

    def __init__(self, n_components: int) -> None:
        super().__init__(n_components)
        self.critic = dense((n_components, *CRITIC_WIDTHS, 1), "relu")

    def initialize(self, stream: Stream) -> None:
        initialize(self.critic, stream)

    def penalty(
        self, z: Tensor, mean: Tensor, log_variance: Tensor, weights: Tensor | None
    ) -> Tensor:
        return density_ratio(z, self.critic)

    def critic_losses(self, z: Tensor, stream: Stream) -> dict[str, Tensor]:
        return {"critic": critic_cross_entropy(z, shuffled(z, stream), self.critic)}


REGULARIZERS: dict[str, type[Regularizer]] = {
    "kl": Divergence,
    "tc": TotalCorrelation,
    "dip": CovarianceDistance,
    "factor": DensityRatio,
}
"""The regularisers by name."""
