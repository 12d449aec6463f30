"""An encoder and a decoder: h = f(x), r = g(h)."""

import copy
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from ..networks import ACTIVATIONS, Affine, dense
from ..networks.dense import affine_layer
from .likelihoods import bernoulli_cross_entropy, squared_error

LOSSES: dict[str, tuple[Callable[[Tensor, Tensor], Tensor], Callable[[Tensor], Tensor]]] = {
    "squared": (squared_error, lambda output: output),
    "bernoulli": (bernoulli_cross_entropy, torch.sigmoid),
}
"""By name: the loss of a row given the decoder's output, and the link to the reconstruction."""


class TiedDecoder(nn.Module):
    """The dense encoder run backwards: its weights transposed, biases of its own.

    Parameters
    ----------
    sizes : sequence of int
        The encoder's sizes, from features to code.
    activation : str
        Between layers.
    """

    def __init__(self, sizes: Sequence[int], activation: str) -> None:
        super().__init__()
        self.biases = nn.ParameterList(torch.zeros(n) for n in reversed(sizes[:-1]))
        self.activation = ACTIVATIONS[activation]()

    def forward(self, h: Tensor, encoder: nn.Sequential) -> Tensor:
        """Map codes back through ``encoder``'s weights."""
        weights = [layer.weight for layer in encoder if isinstance(layer, Affine)]
        for depth, (W, b) in enumerate(zip(reversed(weights), self.biases, strict=True)):
            h = affine_layer(self.activation(h) if depth else h, W.T, b)
        return h


class AutoencoderModule(nn.Module):
    """h = f(x), r = g(h), trained to lower the loss between x and r.

    Parameters
    ----------
    n_features : int
        Width of x.
    n_components : int
        Width of h.
    hidden_layer_sizes : sequence of int
        Widths between, from features to code; the decoder mirrors them.
    activation : str
        Between layers; the code and the output are affine.
    loss : {"squared", "bernoulli"}
    tied_weights : bool
        Whether the decoder's weights are the encoder's transposed.
    encoder, decoder : nn.Module or None
        Take the place of the dense networks; copied.
    """

    def __init__(
        self,
        n_features: int,
        n_components: int,
        hidden_layer_sizes: Sequence[int] = (),
        activation: str = "relu",
        loss: str = "squared",
        tied_weights: bool = False,
        encoder: nn.Module | None = None,
        decoder: nn.Module | None = None,
    ) -> None:
        super().__init__()
        self.arguments: dict[str, Any] = {
            "n_features": n_features,
            "n_components": n_components,
            "hidden_layer_sizes": tuple(hidden_layer_sizes),
            "activation": activation,
            "loss": loss,
            "tied_weights": tied_weights,
            "encoder": encoder,
            "decoder": decoder,
        }
        sizes = (n_features, *hidden_layer_sizes, n_components)
        self.n_components = n_components
        self.tied = tied_weights
        encoder, decoder = copy.deepcopy((encoder, decoder))  # at once: they may share layers
        self.encoder = dense(sizes, activation) if encoder is None else encoder
        if tied_weights:
            self.decoder: nn.Module = TiedDecoder(sizes, activation)
        else:
            self.decoder = dense(sizes[::-1], activation) if decoder is None else decoder

    def encode(self, x: Tensor) -> Tensor:
        """Return h = f(x)."""
        return self.encoder(x)

    def decode(self, h: Tensor) -> Tensor:
        """Return r = g(h)."""
        _, link = LOSSES[self.arguments["loss"]]
        return link(self.decoder_output(h))

    def decoder_output(self, h: Tensor) -> Tensor:
        """g(h) before the link: r itself, or its logits."""
        return self.decoder(h, self.encoder) if self.tied else self.decoder(h)

    def losses(self, x: Tensor) -> dict[str, Tensor]:
        """The loss of each row, by name."""
        loss, _ = LOSSES[self.arguments["loss"]]
        return {"reconstruction": loss(x, self.decoder_output(self.encode(x)))}

    def log_score(self, x: Tensor) -> Tensor:
        """−‖x − r‖² of each row."""
        return -squared_error(x, self.decode(self.encode(x)))
