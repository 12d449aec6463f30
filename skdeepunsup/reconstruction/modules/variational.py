"""The variational autoencoder: p(z) = N(0, 1), a decoder p(x | z) and an encoder q(z | x)."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from ..._random import Stream
from ..._rows import Rows, variance_over_some_rows
from ...formulas.importance import importance_log_likelihood, log_normal, log_ratio, minus_bound
from ...formulas.observation import (
    BernoulliObservation,
    BetaBinomialObservation,
    CategoricalObservation,
    GaussianObservation,
    Observation,
)
from ...formulas.regularizers import below_free_bits, kl_divergence
from .base import ReconstructionModule
from .regularizers import REGULARIZERS, Divergence

OBSERVATIONS: dict[str, type[Observation]] = {
    "gaussian": GaussianObservation,
    "bernoulli": BernoulliObservation,
    "categorical": CategoricalObservation,
    "beta-binomial": BetaBinomialObservation,
}
"""The observation models by name of the likelihood."""

ACTIVE_VARIANCE = 0.01
"""A unit is active if its posterior mean varies by more than this over the rows."""
MAX_LOG_VARIANCE = 20.0
"""Bound on |log σ²|: beyond it, sums of exp(log σ²) leave the range of float32."""
BLOCK_ENTRIES = 2**21
"""Numbers that the decoder returns at a time when rows are scored."""


class VariationalModule(ReconstructionModule):
    """log p(x) ≥ E_q[log p(x | z)] − KL(q(z | x) ‖ p(z)), with q(z | x) = N(μ(x), σ²(x)).

    Parameters
    ----------
    likelihood : {"gaussian", "bernoulli", "categorical", "beta-binomial"}
        Kind of p(x | z).
    observation : dict
        Arguments of the likelihood's `Observation`, without ``n_features``.
    beta : float, default=1.0
        β, the weight of the regulariser; at 1 the loss is minus the bound.
    kl_warmup : int, default=0
        Epochs over which the weight of KL rises linearly from 0 to its full value.
    free_bits : float, default=0.0
        Nats below which lowering the mean KL of a unit over a batch gains nothing.
    regularizer : {"kl", "tc", "dip", "factor"}, default="kl"
        Name of the `Regularizer` that β weighs.
    n_importance_samples : int, default=1
        Draws of z for each row; more than one tighten the bound.
    resample : bool, default=False
        Whether the entries of a batch are probabilities, from which each update draws fresh bits.
    **architecture : Any
        Arguments of `ReconstructionModule`.
    """

    def __init__(
        self,
        *,
        likelihood: str,
        observation: dict[str, Any],
        beta: float = 1.0,
        kl_warmup: int = 0,
        free_bits: float = 0.0,
        regularizer: str = "kl",
        n_importance_samples: int = 1,
        resample: bool = False,
        **architecture: Any,
    ) -> None:
        of_rows = OBSERVATIONS[likelihood](architecture["n_features"], **observation)
        super().__init__(
            inputs_per_feature=of_rows.inputs_per_feature,
            outputs_per_feature=of_rows.outputs_per_feature,
            outputs_per_component=2,
            **architecture,
        )
        self.beta, self.free_bits, self.kl_warmup = beta, free_bits, kl_warmup
        self.n_importance_samples, self.resample = n_importance_samples, resample
        self.observation = of_rows
        self.regularizer = REGULARIZERS[regularizer](self.n_components)
        self.register_buffer("warmth", torch.zeros(()))
        self.register_buffer("code_variance", torch.zeros(self.n_components))
        self.warmth: Tensor
        self.code_variance: Tensor

    def start_at_prior(self, stream: Stream) -> None:
        """Set σ(x) to 1, whatever the scale of x, and draw the regulariser's critic, if any."""
        if "encoder" not in self.own:
            last = self.encoder[-1]
            with torch.no_grad():
                last.weight[self.n_components :] = 0
                last.bias[self.n_components :] = 0
        self.regularizer.initialize(stream)

    def posterior(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return μ(x) and log σ²(x) of q(z | x)."""
        observed, filled = self.observed_and_fed(x)
        return mean_and_log_variance(self.encoder_output(self.observation.fed(filled, observed)))

    def output_at(self, means: Tensor) -> Tensor | None:
        """Return the output at which the likelihood has these means; None if it is not unique."""
        return self.observation.output_at(means)

    def fed_at(self, means: Tensor) -> Tensor:
        """Return the encoder's input for a row of means."""
        return self.observation.fed(means, None)

    def encode(self, x: Tensor) -> Tensor:
        """Return μ(x)."""
        return self.posterior(x)[0]

    def decode(self, h: Tensor) -> Tensor:
        """Return E[x | z] for each code z."""
        return self.observation.mean(self.decoder_output(h))

    def losses(self, x: Tensor, stream: Stream, weights: Tensor | None = None) -> dict[str, Tensor]:
        """Return minus the bound of each row in its terms; in training also what is added to it."""
        x = self.resampled(x, stream)
        mean, log_variance = self.posterior(x)
        z, noise = self.drawn(mean, log_variance, stream)
        errors = self._cross_entropy(x, z)
        terms = {"reconstruction": errors.mean(0)}
        if len(z) == 1:
            return terms | self.regularization(z[0], mean, log_variance, stream, weights)
        ratio = log_ratio(z, noise, log_variance)
        bound = minus_bound(errors + ratio)
        # The price goes into the weights: outside, the loss would have no lower bound.
        added = minus_bound(errors + self.price * ratio) - bound
        regular = self.regularization(z[0], mean, log_variance, stream, weights, added)
        terms["importance"] = bound - terms["reconstruction"] - regular["kl"]
        return terms | regular

    def resampled(self, x: Tensor, stream: Stream) -> Tensor:
        """Return the rows, or with ``resample`` bits drawn from them."""
        if not self.resample:
            return x
        bits = stream.bernoulli(x)
        return bits.where(~x.isnan(), x) if self.masks else bits

    def drawn(self, mean: Tensor, log_variance: Tensor, stream: Stream) -> tuple[Tensor, Tensor]:
        """Return z = μ + σ ε of shape (n_importance_samples, n, n_components), and ε."""
        noise = stream.normal_like(mean.expand(self.n_importance_samples, *mean.shape))
        return mean + (log_variance / 2).exp() * noise, noise

    @property
    def price(self) -> Tensor:
        """What a nat of KL costs."""
        return self.warmth * self.regularizer.price(self.beta)

    @property
    def lowers_kl_alone(self) -> bool:
        """Whether training lowers price · KL beside −log p(x | z), and nothing else."""
        without_penalty = self.beta == 1 and not list(self.regularizer.parameters())
        return not self.free_bits and (without_penalty or type(self.regularizer) is Divergence)

    def regularization(
        self,
        z: Tensor,
        mean: Tensor,
        log_variance: Tensor,
        stream: Stream,
        weights: Tensor | None,
        added: Tensor | None = None,
    ) -> dict[str, Tensor]:
        """Return the terms that depend on the codes alone: KL, and in training what is added.

        ``added`` is what the price of KL has added; None is (price − 1) KL.
        """
        kl = kl_divergence(mean, log_variance)
        terms = {"kl": kl.sum(-1)}
        if not self.training:
            return terms
        added = (self.price - 1) * terms["kl"] if added is None else added
        if self.free_bits:
            added = added + self.price * below_free_bits(kl, self.free_bits, weights)
        if self.beta != 1:
            penalty = self.regularizer.penalty(z, mean, log_variance, weights)
            added = added + self.warmth * (self.beta - 1) * penalty
        return (
            terms | {"regularization": added} | self.regularizer.critic_losses(z.detach(), stream)
        )

    def cross_entropy(self, x: Tensor, z: Tensor) -> Tensor:
        """Return −log p(x | z) of each row, given one z for each, in nats."""
        return self._cross_entropy(x, z[None])[0]

    def _cross_entropy(self, x: Tensor, z: Tensor) -> Tensor:
        """−log p(x | z) of shape (n_samples, n), for z of shape (n_samples, n, n_components)."""
        observed, filled = self.observed_and_fed(x)
        output = self.decoder_output(z.flatten(0, 1)).unflatten(0, z.shape[:2])
        wanted = filled.expand(len(z), *filled.shape)
        return self.observation.cross_entropy(wanted, output, observed)

    def log_likelihood(
        self,
        x: Tensor,
        n_samples: int,
        stream: Stream,
        log_prior: Callable[[Tensor], Tensor] | None = None,
    ) -> Tensor:
        """Estimate log p(x) of each row as log 1/S Σₛ p(x, zₛ) / q(zₛ | x), in nats.

        The S = ``n_samples`` draws zₛ from q use the same noise for all rows. ``log_prior`` maps z
        to log p(z); None is the standard normal distribution.

        References
        ----------
        Y. Burda, R. Grosse, R. Salakhutdinov, "Importance weighted autoencoders", ICLR 2016.
        """
        mean, log_variance = self.posterior(x)
        block = max(1, BLOCK_ENTRIES // (len(x) * max(self.widths["decoder"])))
        return importance_log_likelihood(
            lambda z: self._cross_entropy(x, z),
            mean,
            log_variance,
            stream.normal(n_samples, 1, self.n_components).to(mean).split(block),
            log_prior,
        )

    def draw_codes(self, n: int, stream: Stream) -> Tensor:
        """Draw ``n`` codes z ~ N(0, 1)."""
        return stream.normal_like(self.fill.new_empty(n, self.n_components))

    def log_prior(self, z: Tensor) -> Tensor:
        """Return log p(z) of each code."""
        return log_normal(z)

    def sample(self, n: int, mean: bool, stream: Stream) -> Tensor:
        """Draw z from p(z) ``n`` times, and return x drawn given z, or its ``mean`` E[x | z]."""
        output = self.decoder_output(self.draw_codes(n, stream))
        return self.observation.mean(output) if mean else self.observation.sample(output, stream)

    def begin_epoch(self) -> None:
        """Raise the weight of KL by one step of the warm-up."""
        self.warmth.add_(1 / self.kl_warmup if self.kl_warmup else 1).clamp_max_(1)

    @torch.no_grad()
    def monitor(self, rows: Rows) -> dict[str, Tensor]:
        """Return the number of active units, and keep the variances of the codes."""
        self.code_variance.copy_(variance_over_some_rows(self.encode, rows))
        return {"active_units": (self.code_variance > ACTIVE_VARIANCE).sum()}


def mean_and_log_variance(output: Tensor) -> tuple[Tensor, Tensor]:
    """μ(x) and log σ²(x) of the encoder's output."""
    mean, log_variance = output.chunk(2, dim=-1)
    return mean, log_variance.clamp(-MAX_LOG_VARIANCE, MAX_LOG_VARIANCE)
