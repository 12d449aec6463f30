"""Dropout: its statistics, and where its noise comes from."""

import copy
import pickle

import pytest
import torch
from torch import nn

from skdeepunsup._random import Stream
from skdeepunsup.networks import Dropout, dense, draw_from, initialize


def dropping(p, seed=0):
    return draw_from(Dropout(p), Stream(seed))


@pytest.mark.parametrize("p", [0.1, 0.5, 0.8])
@pytest.mark.parametrize("n", [100, 100_000])  # within the stream's pool, and beyond it
def test_a_share_p_is_zero_and_the_mean_is_kept(p, n):
    layer = dropping(p)
    y = torch.cat([layer(torch.ones(n)) for _ in range(max(1, 100_000 // n))])
    zero = y == 0
    assert abs(zero.double().mean() - p) < 5 * (p * (1 - p) / len(y)) ** 0.5
    assert torch.equal(y[~zero], torch.full_like(y[~zero], 1 / (1 - p)))
    assert abs(y.double().mean() - 1) < 5 * (p / (1 - p) / len(y)) ** 0.5


def test_no_two_entries_share_their_noise():
    y = dropping(0.5)(torch.ones(64, 64)).bool().double()
    centred = 2 * y - 1
    limit = 5 / 64**0.5
    for products in (centred @ centred.T, centred.T @ centred):
        assert (products.fill_diagonal_(0) / 64).abs().max() < limit


def test_certain_dropouts():
    x = torch.ones(50)
    assert torch.equal(Dropout(0.0)(x), x)  # no stream needed
    assert torch.equal(dropping(1.0)(x), torch.zeros(50))


def test_eval_mode_is_the_identity():
    x = torch.ones(50)
    assert Dropout(0.5).eval()(x) is x


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_the_dtype_stays(dtype):
    assert dropping(0.5)(torch.ones(5, dtype=dtype)).dtype == dtype


@pytest.mark.parametrize(
    "view",
    [
        lambda x: x,
        lambda x: x.permute(0, 3, 1, 2),
        lambda x: x[:, 1:, :-1],
        lambda x: x[0].expand(7, -1, -1, -1),
    ],
)
def test_any_layout_has_its_noise(view):
    x = view(torch.ones(7, 20, 30, 4))
    y = dropping(0.5)(x)
    assert y.shape == x.shape
    assert set(y.unique().tolist()) == {0.0, 2.0}
    assert abs((y == 0).double().mean() - 0.5) < 5 * (0.25 / y.numel()) ** 0.5


def test_the_gradient_is_the_noise_of_the_same_call():
    layer, x = dropping(0.5), Stream(1).normal(40).requires_grad_()
    y = layer(x)
    later = layer(x)  # what is drawn next leaves it alone
    y.sum().backward()
    assert torch.equal(x.grad, (y / x).detach())
    assert not torch.equal(later == 0, y == 0)


def test_one_seed_is_one_noise():
    x = torch.ones(100)
    assert torch.equal(dropping(0.5)(x), dropping(0.5)(x))
    assert not torch.equal(dropping(0.5)(x), dropping(0.5, seed=1)(x))


def test_training_without_a_stream_says_so():
    with pytest.raises(RuntimeError, match="draw_from"):
        Dropout(0.5)(torch.ones(3))


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_copies_are_without_the_stream(copied):
    layer = dropping(0.3)
    other = copied(layer)
    assert other.p == 0.3
    assert other.stream is None
    assert layer.stream is not None


class Own(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = nn.ModuleList([nn.Linear(20, 20), nn.Dropout(0.4)])
        self.alpha = nn.AlphaDropout(0.2)

    def forward(self, x):
        return self.inner[1](self.inner[0](x))


def test_torchs_dropout_layers_are_replaced_wherever_they_stand():
    network, stream = nn.Sequential(Own(), nn.Dropout(0.1)).eval(), Stream(0)
    assert draw_from(network, stream) is network
    for layer, p in ((network[0].inner[1], 0.4), (network[1], 0.1)):
        assert type(layer) is Dropout
        assert (layer.p, layer.stream, layer.training) == (p, stream, False)
    assert type(network[0].alpha) is nn.AlphaDropout


def test_a_root_that_is_a_dropout_layer_is_replaced():
    layer = draw_from(nn.Dropout(0.3), Stream(0))
    assert (type(layer), layer.p) == (Dropout, 0.3)


def test_a_layer_that_stands_twice_is_replaced_twice_by_one():
    layer = nn.Dropout(0.5)
    network = nn.Sequential(nn.Linear(4, 4), layer, nn.Linear(4, 4), layer)
    before = torch.get_rng_state()
    draw_from(network, Stream(0))(torch.ones(3, 4))
    assert type(network[1]) is Dropout
    assert network[3] is network[1]
    assert torch.equal(torch.get_rng_state(), before)


def test_the_stream_seeds_a_users_network():
    before = torch.get_rng_state()
    network = copy.deepcopy(draw_from(OWN, Stream(0)))
    x = torch.ones(30, 20)
    first, again = (draw_from(network, Stream(1))(x) for _ in range(2))
    assert torch.equal(first, again)
    assert not torch.equal(first, draw_from(network, Stream(2))(x))
    assert torch.equal(torch.get_rng_state(), before)


OWN = Own()


def test_a_dense_network_drops_after_each_hidden_activation():
    network = dense((5, 4, 3, 2), "tanh", 0.3)
    names = [type(layer).__name__ for layer in network]
    assert names == ["Linear", "Tanh", "Dropout", "Linear", "Tanh", "Dropout", "Linear"]
    assert all(layer.p == 0.3 for layer in network if isinstance(layer, Dropout))


def test_a_network_of_several_dropout_layers_has_gradients():
    network = dense((5, 4, 3, 2), "tanh", 0.3)
    initialize(network, Stream(0))
    draw_from(network, Stream(1))(torch.ones(6, 5)).sum().backward()
    assert all(parameter.grad is not None for parameter in network.parameters())
