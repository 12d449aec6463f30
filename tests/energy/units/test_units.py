"""The laws of units, stated once for all kinds: a new kind joins by a line of ``KINDS``."""

import copy
import math
from typing import NamedTuple

import numpy as np
import pytest
import torch
from torch.autograd import functional

from skdeepunsup._random import Stream
from skdeepunsup._rows import ResidentRows
from skdeepunsup.energy.learning.start import start_at_data
from skdeepunsup.energy.machines.restricted import RestrictedBoltzmannMachine
from skdeepunsup.energy.units.base import Units
from skdeepunsup.energy.units.binary import Bernoulli, Twin
from skdeepunsup.energy.units.categorical import Categorical
from skdeepunsup.energy.units.gaussian import Gaussian
from skdeepunsup.energy.units.kinds import HIDDEN_UNITS, VISIBLE_UNITS
from skdeepunsup.energy.units.rectified import Rectified

X = torch.linspace(-7, 7, 15, dtype=torch.float64)
INFINITY = math.inf
NODES, WEIGHTS = map(torch.tensor, np.polynomial.legendre.leggauss(300))


def gaussian(variance=0.6):
    units = Gaussian(1).double()
    units.log_variance.fill_(math.log(variance))
    return units


class Kind(NamedTuple):
    """One unit of a kind, and its states: all of them, or the ends (low, high) of an interval.

    ``completes`` says whether the divergence and the least surprise add up to −log p(u | x); those
    of means, or of values without a density, do not.
    """

    units: Units
    states: list | tuple[float, float]
    completes: bool = True


KINDS = {
    "bernoulli": Kind(Bernoulli(1), [[0.0], [1.0]]),
    "twin": Kind(Twin(1), [[0.0], [1.0], [2.0]], completes=False),
    "categorical": Kind(Categorical(1, 3), [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]),
    "gaussian": Kind(gaussian(), (-INFINITY, INFINITY)),
    "relu": Kind(Rectified(1), (0.0, INFINITY), completes=False),
}
each_kind = pytest.mark.parametrize("kind", KINDS)
each_number = pytest.mark.parametrize("kind", [k for k in KINDS if KINDS[k].units.size == 1])


def inputs(units):
    """Some inputs of one unit, a row each."""
    if units.size == 1:
        return X[:, None]
    return 3 * torch.randn(15, units.size, generator=torch.Generator().manual_seed(0)).double()


def weighted_states(kind, x, below=INFINITY):
    """The states, or those below an end, and log of exp(x t(u) + base(u)), or of that times du."""
    units, states, _ = KINDS[kind]
    if isinstance(states, list):
        u, du = torch.tensor(states).double(), torch.ones(len(states)).double()
    else:  # by quadrature, on either side of the peak
        peak = float(units.mean(x[None])[0, 0])
        low, high = max(states[0], peak - 20), min(states[1], peak + 20, below)
        middle = min(max(low, peak), high)
        halves = [((b - a) / 2, (a + b) / 2) for a, b in ((low, middle), (middle, high))]
        u = torch.cat([half * NODES + centre for half, centre in halves])[:, None]
        du = torch.cat([half * WEIGHTS for half, _ in halves])
    return u, (x * units.statistic(u)).sum(1) + units.log_base(u) + du.log()


def test_every_kind_is_tested():
    assert {*VISIBLE_UNITS, *HIDDEN_UNITS} <= set(KINDS)
    for name, kind in (VISIBLE_UNITS | HIDDEN_UNITS).items():
        assert isinstance(KINDS[name].units, kind)


@each_kind
def test_log_normalizer_is_the_sum_over_all_states(kind):
    units = KINDS[kind].units
    for x in inputs(units):
        _, log_p = weighted_states(kind, x)
        torch.testing.assert_close(units.log_normalizer(x[None])[0, 0], log_p.logsumexp(0))


@each_kind
def test_mean_is_the_mean(kind):
    units = KINDS[kind].units
    for x in inputs(units):
        u, log_p = weighted_states(kind, x)
        torch.testing.assert_close(units.mean(x[None])[0], log_p.softmax(0) @ u)


@each_kind
def test_mean_statistic_is_the_log_normalizer_s_derivative(kind):
    units = KINDS[kind].units
    x = inputs(units)
    slope = functional.jacobian(lambda t: units.log_normalizer(t).sum(), x)
    torch.testing.assert_close(slope, units.statistic(units.mean(x)))


@each_kind
@pytest.mark.parametrize("x", [-3.0, -0.5, 0.0, 2.0, 6.0])
def test_samples_follow_the_distribution(kind, x):
    """Shares of the states, or of what lies below some quantiles, within five standard errors."""
    units, states, _ = KINDS[kind]
    n, x = 40_000, x * torch.ones(units.size).double() / torch.arange(1, units.size + 1)
    draws = units.sample(x.expand(n, -1), Stream(0))
    assert draws.shape == (n, units.size)
    if isinstance(states, list):
        found = torch.stack([(draws == torch.tensor(u)).all(1).double().mean() for u in states])
        log_p = units.log_probability(torch.tensor(states).double(), x.expand(len(states), -1))
        p = log_p.exp()
        assert float(found.sum()) == pytest.approx(1)  # and no other state is drawn
    else:
        ends = draws[:, 0].quantile(torch.tensor([0.02, 0.1, 0.3, 0.5, 0.7, 0.9, 0.98]).double())
        other = units.sample(x.expand(n, -1), Stream(1))[:, 0]
        found = torch.stack([(other < end).double().mean() for end in ends])
        below = [weighted_states(kind, x, float(end))[1].logsumexp(0) for end in ends]
        p = (torch.stack(below) - weighted_states(kind, x)[1].logsumexp(0)).exp()
    assert ((found - p).abs() < 5 * (p * (1 - p) / n).sqrt() + 5 / n).all()


