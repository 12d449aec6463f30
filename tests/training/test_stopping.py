"""Early stopping: when further epochs do not help, and which was the best."""

import pytest

from skdeepunsup.training import Schedule
from skdeepunsup.training.stopping import EarlyStopping


def stops_after(losses, patience, tol=0.0):
    """How many epochs are run, None if all of them."""
    stopping = EarlyStopping("loss", patience, tol)
    for epoch, loss in enumerate(losses, 1):
        if stopping.update({"loss": loss}):
            return epoch
    return None


@pytest.mark.parametrize("patience", [1, 2, 5])
def test_stops_after_patience_epochs_without_improvement(patience):
    assert stops_after([3, 2] + [2] * 20, patience) == 2 + patience
    assert stops_after([3, 2] + [4] * 20, patience) == 2 + patience


def test_improvement_starts_the_count_anew():
    assert stops_after([5, 6, 4, 5, 3, 4], 2) is None
    assert stops_after([5, 6, 4, 5, 4], 2) == 5


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_tol_is_relative(scale):
    steps_of_5_percent = [scale * 0.95**k for k in range(20)]
    assert stops_after(steps_of_5_percent, 1, tol=0.04) is None
    assert stops_after(steps_of_5_percent, 1, tol=0.06) == 2


def test_tol_is_relative_to_the_size_of_a_negative_loss():
    growing = [-1.0 * 1.05**k for k in range(20)]
    assert stops_after(growing, 1, tol=0.04) is None
    assert stops_after(growing, 1, tol=0.06) == 2


def test_small_improvements_add_up():
    assert stops_after([100 - k for k in range(30)], 3, tol=0.025) is None
    assert stops_after([100 - k for k in range(30)], 2, tol=0.025) == 3


def test_the_best_epoch_is_the_lowest_however_little_lower():
    stopping = EarlyStopping("loss", 10, 0.5)
    improved = []
    for loss in [3.0, 2.99, 3.0, 2.98, 2.98]:
        stopping.update({"loss": loss})
        improved.append(stopping.improved)
    assert improved == [True, True, False, True, False]
    assert stopping.best == 2.98


def test_held_out_rows_decide_where_there_are_some():
    stopping = Schedule(10, 5, validation_fraction=0.1, patience=2).stopping()
    stopping.update({"loss": 1.0, "validation_loss": 7.0})
    assert stopping.best == 7
    stopping = Schedule(10, 5, patience=2).stopping()
    stopping.update({"loss": 1.0})
    assert stopping.best == 1


def test_without_patience_nothing_stops():
    assert Schedule(10, 5, validation_fraction=0.1).stopping() is None


def test_the_best_is_kept_only_where_held_out_rows_can_tell():
    assert Schedule(10, 5, validation_fraction=0.1, patience=2).keep_best
    assert not Schedule(10, 5, validation_fraction=0.1).keep_best
    assert not Schedule(10, 5, patience=2).keep_best
