"""Rectified units."""

import numpy as np
import pytest
import torch
from scipy import stats

from skdeepunsup._random import Stream
from skdeepunsup.energy.units.rectified import Rectified


@pytest.mark.parametrize("x", [-40.0, -12.0, -3.0, -0.5, 0.0, 2.0, 9.0])
def test_rectified_samples_are_of_the_truncated_gaussian(x):
    draws = Rectified(1).sample(torch.full((20_000, 1), x), Stream(0))[:, 0].double().numpy()
    exact = stats.truncnorm(-x, np.inf, loc=x)
    assert stats.kstest(draws, exact.cdf).pvalue > 1e-4
