"""Base of the family's modules: an encoder and a decoder, h = f(x) and r = g(h)."""

import copy
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from ..._persistence import RecordedModule
from ..._random import Stream
from ..._rows import Rows, mean_over_rows
from ..._scaling import Scaling
from ..._sliced_rows import SlicedRows
from ..._sparse_rows import SparseRows
from ...formulas.errors import observed_and_filled
from ...networks import (
    ACTIVATIONS,
    Dropout,
    Linear,
    build,
    convolutional_decoder,
    convolutional_encoder,
    dense,
    draw_from,
    initialize,
)
from ...networks.dense import fast_linear

OwnNetwork = nn.Module | Callable[[int, int], nn.Module] | None
"""A network of the user's own, or a callable that makes one, given its input and output widths."""


class TiedDecoder(nn.Module):
    """Decoder with the dense encoder's weights, transposed and in reverse order; own biases.

    Parameters
    ----------
    sizes : sequence of int
        Widths of the encoder's layers, from features to code.
    activation : str
        Activation between layers.
    dropout : float
        Share of the hidden units that is dropped in training.
    """

    def __init__(self, sizes: Sequence[int], activation: str, dropout: float) -> None:
        super().__init__()
        self.biases = nn.ParameterList(torch.zeros(n) for n in reversed(sizes[:-1]))
        self.between = nn.Sequential(ACTIVATIONS[activation](), Dropout(dropout))

    def forward(self, h: Tensor, encoder: nn.Sequential) -> Tensor:
        """Map codes back through ``encoder``'s weights."""
        weights = [layer.weight for layer in encoder if isinstance(layer, Linear)]
        for depth, (W, b) in enumerate(zip(reversed(weights), self.biases, strict=True)):
            h = fast_linear(self.between(h) if depth else h, W.T, b)
        return h


