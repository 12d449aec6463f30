"""The game's updates, written out a second time."""

import copy

import pytest
import torch

from skdeepunsup._random import Stream
from skdeepunsup._rows import ResidentRows
from skdeepunsup.adversarial.learning.games import GAMES
from tests.adversarial.learning.players import (
    OPTIONS,
    D,
    N,
    changed,
    game_module,
    rows,
    two_players,
    values,
)


class PlainGame:
    """Two players written plainly with torch, on copies of the networks."""

    def __init__(self, module, seed=2, **options):
        module = copy.deepcopy(module)
        self.G, self.D, self.average = module.generator, module.discriminator, module.average
        self.center, self.scale, self.n_latent = module.center, module.scale, module.n_latent
        self.loss, self.options, self.stream = module.arguments["loss"], options, Stream(seed)
        rate_D, rate_G = OPTIONS["rates"]
        self.adam_D = torch.optim.Adam(self.D.parameters(), rate_D, betas=(0.5, 0.999))
        self.adam_G = torch.optim.Adam(self.G.parameters(), rate_G, betas=(0.5, 0.999))
        self.moves = 0

    def step(self, x, weight=None):
        weight = torch.ones(len(x)).double() if weight is None else weight
        real, fake, generator = GAMES[self.loss][:3]
        u = (x - self.center) / self.scale
        z = self.stream.normal_like(torch.empty(len(x), self.n_latent).double())
        fakes = self.G(z)

        seen = fakes.detach()
        d_real, d_fake = self.D(u)[:, 0], self.D(seen)[:, 0]
        loss_D = (weight * real(d_real)).mean() + fake(d_fake).mean()
        cost = loss_D + self.penalty(u, seen, weight)
        self.adam_D.zero_grad()
        cost.backward()
        self.adam_D.step()

        loss_G = generator(self.D(fakes)[:, 0]).mean()
        self.adam_G.zero_grad()
        loss_G.backward()
        self.adam_G.step()
        share = min(OPTIONS["averaging"], (1 + self.moves) / (10 + self.moves))
        with torch.no_grad():
            for a, p in zip(self.average.parameters(), self.G.parameters(), strict=True):
                a.copy_(share * a + (1 - share) * p)
        self.moves += 1
        return float(loss_D.detach()), float(loss_G.detach())

    def penalty(self, u, seen, weight):
        """On slopes in units of √d, the root mean square distance of rows from their mean."""
        kind, interval = self.options["penalty"], self.options.get("penalty_interval", 1)
        if kind is None or self.moves % interval:
            return 0.0
        if kind == "one-lipschitz":
            share = self.stream.uniform((len(u), 1)).double()
            u = share * u + (1 - share) * seen
        u = u.clone().requires_grad_()
        (slope,) = torch.autograd.grad(self.D(u).sum(), u, create_graph=True)
        squares = D * slope.square().sum(1)
        terms = squares / 2 if kind == "r1" else (squares.sqrt() - 1).square()
        return OPTIONS["penalty_weight"] * interval * (weight * terms).mean()


