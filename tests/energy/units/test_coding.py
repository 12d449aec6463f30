"""Codings: rows of data as states, and back."""

import math

import torch

from skdeepunsup.energy.units.coding import OneHot


def test_codes_become_states_and_come_back():
    coding = OneHot(4)
    rows = torch.tensor([[0.0, 3.0, 2.0], [1.0, 1.0, 0.0]])
    states = coding.to_states(rows)
    assert states.shape == (2, 12)
    assert (states.view(2, 3, 4).sum(-1) == 1).all()
    torch.testing.assert_close(coding.to_rows(states), rows)


def test_a_missing_code_is_no_state_at_all():
    coding = OneHot(3)
    states = coding.to_states(torch.tensor([[math.nan, 1.0]]))
    assert states.tolist() == [[0, 0, 0, 0, 1, 0]]
    assert coding.observed(states).tolist() == [[0, 0, 0, 1, 1, 1]]
    assert coding.to_columns(torch.tensor([[True, False]])).tolist() == [[True] * 3 + [False] * 3]