class ReconstructionModule(RecordedModule, ABC):
    """Base of the modules: two networks, their initial values, and their input for missing entries.

    Where the rows are real values, x stands for rows in the units of ``scaling``: centred, and
    divided by a scale.

    Parameters
    ----------
    n_features : int
        Width of x.
    n_components : int
        Width of the code h.
    hidden_layer_sizes : sequence of int, default=()
        Widths of the hidden layers, from features to code, or channels of convolutions; the decoder
        mirrors them.
    activation : str, default="relu"
        Activation between layers; the last layer of each network is affine.
    dropout : float, default=0.0
        Share of the hidden units that is dropped in training.
    image_shape : tuple of int, default=None
        Height, width and perhaps channels of the images that rows are; the networks are then
        convolutional.
    tied_weights : bool, default=False
        Whether the decoder's weights are the encoder's transposed.
    encoder, decoder : nn.Module or callable, default=None
        Replace the networks; a module is copied, a callable is given the input and output widths.
    missing : {"error", "mask"}, default="error"
        Whether entries may be missing.
    inputs_per_feature, outputs_per_feature, outputs_per_component : int, default=1
        Numbers that the encoder receives and the decoder returns for each feature, and that the
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
        self.scaling = Scaling(n_features)

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
            shape = (*image_shape, 1)[:3]
            seen, drawn = (
                (*shape[:2], shape[2] * n // self.n_features) for n in (n_inputs, n_outputs)
            )
            self.encoder = convolutional_encoder(seen, hidden, n_codes, activation, dropout)
            self.decoder = convolutional_decoder(n_components, hidden, drawn, activation, dropout)
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
        """Draw the first parameters, take the rows' units, and start at the mean of the rows.

        The first layer maps the mean row to 0, and the last layer returns it whatever the code:
        what is learned is how rows differ. Networks of the user's own are left as they are.
        """
        self.scaling.take(rows.scaling)
        for name in ("encoder", "decoder"):
            if name not in self.own:
                initialize(getattr(self, name), stream)
            elif not isinstance(self.own[name], nn.Module):
                self._call_factory(name, stream.host)
        # Of rows that are read by slices they are known, unless some are missing.
        known = isinstance(rows, SparseRows | SlicedRows)
        means = rows.mean() if known else observed_means(rows)
        if isinstance(rows, SlicedRows) and not bool(means.isfinite().all()):
            means = observed_means(rows)
        if self.masks:
            self.fill.copy_(means)
        self._start_at(means)

    @torch.no_grad()
    def _start_at(self, means: Tensor) -> None:
        output = self.output_at(means)
        if output is None:
            return
        if "encoder" not in self.own and isinstance(first := self.encoder[0], Linear):
            first.bias.copy_(-(first.weight.double() @ self.fed_at(means)))
        if "decoder" not in self.own:
            biases = [p for name, p in self.decoder.named_parameters() if "bias" in name]
            last = biases[-1]  # of each feature, or, of a convolution, each channel
            last.copy_(output.view(-1, len(last)).mean(0))

    @abstractmethod
    def output_at(self, means: Tensor) -> Tensor | None:
        """Return the decoder's output for a row of means; None if it is not unique."""

    def fed_at(self, means: Tensor) -> Tensor:
        """Return the encoder's input for a row of means."""
        return means

    def draw_from(self, stream: Stream) -> None:
        """Let dropout draw its noise from ``stream``."""
        self.encoder = draw_from(self.encoder, stream)
        self.decoder = draw_from(self.decoder, stream)

    def observed_and_fed(self, x: Tensor) -> tuple[Tensor | None, Tensor]:
        """Return where ``x`` is observed (1 or 0; None if everywhere), and ``x`` without NaN.

        Missing entries are filled with their feature's mean: the bias absorbs this constant, so
        that they add nothing to the first layer.
        """
        return observed_and_filled(x, self.fill) if self.masks else (None, x)

    # Outputs in bfloat16 are converted back to the parameters' dtype for all that follows.

    def encoder_output(self, fed: Tensor) -> Tensor:
        """Return the encoder's output, given its input."""
        return self.encoder(self._lent("encoder", fed)).to(self.fill.dtype)

    def decoder_output(self, h: Tensor) -> Tensor:
        """Return the decoder's output for codes, before any link function."""
        h = self._lent("decoder", h)
        output = self.decoder(h, self.encoder) if self.tied else self.decoder(h)
        return output.to(self.fill.dtype)

    def _lent(self, name: str, given: Tensor) -> Tensor:
        """Return the input of a network: a copy for the user's own, which may work in place."""
        return given.clone() if name in self.own else given

    @abstractmethod
    def encode(self, x: Tensor) -> Tensor:
        """Return the codes of rows."""

    @abstractmethod
    def decode(self, h: Tensor) -> Tensor:
        """Return the rows of codes."""

    @abstractmethod
    def losses(self, x: Tensor, stream: Stream, weights: Tensor | None = None) -> dict[str, Tensor]:
        """Return the loss terms of each row by name; training lowers their sum.

        ``weights`` are used only for means over the rows of the batch: the caller weighs the terms.
        """


def observed_means(rows: Rows, function: Callable[[Tensor], Tensor] = lambda x: x) -> Tensor:
    """Weighted mean of each feature, or of a function of it, over the rows where it is observed.

    0 where no row has the feature; float64 on the CPU.
    """

    means = mean_over_rows(lambda x: function(x.cpu().double()), rows)
    if bool(means.isfinite().all()):  # nothing is missing
        return means

    def parts(x: Tensor) -> Tensor:
        x = x.cpu().double()
        observed = ~x.isnan()
        return torch.cat([function(x).where(observed, 0), observed.double()], dim=1)

    means, shares = mean_over_rows(parts, rows).chunk(2)
    return means / shares.where(shares > 0, 1)


def observed_variances(rows: Rows) -> Tensor:
    """Weighted variance of each feature over the rows where it is observed, float64 on the CPU."""
    means = observed_means(rows)
    return observed_means(rows, lambda x: (x - means).square())
