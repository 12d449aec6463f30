"""Dense networks: their shape, and their start from a stream."""

import pickle
from itertools import pairwise

import numpy as np
import pytest
import torch
from scipy import stats
from torch import nn

from skdeepunsup._random import Stream
from skdeepunsup.networks import ACTIVATIONS, Affine, dense, initialize


def started(sizes=(6, 5, 3), activation="tanh", seed=0):
    network = dense(sizes, activation)
    initialize(network, Stream(seed))
    return network


def same(one, other):
    pairs = zip(one.state_dict().values(), other.state_dict().values(), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)


@pytest.mark.parametrize("sizes", [(4, 3), (7, 5, 2), (6, 6, 6, 1)])
def test_layers_go_through_the_sizes(sizes):
    network = started(sizes)
    shapes = [tuple(layer.weight.shape) for layer in network if isinstance(layer, Affine)]
    assert shapes == [(n_outputs, n_inputs) for n_inputs, n_outputs in pairwise(sizes)]
    assert network(torch.zeros(9, sizes[0])).shape == (9, sizes[-1])


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_the_activation_stands_between_layers_and_not_after_the_last(activation):
    kinds = [type(layer) for layer in dense((4, 3, 2, 1), activation)]
    assert kinds == [Affine, ACTIVATIONS[activation], Affine, ACTIVATIONS[activation], Affine]


def test_affine_has_the_names_and_shapes_of_linear():
    ours, torchs = Affine(4, 3), nn.Linear(4, 3)
    initialize(ours, Stream(0))
    torchs.load_state_dict(ours.state_dict())
    x = Stream(1).normal(5, 4)
    assert torch.equal(ours(x), torchs(x))


def test_weights_are_glorots_uniform_and_biases_zero():
    layer = started((900, 700))[0]
    r = np.sqrt(6 / 1600)
    W = layer.weight.detach().double().flatten().numpy()
    assert stats.kstest(W, "uniform", (-r, 2 * r)).pvalue > 1e-3
    assert np.abs(W).max() <= r
    # The variance of a sample's variance is (kurtosis − 1) σ⁴ / n; 9/5 is the uniform's kurtosis.
    wanted = 2 / 1600
    assert abs(W.var() - wanted) < 5 * wanted * np.sqrt(0.8 / W.size)
    assert not layer.bias.any()


def test_one_seed_is_one_start():
    assert same(started(), started())
    assert not same(started(), started(seed=1))


def test_no_two_layers_start_alike():
    first, _, second = started((4, 4, 4))
    assert not torch.equal(first.weight, second.weight)


def test_global_randomness_is_neither_used_nor_moved():
    before = torch.get_rng_state()
    network = started()
    assert torch.equal(torch.get_rng_state(), before)
    try:
        torch.manual_seed(1)
        assert same(network, started())
    finally:
        torch.set_rng_state(before)


def test_only_affine_layers_are_initialised():
    own = nn.Linear(3, 2)
    before = own.weight.detach().clone()
    initialize(nn.Sequential(Affine(4, 3), own), Stream(0))
    assert torch.equal(own.weight, before)


def test_networks_can_be_pickled():
    network = started()
    assert same(pickle.loads(pickle.dumps(network)), network)
