"""Base of the clustering modules: clusters in the code of an encoder, trained with it."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import torch
from torch import Tensor

from ..._persistence import RecordedModule
from ..._random import Stream
from ..._rows import Rows
from ..._scaling import Scaling
from ...base.encoders import EncoderStack, Part
from .assignments import moved


class ClusterModule(RecordedModule, ABC):
    """Clusters in the code of an encoder, both trained together.

    Parameters
    ----------
    parts : sequence of (type, dict)
        Class and constructor arguments of each module of the encoder.
    n_clusters : int
        Clusters.

    Attributes
    ----------
    stack : EncoderStack
        The encoder.
    centers : Tensor of shape (n_clusters, n_components)
        Centres of the clusters in the code.
    assignments : Tensor of shape (n_rows, n_clusters)
        Probabilities of the clusters for each training row, as the last epoch left them. No rows
        before and after training; not part of the stored state.
    """

    centers: Tensor
    assignments: Tensor

    def __init__(self, parts: Sequence[Part], n_clusters: int) -> None:
        super().__init__()
        self.stack = EncoderStack(parts)
        self.n_components = self.stack.n_components
        self.register_buffer("assignments", torch.zeros(0, n_clusters), persistent=False)

    @property
    def scaling(self) -> Scaling | None:
        """The units of the rows; None if they are those of the data."""
        return self.stack.scaling

    @abstractmethod
    def encode(self, x: Tensor) -> Tensor:
        """Return the code of each row."""

    @abstractmethod
    def probabilities(self, x: Tensor) -> Tensor:
        """Return the probabilities of the clusters for each row, of shape (n, n_clusters)."""

    @abstractmethod
    def sample(self, cluster: int, n: int, stream: Stream) -> Tensor:
        """Draw ``n`` rows of one cluster."""

    @torch.no_grad()
    def assigned(self, rows: Rows) -> Tensor:
        """Return the probabilities of the clusters for all rows."""
        return torch.cat([self.probabilities(x) for x in rows.chunks()])

    def assign(self, q: Tensor) -> None:
        """Set the assignments to ``q``."""
        self.assignments = q.float()

    def refresh(self, rows: Rows) -> dict[str, Tensor]:
        """Assign all training rows anew; return the share that moved to another cluster."""
        q = self.assigned(rows)
        share = moved(self.assignments, q)
        self.assign(q)
        return {"moved": share}

    def forget(self) -> None:
        """Drop the assignments, which only training needs."""
        self.assignments = self.assignments[:0].clone()
