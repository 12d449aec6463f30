"""Schedules: which epochs there are, and which of them are left."""

import pytest

from skdeepunsup.training import Schedule

STAGED = Schedule(3, 10, validation_fraction=0.2, stages_before=(2, 2), once=2)


def stages(schedule):
    return [stage for stage in range(len(schedule.stages)) for _ in schedule.timetable(stage)]


def test_timetable_has_each_stage_s_epochs_in_turn():
    assert stages(STAGED) == [0, 0, 1, 1, 2, 2, 2]
    assert [list(STAGED.timetable(stage)) for stage in (0, 2)] == [
        [0.25, 0.75],
        [1 / 6, 0.5, 5 / 6],
    ]


def test_stages_left_are_those_that_are_not_over():
    assert [STAGED.stages_left(n) for n in range(8)] == [3, 3, 2, 2, 1, 1, 1, 0]


@pytest.mark.parametrize(
    ("left", "expected"),
    [(None, [0, 1, 2]), (3, [0, 1, 2]), (2, [1, 2]), (1, [2]), (0, [2])],
)
def test_a_pass_leaves_out_what_is_over_and_comes_only_once(left, expected):
    one = STAGED.one_pass(left)
    assert stages(one) == expected
    assert one.validation_fraction == 0
    assert one.stages_left(len(expected)) == 0
    assert one.stages_left(1) == len(expected) - 1
    always = Schedule(3, 10, stages_before=(2, 2))
    assert stages(always.one_pass(left)) == [0, 1, 2]
