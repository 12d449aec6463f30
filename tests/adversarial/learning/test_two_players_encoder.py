"""The encoder that learns after the game, and what the two stages share."""

import copy
import math

import pytest
import torch

from skdeepunsup._random import Stream
from skdeepunsup._rows import ResidentRows
from skdeepunsup.adversarial.learning.two_players import GameThenEncoder
from skdeepunsup.adversarial.modules.gan import GANModule
from skdeepunsup.training import Adam, GradientDescent
from tests.adversarial.learning.players import D, N, changed, game_module, rows, two_players, values


def game_then_encoder(module=None, rate=1e-2, **options):
    game = two_players(module, **options)
    optimizer = Adam((game.module.encoder.parameters(), rate))
    return GameThenEncoder(game, GradientDescent(game.module, optimizer, Stream(3)))


@pytest.mark.parametrize("classes", [(), ("a", "b")])
def test_the_stages_move_their_own_networks_alone(classes):
    objective = game_then_encoder(game_module(classes=classes))
    module = objective.game.module
    names = ("generator", "discriminator", "average", "encoder")
    label = (torch.arange(N) % 2,) if classes else ()
    for stage, movable in [(0, names[:3]), (1, names[3:])]:
        objective.begin_epoch(0.5, stage)
        before = {name: values(getattr(module, name)) for name in names}
        middle = module.middle.clone()
        record = objective.step(rows(), None, *label)
        moved = {name for name in names if any(changed(getattr(module, name), before[name]))}
        assert moved == set(movable)
        objective.measure(ResidentRows(rows()), None)
        assert torch.equal(module.middle, middle) == bool(stage)
        terms = {"encoder"} | ({"class"} if classes else set())
        assert set(record) == {"loss"} | (terms if stage else {"generator", "discriminator"})


def test_a_state_of_both_stages_goes_on():
    one = game_then_encoder()
    for stage in (0, 0, 1):
        one.begin_epoch(0.0, stage)
        one.step(rows())
    other = game_then_encoder(copy.deepcopy(one.game.module))
    other.load_state_dict(copy.deepcopy(one.state_dict()))
    for objective in (one, other):
        objective.game.stream.load_state_dict(Stream(7).state_dict())
        objective.encoding.stream.load_state_dict(Stream(8).state_dict())
        for stage in (0, 1):
            objective.begin_epoch(0.0, stage)
            objective.step(rows(seed=1))
    for p, q in zip(one.game.module.parameters(), other.game.module.parameters(), strict=True):
        assert torch.equal(p, q)


def test_rows_are_decoded_and_encoded_by_the_average_generator():
    module = game_module()
    code = module.draw_codes(N, Stream(0))
    before, loss = module.decode(code), module.losses(rows(), Stream(4))["encoder"]
    with torch.no_grad():
        module.generator[0].weight.add_(1)
    assert torch.equal(module.decode(code), before)
    assert torch.equal(module.losses(rows(), Stream(4))["encoder"], loss)
    with torch.no_grad():
        module.average[0].weight.add_(1)
    assert not torch.equal(module.decode(code), before)
    assert not torch.equal(module.losses(rows(), Stream(4))["encoder"], loss)


def test_the_encoder_loses_what_its_formula_says():
    module = game_module(classes=("a", "b", "c"))
    losses = module.losses(rows(), Stream(4))
    code = module.draw_codes(N, Stream(4))
    answer = module.encode(module.decode(code))
    torch.testing.assert_close(losses["encoder"], (answer - code)[:, :2].square().sum(1))
    torch.testing.assert_close(losses["class"], -(answer[:, 2:] * code[:, 2:]).sum(1).log())


@pytest.mark.parametrize("n_components", [2, 5])
def test_the_encoder_of_an_affine_generator_is_its_pseudo_inverse(n_components):
    """E[z | Wz + b] = W⁺Wz: of more components than features, so many stay unknown."""
    module = GANModule(D, n_components)
    module.initialize(ResidentRows(rows()), Stream(1))
    module.double()
    generator = module.average[0]
    with torch.no_grad():
        U, _, Vh = torch.linalg.svd(generator.weight, full_matrices=False)
        generator.weight.copy_(U * torch.tensor([1.0, 0.8, 0.6][: len(Vh)]) @ Vh)
        generator.bias.fill_(0.5)
    objective = game_then_encoder(module, rate=0.05)
    optimizer, losses = objective.encoding.optimizer, []
    for epoch in range(500):
        objective.begin_epoch(0.5, 1)
        optimizer.pace = 0.985**epoch
        losses.append(float(objective.step(rows(256))["encoder"]))
    W, z = generator.weight.detach(), Stream(4).normal(50, n_components).double()
    answer = module.encode(module.decode(z)).detach()
    torch.testing.assert_close(answer, z @ (torch.linalg.pinv(W) @ W).T, atol=0.1, rtol=0)
    unknown = max(0, n_components - D)
    error = 5 * math.sqrt(2 * unknown / (100 * 256)) + 2e-3  # of χ² with that many degrees
    assert sum(losses[-100:]) / 100 == pytest.approx(unknown, abs=error)
    assert losses[0] > unknown + 0.5
