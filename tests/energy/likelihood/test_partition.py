"""Log Z by enumeration and by annealing."""

import math

import numpy as np
import pytest
import torch

from skdeepunsup import BernoulliRBM
from skdeepunsup._random import Stream
from skdeepunsup.energy.likelihood import partition
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


@pytest.mark.parametrize("n_hidden", [8, 21])
def test_scores_take_few_temperatures_where_these_agree(n_hidden, monkeypatch):
    """None where log Z can be enumerated; and what they find is log Z."""
    rng = np.random.default_rng(0)
    X = (rng.random((100, 24)) < 0.4).astype(np.float32)
    machine = BernoulliRBM(n_hidden, n_iter=2, random_state=0).fit(X).module_
    machine.W.data += 0.3 * torch.randn(machine.W.shape, generator=torch.manual_seed(0))
    asked = []
    original = partition.anneal

    def counted(path, state, betas, stream):
        asked.append(len(betas))
        return original(path, state, betas, stream)

    with monkeypatch.context() as patch:
        patch.setattr(partition, "anneal", counted)
        quick = partition.kept_log_partition(machine)
    assert set(asked) == (set() if n_hidden == 8 else {125})
    assert quick == pytest.approx(exact_log_partition(machine), abs=0.3)


def test_a_small_machine_s_scores_take_all_temperatures_if_need_be(monkeypatch):
    machine = BernoulliRBM(21, n_iter=1, random_state=0).fit(np.eye(30)).module_
    steps = []

    def wide(machine, method, n_temperatures, n_chains, seed):
        steps.append((n_temperatures, n_chains))
        return partition.LogPartition(0.0, -math.inf, 1.0, 1.0)

    monkeypatch.setattr(partition, "log_partition", wide)
    assert partition.quick_log_partition(machine).value == 0
    assert steps == [(125, 100), (500, 100), (2000, 100)]
    monkeypatch.setattr(partition, "SMALL", 100)
    partition.quick_log_partition(machine)
    assert steps[3:] == [(125, 100), (500, 100)]
