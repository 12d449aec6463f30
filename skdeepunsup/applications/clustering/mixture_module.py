"""The module of variational deep embedding: a VAE with a mixture of normals for its codes."""

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
        Class and constructor arguments of the autoencoder, the only part.
    n_clusters : int
        Number of clusters c.

    Attributes
    ----------
    logits : Tensor of shape (n_clusters,)
        log π, up to a constant.
    centers, log_variances : Tensor of shape (n_clusters, n_components)
        μ_c and log σ_c².

    References
    ----------
    Z. Jiang, Y. Zheng, H. Tan, B. Tang, H. Zhou, "Variational deep embedding: an unsupervised and
    generative approach to clustering", IJCAI 2017.
    """

    def __init__(self, parts: Sequence[Part], n_clusters: int) -> None:
        super().__init__(parts, n_clusters)
        self.logits = nn.Parameter(torch.zeros(n_clusters))
        self.centers = nn.Parameter(torch.zeros(n_clusters, self.n_components))
        self.log_variances = nn.Parameter(torch.zeros(n_clusters, self.n_components))

    @property
    def vae(self) -> Any:
        """The variational autoencoder."""
        return self.stack.modules_up[0]

    def encode(self, x: Tensor) -> Tensor:
        """Return the mean of q(z | x)."""
        return self.vae.encode(x)

    def log_joint(self, z: Tensor) -> Tensor:
        """Return log p(z, c) for each c, of shape (…, n_clusters)."""
        distances = (z[..., None, :] - self.centers).square() / self.log_variances.exp()
        normal = -0.5 * (distances + self.log_variances + math.log(2 * math.pi)).sum(-1)
        return self.logits.log_softmax(0) + normal

    def probabilities(self, x: Tensor) -> Tensor:
        """Return p(c | z) at the mean of q(z | x)."""
        return self.log_joint(self.encode(x)).softmax(-1)

    @torch.no_grad()
    def maximize(self, gamma: Tensor, means: Tensor, variances: Tensor) -> None:
        """Set the mixture to that which maximises the bound, given γ and q(z | x) of all rows.

        With means m and variances s² of q: π = Σᵢ γᵢ / n, μ_c = Σᵢ γᵢ_c mᵢ / Σᵢ γᵢ_c, and
        σ_c² = Σᵢ γᵢ_c ((mᵢ − μ_c)² + sᵢ²) / Σᵢ γᵢ_c. Without s², dimensions whose means are all 0,
        as those that the decoder does not use, would get clusters of no width.
        """
        counts = gamma.sum(0)
        centers = gamma.T @ means / counts[:, None]
        moments = gamma.T @ (means.square() + variances) / counts[:, None]
        self.logits.copy_(counts.log())
        self.centers.copy_(centers)
        self.log_variances.copy_((moments - centers.square()).log())

    def losses(self, x: Tensor, stream: Stream, weights: Tensor | None = None) -> dict[str, Tensor]:
        """Return minus the bound on log p(x) of each row in its terms, with q(c | x) = p(c | z)."""
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
        """Estimate log p(x) of each row by importance sampling, in nats."""
        return self.vae.log_likelihood(x, n_samples, stream, self.log_prior)

    def log_prior(self, z: Tensor) -> Tensor:
        """Return log p(z) of each code."""
        return self.log_joint(z).logsumexp(-1)

    def draw_codes(self, n: int, stream: Stream) -> Tensor:
        """Draw ``n`` codes z ~ p(z)."""
        ends = self.logits.softmax(0).cumsum(0)
        c = (ends[:-1] <= stream.uniform((n,)).to(ends)[:, None]).sum(1)
        noise = stream.normal_like(self.centers.new_empty(n, self.n_components))
        return self.centers[c] + (self.log_variances[c] / 2).exp() * noise

    def sample(self, cluster: int, n: int, stream: Stream) -> Tensor:
        """Draw z ~ p(z | c) for one cluster ``n`` times, and return E[x | z]."""
        noise = stream.normal_like(self.centers.new_empty(n, self.n_components))
        scale = (self.log_variances[cluster] / 2).exp()
        return self.vae.decode(self.centers[cluster] + scale * noise)
