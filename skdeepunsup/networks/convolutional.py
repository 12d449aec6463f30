"""Convolutional layers, and networks that map images to codes and back.

A row is an image flattened in C order, channels last. The networks keep this order in memory: it
is torch's ``channels_last``, for which the kernels need no copy of the rows.
"""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, conv_transpose2d

from .dense import Linear, hidden


class Convolution(nn.Module):
    """A convolution with kernel 3 and padding 1 that halves the image, or keeps its size.

    Its parameters are not initialised: ``initialize`` draws them from a stream.

    Parameters
    ----------
    n_inputs, n_outputs : int
        Channels of the image and of the result.
    stride : {2, 1}, default=2
        2 halves height and width, rounding up; 1 keeps them.
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
    """A transposed convolution with kernel 4, stride 2 and padding 1 that doubles the image.

    The stride divides the kernel, so that every pixel is a sum of equally many terms (no
    checkerboard). Its parameters are not initialised: ``initialize`` draws them from a stream.

    Parameters
    ----------
    n_inputs, n_outputs : int
        Channels of the image and of the result.
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
    """Reshape rows to images.

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
    """Flatten images to rows, channels last."""

    def forward(self, x: Tensor) -> Tensor:
        """Map (n, channels, height, width) to (n, height · width · channels)."""
        return x.permute(0, 2, 3, 1).flatten(1)


def halvings(image_shape: Sequence[int], times: int) -> list[tuple[int, int]]:
    """Height and width of the image, and after each of ``times`` halvings, rounded up."""
    h, w, *_ = image_shape
    return [(-(-h // 2**i), -(-w // 2**i)) for i in range(times + 1)]


def all_channels(image_shape: Sequence[int], channels: Sequence[int]) -> tuple[int, ...]:
    """Channels of the image (1 if ``image_shape`` has no third entry), then ``channels``."""
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
        Output channels of each convolution.
    n_outputs : int
        Width of the code.
    activation : str
        Activation after each convolution, by its name in ``ACTIVATIONS``.
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
    return nn.Sequential(*layers, ToRows(), Linear(h * w * widths[-1], n_outputs))


def convolutional_decoder(
    n_inputs: int,
    channels: Sequence[int],
    image_shape: Sequence[int],
    activation: str,
    dropout: float = 0.0,
) -> nn.Sequential:
    """An affine layer, then transposed convolutions that double the image.

    It mirrors the layers of ``convolutional_encoder`` with the same arguments.

    Parameters
    ----------
    n_inputs : int
        Width of the code.
    channels : sequence of int
        Channels in the order of the encoder, from the image to the code.
    image_shape : (int, int) or (int, int, int)
        Height, width and, unless it is 1, channels.
    activation : str
        Activation after all layers but the last, by its name in ``ACTIVATIONS``.
    dropout : float, default=0.0
        Share of the activations set to 0 while training.

    Returns
    -------
    torch.nn.Sequential
        Maps (n, n_inputs) to (n, h · w · c), with nothing applied after the last layer.
    """
    sizes = halvings(image_shape, len(channels))[::-1]
    widths = all_channels(image_shape, channels)[::-1]
    h, w = sizes[0]
    layers: list[nn.Module] = [Linear(n_inputs, h * w * widths[0]), ToImages(h, w, widths[0])]
    for (n_in, n_out), size in zip(pairwise(widths), sizes[1:], strict=True):
        layers += [*hidden(activation, dropout), TransposedConvolution(n_in, n_out, size)]
    return nn.Sequential(*layers, ToRows())
