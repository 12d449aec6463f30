"""Log Z by enumeration and by annealing."""

import math

import numpy as np
import pytest
import torch

from skdeepunsup._random import Stream
from skdeepunsup.energy.likelihood.partition import (
    anneal,
    annealed_log_partition,
    exact_log_partition,
    log_mean_interval,
)
from tests.energy.machines.test_restricted import (
    SHAPES,
    joint,
    random_machine,
)


@pytest.mark.parametrize("shape", SHAPES)
def test_log_partition_is_the_sum_over_all_states(shape):
    machine = random_machine(*shape)
    expected = float(joint(machine)[2].flatten().logsumexp(0))
    assert exact_log_partition(machine) == pytest.approx(expected, abs=1e-10)


@pytest.mark.parametrize("seed", range(5))
def test_annealed_interval_covers_the_exact_log_partition(seed):
    machine = random_machine(8, 6, seed=seed)
    base = torch.tensor(np.random.default_rng(seed).normal(size=8))
    machine.a0.copy_(base)
    estimate = annealed_log_partition(
        machine.path(), n_temperatures=200, n_chains=500, stream=Stream(seed)
    )
    assert estimate.lower <= exact_log_partition(machine) <= estimate.upper
    assert estimate.upper - estimate.lower < 0.5


def test_annealed_weights_are_unbiased_even_with_few_temperatures():
    """E[w] = Z / Z₀ whatever the path; only the spread depends on it."""
    machine, stream = random_machine(4, 3), Stream(0)
    betas = torch.linspace(0, 1, 4).double()
    log_w, _ = anneal(machine.path(), machine.path().base_state(200_000, stream), betas, stream)
    ratio = math.exp(exact_log_partition(machine) - float(machine.path().base_log_partition()))
    w = log_w.exp()
    assert abs(float(w.mean()) - ratio) < 5 * float(w.std()) / math.sqrt(len(w))


def test_base_machine_s_log_partition_is_exact():
    machine = random_machine(4, 3)
    machine.W.zero_()
    machine.b.zero_()
    machine.a0.copy_(machine.a)
    assert float(machine.path().base_log_partition()) == pytest.approx(exact_log_partition(machine))


def test_interval_of_one_chain_is_all_there_is():
    estimate = log_mean_interval(torch.tensor([3.0]))
    assert estimate == (3.0, -math.inf, math.inf)
