"""The regularisers' formulas, each against what is known."""

import math

import numpy as np
import pytest
import torch
from scipy import stats
from torch import nn

from skdeepunsup._random import Stream
from skdeepunsup.formulas.regularizers import (
    below_free_bits,
    covariance_distance,
    critic_cross_entropy,
    density_ratio,
    kl_divergence,
    shuffled,
    total_correlation,
)

RNG = np.random.default_rng(0)


def test_kl_is_the_mean_of_the_log_ratio():
    mean, log_variance = torch.tensor([[0.7, -1.5]]), torch.tensor([[-1.0, 0.5]])
    n = 200_000
    noise = torch.from_numpy(RNG.standard_normal((n, 2))).float()
    std = (log_variance / 2).exp()
    z = mean + std * noise
    q = torch.distributions.Normal(mean, std)
    ratios = q.log_prob(z) - torch.distributions.Normal(0.0, 1.0).log_prob(z)
    error = ratios.std(0) / math.sqrt(n)
    assert ((ratios.mean(0) - kl_divergence(mean, log_variance)[0]).abs() < 4 * error).all()


def test_a_collapsed_unit_costs_nothing_and_no_other_is_clamped():
    assert kl_divergence(torch.zeros(1, 1), torch.zeros(1, 1)) == 0
    tiny = kl_divergence(torch.full((1, 1), 1e-2), torch.zeros(1, 1))
    assert tiny.item() == pytest.approx(5e-5, rel=1e-3)


def test_free_bits_lift_each_unit_s_mean_to_the_floor():
    kl = torch.tensor([[0.1, 2.0, 0.0], [0.3, 4.0, 0.0]])  # means 0.2, 3, 0
    lifted = kl.mean(0).sum() + below_free_bits(kl, 0.5)
    assert lifted.item() == pytest.approx(0.5 + 3.0 + 0.5)


def test_free_bits_count_rows_by_their_weights():
    """Weights 2 and 1 are as rows that come twice and once."""
    kl = torch.from_numpy(np.random.default_rng(0).normal(size=(6, 2))).square()
    weights = torch.tensor([2.0, 1, 1, 2, 2, 1], dtype=torch.float64)
    twice = kl.repeat_interleave(weights.long(), dim=0)
    torch.testing.assert_close(below_free_bits(kl, 1.0, weights), below_free_bits(twice, 1.0))


def test_total_correlation_of_a_batch_is_its_sums():
    z, mean, log_variance = (torch.from_numpy(RNG.normal(size=(5, 3))) for _ in range(3))
    expected = []
    for i in range(5):
        q = stats.norm(mean.numpy(), np.exp(log_variance.numpy() / 2)).pdf(z[i].numpy())
        expected.append(np.log(q.prod(1).mean()) - np.log(q.mean(0)).sum())
    np.testing.assert_allclose(total_correlation(z, mean, log_variance), expected)


def test_covariance_distance_is_the_formula():
    mean = RNG.normal(size=(50, 3))
    C = np.cov(mean.T, bias=True)
    off = np.square(C - np.diag(np.diag(C))).sum()
    expected = off + 10 * np.square(np.diag(C) - 1).sum()
    assert covariance_distance(torch.from_numpy(mean)).item() == pytest.approx(expected)


def test_density_ratio_of_the_best_critic_is_the_total_correlation():
    """The critic is log q(z) - log q(z1) q(z2) itself, known for two correlated normals."""
    rho, n = 0.8, 100_000

    class Best(nn.Module):
        def forward(self, z):
            a, b = z.T
            quadratic = (a * a - 2 * rho * a * b + b * b) / (1 - rho**2) - a * a - b * b
            return (-0.5 * quadratic - 0.5 * math.log(1 - rho**2))[:, None]

    a, noise = (torch.from_numpy(RNG.standard_normal(n)) for _ in range(2))
    z = torch.stack([a, rho * a + math.sqrt(1 - rho**2) * noise], dim=1)
    ratios = density_ratio(z, Best())
    expected = -0.5 * math.log(1 - rho**2)
    assert abs(ratios.mean().item() - expected) < 4 * ratios.std().item() / math.sqrt(n)


def test_critic_and_codes_are_trained_apart():
    critic = nn.Linear(2, 1)
    z = torch.randn(6, 2, generator=torch.Generator().manual_seed(0), requires_grad=True)
    density_ratio(z, critic).sum().backward()
    assert critic.weight.grad is None
    assert z.grad is not None
    z.grad = None
    critic_cross_entropy(z, z.flip(0), critic).sum().backward()
    assert critic.weight.grad is not None
    assert z.grad is None


def test_shuffling_keeps_each_column_and_breaks_the_rows():
    z = torch.arange(300.0)[:, None] + torch.tensor([0.0, 1000.0])
    mixed = shuffled(z, Stream(0))
    assert torch.equal(mixed.sort(0).values, z)
    assert not torch.equal(mixed[:, 1] - mixed[:, 0], z[:, 1] - z[:, 0])
