"""How far a reconstruction is from its row: each loss against its formula, and of a part."""

import numpy as np
import pytest
import torch
from scipy import stats

from skdeepunsup._random import Stream
from skdeepunsup.formulas.errors import (
    bernoulli_cross_entropy,
    beta_binomial_cross_entropy,
    categorical_cross_entropy,
    gaussian_cross_entropy,
    observed_and_filled,
    squared_error,
)


def normal(*shape, seed=0):
    return Stream(seed).normal(*shape).double()


x, z = normal(7, 5).sigmoid(), normal(7, 5, seed=1)
variance = normal(7, 5, seed=2).exp()
codes, logits = (normal(7, 5) * 10).long().abs() % 3, normal(7, 5, 3, seed=3)
levels, top = (normal(7, 5) * 10).long().abs().double() % 17, 16

LOSSES = {
    "squared": (squared_error, x, (z,)),
    "bernoulli": (bernoulli_cross_entropy, x, (z,)),
    "gaussian": (gaussian_cross_entropy, x, (z, variance)),
    "categorical": (categorical_cross_entropy, codes, (logits,)),
    "beta-binomial": (beta_binomial_cross_entropy, levels, (z, 2 * z - 1, top)),
}


def expected_entries(name):
    if name == "squared":
        return (x - z) ** 2
    if name == "bernoulli":
        r = z.sigmoid()
        return -x * r.log() - (1 - x) * (1 - r).log()
    if name == "gaussian":
        return torch.tensor(-stats.norm.logpdf(x.numpy(), z.numpy(), np.sqrt(variance.numpy())))
    if name == "beta-binomial":
        alpha, beta = z.exp().numpy(), (2 * z - 1).exp().numpy()
        return torch.tensor(-stats.betabinom.logpmf(levels.numpy(), top, alpha, beta))
    return -logits.log_softmax(-1).gather(-1, codes[..., None])[..., 0]


every = pytest.mark.parametrize("name", LOSSES)


@every
def test_the_loss_is_its_formula(name):
    loss, data, parameters = LOSSES[name]
    torch.testing.assert_close(loss(data, *parameters), expected_entries(name).sum(1))


@every
def test_of_a_part_it_is_the_sum_over_that_part(name):
    loss, data, parameters = LOSSES[name]
    observed = normal(7, 5, seed=4) > 0
    observed[3] = False
    found = loss(data, *parameters, observed)
    torch.testing.assert_close(found, (expected_entries(name) * observed).sum(1))
    assert found[3] == 0


@every
def test_what_is_not_observed_has_no_gradient(name):
    loss, data, parameters = LOSSES[name]
    observed = torch.zeros(7, 5, dtype=torch.bool)
    observed[:, ::2] = True
    output = parameters[0].clone().requires_grad_()
    (gradient,) = torch.autograd.grad(loss(data, output, *parameters[1:], observed).sum(), output)
    assert not gradient[:, 1::2].any()
    assert gradient[:, ::2].any(0).all()


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_extreme_logits_give_finite_losses(dtype):
    far = torch.tensor([[100.0, -100.0, 3e4]], dtype=dtype)
    bits = torch.tensor([[0.0, 1.0, 1.0]], dtype=dtype)
    assert bernoulli_cross_entropy(bits, far).item() == pytest.approx(200, rel=1e-2)
    of_codes = categorical_cross_entropy(torch.zeros(1, 1), far[None])
    assert of_codes.isfinite().all()


def test_what_is_missing_is_filled_and_told_apart():
    data = torch.tensor([[1.0, torch.nan], [torch.nan, 4.0]])
    observed, filled = observed_and_filled(data, torch.tensor([10.0, 20.0]))
    assert observed.tolist() == [[True, False], [False, True]]
    assert filled.tolist() == [[1.0, 20.0], [10.0, 4.0]]
