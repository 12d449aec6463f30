"""Categorical units."""

import torch

from skdeepunsup._random import Stream
from skdeepunsup.energy.units.categorical import Categorical


def test_categorical_samples_follow_the_softmax():
    units, n = Categorical(2, 3), 60_000
    x = torch.tensor([[0.5, -1.0, 2.0, -3.0, 0.0, 0.1]]).double()
    p = units.mean(x).view(2, 3)
    torch.testing.assert_close(p, x.view(2, 3).softmax(1))
    u = units.sample(x.expand(n, -1), Stream(0)).view(n, 2, 3)
    assert (u.sum(-1) == 1).all()
    error = (p * (1 - p) / n).sqrt()
    assert ((u.mean(0) - p).abs() < 5 * error).all()


def test_categorical_log_normalizer_is_the_sum_over_categories():
    units = Categorical(2, 3)
    x = torch.randn(5, 6, generator=torch.Generator().manual_seed(0)).double()
    torch.testing.assert_close(units.log_normalizer(x), x.view(5, 2, 3).exp().sum(-1).log())


def test_gauge_leaves_every_distribution_as_it_was():
    units = Categorical(2, 3)
    rng = torch.Generator().manual_seed(0)
    W, a = torch.randn(6, 4, generator=rng), torch.randn(6, generator=rng)
    h = torch.randn(7, 4, generator=rng)
    before = units.mean(h @ W.T + a)
    units.constrain_(W, a)
    torch.testing.assert_close(units.mean(h @ W.T + a), before)
    assert W.view(2, 3, 4).sum(1).abs().max() < 1e-5
    assert a.view(2, 3).sum(1).abs().max() < 1e-5
