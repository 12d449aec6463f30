"""BiGAN: an encoder that becomes the generator's inverse by playing."""

import copy

import numpy as np
import pytest
import torch
from sklearn.base import clone

from skdeepunsup import BiGAN, metrics
from skdeepunsup._random import Stream
from skdeepunsup._rows import ResidentRows
from skdeepunsup.adversarial.learning.games import GAMES
from skdeepunsup.adversarial.learning.two_players import TwoPlayers
from skdeepunsup.adversarial.modules.bigan import BiGANModule, JointCritic
from skdeepunsup.networks import initialize

N, D, K = 8, 3, 2
each_loss = pytest.mark.parametrize("loss", GAMES)


def rows(n=N, seed=0):
    return 2 + 3 * Stream(seed).normal(n, D).double()


def joint_module(loss="non-saturating", **arguments):
    arguments = {"hidden_layer_sizes": (5,), "activation": "tanh"} | arguments
    module = BiGANModule(D, K, loss=loss, **arguments)
    module.initialize(ResidentRows(rows()), Stream(1))
    return module.double()


def two_players(module, **options):
    defaults = {
        "rates": (3e-3, 1e-3),
        "decay": True,
        "n_critic": 1,
        "penalty": None,
        "penalty_weight": 0.5,
        "penalty_interval": 1,
        "spectral_norm": False,
        "averaging": 0.9,
        "autocast": None,
    }
    game = TwoPlayers(module, Stream(2), **defaults | options)
    game.begin_epoch(0.0)
    return game


def pairs(module, x, z):
    """(x, E(x)) and (G(z), z), as the discriminator sees them."""
    u = (x - module.center) / module.scale
    real, fake = (u, module.encoder(u)), (module.generator(z), z)
    return torch.cat(real, dim=1), torch.cat(fake, dim=1)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("penalty", [None, "r1", "one-lipschitz"])
@each_loss
def test_an_update_is_that_written_plainly(loss, penalty, weighted):
    module = joint_module(loss)
    plain, game = copy.deepcopy(module), two_players(module, penalty=penalty)
    weight = torch.arange(N).double() / 3.5 if weighted else None
    record = game.step(rows(), weight)

    weight = torch.ones(N).double() if weight is None else weight
    real_loss, fake_loss = GAMES[loss][:2]
    stream, critic = Stream(2), plain.discriminator
    z = stream.normal_like(torch.empty(N, K).double())
    real, fake = (pair.detach() for pair in pairs(plain, rows(), z))
    loss_D = (weight * real_loss(critic(real)[:, 0]) + fake_loss(critic(fake)[:, 0])).mean()
    cost = loss_D
    if penalty is not None:  # on slopes by rows and codes alike, in units of √(d + k)
        share = stream.uniform((N, 1)).double() if penalty == "one-lipschitz" else 1.0
        points = (share * real + (1 - share) * fake).requires_grad_()
        (slope,) = torch.autograd.grad(critic(points).sum(), points, create_graph=True)
        squares = (D + K) * slope.square().sum(1)
        terms = squares / 2 if penalty == "r1" else (squares.sqrt() - 1).square()
        cost = loss_D + 0.5 * (weight * terms).mean()
    adam_D = torch.optim.Adam(critic.parameters(), 3e-3, betas=(0.5, 0.999))
    cost.backward()
    adam_D.step()
    assert float(record["discriminator"]) == pytest.approx(float(loss_D.detach()), rel=1e-9)

    players = [*plain.generator.parameters(), *plain.encoder.parameters()]
    adam_GE = torch.optim.Adam(players, 1e-3, betas=(0.5, 0.999))
    adam_GE.zero_grad()
    real, fake = pairs(plain, rows(), z)
    # What the discriminator would lose with the kinds of pairs exchanged.
    loss_GE = (real_loss(critic(fake)[:, 0]) + weight * fake_loss(critic(real)[:, 0])).mean()
    loss_GE.backward()
    adam_GE.step()
    assert float(record["generator"]) == pytest.approx(float(loss_GE.detach()), rel=1e-9)
    for name in ("discriminator", "generator", "encoder"):
        for p, q in zip(
            getattr(module, name).parameters(), getattr(plain, name).parameters(), strict=True
        ):
            torch.testing.assert_close(p.detach(), q.detach(), rtol=1e-9, atol=1e-11)


def test_the_game_is_symmetric():
    """Exchange the kinds of pairs, and the players exchange their losses."""
    for loss in GAMES:
        module = joint_module(loss)
        d_real, d_fake = Stream(0).normal(2, 20).double()
        lost = module.opponents_lose(torch.cat([d_fake, d_real]), None)
        torch.testing.assert_close(lost, module.game.real(d_fake) + module.game.fake(d_real))


