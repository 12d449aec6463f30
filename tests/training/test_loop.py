"""The loop: epochs and how they end, for any kind of update."""

import math

import pytest
import torch
from sklearn.exceptions import ConvergenceWarning
from torch import nn

from skdeepunsup._random import Stream
from skdeepunsup._rows import ResidentRows, mean_over_rows
from skdeepunsup.training import GradientDescent, Schedule, checkpoint, train
from skdeepunsup.training.loop import extend
from tests.reads import Reads

X = Stream(0).normal(20, 3) + torch.tensor([1.0, -2.0, 3.0])
ROWS = ResidentRows(X)


class Mean(nn.Module):
    """θ, as near to the rows as can be."""

    def __init__(self):
        super().__init__()
        self.theta = nn.Parameter(torch.zeros(3))

    def losses(self, x, stream, weights=None):
        return {"distance": (x - self.theta).square().sum(-1)}


def back_propagation():
    module = Mean()
    return GradientDescent(
        module, torch.optim.Adam(module.parameters(), lr=0.1, fused=True), Stream(0)
    )


class Statistics:
    """θ follows the batches' means: an update that no gradient gives."""

    def __init__(self):
        self.module = Mean().requires_grad_(False)
        self.theta = self.module.theta

    def begin_epoch(self, progress, stage=0):
        self.rate = 0.3 * (1 - progress) + 0.01

    def step(self, x):
        self.theta.lerp_(x.mean(0), self.rate)
        return {}

    def measure(self, rows, held_out):
        record = {"loss": mean_over_rows(self._distance, rows)}
        if held_out is not None:
            record["validation_loss"] = mean_over_rows(self._distance, held_out)
        return record

    def _distance(self, x):
        return (x - self.theta).square().sum(-1)

    def state_dict(self):
        return {}

    def load_state_dict(self, state):
        pass


class Game:
    """Two players, each with an optimiser and a loss of its own.

    A critic finds the direction φ in which θ is off the rows; θ moves against it.
    """

    def __init__(self):
        self.module = nn.ParameterDict({"theta": torch.zeros(3), "phi": torch.zeros(3)})
        self.theta, self.phi = self.module["theta"], self.module["phi"]
        self.players = (
            torch.optim.SGD([self.theta], lr=0.05),
            torch.optim.Adam([self.phi], lr=0.5, fused=True),
        )

    def begin_epoch(self, progress, stage=0):
        pass

    def step(self, x):
        generator, critic = self.players
        gap = x.mean(0) - self.theta
        critic_loss = self._update(critic, (self.phi - gap.detach()).square().sum())
        generator_loss = self._update(generator, gap @ self.phi.detach())
        return {
            "loss": gap.detach().square().sum(),
            "generator_loss": generator_loss,
            "critic_loss": critic_loss,
        }

    @staticmethod
    def _update(player, loss):
        player.zero_grad()
        loss.backward()
        player.step()
        return loss.detach()

    def measure(self, rows, held_out):
        if held_out is None:
            return {}
        return {"validation_loss": (held_out.mean() - self.theta.detach()).square().sum()}

    def state_dict(self):
        return {"players": [player.state_dict() for player in self.players]}

    def load_state_dict(self, state):
        for player, stored in zip(self.players, state["players"], strict=True):
            player.load_state_dict(stored)


KINDS = {"back-propagation": back_propagation, "statistics": Statistics, "game": Game}
any_kind = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS.keys())


def theta_of(objective):
    return objective.module.get_parameter("theta").detach().clone()


def run(objective, epochs, *, batch_size=6, held_out=None, observer=None, rows=ROWS, **schedule):
    history = {}
    train(
        objective,
        rows,
        Schedule(epochs, batch_size, **schedule),
        Stream(0),
        history=history,
        held_out=held_out,
        observer=observer,
    )
    return history


class Scripted:
    """θ counts the steps; the losses are those of the script, one an epoch."""

    def __init__(self, losses, name="loss"):
        self.losses, self.name = iter(losses), name
        self.module = nn.Module()  # θ is the objective's own
        self.theta, self.epoch, self.seen, self.progress = torch.zeros(1), 0, [], []

    def begin_epoch(self, progress, stage=0):
        self.epoch += 1
        self.seen.append([])
        self.progress.append(progress)

    def step(self, x):
        self.theta += 1
        self.seen[-1].append(x)
        return {}

    def measure(self, rows, held_out):
        return {"loss": torch.tensor(0.0)} | {self.name: torch.tensor(float(next(self.losses)))}

    def state_dict(self):
        return {"theta": self.theta}

    def load_state_dict(self, state):
        self.theta.copy_(state["theta"])


