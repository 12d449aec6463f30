"""The networks of a bidirectional GAN."""

import copy
from typing import Any

import torch
from torch import Tensor, nn

from ..._random import Stream
from ...networks import ACTIVATIONS, convolutional_encoder, dense
from .base import AdversarialModule, weighted


class JointCritic(nn.Module):
    """Logit of an image and its code: convolutions for the image, then dense layers for both.

    Parameters
    ----------
    image_shape : (int, int, int)
        Height, width and channels of the image.
    channels : sequence of int
        Channels of the convolutions.
    n_components : int
        Width of the code.
    activation : str
        Activation of the hidden layers.
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
        """Map rows, each followed by its code, to a logit each."""
        u, z = seen.tensor_split([-self.n_components], dim=1)
        return self.both(torch.cat([self.image(u), z], dim=1))


class BiGANModule(AdversarialModule):
    """D sees pairs: (x, E(x)) of real rows and (G(z), z) of drawn codes; G and E play against it.

    If D cannot tell them apart, E is the inverse of G.

    Parameters
    ----------
    n_features, n_components : int
        Widths of x and z.
    **architecture : Any
        Further arguments of `AdversarialModule`.
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
        """Draw ``n`` codes z ~ N(0, 1); there are no classes."""
        return stream.normal_like(self.center.new_empty(n, self.n_components))

    def encode(self, x: Tensor) -> Tensor:
        """Return E(x)."""
        return self.encoder(self.standardize(x))

    def real(self, x: Tensor) -> Tensor:
        """Return the pairs (u, E(x))."""
        u = self.standardize(x)
        return torch.cat([u, self.encoder(u).to(u.dtype)], dim=1)

    def fake(self, code: Tensor) -> Tensor:
        """Return the pairs (ũ, z)."""
        return torch.cat([self.generated(code).to(code.dtype), code], dim=1)

    def opponents(self) -> list[nn.Parameter]:
        """Return the parameters of generator and encoder."""
        return [*self.generator.parameters(), *self.encoder.parameters()]

    def opponents_show(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return both kinds of pairs, generated ones first."""
        return torch.cat([fake, real])

    def opponents_lose(self, d: Tensor, weight: Tensor | None) -> Tensor:
        """Return the discriminator's loss with the names of real and generated pairs exchanged."""
        d_fake, d_real = d.chunk(2)
        return self.game.real(d_fake) + weighted(self.game.fake(d_real), weight)

    def judged(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return D's logit of each row with its code, and the value halfway."""
        return self.discriminator(self.real(x)).squeeze(1), self.middle
