"""Contrastive divergence: gradients and updates, against enumeration."""

import math
from functools import partial

import numpy as np
import pytest
import torch

from skdeepunsup._random import Stream
from skdeepunsup.energy.learning.chains import DataChains, PersistentChains
from skdeepunsup.energy.learning.contrastive import (
    ContrastiveDivergence,
    centered_gradient,
    phase_weights,
)
from skdeepunsup.energy.likelihood.partition import exact_log_partition
from tests.energy.likelihood.test_bound import N, random_network
from tests.energy.machines.test_pairs_of_units import machine_of
from tests.energy.machines.test_restricted import all_states, random_machine, visible_distribution


@pytest.mark.parametrize("n_chains", [2, 50_000])
def test_chains_that_start_at_rows_know_them(n_chains):
    machine, rows = random_network((3, 2)).layers[0], all_states(N)[:5]
    rule = ContrastiveDivergence(
        machine,
        Stream(0),
        chains=partial(PersistentChains, n_chains=n_chains, n_steps=1),
        learning_rate=0.1,
        precision=torch.float64,
    )
    rule.start_chains(rows)
    assert rule.chains.h.shape == (n_chains, 3)
    if n_chains > 2:
        expected = machine.encode(rows).mean(0)
        torch.testing.assert_close(rule.chains.h.mean(0), expected, atol=0.01, rtol=0)


@pytest.mark.parametrize("offsets", ["none", "random"])
def test_exact_gradient_is_the_enumerated_likelihood_s(offsets):
    """With exact expectations instead of chains, an update follows the likelihood's derivative.

    Centring moves the coordinates, so its update is the plain gradient seen through
    ∂W' = ∂W − μ∂bᵀ − ∂a λᵀ, ∂a' = ∂a − ∂W'λ, ∂b' = ∂b − ∂W'ᵀμ.
    """
    machine = random_machine()
    V, p = visible_distribution(machine)
    data = torch.tensor([[1, 0, 0, 1], [1, 1, 0, 1], [0, 1, 1, 0]]).double()

    def mean_log_likelihood(W, a, b):
        def minus_free_energy(v):
            return v @ a + torch.log1p(torch.exp(v @ W + b)).sum(-1)

        return (minus_free_energy(data) - minus_free_energy(V).logsumexp(0)).mean()

    parameters = [q.detach().clone().requires_grad_() for q in (machine.W, machine.a, machine.b)]
    dW, da, db = torch.autograd.grad(mean_log_likelihood(*parameters), parameters)

    mu, lam = torch.zeros(4).double(), torch.zeros(3).double()
    if offsets == "random":
        mu, lam = torch.rand(4).double(), torch.rand(3).double()
        dW = dW - torch.outer(mu, db) - torch.outer(da, lam)
        da, db = da - dW @ lam, db - mu @ dW
    states = torch.cat([data, V])
    c = torch.cat([torch.full((3,), 1 / 3).double(), -p, torch.zeros(1).double()])
    rows = torch.cat([states, mu[None]])
    gradient = centered_gradient(rows, machine.encode(states), c, lam)
    torch.testing.assert_close(gradient.W, dW)
    torch.testing.assert_close(gradient.a, da)
    torch.testing.assert_close(gradient.b, db)


def test_each_phase_is_divided_by_its_own_count():
    c = phase_weights(1000, 10, torch.zeros(1))
    assert float(c[:1000].sum()) == pytest.approx(1)
    assert float(c[1000:].sum()) == pytest.approx(-1)
    assert len(c) == 1011


@pytest.mark.parametrize("n_chains", [1, 10, 1000])
def test_expected_update_does_not_depend_on_the_number_of_chains(n_chains):
    """Data on one side, any number of chains, drawn from the model itself, on the other."""
    machine = random_machine(scale=0.7)
    V, p = visible_distribution(machine)
    rng = np.random.default_rng(0)
    updates = []
    for seed in range(20000 // (10 * n_chains) + 40):
        h_of = machine.sample_hidden(
            V[rng.choice(len(V), size=n_chains, p=p.numpy())], Stream(seed)
        )
        rule = ContrastiveDivergence(
            random_machine(scale=0.7),
            Stream(seed + 1),
            chains=partial(PersistentChains, n_chains=n_chains, n_steps=1),
            learning_rate=1.0,
            precision=torch.float64,
        )
        rule.chains.h = h_of
        before = rule.machine.a.clone()
        rule.step(V[:1])
        updates.append(rule.machine.a - before)
    updates = torch.stack(updates)
    expected = V[0] - p @ V
    error = updates.std(0) / math.sqrt(len(updates))
    assert ((updates.mean(0) - expected).abs() < 5 * error + 1e-12).all()


def test_updates_raise_the_enumerated_likelihood():
    data = torch.tensor([[1, 1, 0, 0], [0, 0, 1, 1]]).repeat(50, 1).double()
    machine = random_machine(scale=0.1)

    def mean_log_likelihood():
        return float(-machine.free_energy(data).mean()) - exact_log_partition(machine)

    rule = ContrastiveDivergence(
        machine,
        Stream(0),
        chains=partial(PersistentChains, n_chains=100, n_steps=1),
        learning_rate=0.1,
        centered=True,
        precision=torch.float64,
    )
    before = mean_log_likelihood()
    for _ in range(500):
        rule.step(data)
    assert before == pytest.approx(4 * math.log(1 / 2), abs=0.3)
    assert mean_log_likelihood() > 1.5 * math.log(1 / 2)  # the best is log(1/2)


def test_a_feature_s_step_is_divided_by_the_rows_that_have_it():
    """If one of ten rows has the feature, its bias moves as it does with that row alone."""

    def moved(rows, seed):
        machine = machine_of("categorical", n=2, n_categories=2, scale=0.0)
        machine.a[:2] = torch.tensor([40.0, -40.0])  # what is drawn of it is certain
        rule = ContrastiveDivergence(
            machine,
            Stream(seed),
            chains=partial(DataChains, n_chains=1, n_steps=1),
            learning_rate=1.0,
            missing=True,
            precision=torch.float64,
        )
        before = machine.a.clone()
        rule.step(torch.tensor(rows).double())
        return machine.a - before

    alone = moved([[1.0, math.nan]], 0)
    among = moved([[1.0, math.nan]] + [[math.nan, math.nan]] * 9, 0)
    torch.testing.assert_close(among, alone)
    assert alone[1] > 0.9
