"""A variational autoencoder whose codes are a mixture of normal clusters."""

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from ..._random import Stream
from ...base.encoders import Part
from .module import ClusterModule


class MixtureModule(ClusterModule):
    """p(c) = π, p(z | c) = N(μ_c, σ_c²), and p(x | z) and q(z | x) those of a `VariationalModule`.

    Parameters
    ----------
    parts : sequence of (type, dict)
        The one autoencoder.
    n_clusters : int
        Values of c.

    References
    ----------
    Z. Jiang, Y. Zheng, H. Tan, B. Tang, H. Zhou, "Variational deep embedding: an unsupervised and
    generative approach to clustering", IJCAI 2017.
    """

    def __init__(self, parts: Sequence[Part], n_clusters: int) -> None:
        super().__init__(parts, n_clusters)
        self.logits = nn.Parameter(torch.zeros(n_clusters))  # of π
        self.centers = nn.Parameter(torch.zeros(n_clusters, self.n_components))
        self.log_variances = nn.Parameter(torch.zeros(n_clusters, self.n_components))

    @property
    def vae(self) -> Any:
        """The autoencoder."""
        return self.stack.modules_up[0]

    def encode(self, x: Tensor) -> Tensor:
        """The mean of q(z | x)."""
        return self.vae.encode(x)

    def log_joint(self, z: Tensor) -> Tensor:
        """Log p(z, c) of each c, of shape (…, n_clusters)."""
        distances = (z[..., None, :] - self.centers).square() / self.log_variances.exp()
        normal = -0.5 * (distances + self.log_variances + math.log(2 * math.pi)).sum(-1)
        return self.logits.log_softmax(0) + normal

    def probabilities(self, x: Tensor) -> Tensor:
        """p(c | z) at the mean of q(z | x)."""
        return self.log_joint(self.encode(x)).softmax(-1)

    def losses(self, x: Tensor, stream: Stream, weights: Tensor | None = None) -> dict[str, Tensor]:
        """Of each row, minus the bound on log p(x) in its terms; q(c | x) is p(c | z)."""
        mean, log_variance = self.vae.posterior(x)
        z = mean + (log_variance / 2).exp() * stream.normal_like(mean)
        log_gamma = self.log_joint(z).log_softmax(-1)
        gamma = log_gamma.exp()
        distance = (mean[:, None] - self.centers).square() + log_variance.exp()[:, None]
        about = 0.5 * (self.log_variances + distance / self.log_variances.exp()).sum(-1)
        return {
            "reconstruction": self.vae.cross_entropy(x, z),
            "code": (gamma * about).sum(-1) - 0.5 * (1 + log_variance).sum(-1),
            "cluster": (gamma * (log_gamma - self.logits.log_softmax(0))).sum(-1),
        }

    def log_likelihood(self, x: Tensor, n_samples: int, stream: Stream) -> Tensor:
        """Log p(x) of each row, by importance sampling."""
        return self.vae.log_likelihood(x, n_samples, stream, self.log_prior)

    def log_prior(self, z: Tensor) -> Tensor:
        """Log p(z)."""
        return self.log_joint(z).logsumexp(-1)

    def draw_codes(self, n: int, stream: Stream) -> Tensor:
        """z ~ p(z)."""
        ends = self.logits.softmax(0).cumsum(0)
        c = (ends[:-1] <= stream.uniform((n,)).to(ends)[:, None]).sum(1)
        noise = stream.normal_like(self.centers.new_empty(n, self.n_components))
        return self.centers[c] + (self.log_variances[c] / 2).exp() * noise

    def sample(self, cluster: int, n: int, stream: Stream) -> Tensor:
        """``n`` rows of one cluster, each E[x | z] of a z from p(z | c)."""
        noise = stream.normal_like(self.centers.new_empty(n, self.n_components))
        scale = (self.log_variances[cluster] / 2).exp()
        return self.vae.decode(self.centers[cluster] + scale * noise)
