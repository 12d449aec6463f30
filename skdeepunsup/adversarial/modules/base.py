"""Base of the family's modules: a generator, a discriminator, and an encoder for the way back."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ..._persistence import RecordedModule
from ..._random import Stream
from ..._rows import Rows, mean_over_rows
from ..._scaling import Scaling
from ...networks import convolutional_decoder, convolutional_encoder, dense, initialize
from ..learning.games import GAMES

DEFAULT_CHANNELS = (32, 64, 128)
"""Channels of the convolutions where ``image_shape`` is given without ``hidden_layer_sizes``.

D's logit is a sum over the places of its last layer. With images of 28 × 28 pixels, a place sees a
stroke after two layers, and a digit after three.
"""


class AdversarialModule(RecordedModule, ABC):
    """Base of the modules: rows x̃ = G(z), logits D(x), and codes E(x).

    All three networks work on u = (x − x̄) / s, where x̄ is the mean row and s the root of the mean
    variance of the features. So G starts at the mean row, and penalties on the slope of D mean the
    same, whatever the data's scale. Rows that the module gets and returns are in units of
    ``scaling``, in which x̄ = 0 and s = 1; only where G keeps rows in (0, 1), they are x itself.

    Parameters
    ----------
    n_features : int
        Width of x.
    n_components : int
        Width of z.
    hidden_layer_sizes : sequence of int, default=()
        Widths of the hidden layers of D, from the features on, or channels of convolutions; G
        mirrors them.
    activation : str, default="relu"
        Activation of the hidden layers.
    loss : str, default="non-saturating"
        Name of the game, as in ``GAMES``.
    image_shape : tuple of int, default=None
        Height, width and channels of the images that rows are; the networks are then convolutional.
    output : {"identity", "logistic"}, default="identity"
        Last function of G; "logistic" keeps its rows in (0, 1).

    Attributes
    ----------
    generator, discriminator, encoder : nn.Module
        G, D and E.
    average : nn.Module
        Running average of the generators of the game.
    center, scale : Tensor
        x̄ and s.
    middle : Tensor of shape (1,) or (n_classes,)
        Halfway between the mean logits of real and of generated rows.
    """

    generator: nn.Module
    average: nn.Module
    discriminator: nn.Module
    encoder: nn.Module
    center: Tensor
    scale: Tensor
    middle: Tensor

    def __init__(
        self,
        n_features: int,
        n_components: int,
        *,
        hidden_layer_sizes: Sequence[int] = (),
        activation: str = "relu",
        loss: str = "non-saturating",
        image_shape: tuple[int, int, int] | None = None,
        output: str = "identity",
    ) -> None:
        super().__init__()
        self.n_features, self.n_components = n_features, n_components
        channels = hidden_layer_sizes or DEFAULT_CHANNELS
        hidden = hidden_layer_sizes if image_shape is None else channels
        self.architecture = (tuple(hidden), activation, image_shape)
        self.game, self.bounded = GAMES[loss], output == "logistic"
        self.register_buffer("center", torch.zeros(n_features))
        self.register_buffer("scale", torch.ones(()))
        self.register_buffer("middle", torch.zeros(1))
        self.scaling = Scaling(n_features)

    def down(self, n_outputs: int) -> nn.Sequential:
        """Make a network from rows to ``n_outputs`` numbers."""
        hidden, activation, shape = self.architecture
        if shape is None:
            return dense((self.n_features, *hidden, n_outputs), activation)
        return convolutional_encoder(shape, hidden, n_outputs, activation)

    def up(self, n_inputs: int) -> nn.Sequential:
        """Make a network from ``n_inputs`` numbers to rows."""
        hidden, activation, shape = self.architecture
        if shape is None:
            return dense((n_inputs, *hidden[::-1], self.n_features), activation)
        return convolutional_decoder(n_inputs, hidden, shape, activation)

    def initialize(self, rows: Rows, stream: Stream) -> None:
        """Draw the first parameters, and set x̄ and s."""
        initialize(self, stream)
        self.average.load_state_dict(self.generator.state_dict())
        self.scaling.take(rows.scaling)
        if not self.bounded:
            return
        # In float64, until the whole module is converted to its precision.
        self.center = rows.mean()
        variances = mean_over_rows(lambda x: (x.cpu().double() - self.center).square(), rows)
        self.scale = variances.mean().sqrt()
        if self.scale <= 1e-12 * self.center.abs().max():  # only rounding varies
            self.scale = torch.ones_like(self.scale)

    def standardize(self, x: Tensor) -> Tensor:
        """Return u = (x − x̄) / s."""
        return (x - self.center) / self.scale if self.bounded else x

    def rows(self, output: Tensor) -> Tensor:
        """Return x̃, given the generator's output.

        Output 0 is the mean row, clamped to [0.01, 0.99] if rows are kept in (0, 1).
        """
        if not self.bounded:
            return output
        return (self.center.clamp(0.01, 0.99).logit() + output).sigmoid()

    def generated(self, code: Tensor) -> Tensor:
        """Return ũ = (G(z) − x̄) / s."""
        output = self.generator(code)
        return self.standardize(self.rows(output)) if self.bounded else output

    def decode(self, code: Tensor) -> Tensor:
        """Return G(z), with the average of the game's generators."""
        return self.rows(self.average(code))

    @abstractmethod
    def encode(self, x: Tensor) -> Tensor:
        """Return E(x), of shape (n, n_components)."""

    @abstractmethod
    def draw_codes(self, n: int, stream: Stream, label: Tensor | None = None) -> Tensor:
        """Draw the codes of ``n`` rows, of the given classes if any."""

    @abstractmethod
    def real(self, x: Tensor) -> Tensor:
        """Return the discriminator's input for real rows."""

    @abstractmethod
    def fake(self, code: Tensor) -> Tensor:
        """Return the discriminator's input for rows generated from codes."""

    @abstractmethod
    def opponents(self) -> list[nn.Parameter]:
        """Return the parameters of the discriminator's opponents."""

    @abstractmethod
    def opponents_show(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return the part of the discriminator's input that depends on its opponents."""

    @abstractmethod
    def opponents_lose(self, d: Tensor, weight: Tensor | None) -> Tensor:
        """Return the opponents' loss for each row, given the logits of that part."""

    @abstractmethod
    def judged(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return D's logit of each row, and the value halfway between real and generated rows."""

    def log_score(self, x: Tensor) -> Tensor:
        """Return D's logit of each row."""
        return self.judged(x)[0]

    def probability(self, x: Tensor) -> Tensor:
        """Return the probability that each row is real."""
        return self.game.probability(*self.judged(x))


def weighted(losses: Tensor, weight: Tensor | None) -> Tensor:
    """Return the losses of rows times their weights, if there are any."""
    return losses if weight is None else weight * losses