STEPS = 4
"""Batches of an epoch of ROWS, by 6: of 6, 6, 6 and 2 rows."""


class Watcher:
    """An observer that acts at the end of one epoch, or in its beginning."""

    def __init__(self, act=None, epoch=None):
        self.act, self.epoch, self.events = act, epoch, []

    def begin_epoch(self):
        self.events.append("begin")

    def end_epoch(self, record):
        self.events.append(record["loss"])
        return self.act() if len(self.events) == 2 * (self.epoch or 0) else False


def raiser(error):
    def act(*args):
        raise error

    return act


def interrupt_in_epoch(objective, epoch, error, after_steps=2):
    """Let ``objective.step`` raise in the middle of an epoch, after it has changed something."""
    plain, steps = objective.step, iter(range(10**6))

    def step(x):
        result = plain(x)
        if next(steps) == (epoch - 1) * STEPS + after_steps:
            raise error
        return result

    objective.step = step
    return objective


# Epochs


@any_kind
def test_every_kind_of_update_is_trained(kind):
    objective = kind()
    run(objective, 60)
    assert (theta_of(objective) - X.mean(0)).abs().max() < 0.5 < X.mean(0).abs().min()


@any_kind
def test_one_seed_is_one_training(kind):
    one, other = kind(), kind()
    assert run(one, 3)["loss"] == run(other, 3)["loss"]
    assert torch.equal(theta_of(one), theta_of(other))


@any_kind
def test_every_scalar_has_an_entry_for_every_epoch(kind):
    for held_out in (None, ROWS):
        history = run(kind(), 5, held_out=held_out)
        assert {"loss", "validation_loss"} <= history.keys()
        assert {name: len(values) for name, values in history.items()} == dict.fromkeys(history, 5)
        assert all(isinstance(v, float) for values in history.values() for v in values)


def test_each_player_of_a_game_has_its_loss_in_the_history():
    assert {"generator_loss", "critic_loss"} <= run(Game(), 2).keys()


@any_kind
def test_validation_loss_is_nan_where_nothing_is_held_out(kind):
    assert all(map(math.isnan, run(kind(), 3)["validation_loss"]))
    assert not any(map(math.isnan, run(kind(), 3, held_out=ROWS)["validation_loss"]))


def test_every_row_is_seen_once_an_epoch():
    objective = Scripted([0] * 3)
    run(objective, 3)
    for batches in objective.seen:
        assert [len(x) for x in batches] == [6, 6, 6, 2]
        assert torch.equal(torch.cat(batches).sort(0).values, X.sort(0).values)
    assert not torch.equal(objective.seen[0][0], objective.seen[1][0])


def test_a_single_row_left_over_joins_the_batch_before_it():
    objective = Scripted([0])
    run(objective, 1, rows=ResidentRows(X[:19]))
    assert [len(x) for x in objective.seen[0]] == [6, 6, 7]


@pytest.mark.parametrize("batch_size", [3, 6, 20])
def test_the_loss_of_an_epoch_weighs_every_row_alike(batch_size):
    module = Mean()
    objective = GradientDescent(module, torch.optim.SGD(module.parameters(), lr=0.0), Stream(0))
    loss = run(objective, 1, batch_size=batch_size)["loss"][0]
    assert loss == pytest.approx(float(X.square().sum(-1).mean()), rel=1e-5)


@pytest.mark.parametrize("batch_size", [3, 6, 20])
def test_the_loss_of_an_epoch_is_weighted(batch_size):
    module, weights = Mean(), torch.arange(1, 21).double()
    objective = GradientDescent(module, torch.optim.SGD(module.parameters(), lr=0.0), Stream(0))
    rows = ResidentRows(X).weighted(7 * weights.numpy())
    loss = run(objective, 1, batch_size=batch_size, rows=rows)["loss"][0]
    expected = float(weights @ X.double().square().sum(-1) / weights.sum())
    assert loss == pytest.approx(expected, rel=1e-5)


def test_the_objective_is_told_how_far_the_fit_is():
    objective = Scripted([0] * 5)
    run(objective, 5)
    assert objective.progress == [0.1, 0.3, 0.5, 0.7, 0.9]
    single = Scripted([0])
    run(single, 1)
    assert single.progress == [0.5]


def test_the_observer_is_told_of_each_epoch():
    watcher = Watcher()
    run(Scripted([3, 2]), 2, observer=watcher)
    assert watcher.events == ["begin", 3.0, "begin", 2.0]


def test_the_observer_is_told_of_the_epoch_that_early_stopping_ends():
    watcher = Watcher()
    run(Scripted([3, 4]), 5, patience=1, observer=watcher)
    assert watcher.events == ["begin", 3.0, "begin", 4.0]


