"""An encoder and a decoder: h = f(x), r = g(h)."""

import copy
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from .._random import Stream
from .._validation import CHUNK_ROWS, Rows
from ..networks import (
    ACTIVATIONS,
    Affine,
    build,
    convolutional_decoder,
    convolutional_encoder,
    dense,
    draw_from,
    initialize,
)
from ..networks.dense import affine_layer
from .likelihoods import observed_and_filled

DEFAULT_CHANNELS = (32, 64)
"""Of the convolutions that ``image_shape`` asks for, where no ``hidden_layer_sizes`` are given."""

OwnNetwork = nn.Module | Callable[[int, int], nn.Module] | None
"""A network of the user's own, or what makes one of a width from a width."""


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


class ReconstructionModule(nn.Module, ABC):
    """Two networks, and what goes into them where entries are missing.

    Parameters
    ----------
    n_features : int
        Width of x.
    n_components : int
        Width of the code h.
    hidden_layer_sizes : sequence of int, default=()
        Widths between, from features to code; the decoder mirrors them. Of convolutions, their
        channels.
    activation : str, default="relu"
        Between layers; the last of each network is affine.
    dropout : float, default=0.0
        Share of the hidden units that is dropped in training.
    image_shape : tuple of int, default=None
        Height, width and perhaps channels of the image a row is: asks for convolutions.
    tied_weights : bool, default=False
        Whether the decoder's weights are the encoder's transposed.
    encoder, decoder : nn.Module or callable, default=None
        Take the place of the networks; a module is copied, a callable makes one of a width from a
        width.
    missing : {"error", "mask"}, default="error"
        Whether entries may be missing.
    inputs_per_feature, outputs_per_feature, outputs_per_component : int, default=1
        How many numbers the encoder is fed and the decoder returns for each feature, and the
        encoder returns for each component.
    """

    def __init__(
        self,
        n_features: int,
        n_components: int,
        *,
        hidden_layer_sizes: Sequence[int] = (),
        activation: str = "relu",
        dropout: float = 0.0,
        image_shape: tuple[int, ...] | None = None,
        tied_weights: bool = False,
        encoder: OwnNetwork = None,
        decoder: OwnNetwork = None,
        missing: str = "error",
        inputs_per_feature: int = 1,
        outputs_per_feature: int = 1,
        outputs_per_component: int = 1,
    ) -> None:
        super().__init__()
        self.arguments: dict[str, Any] = {
            "n_features": n_features,
            "n_components": n_components,
            "hidden_layer_sizes": tuple(hidden_layer_sizes),
            "activation": activation,
            "dropout": dropout,
            "image_shape": image_shape,
            "tied_weights": tied_weights,
            "encoder": encoder,
            "decoder": decoder,
            "missing": missing,
        }
        self.n_features, self.n_components = n_features, n_components
        self.widths = {  # into and out of each network
            "encoder": (n_features * inputs_per_feature, n_components * outputs_per_component),
            "decoder": (n_components, n_features * outputs_per_feature),
        }
        networks = (("encoder", encoder), ("decoder", decoder))
        self.own = {name: own for name, own in networks if own is not None}
        self.tied, self.masks = tied_weights, missing == "mask"
        self.encoder: Any
        self.decoder: Any
        self._make_networks()
        self.register_buffer("fill", torch.zeros(n_features))
        self.fill: Tensor

    def _make_networks(self) -> None:
        (n_inputs, n_codes), (n_components, n_outputs) = self.widths.values()
        hidden, activation, dropout, image_shape = (
            self.arguments[name]
            for name in ("hidden_layer_sizes", "activation", "dropout", "image_shape")
        )
        if image_shape is None:
            self.encoder = dense((n_inputs, *hidden, n_codes), activation, dropout)
            self.decoder = dense((n_components, *hidden[::-1], n_outputs), activation, dropout)
        else:
            channels = hidden or DEFAULT_CHANNELS
            shape = (*image_shape, 1)[:3]
            seen, drawn = (
                (*shape[:2], shape[2] * n // self.n_features) for n in (n_inputs, n_outputs)
            )
            self.encoder = convolutional_encoder(seen, channels, n_codes, activation, dropout)
            self.decoder = convolutional_decoder(n_components, channels, drawn, activation, dropout)
        if self.tied:
            self.decoder = TiedDecoder((n_inputs, *hidden, n_codes), activation)
        # At once: the user's own may share layers.
        modules = {k: own for k, own in self.own.items() if isinstance(own, nn.Module)}
        for name, module in copy.deepcopy(modules).items():
            setattr(self, name, module)
        for name in self.own.keys() - modules.keys():
            self._call_factory(name, torch.Generator().manual_seed(0))

    def _call_factory(self, name: str, generator: torch.Generator) -> None:
        setattr(self, name, build(self.own[name], *self.widths[name], generator, name))

    def initialize(self, rows: Rows, stream: Stream) -> None:
        """Draw the first parameters; find the mean of what is observed of each feature."""
        for name in ("encoder", "decoder"):
            if name not in self.own:
                initialize(getattr(self, name), stream)
            elif not isinstance(self.own[name], nn.Module):
                self._call_factory(name, stream.host)
        if self.masks:
            self.fill.copy_(observed_moments(rows)[0])

    def draw_from(self, stream: Stream) -> None:
        """Let the noise of dropout come from ``stream``."""
        self.encoder = draw_from(self.encoder, stream)
        self.decoder = draw_from(self.decoder, stream)

    def observed_and_fed(self, x: Tensor) -> tuple[Tensor | None, Tensor]:
        """Where ``x`` is observed, None being everywhere; and ``x`` as the encoder is fed it.

        What is missing is fed as its feature's mean: but for a constant, that the bias takes up, it
        is not fed at all.
        """
        return observed_and_filled(x, self.fill) if self.masks else (None, x)

    def decoder_output(self, h: Tensor) -> Tensor:
        """What the decoder makes of codes, before any link."""
        return self.decoder(h, self.encoder) if self.tied else self.decoder(h)

    @abstractmethod
    def encode(self, x: Tensor) -> Tensor:
        """Return the codes of rows."""

    @abstractmethod
    def decode(self, h: Tensor) -> Tensor:
        """Return the rows of codes."""

    @abstractmethod
    def losses(self, x: Tensor, stream: Stream) -> dict[str, Tensor]:
        """Of each row, what training lowers the sum of, by name."""


def observed_moments(rows: Rows) -> tuple[Tensor, Tensor]:
    """Mean and variance of each feature over the rows where it is observed, else 0; float64.

    Each row counts by its weight.
    """
    counts, sums, squares = (torch.zeros(rows.n_features, dtype=torch.float64) for _ in range(3))
    weights = torch.ones(len(rows)) if rows.weights is None else rows.weights
    for x, w in zip(rows.chunks(), weights.double().split(CHUNK_ROWS), strict=True):
        observed = ~x.isnan()
        entries = x.double().where(observed, 0).cpu()
        counts += w @ observed.double().cpu()
        sums += w @ entries
        squares += w @ entries.square()
    counts = counts.where(counts > 0, 1)
    means = sums / counts
    return means, (squares / counts - means.square()).clamp_min(0)
