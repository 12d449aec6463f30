"""Recurrent networks, compared with torch's own with equal parameters."""

import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence

from skdeepunsup._random import Stream
from skdeepunsup.networks import Recurrent, initialize

LENGTHS = torch.tensor([2, 5, 1, 5, 3])


def parameters(ours, theirs):
    """Ours beside torch's."""
    return [
        (ours.of_input.weight, theirs.weight_ih_l0),
        (ours.of_state.weight, theirs.weight_hh_l0),
        (ours.of_input.bias, theirs.bias_ih_l0),
        (ours.of_state.bias, theirs.bias_hh_l0),
    ]


@pytest.fixture
def pair():
    """Ours, and torch's with the same parameters."""
    ours = Recurrent(3, 4).double()
    initialize(ours, Stream(0))
    theirs = nn.GRU(3, 4, batch_first=True).double()
    for mine, their in parameters(ours, theirs):
        if mine.ndim == 1:
            Stream(1).fill_uniform(mine, -1.0, 1.0)
        their.data.copy_(mine.data)
    return ours, theirs


def sequences():
    x = Stream(2).normal_like(torch.zeros(5, 5, 3, dtype=torch.float64)).requires_grad_()
    return x, pack_padded_sequence(x, LENGTHS, batch_first=True, enforce_sorted=False)


@pytest.mark.parametrize("given", [False, True])
def test_states_and_gradients_are_torch_s(pair, given):
    first = Stream(3).normal_like(torch.zeros(5, 4, dtype=torch.float64)) if given else None
    results = []
    for network, state in zip(pair, (first, first[None] if given else None), strict=True):
        x, packed = sequences()
        states, last = network(packed, state)
        (states.data.square().sum() + last.pow(3).sum()).backward()
        results.append((states.data, last.reshape(5, 4), x.grad))
    torch.testing.assert_close(*results, rtol=0, atol=1e-12)
    for mine, their in parameters(*pair):
        torch.testing.assert_close(mine.grad, their.grad, rtol=0, atol=1e-12)


def test_steps_go_where_sequences_go(pair):
    ours, _ = pair
    x, packed = sequences()
    _, last = ours(packed)
    for row, length in enumerate(LENGTHS):
        h = torch.zeros(1, 4, dtype=torch.float64)
        for place in range(length):
            h = ours.step(x[row, place][None], h)
        torch.testing.assert_close(h[0], last[row], rtol=0, atol=1e-13)