def assert_same_players(game, plain):
    for ours, theirs in [
        (game.module.discriminator, plain.D),
        (game.module.generator, plain.G),
        (game.module.average, plain.average),
    ]:
        for p, q in zip(ours.parameters(), theirs.parameters(), strict=True):
            torch.testing.assert_close(p.detach(), q.detach(), rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("penalty", [None, "r1", "one-lipschitz"])
@pytest.mark.parametrize("loss", GAMES)
def test_updates_are_those_written_plainly(loss, penalty):
    module, options = game_module(loss), {"penalty": penalty, "penalty_interval": 2}
    plain, game = PlainGame(module, **options), two_players(module, **options)
    start = values(module)
    for seed in range(4):
        record = game.step(rows(seed=seed))
        loss_D, loss_G = plain.step(rows(seed=seed))
        assert float(record["discriminator"]) == pytest.approx(loss_D, rel=1e-9)
        assert float(record["generator"]) == pytest.approx(loss_G, rel=1e-9)
        assert float(record["loss"]) == float(record["generator"])
    assert_same_players(game, plain)
    assert sum(changed(module, start)) >= 8  # weights of D, G and its average


@pytest.mark.parametrize("penalty", ["r1", "one-lipschitz"])
def test_weighted_updates_are_those_written_plainly(penalty):
    module, weight = game_module(), torch.arange(N).double() / 4
    plain, game = PlainGame(module, penalty=penalty), two_players(module, penalty=penalty)
    for seed in range(3):
        game.step(rows(seed=seed), weight)
        plain.step(rows(seed=seed), weight)
    assert_same_players(game, plain)


@pytest.mark.parametrize("penalty", [None, "r1", "one-lipschitz"])
def test_no_weights_are_weights_of_one(penalty):
    one, other = two_players(penalty=penalty), two_players(penalty=penalty)
    one.step(rows())
    other.step(rows(), torch.ones(N).double())
    for p, q in zip(one.module.parameters(), other.module.parameters(), strict=True):
        assert torch.equal(p, q)


def test_a_weight_of_two_counts_the_row_s_term_twice():
    """In the discriminator's loss; the terms of the other rows and of the fakes stay."""
    weight = torch.ones(N).double()
    weight[3] = 2
    module = game_module()
    u = module.standardize(rows()[3:4])
    term = float(module.game.real(module.discriminator(u)[0, 0]).detach())
    plain, weighted = two_players(copy.deepcopy(module)), two_players(module)
    difference = (
        weighted.step(rows(), weight)["discriminator"] - plain.step(rows())["discriminator"]
    )
    assert float(difference) * N == pytest.approx(term, rel=1e-9)


def test_the_discriminator_s_move_leaves_the_generator_alone():
    game = two_players(penalty="one-lipschitz", n_critic=2)
    game.step(rows())
    module = game.module
    for p in game.opponents:
        p.grad = None
    generator, average = values(module.generator), values(module.average)
    critic = values(module.discriminator)
    game.step(rows())  # the discriminator's alone
    assert all(p.grad is None for p in game.opponents)
    assert not any(changed(module.generator, generator) + changed(module.average, average))
    assert any(changed(module.discriminator, critic))


def test_the_generator_s_move_leaves_the_discriminator_alone():
    game = two_players()
    game.step(rows())
    module, critics = game.module, game.critics
    before, gradients = values(module.discriminator), [p.grad.clone() for p in critics]
    with torch.enable_grad():
        real, fake = module.real(rows()), module.fake(module.draw_codes(N, Stream(5)))
    generator = values(module.generator)
    game._move_opponents(real, fake, None, None)
    assert any(changed(module.generator, generator))
    assert not any(changed(module.discriminator, before))
    assert all(torch.equal(p.grad, g) for p, g in zip(critics, gradients, strict=True))
    assert all(p.requires_grad for p in critics)


def test_the_average_and_the_encoder_are_not_moved_by_gradients():
    game = two_players(averaging=0.0)
    encoder = values(game.module.encoder)
    game.step(rows())
    assert not any(changed(game.module.encoder, encoder))
    assert all(p.grad is None for p in game.module.average.parameters())
    # With no share of itself, the average is the generator.
    assert not any(changed(game.module.average, values(game.module.generator)))


@pytest.mark.parametrize("n_critic", [1, 2, 3])
def test_the_generator_moves_at_every_nth_batch(n_critic):
    game = two_players(n_critic=n_critic)
    for batch in range(7):
        generator, critic = values(game.module.generator), values(game.module.discriminator)
        before = game.last_loss
        game.step(rows(seed=batch))
        moved = batch % n_critic == 0
        assert any(changed(game.module.generator, generator)) == moved
        assert any(changed(game.module.discriminator, critic))
        assert (game.last_loss is before) != moved
    assert game.n_updates == 7


def test_the_penalty_is_due_every_so_many_moves_and_as_many_times_as_much():
    """In the discriminator's gradients; without the penalty, they are those of the loss alone."""

    def gradients(n_steps, **options):
        game = two_players(rates=(1e-30, 1e-30), n_critic=100, **options)
        for _ in range(n_steps):  # nobody moves
            game.step(rows())
        return torch.cat([p.grad.flatten() for p in game.critics])

    for n_steps in range(1, 6):
        bare = gradients(n_steps)
        each = gradients(n_steps, penalty="r1") - bare
        third = gradients(n_steps, penalty="r1", penalty_interval=3) - bare
        assert each.norm() > 1e-3
        due = (n_steps - 1) % 3 == 0
        torch.testing.assert_close(third, (3 if due else 0) * each)


def test_the_penalty_s_weight_scales_it():
    def gradients(**options):
        game = two_players(**options)
        game.step(rows())
        return torch.cat([p.grad.flatten() for p in game.critics])

    none, one, two = (gradients(penalty="r1", penalty_weight=w) for w in (0.0, 0.5, 1.0))
    torch.testing.assert_close(none, gradients())
    torch.testing.assert_close(two - none, 2 * (one - none))


@pytest.mark.parametrize("averaging", [0.0, 0.5, 0.999])
def test_the_average_warms_up(averaging):
    """It keeps (1 + t) / (10 + t) of itself at move t, until that is ``averaging``."""
    game, shares = two_players(averaging=averaging, n_critic=2), []
    for batch in range(30):
        before = values(game.module.average)[0]
        game.step(rows(seed=batch))
        if batch % 2 == 0:
            after, target = (values(m)[0] for m in (game.module.average, game.module.generator))
            shares.append(1 - float((after - before).norm() / (target - before).norm()))
    expected = [min(averaging, (1 + t) / (10 + t)) for t in range(15)]
    assert shares == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("decay", [True, False])
def test_rates_are_kept_for_half_the_game_and_fall_to_a_hundredth(decay):
    game = two_players(decay=decay)
    for progress, pace in [(0.0, 1), (0.25, 1), (0.5, 1), (0.75, 0.505), (0.9, 0.208), (1, 0.01)]:
        game.begin_epoch(progress)
        paces = [optimizer.pace for optimizer in game.optimizers]
        assert paces == pytest.approx([pace if decay else 1] * 2, rel=1e-12)


def test_each_row_is_judged_by_its_class_s_logit():
    """So only the logits of classes that occur learn, each from the rows of its class."""
    game = two_players(game_module(classes=("a", "b", "c")), penalty="r1")
    label = torch.tensor([0, 2] * (N // 2))
    bias = game.module.discriminator[-1].bias
    game.step(rows(), None, label)
    assert bias.grad[1] == 0 and (bias.grad[[0, 2]] != 0).all()
    d = game._judge(game.module.real(rows()), label)
    every = game.module.discriminator(game.module.real(rows()))
    torch.testing.assert_close(d, every[torch.arange(N), label])


def test_rows_are_generated_of_the_classes_of_the_batch():
    module, label = game_module(classes=("a", "b", "c")), torch.tensor([2, 0, 1, 1])
    code = module.draw_codes(4, Stream(0), label)
    assert code[:, 2:].tolist() == [[0, 0, 1], [1, 0, 0], [0, 1, 0], [0, 1, 0]]
    torch.testing.assert_close(code[:, :2], Stream(0).normal_like(torch.empty(4, 2).double()))


@pytest.mark.parametrize("classes", [(), ("a", "b")])
def test_middle_is_halfway_between_the_mean_logits_of_the_epoch(classes):
    game = two_players(game_module("wasserstein", classes=classes), rates=(1e-30, 1e-30))
    weight = 0.5 + torch.arange(N).double() / (N - 1)
    label = torch.arange(N) % 2 if classes else None
    game.begin_epoch(0.0)
    sums, counts = torch.zeros(2).double(), torch.zeros(2).double()
    for batch in range(20):
        codes = Stream.restored(game.stream.state_dict(), "cpu")
        x = rows(seed=batch)
        game.step(x, weight, label)
        with torch.no_grad():
            made = game.module.fake(game.module.draw_codes(N, codes, label))
            d_real, d_fake = (game._judge(u, label) for u in (game.module.real(x), made))
        for i in range(N):
            k = int(label[i]) if classes else 0
            sums[k] += (weight[i] * d_real[i] + (weight[i] if classes else 1) * d_fake[i]) / 2
            counts[k] += weight[i]
    game.measure(ResidentRows(rows()), None)
    n = len(game.module.middle)
    torch.testing.assert_close(game.module.middle, sums[:n] / counts[:n])


@pytest.mark.parametrize("spectral_norm", [False, True])
def test_a_state_goes_on_as_the_game_does(spectral_norm):
    options = {"penalty": "one-lipschitz", "n_critic": 2, "spectral_norm": spectral_norm}
    game = two_players(**options)
    for seed in range(3):
        game.step(rows(seed=seed))
    other = two_players(copy.deepcopy(game.module), seed=9, **options)
    other.load_state_dict(copy.deepcopy(game.state_dict()))
    other.stream.load_state_dict(game.stream.state_dict())
    for seed in range(3):
        records = [g.step(rows(seed=seed)) for g in (game, other)]
        assert float(records[0]["discriminator"]) == float(records[1]["discriminator"])
        assert float(records[0]["loss"]) == pytest.approx(float(records[1]["loss"]), rel=1e-6)
    for p, q in zip(game.module.parameters(), other.module.parameters(), strict=True):
        assert torch.equal(p, q)


@pytest.mark.parametrize("output", ["identity", "logistic"])
def test_the_discriminator_is_shown_generated_rows_as_it_is_shown_real_ones(output):
    module = game_module(output=output)
    module.center.copy_(torch.tensor([0.2, 0.5, 0.9]))
    code = module.draw_codes(N, Stream(0))
    generated = module.rows(module.generator(code))
    torch.testing.assert_close(module.fake(code), module.real(generated))
    if output == "logistic":
        assert (generated > 0).all() and (generated < 1).all()
