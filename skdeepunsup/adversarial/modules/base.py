"""A generator and a discriminator, and an encoder for the way back."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ..._persistence import RecordedModule
from ..._random import Stream
from ..._rows import Rows, mean_over_rows
from ...networks import convolutional_decoder, convolutional_encoder, dense, initialize
from ..learning.games import GAMES

DEFAULT_CHANNELS = (32, 64, 128)
"""Of the convolutions that ``image_shape`` asks for, where no ``hidden_layer_sizes`` are given.

D's logit is a sum over the places of its last layer: of 28 × 28 pixels, two layers see strokes
there, and three see digits.
"""


class AdversarialModule(RecordedModule, ABC):
    """x̃ = G(z) against D(x), a logit, and codes E(x).

    All three networks see rows as u = (x − x̄) / s, x̄ being the mean row and s the root of the
    features' mean variance: whatever the data's scale, G starts at the mean row, and penalties on
    the slope of D mean the same.

    Parameters
    ----------
    n_features : int
        Width of x.
    n_components : int
        Width of z.
    hidden_layer_sizes : sequence of int, default=()
        Widths of the hidden layers of D, from the features on; G mirrors them. Of convolutions,
        their channels.
    activation : str, default="relu"
        Of the hidden layers.
    loss : str, default="non-saturating"
        The game.
    image_shape : tuple of int, default=None
        Height, width and channels of the image a row is: asks for convolutions.
    output : {"identity", "logistic"}, default="identity"
        Of G; "logistic" holds its rows in (0, 1).
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

    def down(self, n_outputs: int) -> nn.Sequential:
        """A network from rows to so many numbers."""
        hidden, activation, shape = self.architecture
        if shape is None:
            return dense((self.n_features, *hidden, n_outputs), activation)
        return convolutional_encoder(shape, hidden, n_outputs, activation)

    def up(self, n_inputs: int) -> nn.Sequential:
        """A network from so many numbers to rows."""
        hidden, activation, shape = self.architecture
        if shape is None:
            return dense((n_inputs, *hidden[::-1], self.n_features), activation)
        return convolutional_decoder(n_inputs, hidden, shape, activation)

    def initialize(self, rows: Rows, stream: Stream) -> None:
        """Draw the first parameters, and take the centre and the scale of the rows."""
        initialize(self, stream)
        self.average.load_state_dict(self.generator.state_dict())
        # In float64, until the whole module is given its precision.
        self.center = rows.mean()
        variances = mean_over_rows(lambda x: (x.cpu().double() - self.center).square(), rows)
        self.scale = variances.mean().sqrt()
        if self.scale <= 1e-12 * self.center.abs().max():  # nothing varies but by rounding
            self.scale = torch.ones_like(self.scale)

    def standardize(self, x: Tensor) -> Tensor:
        """u = (x − x̄) / s."""
        return (x - self.center) / self.scale

    def rows(self, output: Tensor) -> Tensor:
        """x̃, given the output of the generator: at 0, the mean row, or the next one in (0, 1)."""
        if not self.bounded:
            return self.center + self.scale * output
        return (self.center.clamp(0.01, 0.99).logit() + output).sigmoid()

    def generated(self, code: Tensor) -> Tensor:
        """ũ = (G(z) − x̄) / s."""
        output = self.generator(code)
        return self.standardize(self.rows(output)) if self.bounded else output

    def decode(self, code: Tensor) -> Tensor:
        """Return G(z), by the average of the generators that the game went through."""
        return self.rows(self.average(code))

    @abstractmethod
    def encode(self, x: Tensor) -> Tensor:
        """Return E(x), of shape (n, n_components)."""

    @abstractmethod
    def draw_codes(self, n: int, stream: Stream, label: Tensor | None = None) -> Tensor:
        """Codes of rows to be generated, of given classes where there are some."""

    @abstractmethod
    def real(self, x: Tensor) -> Tensor:
        """What the discriminator is shown of real rows."""

    @abstractmethod
    def fake(self, code: Tensor) -> Tensor:
        """What the discriminator is shown of codes."""

    @abstractmethod
    def opponents(self) -> list[nn.Parameter]:
        """The parameters of those who play against the discriminator."""

    @abstractmethod
    def opponents_show(self, real: Tensor, fake: Tensor) -> Tensor:
        """Of what the discriminator is shown, that which its opponents can move."""

    @abstractmethod
    def opponents_lose(self, d: Tensor, weight: Tensor | None) -> Tensor:
        """What its opponents lose by the logits of that, for each row."""

    @abstractmethod
    def judged(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """D's logit of each row, and what is halfway between those of real rows and others."""

    def log_score(self, x: Tensor) -> Tensor:
        """D's logit of each row."""
        return self.judged(x)[0]

    def probability(self, x: Tensor) -> Tensor:
        """How probably each row is real."""
        return self.game.probability(*self.judged(x))


def weighted(losses: Tensor, weight: Tensor | None) -> Tensor:
    """The losses of rows, each as often as it counts."""
    return losses if weight is None else weight * losses
