"""The start of a network: what its own layers are before training."""

import math

from torch import nn

from .._random import Stream
from .convolutional import Convolution, TransposedConvolution
from .dense import Affine

LAYERS = (Affine, Convolution, TransposedConvolution)
"""The layers whose parameters ``initialize`` draws."""


def initialize(network: nn.Module, stream: Stream) -> None:
    """Draw the package's own layers: W ~ U(−r, r) with r = √(6 / (fan_in + fan_out)), b = 0.

    The fans are the inputs and outputs, times the kernel's pixels in a convolution.

    Parameters
    ----------
    network : torch.nn.Module
        Layers of other classes in it are left as they are.
    stream : Stream
        Draws.

    References
    ----------
    X. Glorot, Y. Bengio, "Understanding the difficulty of training deep feedforward neural
    networks", AISTATS 2010, equation 16.
    """
    for layer in network.modules():
        if isinstance(layer, LAYERS):
            n_outputs, n_inputs, *kernel = layer.weight.shape
            r = math.sqrt(6 / ((n_inputs + n_outputs) * math.prod(kernel)))
            stream.fill_uniform(layer.weight, -r, r)
            nn.init.zeros_(layer.bias)
