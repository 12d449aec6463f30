"""Networks that users give: modules, or factories that draw from a fit's own generator."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from torch import nn

from skdeepunsup.networks import build

INITIALIZERS = [
    nn.init.uniform_,
    nn.init.normal_,
    nn.init.trunc_normal_,
    nn.init.xavier_uniform_,
    nn.init.xavier_normal_,
    nn.init.kaiming_uniform_,
    nn.init.kaiming_normal_,
    nn.init.orthogonal_,
    lambda W: nn.init.sparse_(W, 0.5),
    lambda W: W.data.exponential_(),
    lambda W: W.data.log_normal_(),
    lambda W: W.data.cauchy_(),
    lambda W: W.data.geometric_(0.5),
    lambda W: W.data.bernoulli_(0.5),
    lambda W: W.data.random_(0, 100),
    lambda W: W.data.copy_(torch.rand(W.shape)),
    lambda W: W.data.copy_(torch.randn(*W.shape)),
    lambda W: W.data.copy_(torch.rand_like(W.data)),
    lambda W: W.data.copy_(torch.randn_like(W.data)),
    lambda W: W.data.copy_(torch.randint(99, W.shape)),
    lambda W: W.data.copy_(torch.randint(5, 99, W.shape)),
    lambda W: W.data.copy_(torch.normal(torch.zeros(W.shape), 2.0)),
    lambda W: W.data.copy_(torch.normal(0.0, 2.0, W.shape)),
    lambda W: W.data.copy_(torch.bernoulli(torch.full(W.shape, 0.5))),
    lambda W: W.data.copy_(torch.poisson(torch.full(W.shape, 9.0))),
    lambda W: W.data.copy_(torch.randperm(W.numel()).view(W.shape)),
    lambda W: W.data.copy_(torch.multinomial(torch.ones(99), W.numel()).view(W.shape)),
]


def initialized(initialize):
    def factory(n_inputs, n_outputs):
        layer = nn.utils.skip_init(nn.Linear, n_inputs, n_outputs)
        nn.init.zeros_(layer.bias)
        initialize(layer.weight)
        return layer

    return factory


LAYERS = [
    nn.Linear,
    lambda n, m: nn.Conv2d(n, m, 3),
    lambda n, m: nn.ConvTranspose1d(n, m, 3),
    lambda n, m: nn.LSTM(n, m, dropout=0.1, num_layers=2),
    nn.GRU,
    nn.Embedding,
    lambda n, m: nn.Bilinear(n, m, 4),
    lambda n, m: nn.MultiheadAttention(4 * m, 4),
    lambda n, m: nn.TransformerEncoderLayer(4 * m, 4),
    lambda n, m: nn.Sequential(nn.Linear(n, m), nn.BatchNorm1d(m), nn.Linear(m, m)),
]


def made(factory, seed=0):
    return build(factory, 6, 5, torch.Generator().manual_seed(seed)).state_dict()


def same(one, other):
    return all(torch.equal(a, b) for a, b in zip(one.values(), other.values(), strict=True))


@pytest.mark.parametrize("factory", LAYERS + [initialized(each) for each in INITIALIZERS])
def test_a_factory_draws_from_the_generator_alone(factory):
    before = torch.get_rng_state()
    first = made(factory)
    assert torch.equal(torch.get_rng_state(), before)
    torch.rand(1)  # elsewhere, the global generator goes on
    assert same(first, made(factory))
    assert not same(first, made(factory, seed=1))


def test_a_layer_is_as_torch_draws_it_from_the_same_seed():
    before = torch.get_rng_state()
    try:
        torch.manual_seed(3)
        assert same(made(nn.Linear, seed=3), nn.Linear(6, 5).state_dict())
    finally:
        torch.set_rng_state(before)


def test_layers_do_not_start_alike():
    both = made(lambda n, m: nn.Sequential(nn.Linear(n, m), nn.Linear(n, m)))
    assert not torch.equal(both["0.weight"], both["1.weight"])


def test_a_generator_of_the_factorys_own_draws():
    def factory(n, m):
        return initialized(lambda W: W.data.normal_(generator=torch.Generator().manual_seed(7)))(
            n, m
        )

    assert same(made(factory), made(factory, seed=1))


def test_a_factory_may_try_its_network():
    def factory(n, m):
        first = nn.Sequential(nn.Linear(n, m), nn.Dropout(0.5))
        width = first(torch.randn(2, n)).shape[1]
        return nn.Sequential(first, nn.Linear(width, m))

    before = torch.get_rng_state()
    assert same(made(factory), made(factory))
    assert torch.equal(torch.get_rng_state(), before)


def test_parameters_are_plain_and_learn():
    network = build(nn.Linear, 6, 5, torch.Generator())
    assert type(network.weight) is nn.Parameter
    network(torch.ones(2, 6)).sum().backward()
    assert torch.equal(network.weight.grad, torch.full((5, 6), 2.0))


def test_threads_draw_each_from_its_own_generator():
    def factory(n, m):
        return nn.Sequential(*(nn.Linear(n, m) for _ in range(20)))

    alone = [made(factory, seed) for seed in range(8)]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda seed: made(factory, seed), range(8)))
    assert all(map(same, alone, together))


def test_a_module_is_handed_back():
    network = nn.Linear(3, 2)
    assert build(network, 6, 5, torch.Generator()) is network


def test_a_factory_is_told_the_widths():
    layer = build(nn.Linear, 6, 5, torch.Generator())
    assert layer.weight.shape == (5, 6)


def test_a_factory_that_returns_no_module_is_an_error():
    with pytest.raises(TypeError, match=r"encoder\(6, 5\) returned None, must return .*Module"):
        build(lambda n, m: None, 6, 5, torch.Generator(), "encoder")


def test_an_error_of_the_factory_is_its_own_and_ends_the_context():
    def factory(n, m):
        raise ZeroDivisionError

    generator = torch.Generator()
    with pytest.raises(ZeroDivisionError):
        build(factory, 6, 5, generator)
    before = generator.get_state()
    torch.rand(1)
    assert torch.equal(generator.get_state(), before)