def test_the_encoder_moves_in_the_game_with_the_generator_alone():
    game = two_players(joint_module(), n_critic=2)
    for moves in (True, False, True):
        before = {
            name: [p.detach().clone() for p in getattr(game.module, name).parameters()]
            for name in ("encoder", "generator", "discriminator")
        }
        game.step(rows())
        changed = {
            name: any(
                not torch.equal(p, q)
                for p, q in zip(getattr(game.module, name).parameters(), values, strict=True)
            )
            for name, values in before.items()
        }
        assert changed == {"encoder": moves, "generator": moves, "discriminator": True}


def test_the_discriminator_s_move_gives_its_opponents_no_gradient():
    game = two_players(joint_module(), n_critic=2, penalty="r1")
    game.step(rows())
    for p in game.opponents:
        p.grad = None
    game.step(rows())
    assert all(p.grad is None for p in game.opponents)


@pytest.mark.parametrize("shape", [None, (1, 3, 1)])
def test_the_discriminator_sees_both_of_a_pair(shape):
    module = joint_module(image_shape=shape, hidden_layer_sizes=(5,))
    seen = module.real(rows())
    torch.testing.assert_close(seen[:, :D], module.standardize(rows()))
    torch.testing.assert_close(seen[:, D:], module.encode(rows()))
    code = module.draw_codes(N, Stream(0))
    seen = module.fake(code)
    torch.testing.assert_close(seen[:, D:], code)
    torch.testing.assert_close(module.rows(seen[:, :D]), module.rows(module.generator(code)))
    seen = seen.detach().requires_grad_()
    (slope,) = torch.autograd.grad(module.discriminator(seen).sum(), seen)
    assert (slope.abs().max(dim=0).values > 1e-4).all()


def test_a_joint_critic_is_one_of_images_without_codes():
    """Its convolutions see the image alone: another code moves it by the dense layers."""
    critic = JointCritic((4, 3, 2), (5, 6), K, "tanh")
    initialize(critic, Stream(0))
    seen = Stream(1).normal(7, 24 + K)
    expected = critic.both(torch.cat([critic.image(seen[:, :24]), seen[:, 24:]], dim=1))
    torch.testing.assert_close(critic(seen), expected)
    assert critic(seen).shape == (7, 1)
    assert not torch.allclose(critic(seen), critic(torch.cat([seen[:, :24], -seen[:, 24:]], 1)))


@each_loss
def test_encoder_and_generator_come_to_invert_each_other(loss):
    """On a plane in four dimensions, for which a code of two numbers suffices."""
    rng = np.random.default_rng(0)
    plane, X = rng.normal(size=(2, 4)), rng.normal(size=(800, 2))
    X = X @ plane + 0.05 * rng.normal(size=(800, 4))
    model = BiGAN(2, hidden_layer_sizes=(32,), learning_rate=3e-3, max_iter=80, loss=loss)
    untrained = clone(model).set_params(max_iter=1, learning_rate=1e-9, random_state=0).fit(X)
    model.set_params(random_state=0).fit(X)
    Z = np.random.default_rng(1).normal(size=(1000, 2))

    def lost(model):  # 1 knows no more than the mean code
        return np.square(model.transform(model.inverse_transform(Z)) - Z).mean()

    assert lost(model) < 0.5 * min(1.0, lost(untrained))
    assert metrics.reconstruction_score(model, X) > 0.5
    assert metrics.reconstruction_score(untrained, X) < 0.3
    # The codes of real rows are those that it draws.
    codes = model.transform(X)
    np.testing.assert_allclose(codes.mean(axis=0), 0, atol=0.4)
    np.testing.assert_allclose(codes.std(axis=0), 1, atol=0.4)


def test_discrimination_is_of_a_row_with_its_code():
    X = np.random.default_rng(0).normal(size=(50, 4))
    model = BiGAN(2, hidden_layer_sizes=(6,), max_iter=3, random_state=0).fit(X)
    module = copy.deepcopy(model.module_).double()
    u = torch.tensor(module.scaling.standardized(X))
    with torch.no_grad():
        d = module.discriminator(torch.cat([u, module.encoder(u)], dim=1))[:, 0].numpy()
    np.testing.assert_allclose(model.score_samples(X), d, rtol=1e-9)
    np.testing.assert_allclose(model.discriminate(X), 1 / (1 + np.exp(-d)), rtol=1e-9)
    np.testing.assert_allclose(model.transform(X), module.encode(u).detach().numpy(), rtol=1e-9)


@pytest.mark.parametrize("shape", [(5, 4), (3, 3, 2)])
def test_images_are_encoded_and_drawn(shape):
    X = np.random.default_rng(0).random((40, int(np.prod(shape))))
    model = BiGAN(2, image_shape=shape, hidden_layer_sizes=(3, 4), max_iter=2, random_state=0)
    model.fit(X)
    assert isinstance(model.module_.discriminator, JointCritic)
    assert model.transform(X).shape == (40, 2)
    probability = model.discriminate(X)
    assert ((probability >= 0) & (probability <= 1)).all()
    samples = model.sample(6, random_state=0)
    assert samples.shape == (6, X.shape[1])
    assert ((samples >= 0) & (samples <= 1)).all()
