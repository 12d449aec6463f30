"""The rules of the games: what theory says of their best critics, and penalties on slopes."""

import pytest
import torch
from torch import nn
from torch.nn.functional import linear

from skdeepunsup import _products
from skdeepunsup._random import Stream
from skdeepunsup.adversarial.learning.games import GAMES, one_lipschitz, r1, slopes
from skdeepunsup.networks import convolutional_encoder, dense, initialize

every = pytest.mark.parametrize("name", GAMES)

# Probabilities of six states: equal in both, larger in either, or almost 0 in one.
P = torch.tensor([0.25, 0.30, 0.05, 0.20, 0.199, 0.001], dtype=torch.double)
Q = torch.tensor([0.25, 0.10, 0.25, 0.05, 0.001, 0.349], dtype=torch.double)
D = torch.linspace(-3, 3, 25).double()
MIDDLE = torch.tensor(0.0).double()


def best_logits(name):
    """A free logit for each state, at which the discriminator loses least."""
    game, d = GAMES[name], torch.zeros(len(P), dtype=torch.double, requires_grad=True)
    descent = torch.optim.LBFGS([d], max_iter=300, tolerance_grad=1e-12, tolerance_change=0)

    def closure():
        descent.zero_grad()
        loss = (P * game.real(d) + Q * game.fake(d)).sum()
        loss.backward()
        return loss

    descent.step(closure)
    return d.detach()


def test_losses_are_the_papers():
    sigma = D.sigmoid()
    expected = {
        "non-saturating": (-sigma.log(), -(1 - sigma).log(), -sigma.log()),
        "wasserstein": (-D, D, -D),
        "least-squares": ((D - 1) ** 2 / 2, D**2 / 2, (D - 1) ** 2 / 2),
        "hinge": ((1 - D).clamp(min=0), (1 + D).clamp(min=0), -D),
    }
    assert set(expected) == set(GAMES)
    for name, losses in expected.items():
        for loss, formula in zip(GAMES[name][:3], losses, strict=True):
            torch.testing.assert_close(loss(D), formula)


def test_the_best_logit_is_the_log_of_the_odds():
    d = best_logits("non-saturating")
    torch.testing.assert_close(d, (P / Q).log(), atol=1e-5, rtol=0)
    probability = GAMES["non-saturating"].probability(d, MIDDLE)
    torch.testing.assert_close(probability, P / (P + Q), atol=1e-6, rtol=0)


def test_the_best_loss_is_the_jensen_shannon_divergence_s():
    """2 log 2 − 2 JS(p, q): nothing left to tell apart is worth 2 log 2."""
    d, game = best_logits("non-saturating"), GAMES["non-saturating"]
    M = (P + Q) / 2
    divergence = (P * (P / M).log() + Q * (Q / M).log()).sum() / 2
    loss = (P * game.real(d) + Q * game.fake(d)).sum()
    torch.testing.assert_close(loss, 2 * torch.tensor(2.0).double().log() - 2 * divergence)


def test_the_best_least_squares_logit_is_the_share():
    d = best_logits("least-squares")
    torch.testing.assert_close(d, P / (P + Q), atol=1e-6, rtol=0)
    torch.testing.assert_close(GAMES["least-squares"].probability(d, MIDDLE), d)


def test_the_best_hinge_logit_is_the_side():
    """Where p = q, any logit between −1 and 1 is as good."""
    game, grid = GAMES["hinge"], torch.linspace(-3, 3, 601).double()
    losses = P[:, None] * game.real(grid) + Q[:, None] * game.fake(grid)
    d = grid[losses.argmin(1)]
    torch.testing.assert_close(d[1:], (P - Q).sign()[1:])
    tie = losses[0][(grid >= -1) & (grid <= 1)]
    torch.testing.assert_close(tie, tie[:1].expand_as(tie))
    # The loss is then 2 less the total variation, and the probability a verdict.
    loss = losses.min(1).values.sum()
    torch.testing.assert_close(loss, 2 - (P - Q).abs().sum())
    torch.testing.assert_close(game.probability(d, MIDDLE)[1:], (P > Q)[1:].double())


def test_the_wasserstein_critic_has_no_zero():
    game = GAMES["wasserstein"]

    def loss(d):
        return (P * game.real(d) + Q * game.fake(d)).sum()

    d = torch.tensor([0.3, -1.0, 2.0, 0.5, 1.0, -2.0]).double()
    torch.testing.assert_close(loss(d + 100), loss(d))
    middle = ((P * d).sum() + (Q * d).sum()) / 2
    torch.testing.assert_close(game.probability(d + 100, middle + 100), game.probability(d, middle))
    assert float(game.probability(middle, middle)) == 0.5
    assert (game.probability(d, middle) > 0.5).tolist() == (d > middle).tolist()


@every
def test_probabilities_are_such_and_rise_with_the_logit(name):
    d = torch.cat([torch.tensor([-1e4]), D, torch.tensor([1e4])]).double()
    probability = GAMES[name].probability(d, MIDDLE)
    assert (probability >= 0).all() and (probability <= 1).all()
    assert (probability.diff() >= 0).all()
    assert float(probability[0]) < 1e-3 and float(probability[-1]) > 1 - 1e-3


