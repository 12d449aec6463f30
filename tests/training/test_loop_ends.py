"""Other ends of the loop: by an observer, an interruption, an error, or numbers that are none."""

import math

import pytest
import torch
from sklearn.exceptions import ConvergenceWarning

from skdeepunsup.training import snapshot
from tests.training.updates import (
    ROWS,
    STEPS,
    Scripted,
    Watcher,
    any_kind,
    interrupt_in_epoch,
    raiser,
    run,
    theta_of,
)


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
    copied, saves = snapshot._copied, iter(["start", "epoch 1", "epoch 2"])

    def interrupted(sources, targets):
        if next(saves) == "epoch 2":
            raise KeyboardInterrupt
        return copied(sources, targets)

    monkeypatch.setattr(snapshot, "_copied", interrupted)
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
