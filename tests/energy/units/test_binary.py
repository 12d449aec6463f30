"""Binary units, and pairs of them."""

import math

import pytest
import torch

from skdeepunsup._random import Stream
from skdeepunsup.energy.units.binary import Bernoulli, Twin, softplus_sum, surprise


def test_twins_are_two_copies_of_a_binary_unit():
    units, x = Twin(1), torch.tensor([[-1.3], [0.4], [2.0]]).double()
    u = torch.tensor([[0.0], [1.0], [2.0]]).double()
    log_p = u.T * x + units.log_base(u) - units.log_normalizer(x)
    sigma = x.sigmoid()
    pairs = torch.cat([(1 - sigma) ** 2, 2 * sigma * (1 - sigma), sigma**2], 1)
    torch.testing.assert_close(log_p.exp(), pairs)
    torch.testing.assert_close(units.mean(x), 2 * sigma)
    drawn = units.sample(x.expand(3, 100_000), Stream(0))
    counts = torch.stack([(drawn == k).double().mean(1) for k in range(3)], 1)
    torch.testing.assert_close(counts, pairs, rtol=0, atol=0.01)
    torch.testing.assert_close(units.divergence(2 * sigma, x), torch.zeros_like(x)[:, 0])


def test_divergence_is_zero_at_the_input_and_positive_elsewhere():
    units = Bernoulli(4)
    u = torch.tensor([0.0, 0.2, 0.5, 1.0]).double()
    at_home = units.divergence(u[:, None], u[:, None].logit(eps=1e-12))
    assert at_home.abs().max() < 1e-9
    assert (units.divergence(u[:, None], (u[:, None] * 0 + 0.35).logit()) > 0).all()


@pytest.mark.parametrize("scale", [0.01, 1.0, 30.0, 1000.0])
@pytest.mark.parametrize("n_units", [1, 119, 121, 500])
def test_sum_of_softplus_by_products_is_the_sum(n_units, scale):
    """Products of some hundred factors neither underflow nor lose digits, in float32 too."""
    generator = torch.Generator().manual_seed(0)
    x = scale * torch.randn(20, n_units, generator=generator)
    x[0], x[1], x[2] = 0, scale, -scale
    expected = torch.logaddexp(torch.zeros(()).double(), x.double()).sum(-1)
    found = softplus_sum(x, torch.float64)
    assert found.dtype == torch.float64
    digits = n_units * max(1.0, scale)
    torch.testing.assert_close(found, expected, rtol=1e-6, atol=1e-7 * n_units)
    torch.testing.assert_close(softplus_sum(x).double(), expected, rtol=1e-6, atol=1e-6 * digits)
    torch.testing.assert_close(softplus_sum(x.double()), expected, rtol=1e-13, atol=1e-14 * digits)


def test_surprise_of_certain_bits_is_small_to_the_last_digit():
    x = torch.tensor([[50.0, -40.0] * 100, [8.0, -9.0] * 100])
    expected = 100 * torch.tensor([0.0, math.log1p(math.exp(-8)) + math.log1p(math.exp(-9))])
    torch.testing.assert_close(surprise((x > 0).float(), x), expected, rtol=1e-3, atol=1e-6)


def test_sum_of_softplus_of_what_is_infinite_is_infinite_and_of_what_is_nan_nan():
    x = torch.tensor([[0.0, torch.inf], [0.0, -torch.inf], [0.0, torch.nan]])
    found = softplus_sum(x)
    assert found[0] == torch.inf and float(found[1]) == pytest.approx(0.6931472)
    assert found[2].isnan()


def test_gradient_of_the_sum_of_softplus_is_the_sigmoid_at_0_too():
    x = torch.tensor([[0.0, -3.0, 2.0, 40.0, 0.0, 1.0, -1.0, 0.5]]).double().requires_grad_()
    (gradient,) = torch.autograd.grad(softplus_sum(x).sum(), x)
    torch.testing.assert_close(gradient, x.detach().sigmoid())