@each_kind
def test_log_probability_is_that_of_all_units_together(kind):
    units, states, _ = KINDS[kind]
    u = torch.tensor(states if isinstance(states, list) else [[0.3], [2.0]]).double()
    x = inputs(units)[3].expand(len(u), -1)
    own = x * units.statistic(u)
    expected = own.sum(1) + units.log_base(u) - units.log_normalizer(x).sum(1)
    torch.testing.assert_close(units.log_probability(u, x), expected)


@each_kind
def test_divergence_is_never_negative_and_completes_the_surprise(kind):
    units, states, completes = KINDS[kind]
    u = torch.tensor(states if isinstance(states, list) else [[0.3], [2.0]]).double()
    for x in inputs(units):
        x = x.expand(len(u), -1)
        divergence = units.divergence(u, x)
        assert divergence.shape == (len(u),)
        assert (divergence >= -1e-12).all()
        if completes:
            surprise = divergence + units.least_surprise(u)
            torch.testing.assert_close(surprise, -units.log_probability(u, x))


@each_kind
def test_values_are_all_states_of_a_unit(kind):
    units, states, _ = KINDS[kind]
    values = units.values(X)
    if isinstance(states, list):
        assert values is not None
        assert values.tolist() == states
    else:
        assert values is None
    assert not units.binary or values.tolist() == [[0], [1]]


@pytest.mark.parametrize("kind", VISIBLE_UNITS)
def test_first_biases_give_the_means_of_the_rows(kind):
    units = KINDS[kind].units
    rows = torch.tensor([[0.0], [1.0], [1.0]] * 200).double()
    mean = units.coding.to_states(rows).mean(0)
    found = units.mean(units.start_(ResidentRows(rows))[None])[0]
    torch.testing.assert_close(found, mean, atol=0.01, rtol=0)


@each_number
def test_first_biases_are_found_where_a_kind_knows_no_formula(kind):
    units = KINDS[kind].units
    x = torch.tensor([[-2.0], [0.3], [4.0]]).double()
    for mean, expected in zip(units.mean(x), x, strict=True):
        found = Units.start_(units, ResidentRows(mean[None]))
        torch.testing.assert_close(found, expected, atol=1e-6, rtol=0)


@each_kind
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_far_inputs_are_finite(kind, dtype):
    units = KINDS[kind].units.to(dtype)
    x = torch.cat([torch.linspace(-1e4, -25, 50), torch.linspace(-25, 25, 400)]).to(dtype)
    x = x[:, None] * torch.ones(units.size, dtype=dtype)
    for answer in (units.mean(x), units.log_normalizer(x), units.sample(x, Stream(0))):
        assert answer.isfinite().all()
    units.double()


@each_number
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_mean_rises_with_the_input(kind, dtype):
    units = KINDS[kind].units.to(dtype)
    x = torch.cat([torch.linspace(-1e4, -25, 50), torch.linspace(-25, 25, 400)]).to(dtype)[:, None]
    mean = units.mean(x)
    assert (mean.diff(dim=0) >= -1e-5 * mean[1:].abs()).all()
    assert (mean > 0).all() or kind != "relu"
    units.double()


@each_number
def test_states_of_one_number_are_the_rows_and_never_missing(kind):
    coding, u = KINDS[kind].units.coding, torch.rand(4, 1).double()
    assert not coding.may_miss
    assert (coding.observed(u) == 1).all()
    for same in (coding.to_states, coding.to_rows, coding.likeliest_rows, coding.to_columns):
        assert same(u) is u


@each_kind
def test_units_with_parameters_of_their_own_learn(kind):
    units = copy.deepcopy(KINDS[kind].units)
    u, x = (torch.rand(4, units.size).double() for _ in range(2))
    before = [p.clone() for p in units.parameters()]
    assert units.learned == bool(before)
    for rate in (0.0, 0.1):
        units.ascend_(u, x, torch.tensor([0.5, 0.5, -0.5, -0.5]).double(), rate)
        for old, new in zip(before, units.parameters(), strict=True):
            assert torch.equal(old, new) == (rate == 0)


@pytest.mark.parametrize("kind", HIDDEN_UNITS)
def test_hidden_units_above_mean_bits_start_at_the_first_bias_of_their_kind(kind, monkeypatch):
    monkeypatch.setattr(HIDDEN_UNITS[kind], "first_bias", 0.7)
    machine = RestrictedBoltzmannMachine(3, 2, hidden_units=kind)
    start_at_data(machine, ResidentRows(torch.eye(3)), Stream(0))
    inputs = machine.hidden_input(machine.visible.mean(machine.a0)[None])
    torch.testing.assert_close(inputs, torch.full((1, 2), 0.7))
