"""Convolutional networks between rows and codes.

A row is an image flattened in C order, channels last. Inside, that order stays: it is torch's
``channels_last``, for which the kernels need no copy of the rows.
"""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, conv_transpose2d

from .dense import Affine, hidden


class Convolution(nn.Module):
    """A convolution that halves the image, rounding up, or keeps its size: kernel 3, padding 1.

    Its parameters are not initialised: ``initialize`` draws them from a stream.

    Parameters
    ----------
    n_inputs, n_outputs : int
        Channels.
    stride : {2, 1}, default=2
        2 halves the image.
    """

    def __init__(self, n_inputs: int, n_outputs: int, stride: int = 2) -> None:
        super().__init__()
        self.stride = stride
        self.weight = nn.Parameter(torch.empty(n_outputs, n_inputs, 3, 3))
        self.bias = nn.Parameter(torch.empty(n_outputs))

    def forward(self, x: Tensor) -> Tensor:
        """Map (n, n_inputs, h, w) to (n, n_outputs, ⌈h/stride⌉, ⌈w/stride⌉)."""
        return conv2d(x, self.weight, self.bias, stride=self.stride, padding=1)


class TransposedConvolution(nn.Module):
    """A transposed convolution that doubles the image: kernel 4, stride 2, padding 1.

    The stride divides the kernel, so that every pixel is a sum of as many terms. Its parameters
    are not initialised: ``initialize`` draws them from a stream.

    Parameters
    ----------
    n_inputs, n_outputs : int
        Channels.
    size : (int, int)
        Height and width of the result; where one is odd, the last row or column is cut off.
    """

    def __init__(self, n_inputs: int, n_outputs: int, size: tuple[int, int]) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(n_inputs, n_outputs, 4, 4))
        self.bias = nn.Parameter(torch.empty(n_outputs))
        self.size = size

    def forward(self, x: Tensor) -> Tensor:
        """Map (n, n_inputs, ⌈h/2⌉, ⌈w/2⌉) to (n, n_outputs, h, w)."""
        h, w = self.size
        return conv_transpose2d(x, self.weight, self.bias, stride=2, padding=1)[..., :h, :w]


class ToImages(nn.Module):
    """Rows as images.

    Parameters
    ----------
    height, width, channels : int
        Their product is the width of a row.
    """

    def __init__(self, height: int, width: int, channels: int) -> None:
        super().__init__()
        self.shape = (height, width, channels)

    def forward(self, x: Tensor) -> Tensor:
        """Map (n, height · width · channels) to (n, channels, height, width), a view."""
        return x.unflatten(1, self.shape).permute(0, 3, 1, 2)


class ToRows(nn.Module):
    """Images as rows."""

    def forward(self, x: Tensor) -> Tensor:
        """Map (n, channels, height, width) to (n, height · width · channels)."""
        return x.permute(0, 2, 3, 1).flatten(1)


def halvings(image_shape: Sequence[int], times: int) -> list[tuple[int, int]]:
    """Height and width of the image, then of its half, rounded up, and so on."""
    h, w, *_ = image_shape
    return [(-(-h // 2**i), -(-w // 2**i)) for i in range(times + 1)]


def all_channels(image_shape: Sequence[int], channels: Sequence[int]) -> tuple[int, ...]:
    """The image's channels, one if ``image_shape`` has none, then each convolution's."""
    return (*image_shape[2:], *channels) if len(image_shape) == 3 else (1, *channels)


def convolutional_encoder(
    image_shape: Sequence[int],
    channels: Sequence[int],
    n_outputs: int,
    activation: str,
    dropout: float = 0.0,
) -> nn.Sequential:
    """Convolutions that halve the image, then an affine layer.

    Parameters
    ----------
    image_shape : (int, int) or (int, int, int)
        Height, width and, unless it is 1, channels.
    channels : sequence of int
        Of each convolution's result.
    n_outputs : int
        Width of the code.
    activation : str
        Of the convolutions, by its name in ``ACTIVATIONS``.
    dropout : float, default=0.0
        Share of the activations set to 0 while training.

    Returns
    -------
    torch.nn.Sequential
        Maps (n, h · w · c) to (n, n_outputs).
    """
    sizes, widths = halvings(image_shape, len(channels)), all_channels(image_shape, channels)
    layers: list[nn.Module] = [ToImages(*sizes[0], widths[0])]
    for n_in, n_out in pairwise(widths):
        layers += [Convolution(n_in, n_out), *hidden(activation, dropout)]
    h, w = sizes[-1]
    return nn.Sequential(*layers, ToRows(), Affine(h * w * widths[-1], n_outputs))


def convolutional_decoder(
    n_inputs: int,
    channels: Sequence[int],
    image_shape: Sequence[int],
    activation: str,
    dropout: float = 0.0,
) -> nn.Sequential:
    """The mirror of ``convolutional_encoder``: an affine layer, then transposed convolutions.

    Parameters
    ----------
    n_inputs : int
        Width of the code.
    channels : sequence of int
        As the encoder has them, from the image to the code.
    image_shape : (int, int) or (int, int, int)
        Height, width and, unless it is 1, channels.
    activation : str
        Of all layers but the last, by its name in ``ACTIVATIONS``.
    dropout : float, default=0.0
        Share of the activations set to 0 while training.

    Returns
    -------
    torch.nn.Sequential
        Maps (n, n_inputs) to (n, h · w · c), without a link.
    """
    sizes = halvings(image_shape, len(channels))[::-1]
    widths = all_channels(image_shape, channels)[::-1]
    h, w = sizes[0]
    layers: list[nn.Module] = [Affine(n_inputs, h * w * widths[0]), ToImages(h, w, widths[0])]
    for (n_in, n_out), size in zip(pairwise(widths), sizes[1:], strict=True):
        layers += [*hidden(activation, dropout), TransposedConvolution(n_in, n_out, size)]
    return nn.Sequential(*layers, ToRows())
