"""The networks of a GAN, which may be conditional on classes."""

import copy
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import one_hot

from ..._random import Stream
from ..._rows import Rows
from .base import AdversarialModule, weighted


class GANModule(AdversarialModule):
    """G and D play; E is trained afterwards to recover z from G(z).

    With classes, a code is z followed by the one-hot class, D has a logit for each class, and E
    returns probabilities in place of the one-hot class.

    Parameters
    ----------
    n_features, n_components : int
        Widths of x and z.
    classes : tuple, default=()
        Labels of the classes; () for a GAN without.
    **architecture : Any
        Further arguments of `AdversarialModule`.

    Attributes
    ----------
    frequencies : Tensor of shape (n_classes,)
        Shares of the classes among the training rows, by their weights.
    """

    frequencies: Tensor

    def __init__(
        self,
        n_features: int,
        n_components: int,
        *,
        classes: tuple[Any, ...] = (),
        **architecture: Any,
    ) -> None:
        super().__init__(n_features, n_components, **architecture)
        self.n_latent, self.n_classes = n_components, len(classes)
        self.n_components = n_components + self.n_classes
        self.generator = self.up(self.n_components)
        self.average = copy.deepcopy(self.generator).requires_grad_(False)
        self.discriminator = self.down(max(1, self.n_classes))
        self.encoder = self.down(self.n_components)
        self.register_buffer("frequencies", torch.zeros(self.n_classes))
        self.register_buffer("middle", torch.zeros(max(1, self.n_classes)))

    def initialize(self, rows: Rows, stream: Stream) -> None:
        super().initialize(rows, stream)
        if rows.labels is not None:
            counts = torch.bincount(rows.labels, rows.weights, minlength=self.n_classes)
            self.frequencies.copy_(counts / counts.sum())

    def draw_codes(self, n: int, stream: Stream, label: Tensor | None = None) -> Tensor:
        """Draw z ~ N(0, 1), and classes as frequent as in the data unless they are given."""
        z = stream.normal_like(self.center.new_empty(n, self.n_latent))
        if not self.n_classes:
            return z
        if label is None:
            ends = self.frequencies.cumsum(0)
            label = torch.searchsorted(ends, stream.uniform((n,)).to(ends) * ends[-1], right=True)
            label = label.clamp(max=self.n_classes - 1)
        return torch.cat([z, one_hot(label, self.n_classes).to(z)], dim=1)

    def real(self, x: Tensor) -> Tensor:
        return self.standardize(x)

    def fake(self, code: Tensor) -> Tensor:
        return self.generated(code)

    def opponents(self) -> list[nn.Parameter]:
        """Return the generator's parameters."""
        return list(self.generator.parameters())

    def opponents_show(self, real: Tensor, fake: Tensor) -> Tensor:
        return fake

    def opponents_lose(self, d: Tensor, weight: Tensor | None) -> Tensor:
        return weighted(self.game.generator(d), weight if self.n_classes else None)

    def losses(self, x: Tensor, stream: Stream, *marks: Tensor | None) -> dict[str, Tensor]:
        """Return the encoder's losses on as many generated rows: ‖z − E(x̃)‖² and −log p(class).

        Only the number of rows of ``x`` is used; weights and labels are ignored.
        """
        with torch.no_grad():
            code = self.draw_codes(len(x), stream)
            rows = self.standardize(self.decode(code))
        z, logits = self._split(self.encoder(rows).to(code.dtype))
        true_z, true_class = self._split(code)
        losses = {"encoder": (true_z - z).square().sum(-1)}
        if self.n_classes:
            losses["class"] = -(true_class * logits.log_softmax(-1)).sum(-1)
        return losses

    def encode(self, x: Tensor) -> Tensor:
        """Return E(x): an estimate of z, followed by probabilities of the classes."""
        z, logits = self._split(self.encoder(self.standardize(x)))
        return torch.cat([z, logits.softmax(-1)], dim=1) if self.n_classes else z

    def judged(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return D's logit of each row; with classes, its mean by E's probabilities of them."""
        u = self.standardize(x)
        d = self.discriminator(u)
        if not self.n_classes:
            return d.squeeze(1), self.middle
        seen = self._split(self.encoder(u))[1].softmax(-1)
        return (seen * d).sum(-1), seen @ self.middle

    def _split(self, code: Tensor) -> tuple[Tensor, Tensor]:
        """Return z and the part of the code that stands for the class."""
        return code[:, : self.n_latent], code[:, self.n_latent :]
