"""The penalties' formulas, each against what is known."""

import math

import pytest
import torch

from skdeepunsup._random import Stream
from skdeepunsup.formulas.penalties import (
    DERIVATIVES,
    bernoulli_divergence,
    keep_largest,
    log_mean_activity,
)
from skdeepunsup.networks import ACTIVATIONS


def test_the_divergence_is_its_formula():
    q = torch.tensor([0.05, 0.2, 0.9], dtype=torch.float64)
    expected = sum(0.05 * math.log(0.05 / p) + 0.95 * math.log(0.95 / (1 - p)) for p in q.tolist())
    log_on, log_off = q.log(), (1 - q).log()
    assert float(bernoulli_divergence(0.05, log_on, log_off)) == pytest.approx(expected, rel=1e-12)
    rest = bernoulli_divergence(0.05, log_on[:1], log_off[:1])
    assert float(rest) == pytest.approx(0, abs=1e-15)


def test_the_mean_activity_is_that_of_the_rows_by_their_weights():
    a, weights = Stream(0).normal(6, 3), torch.tensor([1.0, 2, 0.5, 1, 1, 3])
    torch.testing.assert_close(log_mean_activity(a, None), a.sigmoid().mean(0).log())
    expected = (weights @ a.sigmoid() / weights.sum()).log()
    torch.testing.assert_close(log_mean_activity(a, weights), expected)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_units_that_saturate_are_drawn_back(dtype):
    """The value is the truth, −ρ log ρ̂ − …, and not what rounding leaves of 1 − ρ̂."""
    a = torch.tensor([[30.0, -110.0]] * 4, dtype=dtype, requires_grad=True)
    value = bernoulli_divergence(0.05, log_mean_activity(a, None), log_mean_activity(-a, None))
    value.backward()
    entropy = 0.05 * math.log(0.05) + 0.95 * math.log(0.95)
    assert value.item() == pytest.approx(0.95 * 30 + 0.05 * 110 + 2 * entropy, rel=1e-6)
    assert (a.grad[:, 0] > 0.1).all()
    assert (a.grad[:, 1] < -0.01).all()


def test_the_largest_are_kept_and_rectified():
    a = torch.tensor([[3.0, -1.0, 2.0, 0.5], [-3.0, -1.0, -2.0, 5.0]])
    expected = torch.tensor([[3.0, 0.0, 2.0, 0.0], [0.0, 0.0, 0.0, 5.0]])
    assert torch.equal(keep_largest(a, 2), expected)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_derivatives_are_those_of_the_activations(activation):
    a = torch.linspace(-4, 4, 41, dtype=torch.float64).requires_grad_()
    h = ACTIVATIONS[activation]()(a)
    (expected,) = torch.autograd.grad(h.sum(), a)
    torch.testing.assert_close(DERIVATIVES[activation](a, h), expected, rtol=1e-10, atol=1e-12)
