"""Networks with gradients written out are those of autograd."""

import pytest
import torch
from torch import nn

from skdeepunsup._random import Stream
from skdeepunsup.networks import ACTIVATIONS, dense, draw_from, initialize
from skdeepunsup.networks.written import is_writable, written

SIZES = 5, 4, 6, 3


def network_of(activation, dropout, dtype=torch.float64):
    """A network, whose parameters have gradients to write into, and its dropout's stream."""
    network, stream = dense(SIZES, activation, dropout), Stream(3)
    initialize(network, Stream(0))
    draw_from(network, stream)
    network.to(dtype)
    for parameter in network.parameters():
        parameter.grad = torch.full_like(parameter, 7.0)
    return network


def by_autograd(network, x, dy):
    """Output, gradients of all parameters, and of x."""
    x = x.clone().requires_grad_()
    y = network(x)
    *gradients, dx = torch.autograd.grad(y, [*network.parameters(), x], dy)
    return y.detach(), gradients, dx


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("dropout", [0.0, 0.4])
@pytest.mark.parametrize("n", [1, 9])
def test_outputs_and_gradients_are_those_of_autograd(activation, dropout, n):
    x, dy = (Stream(seed).normal(n, k).double() for seed, k in ((1, SIZES[0]), (2, SIZES[-1])))
    y, gradients, dx = by_autograd(network_of(activation, dropout), x, dy)
    network = network_of(activation, dropout)
    by_hand = written(network)
    with torch.no_grad():
        torch.testing.assert_close(by_hand.forward(x), y)
        torch.testing.assert_close(by_hand.backward(dy.clone(), wants_dx=True), dx)
    for parameter, gradient in zip(network.parameters(), gradients, strict=True):
        torch.testing.assert_close(parameter.grad, gradient)


def test_gradients_of_weights_are_added_where_asked():
    x, dy = Stream(1).normal(9, SIZES[0]).double(), Stream(2).normal(9, SIZES[-1]).double()
    _, (dW, db, *_), _ = by_autograd(network_of("tanh", 0.0), x, dy)
    network = network_of("tanh", 0.0)
    by_hand = written(network, adds=True)
    with torch.no_grad():
        by_hand.forward(x)
        assert by_hand.backward(dy, wants_dx=False) is None
    torch.testing.assert_close(network[0].weight.grad, 7 + dW)
    torch.testing.assert_close(network[0].bias.grad, db)


def test_batches_of_several_sizes_use_memory_of_their_own():
    network = network_of("relu", 0.0)
    by_hand, x = written(network), Stream(1).normal(9, SIZES[0]).double()
    with torch.no_grad():
        for n in (9, 4, 9, 1):
            torch.testing.assert_close(by_hand.forward(x[:n]), network(x[:n]))


@pytest.mark.parametrize(
    "network",
    [nn.Linear(2, 2), nn.Sequential(nn.Linear(2, 2)), nn.Sequential(nn.BatchNorm1d(2))],
    ids=lambda network: str(len(list(network.children()))),
)
def test_networks_of_others_are_not_written_out(network):
    assert not is_writable(network)
