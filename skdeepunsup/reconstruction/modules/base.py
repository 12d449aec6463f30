"""An encoder and a decoder: h = f(x), r = g(h)."""

import copy
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from ..._persistence import RecordedModule
from ..._random import Stream
from ..._rows import Rows, mean_over_rows
from ...formulas.errors import observed_and_filled
from ...networks import (
    ACTIVATIONS,
    Affine,
    Dropout,
    build,
    convolutional_decoder,
    convolutional_encoder,
    dense,
    draw_from,
    initialize,
)
from ...networks.dense import affine_layer

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
    dropout : float
        Share of the hidden units that is dropped in training.
    """

    def __init__(self, sizes: Sequence[int], activation: str, dropout: float) -> None:
        super().__init__()
        self.biases = nn.ParameterList(torch.zeros(n) for n in reversed(sizes[:-1]))
        self.between = nn.Sequential(ACTIVATIONS[activation](), Dropout(dropout))

    def forward(self, h: Tensor, encoder: nn.Sequential) -> Tensor:
        """Map codes back through ``encoder``'s weights."""
        weights = [layer.weight for layer in encoder if isinstance(layer, Affine)]
        for depth, (W, b) in enumerate(zip(reversed(weights), self.biases, strict=True)):
            h = affine_layer(self.between(h) if depth else h, W.T, b)
        return h


class ReconstructionModule(RecordedModule, ABC):
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
        self._make_networks(hidden_layer_sizes, activation, dropout, image_shape)
        self.register_buffer("fill", torch.zeros(n_features))
        self.fill: Tensor

    def _make_networks(
        self,
        hidden: Sequence[int],
        activation: str,
        dropout: float,
        image_shape: tuple[int, ...] | None,
    ) -> None:
        (n_inputs, n_codes), (n_components, n_outputs) = self.widths.values()
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
            self.decoder = TiedDecoder((n_inputs, *hidden, n_codes), activation, dropout)
        # At once: the user's own may share layers.
        modules = {k: own for k, own in self.own.items() if isinstance(own, nn.Module)}
        for name, module in copy.deepcopy(modules).items():
            setattr(self, name, module)
        for name in self.own.keys() - modules.keys():
            self._call_factory(name, torch.Generator().manual_seed(0))

    def _call_factory(self, name: str, generator: torch.Generator) -> None:
        setattr(self, name, build(self.own[name], *self.widths[name], generator, name))

    def initialize(self, rows: Rows, stream: Stream) -> None:
        """Draw the first parameters; let both networks of ours start at the mean of the rows.

        The first layer makes 0 of the mean row, and the last gives it back whatever the code: so
        features may be far from 0, and what is learned is how rows differ.
        """
        for name in ("encoder", "decoder"):
            if name not in self.own:
                initialize(getattr(self, name), stream)
            elif not isinstance(self.own[name], nn.Module):
                self._call_factory(name, stream.host)
        means = observed_means(rows)
        if self.masks:
            self.fill.copy_(means)
        self._start_at(means)

    @torch.no_grad()
    def _start_at(self, means: Tensor) -> None:
        output = self.output_at(means)
        if output is None:
            return
        if "encoder" not in self.own and isinstance(first := self.encoder[0], Affine):
            first.bias.copy_(-(first.weight.double() @ self.fed_at(means)))
        if "decoder" not in self.own:
            biases = [p for name, p in self.decoder.named_parameters() if "bias" in name]
            last = biases[-1]  # of each feature, or, of a convolution, each channel
            last.copy_(output.view(-1, len(last)).mean(0))

    @abstractmethod
    def output_at(self, means: Tensor) -> Tensor | None:
        """The decoder's output for a row of means; None where it is not one number a feature."""

    def fed_at(self, means: Tensor) -> Tensor:
        """A row of means as the encoder is fed it."""
        return means

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

    # What the networks give in bfloat16 is float32 again in all that follows.

    def encoder_output(self, fed: Tensor) -> Tensor:
        """What the encoder makes of what it is fed."""
        return self.encoder(fed).to(self.fill.dtype)

    def decoder_output(self, h: Tensor) -> Tensor:
        """What the decoder makes of codes, before any link."""
        output = self.decoder(h, self.encoder) if self.tied else self.decoder(h)
        return output.to(self.fill.dtype)

    @abstractmethod
    def encode(self, x: Tensor) -> Tensor:
        """Return the codes of rows."""

    @abstractmethod
    def decode(self, h: Tensor) -> Tensor:
        """Return the rows of codes."""

    @abstractmethod
    def losses(self, x: Tensor, stream: Stream, weights: Tensor | None = None) -> dict[str, Tensor]:
        """Of each row, what training lowers the sum of, by name.

        The ``weights`` of the rows are for means over them alone.
        """


def observed_means(rows: Rows, function: Callable[[Tensor], Tensor] = lambda x: x) -> Tensor:
    """The mean of each feature, or of a function of it, over rows where it is observed, else 0.

    Each row counts by its weight; in float64 on the CPU.
    """

    def parts(x: Tensor) -> Tensor:
        x = x.cpu().double()
        observed = ~x.isnan()
        return torch.cat([function(x).where(observed, 0), observed.double()], dim=1)

    means, shares = mean_over_rows(parts, rows).chunk(2)
    return means / shares.where(shares > 0, 1)


def observed_variances(rows: Rows) -> Tensor:
    """The variance of each feature where it is observed, likewise."""
    means = observed_means(rows)
    return observed_means(rows, lambda x: (x - means).square())
