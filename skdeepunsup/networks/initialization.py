"""Initial weights of a network's layers."""

import math

from torch import nn

from .._random import Stream
from .convolutional import Convolution, TransposedConvolution
from .dense import Linear

LAYERS = (Linear, Convolution, TransposedConvolution)
"""The layers whose parameters ``initialize`` draws."""


def initialize(network: nn.Module, stream: Stream) -> None:
    """Draw W ~ U(−r, r) with r = √(6 / (fan_in + fan_out)) and set b = 0 in this package's layers.

    The fans are the numbers of inputs and outputs, times the pixels of the kernel in a convolution.

    Parameters
    ----------
    network : torch.nn.Module
        Changed in place; layers of other classes than ``LAYERS`` keep their weights.
    stream : Stream
        Source of the random numbers.

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
