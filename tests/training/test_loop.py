"""The loop: what each epoch does, reports and reads, for any kind of update."""

import math

import pytest
import torch

from skdeepunsup._random import Stream
from skdeepunsup._rows import ResidentRows
from skdeepunsup.training import GradientDescent
from skdeepunsup.training.loop import extend
from tests.reads import Reads
from tests.training.updates import ROWS, Game, Mean, Scripted, Watcher, X, any_kind, run, theta_of


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
