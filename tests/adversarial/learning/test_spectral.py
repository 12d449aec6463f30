"""Spectral normalisation: a discriminator whose layers stretch nothing by more than 1."""

import copy
import pickle

import numpy as np
import pytest
import torch
from sklearn.base import clone
from torch.linalg import matrix_norm

from skdeepunsup import GAN, BiGAN
from skdeepunsup._random import Stream
from skdeepunsup.adversarial.learning.spectral import SpectralNorm
from skdeepunsup.adversarial.modules.bigan import JointCritic
from skdeepunsup.networks import convolutional_encoder, dense, initialize

NETWORKS = {
    "dense": lambda: dense((6, 5, 1), "tanh"),
    "convolution": lambda: convolutional_encoder((3, 2), (4, 3), 1, "tanh"),
    "of pairs": lambda: JointCritic((2, 2, 1), (3,), 2, "tanh"),
}

FIT = {"n_components": 2, "hidden_layer_sizes": (6,), "max_iter": 4, "random_state": 0}
MODELS = [
    GAN(encoder_max_iter=1, spectral_norm=True, **FIT),
    GAN(encoder_max_iter=1, spectral_norm=True, image_shape=(2, 3), **FIT),
    BiGAN(spectral_norm=True, **FIT),
    BiGAN(spectral_norm=True, image_shape=(3, 2), **FIT),
]
each = pytest.mark.parametrize("estimator", MODELS, ids=repr)


@pytest.fixture(params=NETWORKS)
def network(request):
    network = NETWORKS[request.param]().double()
    initialize(network, Stream(0))
    for name, parameter in network.named_parameters():
        if name.endswith("bias"):
            parameter.data.fill_(0.2)
    return network


@pytest.fixture
def X():
    return np.random.default_rng(0).random((40, 6))


def rows():
    return Stream(1).normal(7, 6).double()


def weights(network):
    return {name: p for name, p in network.named_parameters() if name.endswith("weight")}


def settled(network, calls=100):
    """The normalised network after many calls, each of which is a step of power iteration."""
    normalised = SpectralNorm(network)
    with torch.no_grad():
        for _ in range(calls):
            normalised(rows())
    return normalised


def exactly_normalised(network, x, scale=1.0):
    """The network with W / σ(W) of scaled weights, by the singular value decomposition."""
    named = {}
    for name, W in weights(network).items():
        W = scale * W
        named[name] = W / torch.linalg.svdvals(W.flatten(1))[0]
    return torch.func.functional_call(network, named, (x,))


def test_the_estimate_comes_to_be_the_largest_singular_value(network):
    normalised = settled(network)
    for name, W in weights(network).items():
        u = normalised.u[name]
        torch.testing.assert_close(u.norm(), torch.ones(()).double())
        sigma = normalised._sigma(name, W).detach()
        torch.testing.assert_close(sigma, matrix_norm(W.detach().flatten(1), 2))
        # u is its singular vector.
        M = W.detach().flatten(1)
        torch.testing.assert_close(M @ M.T @ u, sigma.square() * u)


def test_the_estimate_is_never_above_it_and_never_falls(network):
    normalised = SpectralNorm(network)
    for name, W in weights(network).items():
        estimates = torch.stack([normalised._sigma(name, W).detach() for _ in range(20)])
        assert (estimates <= matrix_norm(W.detach().flatten(1), 2) * (1 + 1e-12)).all()
        assert (estimates.diff() >= -1e-12).all()


def test_the_network_is_that_of_normalised_weights(network):
    x, normalised = rows(), settled(network)
    torch.testing.assert_close(normalised(x), exactly_normalised(network, x))
    assert not torch.allclose(normalised(x), network(x))


def test_the_scale_of_the_weights_does_not_matter(network):
    x, other = rows(), copy.deepcopy(network)
    with torch.no_grad():
        for factor, W in zip((1e-3, 50.0, 7.0, 0.2), weights(other).values(), strict=False):
            W.mul_(factor)
    one, two = SpectralNorm(network), SpectralNorm(other)
    for _ in range(3):  # nor does it while the estimates are rough
        torch.testing.assert_close(one(x), two(x))


def test_gradients_go_through_the_singular_value(network):
    """They are those of the exact formula, and have no part along the weights themselves."""
    x = rows()
    ours = torch.autograd.grad(settled(network)(x).square().sum(), weights(network).values())
    exact = torch.autograd.grad(
        exactly_normalised(network, x).square().sum(), weights(network).values()
    )
    for gradient, expected, W in zip(ours, exact, weights(network).values(), strict=True):
        torch.testing.assert_close(gradient, expected)
        assert gradient.abs().max() > 1e-4
        assert abs(float((gradient * W.detach()).sum())) < 1e-10


