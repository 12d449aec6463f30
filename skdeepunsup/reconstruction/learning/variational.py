"""Descent of variational autoencoders of dense layers, with gradients written out."""

from functools import partial
from typing import Any

import torch
from torch import Tensor

from ..._random import Stream
from ...formulas.gradients import (
    Share,
    WrittenError,
    bernoulli_error,
    categorical_error,
    divergence,
    gaussian_error,
)
from ...formulas.observation import (
    BernoulliObservation,
    CategoricalObservation,
    GaussianObservation,
    Observation,
)
from ...networks.written import is_writable, written
from ...training import Adam, mean_term
from ..modules.variational import VariationalModule, mean_and_log_variance
from .base import WrittenGradients, gradients_of, has_kernels, share_of


class WrittenVariationalDescent(WrittenGradients):
    """Descent of a `VariationalModule`.

    The gradient of −log p(x | z) goes back through the decoder to ∂L/∂z, through z = μ + σ ε and
    the regularisers to the encoder's output, by autograd unless KL is the only one, and through the
    encoder. Parameters are those of `WrittenGradients`.
    """

    module: VariationalModule

    @classmethod
    def trains(cls, module: Any) -> bool:
        """Whether this is written for all parts of a module, in float32 or float64."""
        return (
            type(module) is VariationalModule  # a subclass may have other losses
            and not module.own
            and is_writable(module.encoder)
            and is_writable(module.decoder)
            and module.n_importance_samples == 1
            and type(module.observation) in ERRORS
            and has_kernels(module.fill.device)
        )

    def __init__(
        self, module: VariationalModule, optimizer: Adam, stream: Stream, **hooks: Any
    ) -> None:
        super().__init__(module, optimizer, stream, **hooks)
        self._critic = gradients_of(module.regularizer)
        self._encoder, self._decoder = written(module.encoder), written(module.decoder)
        self._error = error_of(module.observation)

    @torch.no_grad()
    def differentiate(self, x: Tensor, weight: Tensor | None, *label: Tensor) -> dict[str, Tensor]:
        module = self.module
        for gradient in self._critic:
            gradient.zero_()
        observed, filled = module.observed_and_fed(module.resampled(x, self.stream))
        fed = module.observation.fed(filled, observed)
        output = self._encoder.forward(fed)
        if module.lowers_kl_alone:
            return self._through_posterior(output, filled, observed, weight)
        output = output.detach().requires_grad_()
        with torch.enable_grad():
            mean, log_variance = mean_and_log_variance(output)
            z = module.drawn(mean, log_variance, self.stream)[0][0]
            beside = module.regularization(z, mean, log_variance, self.stream, weight)
            terms = {name: mean_term(term, weight) for name, term in beside.items()}
        error, dz = self._through_decoder(z.detach(), filled, observed, weight)
        self._through_encoder(output, z, dz, terms.values())
        return {"reconstruction": error} | {name: t.detach() for name, t in terms.items()}

    def _through_posterior(
        self, output: Tensor, x: Tensor, observed: Tensor | None, weight: Tensor | None
    ) -> dict[str, Tensor]:
        """Go from the encoder's output to the terms of −log p(x | z) + price · KL, and back.

        With z = μ + σ ε, ∂z/∂log σ² = ½ σ ε.
        """
        mean, log_variance = mean_and_log_variance(output)
        scale = (0.5 * log_variance).exp()
        noise = self.stream.normal_like(mean)
        error, dz = self._through_decoder(mean + scale * noise, x, observed, weight)
        share = share_of(x, weight)
        kl, d_mean, d_log_variance = divergence(mean, scale.square(), log_variance, share)
        price = self.module.price
        d_mean.mul_(price).add_(dz)
        d_log_variance.mul_(price).addcmul_(dz, scale.mul_(noise), value=0.5)
        d_log_variance.mul_(output.chunk(2, 1)[1] == log_variance)  # 0 where it was clamped
        self._encoder.backward(torch.cat([d_mean, d_log_variance], 1), wants_dx=False)
        return {"reconstruction": error, "kl": kl, "regularization": (price - 1) * kl}


def _gaussian(
    observation: GaussianObservation,
    x: Tensor,
    mean: Tensor,
    observed: Tensor | None,
    share: Share,
    out: Tensor,
) -> tuple[Tensor, Tensor]:
    """Set the gradient of log σ, too, if it is learned: ∂σ²/∂log σ = 2 exp(2 log σ)."""
    variance = observation.variance
    loss, d, d_variance = gaussian_error(x, mean, variance, observed, share, out)
    log_scale = observation.log_scale
    if log_scale.requires_grad:
        assert log_scale.grad is not None
        torch.mul(d_variance, 2 * (2 * log_scale).exp(), out=log_scale.grad)
    return loss, d


def _categorical(
    observation: CategoricalObservation,
    x: Tensor,
    output: Tensor,
    observed: Tensor | None,
    share: Share,
    out: Tensor,
) -> tuple[Tensor, Tensor]:
    logits = output.unflatten(-1, (observation.n_features, observation.n_categories))
    return categorical_error(x, logits, observed, share, out)


def _bernoulli(observation: BernoulliObservation, *batch: Any) -> tuple[Tensor, Tensor]:
    return bernoulli_error(*batch)


ERRORS: dict[type[Observation], Any] = {
    GaussianObservation: _gaussian,
    BernoulliObservation: _bernoulli,
    CategoricalObservation: _categorical,
}
"""−log p(x | z) and its gradient by the decoder's output, by the kind of p(x | z)."""


def error_of(observation: Observation) -> WrittenError:
    """The error of rows, given the decoder's output, with its gradient."""
    return partial(ERRORS[type(observation)], observation)
