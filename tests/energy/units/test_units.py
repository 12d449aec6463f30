"""Units as functions of their input: each a distribution, stated once and checked for all kinds."""

import math

import numpy as np
import pytest
import torch
from scipy import integrate, stats
from torch.autograd import functional

from skdeepunsup._random import Stream
from skdeepunsup.energy.units.binary import Bernoulli
from skdeepunsup.energy.units.categorical import Categorical
from skdeepunsup.energy.units.gaussian import Gaussian
from skdeepunsup.energy.units.rectified import Rectified

X = torch.linspace(-7, 7, 15, dtype=torch.float64)


def gaussian(n=1, variance=0.6):
    units = Gaussian(n).double()
    units.log_variance.fill_(math.log(variance))
    return units


SCALAR = {"bernoulli": Bernoulli(1), "relu": Rectified(1), "gaussian": gaussian()}


def log_weight(units, u, x):
    """x t(u) + base(u) of one unit."""
    u = torch.tensor([[float(u)]], dtype=torch.float64)
    return float(x * units.statistic(u)[0, 0] + units.log_base(u)[0])


def sum_over_states(units, function, x):
    """Σ or ∫ of ``function(u)`` times the weight of u."""
    if units.binary:
        return sum(function(u) * math.exp(log_weight(units, u, x)) for u in (0, 1))
    low = 0 if isinstance(units, Rectified) else -np.inf
    high = np.inf
    peak = float(units.mean(torch.tensor([[x]]))[0, 0])
    parts = [(low, peak), (peak, high)] if peak > low else [(low, high)]
    return sum(
        integrate.quad(lambda u: function(u) * math.exp(log_weight(units, u, x)), *ends)[0]
        for ends in parts
    )


@pytest.mark.parametrize("kind", SCALAR)
def test_log_normalizer_is_the_sum_over_all_states(kind):
    units = SCALAR[kind]
    for x in X.tolist():
        expected = math.log(sum_over_states(units, lambda u: 1.0, x))
        assert float(units.log_normalizer(torch.tensor([[x]]).double())) == pytest.approx(expected)


@pytest.mark.parametrize("kind", SCALAR)
def test_mean_is_the_mean(kind):
    units = SCALAR[kind]
    for x in X.tolist():
        expected = sum_over_states(units, lambda u: u, x) / sum_over_states(units, lambda u: 1.0, x)
        assert float(units.mean(torch.tensor([[x]]).double())) == pytest.approx(expected)


@pytest.mark.parametrize("kind", SCALAR)
def test_mean_statistic_is_the_log_normalizer_s_derivative(kind):
    units = SCALAR[kind]
    slope = functional.jacobian(lambda t: units.log_normalizer(t[:, None])[:, 0], X).diagonal()
    torch.testing.assert_close(slope, units.statistic(units.mean(X[:, None]))[:, 0])


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("kind", SCALAR)
def test_far_inputs_are_finite_and_the_mean_monotonic(kind, dtype):
    units = SCALAR[kind]
    x = torch.cat([torch.linspace(-1e4, -25, 50), torch.linspace(-25, 25, 400)]).to(dtype)[:, None]
    if kind == "gaussian":
        units = gaussian().to(dtype)
    mean = units.mean(x)
    assert mean.isfinite().all()
    assert units.log_normalizer(x).isfinite().all()
    assert units.sample(x, Stream(0)).isfinite().all()
    assert (mean.diff(dim=0) >= -1e-5 * mean[1:].abs()).all()
    if kind == "relu":
        assert (mean > 0).all()


@pytest.mark.parametrize("x", [-40.0, -12.0, -3.0, -0.5, 0.0, 2.0, 9.0])
def test_rectified_samples_are_of_the_truncated_gaussian(x):
    draws = Rectified(1).sample(torch.full((20_000, 1), x), Stream(0))[:, 0].double().numpy()
    exact = stats.truncnorm(-x, np.inf, loc=x)
    assert stats.kstest(draws, exact.cdf).pvalue > 1e-4


def test_gaussian_samples_are_of_the_gaussian():
    draws = gaussian().sample(torch.full((20_000, 1), 1.5).double(), Stream(0))[:, 0].numpy()
    assert stats.kstest(draws, stats.norm(1.5, math.sqrt(0.6)).cdf).pvalue > 1e-4


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


def test_codes_become_states_and_come_back():
    units = Categorical(3, 4)
    rows = torch.tensor([[0.0, 3.0, 2.0], [1.0, 1.0, 0.0]])
    states = units.states(rows)
    assert states.shape == (2, 12)
    assert (states.view(2, 3, 4).sum(-1) == 1).all()
    torch.testing.assert_close(units.rows(states), rows)


def test_a_missing_code_is_no_state_at_all():
    units = Categorical(2, 3)
    states = units.states(torch.tensor([[math.nan, 1.0]]))
    assert states.tolist() == [[0, 0, 0, 0, 1, 0]]
    assert units.observed(states).tolist() == [[0, 0, 0, 1, 1, 1]]
    assert units.spread(torch.tensor([[True, False]])).tolist() == [[True] * 3 + [False] * 3]


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


@pytest.mark.parametrize("kind", SCALAR)
def test_only_gaussian_units_learn_and_nothing_scalar_is_missing(kind):
    units = SCALAR[kind]
    u, x = torch.rand(4, 1).double(), torch.rand(4, 1).double()
    assert (units.observed(u) == 1).all()
    assert units.learned == (kind == "gaussian")
    before = [p.clone() for p in units.parameters()]
    units.ascend_(u, x, torch.tensor([0.5, 0.5, -0.5, -0.5]).double(), 0.0)
    assert all(torch.equal(a, b) for a, b in zip(before, units.parameters(), strict=True))


def test_ascent_moves_the_variance_towards_the_data_s():
    """E_data[u²] above E_model[u²] widens, below it narrows."""
    for data, widens in ((3.0, True), (0.1, False)):
        units = gaussian()
        u, x = torch.tensor([[data], [1.0]]).double(), torch.zeros(2, 1).double()
        units.ascend_(u, x, torch.tensor([1.0, -1.0]).double(), 0.1)
        assert (float(units.log_variance) > math.log(0.6)) == widens


def test_variance_stays_above_its_floor():
    units = Gaussian(3, min_variance=0.5)
    units.log_variance.copy_(torch.tensor([-9.0, 0.0, -0.1]))
    units.constrain_(torch.zeros(3, 1), torch.zeros(3))
    torch.testing.assert_close(units.log_variance.exp(), torch.tensor([0.5, 1.0, math.exp(-0.1)]))


def test_log_variance_score_is_the_derivative():
    u, x = torch.tensor([[0.3, -2.0]]).double(), torch.tensor([[1.1, 0.4]]).double()

    def log_density(z):
        units = Gaussian(2).double()
        del units.log_variance
        units.log_variance = z
        return (x * units.statistic(u)).sum() + units.log_base(u).sum()

    z = torch.tensor([0.2, -0.7]).double()
    units = Gaussian(2).double()
    units.log_variance.copy_(z)
    expected = functional.jacobian(log_density, z)
    torch.testing.assert_close(units.log_variance_score(u, x)[0], expected)