@every
def test_each_player_pulls_its_own_way(name):
    """D pulls real rows up and others down, G its rows up: by the signs of the gradients."""
    d = torch.linspace(-0.9, 0.9, 7).double().requires_grad_()
    real, fake, generator = (torch.autograd.grad(loss(d).sum(), d)[0] for loss in GAMES[name][:3])
    assert (generator < 0).all() and (real < 0).all()
    share = 0.95 if name == "least-squares" else 0.0  # its target of others is 0 and not −∞
    assert (fake > -share).all() and (fake[d > 0] > 0).all()


@every
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_large_logits_are_borne(name, dtype):
    d = torch.tensor([-1e4, -100.0, 0.0, 100.0, 1e4], dtype=dtype, requires_grad=True)
    for loss in GAMES[name][:3]:
        values = loss(d)
        (gradient,) = torch.autograd.grad(values.sum(), d)
        assert values.isfinite().all() and gradient.isfinite().all()


@every
def test_the_generator_s_pull_does_not_fade_where_it_fails(name):
    """log(1 − σ(d)) would be flat there; this is why its loss is another."""
    d = torch.tensor([-30.0], requires_grad=True)
    (gradient,) = torch.autograd.grad(GAMES[name].generator(d).sum(), d)
    assert float(gradient) <= -1 + 1e-6


def test_penalties_of_a_plane():
    a, x = torch.tensor([3.0, -4.0]).double(), Stream(0).normal(5, 2).double().requires_grad_()
    torch.testing.assert_close(slopes(x @ a, x), a.expand(5, 2))
    torch.testing.assert_close(r1(x @ a, x), torch.full((5,), 12.5).double())
    torch.testing.assert_close(one_lipschitz(x @ a, x), torch.full((5,), 16.0).double())


def test_penalties_of_a_paraboloid():
    """D(x) = ½ xᵀAx has the slope Ax."""
    A = torch.tensor([[2.0, 1.0], [1.0, 3.0]]).double()
    x = Stream(0).normal(5, 2).double().requires_grad_()
    d = (x @ A * x).sum(-1) / 2
    slope = (x @ A).detach()
    torch.testing.assert_close(r1(d, x), slope.square().sum(-1) / 2)
    torch.testing.assert_close(one_lipschitz(d, x), (slope.norm(dim=-1) - 1).square())


def test_penalties_of_a_level_critic_are_finite():
    """Its slope has no direction, so the norm has no gradient of its own."""
    a = torch.zeros(2, requires_grad=True)
    x = torch.ones(3, 2, requires_grad=True)
    for penalty, expected in ((r1, 0.0), (one_lipschitz, 1.0)):
        values = penalty(x @ a, x)
        torch.testing.assert_close(values, torch.full((3,), expected))
        (gradient,) = torch.autograd.grad(values.sum(), a)
        assert gradient.isfinite().all()


NETWORKS = {
    "dense": lambda: dense((12, 5, 1), "tanh"),
    "dense, for large products": lambda: dense((12, 5, 1), "tanh"),
    "convolution": lambda: convolutional_encoder((3, 2, 2), (3,), 1, "tanh"),
}


@pytest.fixture(params=NETWORKS)
def network(request, monkeypatch):
    """Float64; one takes the affine layers' own autograd function at any size."""
    if "large" in request.param:
        monkeypatch.setattr(_products, "FUNCTION_FROM", 0)
        monkeypatch.setattr(_products, "prefers_onednn", lambda x, n_outputs: True)
        monkeypatch.setattr(_products, "_onednn", lambda x, A, b, *_: linear(x, A, b))
    network = NETWORKS[request.param]().double()
    initialize(network, Stream(0))
    for bias in (p for name, p in network.named_parameters() if name.endswith("bias")):
        nn.init.constant_(bias, 0.3)
    return network


@pytest.mark.parametrize("penalty", [r1, one_lipschitz])
def test_a_penalty_s_gradient_is_right(penalty, network):
    """By finite differences: it goes through the gradient of D, layer by layer."""
    names = [name for name, _ in network.named_parameters()]
    values = [p.detach().clone().requires_grad_() for p in network.parameters()]
    x = Stream(1).normal(4, 12).double().requires_grad_()

    def penalties(*parameters):
        named = dict(zip(names, parameters, strict=True))
        d = torch.func.functional_call(network, named, (x,)).squeeze(1)
        return penalty(d, x)

    assert torch.autograd.gradcheck(penalties, values)
    gradients = torch.autograd.grad(penalties(*values).sum(), values, allow_unused=True)
    assert all(g.abs().max() > 1e-3 for g in gradients[::2])


def test_layers_can_be_differentiated_twice(network):
    x = Stream(1).normal(3, 12).double().requires_grad_()
    assert torch.autograd.gradgradcheck(network, (x,))
