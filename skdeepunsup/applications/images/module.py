"""An encoder f from rows to codes and a decoder g from codes to targets: y ≈ g(f(x))."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from ..._persistence import RecordedModule
from ..._random import Stream
from ..._rows import Rows, mean_over_weighted_rows
from ..._scaling import Scaling
from ...formulas.errors import (
    bernoulli_cross_entropy,
    categorical_cross_entropy,
    squared_error,
)
from ...networks import (
    ImageToImage,
    convolutional_decoder,
    convolutional_encoder,
    dense,
    initialize,
    resized,
)

LOSSES = ("squared", "bernoulli", "categorical")


class EncoderDecoderModule(RecordedModule):
    """The output o = a x̃ + m + s g(f(x)), which parametrises the likelihood of targets y.

    x is in units of ``scaling``, and y, if the loss is squared, is centred and divided by one scale
    as well. If x and y are images with equally many channels, the loss is squared and there are
    skip connections, x̃ is x (resized if y has another size) and a the slope of the targets on it;
    otherwise a x̃ is 0. m is the constant output that fits the mean of the targets, and s their
    pooled standard deviation about a x̃ + m if the loss is squared, else 1. So training starts near
    the best constant (or linear) prediction, whatever the scales of x and y.

    Parameters
    ----------
    n_features, n_components, n_targets : int
        Widths of x, of the code h = f(x) and of y.
    hidden_layer_sizes : sequence of int
        Widths of the layers between x and h; those between h and y are the same in reverse order.
        With images, the channels of convolutions.
    activation : str
        Activation of the hidden layers.
    dropout : float
        Share of the hidden units that is dropped in training.
    loss : {"squared", "bernoulli", "categorical"}
        Loss between y and o, where o is E[y], the logits of bits, or the logits of codes 0 … K − 1.
    n_categories : int
        K for the loss "categorical", else 1.
    image_shape, target_shape : (int, int, int) or None
        Height, width and channels of x and of y if they are images; the encoder or the decoder is
        then convolutional.
    skip_connections : bool
        Whether the encoder's layers are concatenated to the decoder's (U-Net).
    flat : bool
        Whether targets were given as an array with one dimension.
    """

    def __init__(
        self,
        n_features: int,
        n_components: int,
        n_targets: int,
        *,
        hidden_layer_sizes: Sequence[int],
        activation: str,
        dropout: float,
        loss: str,
        n_categories: int,
        image_shape: tuple[int, int, int] | None,
        target_shape: tuple[int, int, int] | None,
        skip_connections: bool,
        flat: bool,
    ) -> None:
        super().__init__()
        self.n_components, self.loss = n_components, loss
        self.n_targets, self.n_categories = n_targets, n_categories
        self.image_shape, self.target_shape = image_shape, target_shape
        self.networks: Any = self._make_networks()
        self.starts_at_image = (
            skip_connections
            and loss == "squared"
            and image_shape is not None
            and target_shape is not None
            and image_shape[2] == target_shape[2]
        )
        n_outputs = n_targets * n_categories
        self.register_buffer("a", torch.zeros(()))
        self.register_buffer("m", torch.zeros(n_outputs))
        self.register_buffer("s", torch.ones(()))
        self.a: Tensor
        self.m: Tensor
        self.s: Tensor
        self.scaling = Scaling(n_features)

    def _make_networks(self) -> nn.Module:
        """A U-Net if there are skip connections, else an encoder and a decoder."""
        seen, drawn, K = self.image_shape, self.target_shape, self.n_categories
        sizes, *options = (
            self.arguments[name] for name in ("hidden_layer_sizes", "activation", "dropout")
        )
        n = self.n_components
        if drawn is not None:
            drawn = (*drawn[:2], drawn[2] * K)
        if self.arguments["skip_connections"] and seen is not None and drawn is not None:
            return ImageToImage(seen, drawn, sizes, n, *options)
        if seen is not None:
            encoder = convolutional_encoder(seen, sizes, n, *options)
        else:
            encoder = dense((self.arguments["n_features"], *sizes, n), *options)
        if drawn is not None:
            return Apart(encoder, convolutional_decoder(n, sizes, drawn, *options))
        return Apart(encoder, dense((n, *sizes[::-1], self.n_targets * K), *options))

    @torch.no_grad()
    def initialize(self, rows: Rows, stream: Stream) -> None:
        """Draw the initial parameters of the networks; compute a, m and s."""
        initialize(self.networks, stream)
        self.scaling.take(rows.scaling)
        if self.starts_at_image:
            self.a.fill_(self._slope(rows))
        means = _mean(self._moments, rows)
        self.m.copy_(self._output_at(means))
        if self.loss == "squared":
            spread = _mean(lambda x, y: (self._moments(x, y) - means).square(), rows)
            scale = float(spread.mean().sqrt())
            self.s.fill_(scale if scale > 1e-6 else 1.0)  # below, only rounding varies

    def _slope(self, rows: Rows) -> float:
        """The slope a of the centred targets on the centred x̃, one for all; 0 if x̃ is constant."""
        means = _mean(lambda x, y: torch.cat([self.image(x).double(), y], 1), rows)
        x_mean, y_mean = means.chunk(2)

        def products(x: Tensor, y: Tensor) -> Tensor:
            u, v = self.image(x).double() - x_mean, y - y_mean
            return torch.stack([(u * v).sum(1), (u * u).sum(1)], 1)

        covariance, variance = _mean(products, rows)
        return float(covariance / variance) if variance > 0 else 0.0

    def _moments(self, x: Tensor, y: Tensor) -> Tensor:
        """The quantity whose mean determines m: y − a x̃, bits, or one-hot codes of each row."""
        if self.loss == "categorical":
            return nn.functional.one_hot(y.long(), self.n_categories).double().flatten(1)
        return y - self._start(x).double()

    def _output_at(self, means: Tensor) -> Tensor:
        """The output m for given means of the moments; probabilities are kept away from 0 and 1."""
        match self.loss:
            case "squared":
                return means
            case "bernoulli":
                return means.clamp(0.01, 0.99).logit()
            case _:
                return means.clamp_min(0.01).log()

    def encode(self, x: Tensor) -> Tensor:
        """Return h = f(x)."""
        return self.networks.encode(x)[0].to(x.dtype)

    def image(self, x: Tensor) -> Tensor:
        """x̃: the rows as images, resized to the target's size."""
        assert self.image_shape is not None and self.target_shape is not None
        if self.image_shape == self.target_shape:
            return x
        images = x.unflatten(1, self.image_shape).permute(0, 3, 1, 2)
        return resized(images, *self.target_shape[:2]).permute(0, 2, 3, 1).flatten(1)

    def _start(self, x: Tensor) -> Tensor:
        """The linear part a x̃ of the output, or 0."""
        return self.a * self.image(x) if self.starts_at_image else x.new_zeros(len(x), 1)

    def output(self, x: Tensor) -> Tensor:
        """The output o of each row."""
        change = self.networks(x).to(x.dtype)
        return self._start(x) + self.m + self.s * change

    def predict(self, x: Tensor) -> Tensor:
        """E[y] of each row, or the most probable codes for the loss "categorical"."""
        output = self.output(x)
        match self.loss:
            case "squared":
                return output
            case "bernoulli":
                return output.sigmoid()
            case _:
                return self._logits(output).argmax(-1).to(x.dtype)

    def predict_proba(self, x: Tensor) -> Tensor:
        """The probability of each code of each target: (n, n_targets, K)."""
        return self._logits(self.output(x)).softmax(-1)

    def losses(
        self, x: Tensor, stream: Stream, weights: Tensor | None, targets: Tensor
    ) -> dict[str, Tensor]:
        """−log p(y | x) of each row, summed over targets; for the squared loss, ‖y − o‖²/s²."""
        output, y = self.output(x), targets.to(x.dtype).reshape(len(x), -1)
        match self.loss:
            case "squared":
                return {"squared_error": squared_error(y, output) / self.s**2}
            case "bernoulli":
                return {"cross_entropy": bernoulli_cross_entropy(y, output)}
            case _:
                return {"cross_entropy": categorical_cross_entropy(y, self._logits(output))}

    def _logits(self, output: Tensor) -> Tensor:
        return output.unflatten(1, (self.n_targets, self.n_categories))


class Apart(nn.Module):
    """An encoder and a decoder without skip connections, with the methods of a U-Net.

    Parameters
    ----------
    encoder : nn.Module
        Maps rows to codes.
    decoder : nn.Module
        Maps codes to outputs.
    """

    def __init__(self, encoder: nn.Module, decoder: nn.Module) -> None:
        super().__init__()
        self.encoder, self.decoder = encoder, decoder

    def encode(self, x: Tensor) -> tuple[Tensor, None]:
        """The code, and None in place of skip connections."""
        return self.encoder(x), None

    def forward(self, x: Tensor) -> Tensor:
        """The outputs of rows."""
        return self.decoder(self.encoder(x))


def _mean(function: Any, rows: Rows) -> Tensor:
    """The weighted mean of ``function(x, y)`` over rows and targets, in float64 on the CPU."""

    def of_batch(x: Tensor, weight: Tensor | None, y: Tensor) -> Tensor:
        return function(x.cpu(), y.cpu().double().reshape(len(x), -1))

    return mean_over_weighted_rows(of_batch, rows)
