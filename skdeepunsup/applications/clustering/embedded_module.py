"""The module of deep embedded clustering: centres, soft assignments, and sharpened targets."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from ..._parameters import calling
from ..._random import Stream
from ...base.encoders import Part
from ...formulas.errors import squared_error
from ...reconstruction.modules.denoising import same_shape
from .assignments import divergence, normal_draws, sharpened, student_t
from .module import ClusterModule

Augmentation = Callable[[Tensor, torch.Generator], Tensor] | None
"""A function of a batch and a generator to draw from, which returns the changed batch; or None."""


class EmbeddedClustersModule(ClusterModule):
    """Soft assignments q to centres in the code, trained towards sharpened ones: KL(p ‖ q).

    Parameters
    ----------
    parts : sequence of (type, dict)
        Class and constructor arguments of each module of the encoder.
    n_clusters : int
        Clusters.
    dof : float
        Degrees of freedom of the t-distribution of the assignments.
    reconstruction_weight : float
        Weight of the squared error of the decoded code, in units of the rows' total variance.
    augmentation : callable, default=None
        Changes a batch in ways that clusters should not depend on.

    Attributes
    ----------
    covariances : Tensor of shape (n_clusters, n_components, n_components)
        Covariance of the codes of each cluster about its centre, set after training.
    variance : Tensor of shape ()
        Total variance of the training rows.
    frequencies : Tensor of shape (n_clusters,)
        Σᵢ qᵢⱼ over the training rows.
    """

    def __init__(
        self,
        parts: Sequence[Part],
        n_clusters: int,
        dof: float,
        reconstruction_weight: float,
        augmentation: Augmentation = None,
    ) -> None:
        super().__init__(parts, n_clusters)
        self.dof, self.reconstruction_weight = dof, reconstruction_weight
        self.augmentation = augmentation
        self.centers = nn.Parameter(torch.zeros(n_clusters, self.n_components))
        covariances = torch.zeros(n_clusters, self.n_components, self.n_components)
        self.register_buffer("covariances", covariances)
        self.register_buffer("variance", torch.ones(()))
        self.register_buffer("frequencies", torch.ones(n_clusters))
        self.covariances: Tensor
        self.variance: Tensor
        self.frequencies: Tensor

    def encode(self, x: Tensor) -> Tensor:
        """Return the code of each row."""
        return self.stack.encode(x)

    def probabilities(self, x: Tensor) -> Tensor:
        """Return q of each row."""
        return student_t(self.encode(x), self.centers, self.dof).exp()

    def losses(
        self, x: Tensor, stream: Stream, weights: Tensor | None, ids: Tensor
    ) -> dict[str, Tensor]:
        """Return KL(p ‖ q) and the squared error of each row, p being sharpened assignments.

        ``ids`` are the numbers of these rows among all training rows.
        """
        z = self.encode(x if self.augmentation is None else self.augmented(x, stream))
        log_q = student_t(z, self.centers, self.dof)
        p = sharpened(self.assignments[ids].to(log_q), self.frequencies)
        terms = {"clustering": divergence(p, log_q)}
        if self.reconstruction_weight:
            r = self.stack.decode(z)
            error = squared_error(x.where(~x.isnan(), r.detach()), r)
            terms["reconstruction"] = self.reconstruction_weight / self.variance * error
        return terms

    def augmented(self, x: Tensor, stream: Stream) -> Tensor:
        """Return the batch as ``augmentation`` changes it; raise if its shape differs."""
        assert self.augmentation is not None
        augmentation, scaling = self.augmentation, self.scaling  # it is a function of the data
        rows = x.clone() if scaling is None else scaling.outward(x)
        with calling("augmentation"):
            rows = augmentation(rows, stream.generator)
        rows = same_shape("augmentation", rows, x)
        return rows if scaling is None else scaling.inward(rows)

    def assign(self, q: Tensor) -> None:
        """Set the assignments to ``q``, and the soft frequencies of clusters to Σᵢ qᵢ."""
        super().assign(q)
        self.frequencies.copy_(q.sum(0).clamp_min(torch.finfo(q.dtype).tiny))

    def sample(self, cluster: int, n: int, stream: Stream) -> Tensor:
        """Draw ``n`` rows of a cluster: codes distributed normally as its rows' codes, decoded."""
        noise = stream.normal_like(self.centers.new_empty(n, self.n_components))
        return self.stack.decode(
            normal_draws(self.centers[cluster], self.covariances[cluster], noise)
        )
