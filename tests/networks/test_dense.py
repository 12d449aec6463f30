"""Dense networks: their shape and their gradients."""

import pickle
from itertools import pairwise

import pytest
import torch
from torch import nn
from torch.nn.functional import linear

from skdeepunsup import _products
from skdeepunsup._products import _LinearFunction, fast_linear
from skdeepunsup._random import Stream
from skdeepunsup.networks import ACTIVATIONS, Linear, dense, initialize


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
    shapes = [tuple(layer.weight.shape) for layer in network if isinstance(layer, Linear)]
    assert shapes == [(n_outputs, n_inputs) for n_inputs, n_outputs in pairwise(sizes)]
    assert network(torch.zeros(9, sizes[0])).shape == (9, sizes[-1])


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_the_activation_stands_between_layers_and_not_after_the_last(activation):
    kinds = [type(layer) for layer in dense((4, 3, 2, 1), activation)]
    assert kinds == [Linear, ACTIVATIONS[activation], Linear, ACTIVATIONS[activation], Linear]


def test_affine_has_the_names_and_shapes_of_linear():
    ours, torchs = Linear(4, 3), nn.Linear(4, 3)
    initialize(ours, Stream(0))
    torchs.load_state_dict(ours.state_dict())
    x = Stream(1).normal(5, 4)
    assert torch.equal(ours(x), torchs(x))


def test_no_two_layers_start_alike():
    first, _, second = started((4, 4, 4))
    assert not torch.equal(first.weight, second.weight)


def test_networks_can_be_pickled():
    network = started()
    assert same(pickle.loads(pickle.dumps(network)), network)


def doubles(*shapes):
    return [Stream(i).normal(*shape).double().requires_grad_() for i, shape in enumerate(shapes)]


@pytest.mark.parametrize("check", [torch.autograd.gradcheck, torch.autograd.gradgradcheck])
def test_the_products_gradients_are_right_and_can_be_differentiated(check):
    assert check(_LinearFunction.apply, doubles((3, 4), (2, 4), (2,)))


@pytest.mark.parametrize("product", [fast_linear, linear])
def test_a_contractive_penalty_has_its_gradients(product):
    """In float32, on the fast kernel where there is one, against plain products in float64."""
    shapes = [(128, 128), (96, 128), (96,), (96, 96), (96,)]
    assert shapes[0][0] * 128 * 96 >= _products.MEASURED_FROM

    def gradients(values, product):
        x, W1, b1, W2, b2 = values
        h = product(product(x, W1, b1).tanh(), W2, b2).tanh()
        (J,) = torch.autograd.grad(h.sum(), x, create_graph=True)
        return torch.autograd.grad(J.square().sum(), values)

    exact = [(0.1 * value).detach().requires_grad_() for value in doubles(*shapes)]
    single = [value.detach().float().requires_grad_() for value in exact]
    pairs = zip(gradients(single, product), gradients(exact, linear), strict=True)
    for g, wanted in pairs:
        assert (g - wanted).norm() < 1e-5 * wanted.norm()


def test_nobody_pays_for_gradients_that_nobody_wants():
    x, W, b = (value.detach() for value in doubles((3, 4), (2, 4), (2,)))
    y = _LinearFunction.apply(x.requires_grad_(), W, b)
    y.sum().backward()
    assert W.grad is None and b.grad is None
    assert torch.equal(x.grad, W.sum(0).expand(3, 4))