@any_kind
def test_more_batches_read_no_more_from_the_device(kind):
    def n_reads(batch_size):
        with Reads() as reads:
            run(kind(), 1, batch_size=batch_size)
        return reads.count

    assert n_reads(batch_size=2) == n_reads(batch_size=20) > 0


def test_what_an_epoch_did_not_measure_is_nan():
    history = {"loss": [], "validation_loss": []}
    extend(history, {"loss": 1.0})
    extend(history, {"loss": 2.0, "validation_loss": 3.0, "gap": 4.0})
    extend(history, {"loss": 5.0})
    nan = pytest.approx(math.nan, nan_ok=True)
    assert history["loss"] == [1, 2, 5]
    assert history["validation_loss"] == [nan, 3, nan]
    assert history["gap"] == [nan, 4, nan]


# Early stopping


def test_the_best_epochs_parameters_are_kept():
    objective = Scripted([5, 3, 4, 4, 4, 4], name="validation_loss")
    history = run(objective, 6, held_out=ROWS, validation_fraction=0.1, patience=3)
    assert history["validation_loss"] == [5, 3, 4, 4, 4]  # stopped after three without improvement
    assert objective.theta == 2 * STEPS


def test_the_best_epochs_parameters_are_kept_where_all_epochs_are_run():
    objective = Scripted([5, 3, 4], name="validation_loss")
    assert len(run(objective, 3, held_out=ROWS, validation_fraction=0.1, patience=9)["loss"]) == 3
    assert objective.theta == 2 * STEPS


def test_a_stage_that_stops_helping_gives_way_to_the_next_from_its_best_epoch():
    objective = Scripted([5, 3, 4, 4, 9, 8, 7], name="validation_loss")
    staged = {"stages_before": (5,), "patience": 2, "validation_fraction": 0.1}
    history = run(objective, 3, held_out=ROWS, **staged)
    assert history["validation_loss"] == [5, 3, 4, 4, 9, 8, 7]
    assert objective.theta == (2 + 3) * STEPS


def test_an_interrupt_in_a_stage_s_first_epoch_keeps_the_best_of_the_stage_before():
    objective = Scripted([5, 3, 4, 4], name="validation_loss")
    interrupt_in_epoch(objective, 5, KeyboardInterrupt())
    staged = {"stages_before": (5,), "patience": 2, "validation_fraction": 0.1}
    with pytest.warns(ConvergenceWarning, match="interrupted.*"):
        run(objective, 3, held_out=ROWS, **staged)
    assert objective.theta == 2 * STEPS


def test_an_observer_ends_all_stages_and_is_told_what_that_means():
    watcher = Watcher(lambda: True, 2)
    with pytest.warns(ConvergenceWarning, match="stage 1 of 2"):
        history = run(Scripted([3, 2, 1]), 3, observer=watcher, stages_before=(5,))
    assert len(history["loss"]) == 2


def test_without_held_out_rows_the_training_loss_stops_and_the_last_parameters_stay():
    objective = Scripted([5, 3, 4, 4, 4, 4])
    assert run(objective, 6, patience=2)["loss"] == [5, 3, 4, 4]
    assert objective.theta == 4 * STEPS


def test_without_patience_all_epochs_are_run():
    objective = Scripted([1] * 6, name="validation_loss")
    assert len(run(objective, 6, held_out=ROWS, validation_fraction=0.1)["loss"]) == 6
    assert objective.theta == 6 * STEPS


def test_improvements_below_tol_do_not_count():
    assert len(run(Scripted([1, 0.999, 0.998, 0.997]), 4, patience=2, tol=0.01)["loss"]) == 3
    assert len(run(Scripted([1, 0.98, 0.96, 0.94]), 4, patience=2, tol=0.01)["loss"]) == 4


# Other ends


def test_a_stop_that_is_asked_for_ends_the_fit():
    objective = Scripted([0] * 5)
    assert len(run(objective, 5, observer=Watcher(lambda: True, 2))["loss"]) == 2
    assert objective.theta == 2 * STEPS


@any_kind
def test_an_interruption_leaves_what_the_finished_epochs_learned(kind):
    objective, undisturbed = interrupt_in_epoch(kind(), 3, KeyboardInterrupt), kind()
    with pytest.warns(ConvergenceWarning, match=r"interrupted.*2 finished epochs"):
        history = run(objective, 5)
    # The statistics' rate depends on how long the fit was to be.
    with pytest.warns(ConvergenceWarning):
        expected = run(undisturbed, 5, observer=Watcher(raiser(KeyboardInterrupt), 2))
    assert history["loss"] == expected["loss"]
    assert len(history["loss"]) == len(history["validation_loss"]) == 2
    assert torch.equal(theta_of(objective), theta_of(undisturbed))


