"""The networks of a bidirectional GAN."""

import copy
from typing import Any

import torch
from torch import Tensor, nn

from ..._random import Stream
from ...networks import ACTIVATIONS, convolutional_encoder, dense
from .base import AdversarialModule, weighted


class JointCritic(nn.Module):
    """A logit of an image and a code: convolutions see the image, dense layers both.

    Parameters
    ----------
    image_shape : (int, int, int)
        Height, width and channels.
    channels : sequence of int
        Of the convolutions.
    n_components : int
        Width of the code.
    activation : str
        Of the hidden layers.
    """

    def __init__(
        self, image_shape: tuple[int, int, int], channels: Any, n_components: int, activation: str
    ) -> None:
        super().__init__()
        self.n_components, n_seen = n_components, 2 * channels[-1]
        self.image = nn.Sequential(
            convolutional_encoder(image_shape, channels, n_seen, activation),
            ACTIVATIONS[activation](),
        )
        self.both = dense((n_seen + n_components, n_seen, 1), activation)

    def forward(self, seen: Tensor) -> Tensor:
        """Map rows that end with their codes to a logit each."""
        u, z = seen.tensor_split([-self.n_components], dim=1)
        return self.both(torch.cat([self.image(u), z], dim=1))


class BiGANModule(AdversarialModule):
    """D is shown pairs: (x, E(x)) of real rows, (G(z), z) of codes; G and E play against it.

    Where D can no longer tell them apart, E is the inverse of G.

    Parameters
    ----------
    n_features, n_components : int
        Widths of x and z.
    **architecture : Any
        As `AdversarialModule` has it.
    """

    def __init__(self, n_features: int, n_components: int, **architecture: Any) -> None:
        super().__init__(n_features, n_components, **architecture)
        self.generator, self.encoder = self.up(n_components), self.down(n_components)
        self.average = copy.deepcopy(self.generator).requires_grad_(False)
        hidden, activation, shape = self.architecture
        self.discriminator = (
            dense((n_features + n_components, *hidden, 1), activation)
            if shape is None
            else JointCritic(shape, hidden, n_components, activation)
        )

    def draw_codes(self, n: int, stream: Stream, label: Tensor | None = None) -> Tensor:
        """z ~ N(0, 1)."""
        return stream.normal_like(self.center.new_empty(n, self.n_components))

    def encode(self, x: Tensor) -> Tensor:
        """Return E(x)."""
        return self.encoder(self.standardize(x))

    def real(self, x: Tensor) -> Tensor:
        """x with E(x)."""
        u = self.standardize(x)
        return torch.cat([u, self.encoder(u).to(u.dtype)], dim=1)

    def fake(self, code: Tensor) -> Tensor:
        """G(z) with z."""
        return torch.cat([self.generated(code).to(code.dtype), code], dim=1)

    def opponents(self) -> list[nn.Parameter]:
        """The generator's and the encoder's."""
        return [*self.generator.parameters(), *self.encoder.parameters()]

    def opponents_show(self, real: Tensor, fake: Tensor) -> Tensor:
        """Both kinds of pairs."""
        return torch.cat([fake, real])

    def opponents_lose(self, d: Tensor, weight: Tensor | None) -> Tensor:
        """What the discriminator would if real pairs were called fake, and fake ones real."""
        d_fake, d_real = d.chunk(2)
        return self.game.real(d_fake) + weighted(self.game.fake(d_real), weight)

    def judged(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """D's logit of each row with its code."""
        return self.discriminator(self.real(x)).squeeze(1), self.middle