@pytest.mark.slow  # each weight is normalised anew, to convergence
def test_gradients_are_those_of_finite_differences(network):
    x, normalised = rows(), settled(network)
    for name, W in weights(network).items():
        (gradient,) = torch.autograd.grad(normalised(x).square().sum(), W)
        direction, step = Stream(3).normal(*W.shape).double(), 1e-5
        values = []
        for sign in (1, -1):
            moved = copy.deepcopy(network)
            weights(moved)[name].data.add_(direction, alpha=sign * step)
            values.append(float(settled(moved)(x).detach().square().sum()))
        slope = (values[0] - values[1]) / (2 * step)
        assert float((gradient * direction).sum()) == pytest.approx(slope, rel=1e-5, abs=1e-7)


def test_baking_leaves_the_function_and_the_biases(network):
    x, normalised = rows(), settled(network)
    before = normalised(x)
    biases = {n: p.clone() for n, p in network.named_parameters() if n.endswith("bias")}
    normalised.bake()
    torch.testing.assert_close(network(x), before)
    torch.testing.assert_close(normalised(x), before)
    for W in weights(network).values():
        assert float(matrix_norm(W.detach().flatten(1), 2)) == pytest.approx(1, rel=1e-12)
    for name, bias in biases.items():
        assert torch.equal(network.get_parameter(name), bias)


def test_a_normalised_dense_critic_is_one_lipschitz():
    network = dense((6, 8, 8, 1), "relu").double()
    initialize(network, Stream(0))
    with torch.no_grad():
        for W in weights(network).values():
            W.mul_(30)
    x, y = Stream(1).normal(500, 6).double(), Stream(2).normal(500, 6).double()
    normalised = settled(network)
    rise = (normalised(x) - normalised(y)).abs().squeeze(1) / (x - y).norm(dim=1)
    assert rise.max() <= 1 + 1e-6


def test_baking_zero_weights_leaves_zeros(network):
    with torch.no_grad():
        for W in weights(network).values():
            W.zero_()
    SpectralNorm(network).bake()
    assert all((W == 0).all() for W in weights(network).values())


def test_a_state_goes_on(network):
    x, normalised = rows(), SpectralNorm(network)
    normalised(x)
    state = {name: u.clone() for name, u in normalised.state_dict().items()}
    other = SpectralNorm(network)
    assert not torch.equal(other(x), normalised(x))
    for one in (normalised, other):
        one.load_state_dict(state)
    assert torch.equal(other(x), normalised(x))


@each
def test_a_fitted_discriminator_has_plain_weights_of_norm_1(estimator, X):
    model = clone(estimator).fit(X)
    discriminator = model.module_.discriminator
    assert weights(discriminator)
    for W in weights(discriminator).values():
        assert type(W) is torch.nn.Parameter
        assert float(matrix_norm(W.detach().flatten(1), 2)) == pytest.approx(1, rel=1e-5)
    plain = clone(estimator).set_params(spectral_norm=False).fit(X)
    norms = [
        float(matrix_norm(W.detach().flatten(1), 2))
        for W in weights(plain.module_.discriminator).values()
    ]
    assert max(abs(norm - 1) for norm in norms) > 0.01


@each
def test_only_the_discriminator_is_normalised(estimator, X):
    model = clone(estimator).fit(X)
    players = (model.module_.generator, model.module_.encoder)
    norms = [matrix_norm(W.detach().flatten(1), 2) for p in players for W in weights(p).values()]
    assert max(abs(float(norm) - 1) for norm in norms) > 0.01


@each
def test_a_pickled_model_goes_on_as_the_model_itself(estimator, X):
    model = clone(estimator).fit(X)
    stored = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(stored.discriminate(X), model.discriminate(X))
    for one in (model, stored):
        one.set_params(warm_start=True).fit(X).partial_fit(X)
    for method in ("discriminate", "transform", "reconstruct"):
        np.testing.assert_array_equal(getattr(stored, method)(X), getattr(model, method)(X))
    for W in weights(model.module_.discriminator).values():
        assert float(matrix_norm(W.detach().flatten(1), 2)) == pytest.approx(1, rel=1e-5)


def test_weights_of_zero_give_zero():
    network = dense((3, 2), "relu")
    torch.nn.init.zeros_(network[0].weight)
    torch.nn.init.zeros_(network[0].bias)
    assert torch.equal(SpectralNorm(network)(torch.ones(4, 3)), torch.zeros(4, 2))


def test_singular_vectors_follow_weights_that_move():
    network = dense((7, 5), "relu")
    initialize(network.double(), Stream(0))
    normalised = SpectralNorm(network)
    initialize(network, Stream(1))  # other weights, whose vectors it has not seen
    x = rows()[:, :1].expand(-1, 7) * torch.arange(7.0).double()
    for _ in range(200):
        y = normalised(x)
    W = network[0].weight
    torch.testing.assert_close(y, x @ (W / matrix_norm(W, 2)).T, rtol=1e-4, atol=1e-5)
