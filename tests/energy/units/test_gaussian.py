"""Gaussian units, whose variance is learned."""

import math

import torch
from scipy import stats
from torch.autograd import functional

from skdeepunsup._random import Stream
from skdeepunsup.energy.units.gaussian import Gaussian


def gaussian(n=1, variance=0.6):
    units = Gaussian(n).double()
    units.log_variance.fill_(math.log(variance))
    return units


def test_gaussian_samples_are_of_the_gaussian():
    draws = gaussian().sample(torch.full((20_000, 1), 1.5).double(), Stream(0))[:, 0].numpy()
    assert stats.kstest(draws, stats.norm(1.5, math.sqrt(0.6)).cdf).pvalue > 1e-4


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
