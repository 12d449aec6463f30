"""The start of a network: drawn from a stream, whatever its layers."""

import numpy as np
import pytest
import torch
from scipy import stats
from torch import nn

from skdeepunsup._random import Stream
from skdeepunsup.networks import (
    Linear,
    convolutional_decoder,
    convolutional_encoder,
    dense,
    initialize,
)
from skdeepunsup.networks.convolutional import Convolution, TransposedConvolution

NETWORKS = {
    "dense": lambda: dense((6, 5, 3), "tanh"),
    "encoder": lambda: convolutional_encoder((6, 5), (3, 4), 2, "relu"),
    "decoder": lambda: convolutional_decoder(2, (3, 4), (6, 5), "relu"),
}


@pytest.fixture(params=NETWORKS)
def make(request):
    def started(seed=0):
        network = NETWORKS[request.param]()
        initialize(network, Stream(seed))
        return network

    return started


def same(one, other):
    pairs = zip(one.state_dict().values(), other.state_dict().values(), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)


@pytest.mark.parametrize(
    ("layer", "fans"),
    [
        (Linear(900, 700), 900 + 700),
        (Convolution(150, 250), 9 * (150 + 250)),
        (TransposedConvolution(120, 180, (8, 8)), 16 * (120 + 180)),
    ],
)
def test_weights_are_glorots_uniform_and_biases_zero(layer, fans):
    initialize(layer, Stream(0))
    r = np.sqrt(6 / fans)
    W = layer.weight.detach().double().flatten().numpy()
    assert stats.kstest(W, "uniform", (-r, 2 * r)).pvalue > 1e-3
    assert np.abs(W).max() <= r
    # The variance of a sample's variance is (kurtosis − 1) σ⁴ / n; 9/5 is the uniform's kurtosis.
    wanted = 2 / fans
    assert abs(W.var() - wanted) < 5 * wanted * np.sqrt(0.8 / W.size)
    assert not layer.bias.any()


def test_one_seed_is_one_start(make):
    assert same(make(), make())
    assert not same(make(), make(1))


def test_no_layer_is_forgotten(make):
    network = make()
    for parameter in network.parameters():
        nn.init.constant_(parameter, torch.nan)
    initialize(network, Stream(0))
    assert not any(parameter.isnan().any() for parameter in network.parameters())


def test_global_randomness_is_neither_used_nor_moved(make):
    before = torch.get_rng_state()
    network = make()
    assert torch.equal(torch.get_rng_state(), before)
    try:
        torch.manual_seed(1)
        assert same(network, make())
    finally:
        torch.set_rng_state(before)


def test_layers_of_other_classes_are_left_alone():
    own = nn.Linear(3, 2)
    before = own.weight.detach().clone()
    initialize(nn.Sequential(Linear(4, 3), own), Stream(0))
    assert torch.equal(own.weight, before)
