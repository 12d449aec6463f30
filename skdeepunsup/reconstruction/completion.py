"""Missing entries completed by Markov chains over the code and the missing entries of a row."""

import math
from typing import Any

import torch
from torch import Tensor

from .._random import Stream
from ..base.generative import Completion
from ..formulas.importance import log_normal
from ..formulas.observation import CategoricalObservation
from .modules.variational import VariationalModule

MAX_SHRINKS = 12
"""Times that the bracket of a slice shrinks; a code that has found no point by then stays."""


class PosteriorChains(Completion):
    """Markov chains over z and the missing entries of x, given the observed ones.

    A step proposes z' ~ q(z | x), given the x as currently completed, and accepts it with
    probability

        min(1, p(x | z') p(z') q(z | x) / (p(x | z) p(z) q(z' | x))).

    With an encoder that has learned to read incomplete rows, x are here the observed entries alone:
    q is then the same at every step, and chains start at it.

    A step then moves z by elliptical slice sampling of p(z | observed), which does not depend on
    the current missing entries and so is not held back by them, and draws these from p(x | z).
    Accepting every z' would be pseudo-Gibbs sampling, which an inexact q can lead to rows unlike
    any in the data.

    Parameters
    ----------
    vae : VariationalModule
        Decoder p(x | z) and encoder q(z | x).
    prior : nn.Module
        Has ``log_prior(z)`` and ``draw_codes(n, stream)``: the same module, or a mixture.
    x : Tensor of shape (n, n_features)
        Rows, NaN where missing. Chains start at draws from the prior, or from a q(z | observed).
    stream : Stream

    References
    ----------
    D. Rezende, S. Mohamed, D. Wierstra, "Stochastic backpropagation and approximate inference in
    deep generative models", ICML 2014; P.-A. Mattei, J. Frellsen, "Leveraging the exact likelihood
    of deep latent variable models", NeurIPS 2018; I. Murray, R. Adams, D. MacKay, "Elliptical slice
    sampling", AISTATS 2010.
    """

    def __init__(self, vae: VariationalModule, prior: Any, x: Tensor, stream: Stream) -> None:
        self.vae, self.prior, self.stream = vae, prior, stream
        self.x, self.missing = x, x.isnan()
        self.observed = (~self.missing).to(x)
        self.known = self._proposal(x) if vae.masks else None
        if self.known is None:
            self.z = prior.draw_codes(len(x), stream)
        else:
            mean, scale = self.known
            self.z = mean + scale * stream.normal_like(mean)
        self.output = vae.decoder_output(self.z)
        self._draw_missing()

    def advance(self, n_steps: int) -> None:
        for _ in range(n_steps):
            self._jump()
            self._slice()
            self._draw_missing()

    def _proposal(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and scale of q(z | x)."""
        mean, log_variance = self.vae.posterior(x)
        return mean, (log_variance / 2).exp()

    def _jump(self) -> None:
        """Propose z from q(z | x), and accept it or keep the current one."""
        mean, scale = self.known or self._proposal(self.x)
        noise = self.stream.normal_like(mean)
        z = mean + scale * noise
        output = self.vae.decoder_output(z)
        gain = self._log_weight(z, output, noise)
        gain = gain - self._log_weight(self.z, self.output, (self.z - mean) / scale)
        self._take_where(self._log_uniform() < gain, z, output)

    def _log_weight(self, z: Tensor, output: Tensor, noise: Tensor) -> Tensor:
        """log p(x | z) p(z) / q(z | x) for z = μ + σ noise, up to Σⱼ log σⱼ."""
        read = None if self.known is None else self.observed
        errors = self.vae.observation.cross_entropy(self.x, output, read)
        return self.prior.log_prior(z) - errors - log_normal(noise)

    def _slice(self) -> None:
        """Move z on an ellipse through it and a normal draw ν, to where the row is likely enough.

        The points z cos θ + ν sin θ leave N(0, 1) invariant. An angle whose likelihood is below the
        drawn threshold becomes an end of the bracket from which the next angle is drawn.
        """
        z, nu = self.z, self.stream.normal_like(self.z)
        wanted = self._log_likelihood(z, self.output, self.x, self.observed) + self._log_uniform()
        theta = 2 * math.pi * self._uniform()
        # Drawn for all rows, so that no row's numbers depend on how long others move.
        shares = torch.stack([self._uniform() for _ in range(MAX_SHRINKS)], 1)
        low, high = theta - 2 * math.pi, theta
        ids = torch.arange(len(z), device=z.device)
        self.z, self.output = z.clone(), self.output.clone()
        rows = [z, nu, self.x, self.observed, wanted, shares]
        for shrink in range(MAX_SHRINKS):
            z, nu, x, observed, wanted, shares = rows
            point = z * theta.cos()[:, None] + nu * theta.sin()[:, None]
            output = self.vae.decoder_output(point)
            found = self._log_likelihood(point, output, x, observed) > wanted
            here, moving = (where.nonzero()[:, 0] for where in (found, ~found))
            self.z.index_copy_(0, ids[here], point[here])
            self.output.index_copy_(0, ids[here], output[here])
            # Most rows have found their point after two or three shrinks.
            ids, theta, low, high, *rows = (t[moving] for t in (ids, theta, low, high, *rows))
            if not len(ids):
                break
            low, high = torch.where(theta < 0, theta, low), torch.where(theta < 0, high, theta)
            theta = low + (high - low) * rows[-1][:, shrink]

    def _log_likelihood(self, z: Tensor, output: Tensor, x: Tensor, observed: Tensor) -> Tensor:
        """log p(observed | z) + log p(z) − log N(z; 0, 1)."""
        errors = self.vae.observation.cross_entropy(x, output, observed)
        return self.prior.log_prior(z) - log_normal(z) - errors

    def _take_where(self, accepted: Tensor, z: Tensor, output: Tensor) -> None:
        self.z = torch.where(accepted[:, None], z, self.z)
        self.output = torch.where(accepted[:, None], output, self.output)

    def _draw_missing(self) -> None:
        drawn = self.vae.observation.sample(self.output, self.stream)
        self.x = torch.where(self.missing, drawn.to(self.x), self.x)

    def _uniform(self) -> Tensor:
        return self.stream.uniform((len(self.z),)).to(self.z)

    def _log_uniform(self) -> Tensor:
        return self._uniform().log()

    def draw(self) -> Tensor:
        return self.x

    def expected(self) -> Tensor:
        observation = self.vae.observation
        if isinstance(observation, CategoricalObservation):
            return observation.probabilities(self.output)
        return observation.mean(self.output)

    def typical(self, mean: Tensor) -> Tensor:
        return mean.argmax(-1) if mean.ndim > 2 else mean
