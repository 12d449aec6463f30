"""Lazy Adam is Adam for the rows that have gradients, and leaves the others but for their decay."""

import pytest
import torch
from torch import nn

from skdeepunsup.training import Adam, LazyAdam, LazyTable

N, D, RATE = 6, 3, 0.1


def parameter():
    return nn.Parameter(torch.randn(N, D, generator=torch.Generator().manual_seed(0)))


def lazy(decay=0.0, by_columns=False):
    """An optimizer of a table and of a vector, and these two parameters."""
    table, vector = parameter(), nn.Parameter(torch.ones(2))
    if by_columns:
        table = nn.Parameter(table.detach().T)
    made = LazyTable(table, by_columns)
    return LazyAdam([made], [vector], RATE, decay), table, vector


def gradients(n=8):
    generator = torch.Generator().manual_seed(1)
    return [torch.randn(N, D, generator=generator) for _ in range(n)]


def update(optimizer, vector, rows, gradient):
    vector.grad = torch.ones(2)
    optimizer.tables[0].receive(rows, gradient[rows])
    optimizer.step()


@pytest.mark.parametrize("decay", [0.0, 0.3])
@pytest.mark.parametrize("by_columns", [False, True])
def test_updates_of_all_rows_are_those_of_adam(decay, by_columns):
    optimizer, table, vector = lazy(decay, by_columns)
    expected = parameter(), nn.Parameter(torch.ones(2))
    adam = Adam((expected, RATE), weight_decay=decay, decoupled=True)
    for gradient in gradients():
        update(optimizer, vector, torch.arange(N), gradient)
        expected[0].grad, expected[1].grad = gradient, torch.ones(2)
        adam.step()
    torch.testing.assert_close(table.T if by_columns else table, expected[0])
    torch.testing.assert_close(vector, expected[1])


def test_rows_without_a_gradient_stay():
    optimizer, table, vector = lazy()
    before = table.detach().clone()
    for gradient in gradients():
        update(optimizer, vector, torch.tensor([1, 4]), gradient)
    stayed = [0, 2, 3, 5]
    assert torch.equal(table[stayed], before[stayed])
    assert not torch.isclose(table[[1, 4]], before[[1, 4]]).any()


def test_the_decay_between_gradients_is_made_up_for():
    optimizer, table, vector = lazy(decay=0.3)
    before = table.detach().clone()
    some = gradients(10)
    for number, gradient in enumerate(some):
        update(optimizer, vector, torch.tensor([1] if number % 4 else [1, 4]), gradient)
    optimizer.catch_up()
    stayed = [0, 2, 3, 5]
    torch.testing.assert_close(table[stayed], before[stayed] * (1 - RATE * 0.3) ** 10)
    # The gradients of row 4 alone, and the decay of the updates in between before each of them.
    expected = nn.Parameter(before[[4]])
    mean, square = torch.zeros(1, D), torch.zeros(1, D)
    for number, gradient in enumerate(some, 1):
        expected.data *= 1 - RATE * 0.3
        if (number - 1) % 4:
            continue
        mean += 0.1 * (gradient[[4]] - mean)
        square += 0.001 * (gradient[[4]].square() - square)
        unbiased = mean / (1 - 0.9**number), square / (1 - 0.999**number)
        expected.data -= RATE * unbiased[0] / (unbiased[1].sqrt() + 1e-8)
    torch.testing.assert_close(table[[4]], expected, rtol=1e-4, atol=1e-5)
    once = table.detach().clone()
    optimizer.catch_up()
    assert torch.equal(table, once)


@pytest.mark.parametrize("decay", [0.0, 0.3])
def test_it_goes_on_from_a_state(decay):
    rows = torch.tensor([1, 4])
    whole, half = lazy(decay), lazy(decay)
    for optimizer, _, vector in (whole, half):
        for gradient in gradients(4):
            update(optimizer, vector, rows, gradient)
        optimizer.catch_up()
    begun, (optimizer, table, vector) = half, lazy(decay)
    for own, other in zip((table, vector), begun[1:], strict=True):
        own.data.copy_(other.detach())
    optimizer.load_state_dict(begun[0].state_dict())
    for each in (whole, (optimizer, table, vector)):
        update(each[0], each[2], torch.tensor([0, 4]), gradients(1)[0])
        each[0].catch_up()
    torch.testing.assert_close(whole[1], table)
    torch.testing.assert_close(whole[2], vector)


def test_a_state_of_other_parameters_is_refused():
    optimizer, *_ = lazy()
    with pytest.raises(ValueError, match="not that of these parameters"):
        optimizer.load_state_dict(Adam(([parameter()], RATE)).state_dict())
    other = LazyAdam([LazyTable(nn.Parameter(torch.ones(2, D)))], [nn.Parameter(torch.ones(2))], 1)
    with pytest.raises(ValueError, match="not that of these parameters"):
        optimizer.load_state_dict(other.state_dict())
