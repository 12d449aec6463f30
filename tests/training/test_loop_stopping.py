"""Early stopping in the loop: which parameters are kept, and how a stage gives way to the next."""

import pytest
from sklearn.exceptions import ConvergenceWarning

from tests.training.updates import ROWS, STEPS, Scripted, Watcher, interrupt_in_epoch, run


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