def test_an_interrupted_fit_keeps_the_best_epoch():
    objective = Scripted([5, 3, 4, 4], name="validation_loss")
    interrupt_in_epoch(objective, 4, KeyboardInterrupt)
    with pytest.warns(ConvergenceWarning, match="interrupted"):
        run(objective, 6, held_out=ROWS, validation_fraction=0.1, patience=9)
    assert objective.theta == 2 * STEPS


@any_kind
def test_an_interruption_while_an_epoch_is_saved_keeps_that_epoch(kind, monkeypatch):
    objective, undisturbed = kind(), kind()
    copy, saves = checkpoint._copy, iter(["start", "epoch 1", "epoch 2"])

    def interrupted_copy(source, target=None):
        if isinstance(source, dict) and "objective" in source and next(saves) == "epoch 2":
            raise KeyboardInterrupt
        return copy(source, target)

    monkeypatch.setattr(checkpoint, "_copy", interrupted_copy)
    with pytest.warns(ConvergenceWarning, match=r"interrupted.*2 finished epochs"):
        history = run(objective, 5)
    monkeypatch.undo()
    with pytest.warns(ConvergenceWarning):
        expected = run(undisturbed, 5, observer=Watcher(raiser(KeyboardInterrupt), 2))
    assert history["loss"] == expected["loss"]
    assert torch.equal(theta_of(objective), theta_of(undisturbed))


@any_kind
def test_an_interruption_before_the_first_epoch_is_over_is_passed_on(kind):
    objective = interrupt_in_epoch(kind(), 1, KeyboardInterrupt)
    start = theta_of(objective)
    with pytest.raises(KeyboardInterrupt):
        run(objective, 5)
    assert torch.equal(theta_of(objective), start)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("name", ["loss", "validation_loss", "gap"])
def test_a_scalar_that_is_not_finite_ends_the_fit(bad, name):
    objective = Scripted([3, 2, bad, 1], name=name)
    with pytest.warns(ConvergenceWarning, match=r"finite in epoch 3.*Lower learning_rate"):
        history = run(objective, 5, held_out=ROWS)
    assert history[name] == [3, 2]
    assert objective.theta == 2 * STEPS


@any_kind
@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_parameter_that_is_not_finite_ends_the_fit(kind, bad):
    objective, undisturbed = kind(), kind()

    class Poison(Watcher):
        def begin_epoch(self):
            super().begin_epoch()
            if len(self.events) == 5:  # of epoch 3
                with torch.no_grad():
                    objective.module.get_parameter("theta")[0] = bad

    with pytest.warns(ConvergenceWarning, match="finite in epoch 3"):
        history = run(objective, 5, observer=Poison())
    run(undisturbed, 5, observer=Watcher(lambda: True, 2))
    assert len(history["loss"]) == 2
    assert torch.equal(theta_of(objective), theta_of(undisturbed))


def test_a_parameter_that_is_not_finite_ends_the_fit_whatever_the_loss():
    objective = Scripted([3, 2, 1])

    class Poison(Watcher):
        def begin_epoch(self):
            super().begin_epoch()
            if len(self.events) == 5:
                objective.theta += math.nan

    with pytest.warns(ConvergenceWarning, match="finite in epoch 3"):
        assert run(objective, 3, observer=Poison())["loss"] == [3, 2]
    assert objective.theta == 2 * STEPS


def test_a_first_epoch_that_is_not_finite_leaves_the_start():
    objective = Scripted([math.nan])
    with pytest.warns(ConvergenceWarning, match="finite in epoch 1; the first parameters"):
        assert run(objective, 5) == {}
    assert objective.theta == 0


@any_kind
def test_an_error_in_the_middle_of_an_epoch_restores_and_is_passed_on(kind):
    objective, undisturbed = interrupt_in_epoch(kind(), 3, OSError("disk")), kind()
    with pytest.raises(OSError, match="disk"):
        run(objective, 5)
    run(undisturbed, 5, observer=Watcher(lambda: True, 2))
    assert torch.equal(theta_of(objective), theta_of(undisturbed))


def test_an_error_in_an_observer_restores_and_is_passed_on():
    class Breaks(Watcher):
        def begin_epoch(self):
            super().begin_epoch()
            if len(self.events) == 5:
                objective.theta += 100
                raise OSError("disk")

    objective = Scripted([0] * 5)
    with pytest.raises(OSError, match="disk"):
        run(objective, 5, observer=Breaks())
    assert objective.theta == 2 * STEPS
    objective = Scripted([0] * 5)
    with pytest.raises(OSError, match="disk"):
        run(objective, 5, observer=Watcher(raiser(OSError("disk")), 3))
    assert objective.theta == 3 * STEPS
