"""The noise of a denoising autoencoder: its distribution, and that it leaves the batch alone."""

import math

import pytest
import torch

from skdeepunsup._random import Stream
from skdeepunsup.reconstruction.modules.denoising import gaussian, masking, salt_and_pepper

N, D = 4000, 25
SIGMAS = 5 / math.sqrt(N * D)  # of a share of all entries, five times its standard error at most


@pytest.fixture
def x():
    return Stream(0).normal(N, D)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("level", [0.0, 0.3, 2.0])
def test_gaussian_noise_is_normal_and_independent_of_the_row(x, level, dtype):
    x = x.to(dtype)
    noisy = gaussian(x, level, Stream(1))
    assert noisy.dtype == dtype
    noise = (noisy - x).double()
    assert abs(noise.mean()) <= level * SIGMAS
    assert abs(noise.var() - level**2) <= level**2 * SIGMAS * 2
    assert abs((noise * x).mean()) <= level * SIGMAS
    assert abs((noise.abs() < level).double().mean() - (0.6827 if level else 0)) <= SIGMAS


@pytest.mark.parametrize("level", [0.0, 0.3, 1.0])
def test_masking_loses_a_share_of_the_entries(x, level):
    fill = torch.arange(D) + 100.0
    masked = masking(x, level, Stream(1), fill)
    lost = masked == fill
    assert torch.equal(masked[~lost], x[~lost])
    assert abs(lost.double().mean() - level) <= SIGMAS * math.sqrt(level * (1 - level))
    assert lost.double().mean(0).sub(level).abs().max() < 5 * math.sqrt(0.25 / N)


@pytest.mark.parametrize("level", [0.0, 0.3, 1.0])
def test_salt_and_pepper_overwrite_a_share_half_and_half(x, level):
    noisy = salt_and_pepper(x, level, Stream(1), torch.full((D,), -50.0), torch.full((D,), 70.0))
    salt, pepper = noisy == 70, noisy == -50
    assert torch.equal(noisy[~salt & ~pepper], x[~salt & ~pepper])
    for share in (salt.double().mean(), pepper.double().mean()):
        assert abs(share - level / 2) <= SIGMAS


def test_corruptions_leave_the_batch_alone(x):
    before = x.clone()
    gaussian(x, 1.0, Stream(1))
    masking(x, 0.5, Stream(1), torch.zeros(D))
    salt_and_pepper(x, 0.5, Stream(1), torch.zeros(D), torch.ones(D))
    assert torch.equal(x, before)
