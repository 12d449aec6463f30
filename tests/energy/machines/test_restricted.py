"""The energy's laws, against exact enumeration of machines small enough for it."""

import itertools
import math
from functools import partial

import numpy as np
import pytest
import torch
from torch.autograd import functional

from skdeepunsup._random import Stream
from skdeepunsup.energy.learning.chains import PersistentChains
from skdeepunsup.energy.learning.contrastive import (
    ContrastiveDivergence,
    centered_gradient,
    phase_weights,
)
from skdeepunsup.energy.likelihood.partition import (
    anneal,
    annealed_log_partition,
    exact_log_partition,
    log_mean_interval,
)
from skdeepunsup.energy.likelihood.pseudo import (
    pseudo_log_likelihood,
    pseudo_log_likelihood_estimate,
)
from skdeepunsup.energy.machines.restricted import RestrictedBoltzmannMachine
from skdeepunsup.energy.machines.states import binary_states

SHAPES = [(4, 3), (3, 5), (1, 1), (6, 6)]


def random_machine(n_visible=4, n_hidden=3, scale=1.0, seed=0):
    """A machine with random parameters, in float64."""
    machine = RestrictedBoltzmannMachine(n_visible, n_hidden).double()
    rng = np.random.default_rng(seed)
    for name in ("W", "a", "b"):
        parameter = getattr(machine, name)
        parameter.copy_(torch.tensor(rng.normal(0, scale, tuple(parameter.shape))))
    return machine


def all_states(n):
    return torch.tensor(list(itertools.product([0.0, 1.0], repeat=n)), dtype=torch.float64)


def joint(machine):
    """All visible and hidden states, and log of the unnormalised probability of each pair."""
    V, H = all_states(len(machine.a)), all_states(len(machine.b))
    pairs_v, pairs_h = V.repeat_interleave(len(H), 0), H.repeat(len(V), 1)
    return V, H, -machine.energy(pairs_v, pairs_h).view(len(V), len(H))


def visible_distribution(machine):
    V, _, log_p = joint(machine)
    return V, torch.softmax(log_p.logsumexp(1), 0)


def total_variation(counts, p):
    return 0.5 * np.abs(counts / counts.sum() - p).sum()


def monte_carlo_floor(p, n):
    """Mean total variation of n exact draws, plus five of its deviations."""
    draws = np.random.default_rng(1).multinomial(n, p / p.sum(), size=400)
    distances = [total_variation(d, p) for d in draws]
    return np.mean(distances) + 5 * np.std(distances)


def count_states(v):
    weights = 2 ** np.arange(v.shape[1])[::-1]
    return np.bincount((v.numpy() @ weights).astype(int), minlength=2 ** v.shape[1])


@pytest.mark.parametrize("shape", SHAPES)
def test_energy_is_the_formula(shape):
    machine = random_machine(*shape)
    v, h = torch.rand(2, shape[0]).double(), torch.rand(2, shape[1]).double()
    W, a, b = machine.W, machine.a, machine.b
    expected = [-(a @ v[i]) - b @ h[i] - v[i] @ W @ h[i] for i in range(2)]
    torch.testing.assert_close(machine.energy(v, h), torch.stack(expected))


@pytest.mark.parametrize("shape", SHAPES)
def test_free_energies_are_the_marginals(shape):
    machine = random_machine(*shape)
    V, H, log_p = joint(machine)
    torch.testing.assert_close(machine.free_energy(V), -log_p.logsumexp(1))
    torch.testing.assert_close(machine.hidden_free_energy(H), -log_p.logsumexp(0))


@pytest.mark.parametrize("shape", SHAPES)
def test_conditional_means_are_the_joint_s(shape):
    machine = random_machine(*shape)
    V, H, log_p = joint(machine)
    torch.testing.assert_close(machine.encode(V), torch.softmax(log_p, 1) @ H)
    torch.testing.assert_close(machine.decode(H), torch.softmax(log_p, 0).T @ V)


@pytest.mark.parametrize("shape", SHAPES)
def test_log_partition_is_the_sum_over_all_states(shape):
    machine = random_machine(*shape)
    expected = float(joint(machine)[2].flatten().logsumexp(0))
    assert exact_log_partition(machine) == pytest.approx(expected, abs=1e-10)


def test_enumeration_in_blocks_visits_each_state_once():
    blocks = list(binary_states(7, block=32))
    assert [len(b) for b in blocks] == [32] * 4
    assert len(torch.unique(torch.cat(blocks), dim=0)) == 2**7


def test_mean_is_the_log_normalizer_s_derivative():
    machine = random_machine()
    x = torch.linspace(-9, 9, 31, dtype=torch.float64)
    for units in (machine.visible, machine.hidden):
        slope = functional.jacobian(lambda t, u=units: u.log_normalizer(t), x).diagonal()
        torch.testing.assert_close(slope, units.mean(x))


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
    """Data on one side, as many chains as one likes on the other, drawn from the model itself."""
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


@pytest.mark.parametrize("n_steps", [1, 3])
def test_gibbs_leaves_the_distribution_unchanged(n_steps):
    machine, n = random_machine(scale=1.5), 100_000
    V, p = visible_distribution(machine)
    start = V[np.random.default_rng(0).choice(len(V), size=n, p=p.numpy())]
    v = machine.gibbs(start, Stream(0), n_steps)
    assert total_variation(count_states(v), p.numpy()) < monte_carlo_floor(p.numpy(), n)


def test_gibbs_reaches_the_distribution_from_anywhere():
    machine, n = random_machine(scale=1.5), 100_000
    p = visible_distribution(machine)[1].numpy()
    v = machine.gibbs(torch.zeros(n, 4).double(), Stream(0), 200)
    assert total_variation(count_states(v), p) < monte_carlo_floor(p, n)
    one_sweep = machine.gibbs(torch.zeros(n, 4).double(), Stream(0), 1)
    assert total_variation(count_states(one_sweep), p) > 2 * monte_carlo_floor(p, n)


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


@pytest.mark.parametrize("shape", SHAPES)
def test_pseudo_likelihood_is_the_product_of_conditionals(shape):
    machine = random_machine(*shape)
    V, p = visible_distribution(machine)
    index = {tuple(v.tolist()): i for i, v in enumerate(V)}

    def conditional(v, i):
        flipped = v.clone()
        flipped[i] = 1 - flipped[i]
        here, there = p[index[tuple(v.tolist())]], p[index[tuple(flipped.tolist())]]
        return torch.log(here / (here + there))

    expected = torch.stack([sum(conditional(v, i) for i in range(shape[0])) for v in V])
    torch.testing.assert_close(pseudo_log_likelihood(machine, V), expected)


@pytest.mark.parametrize("n_rows", [1, 3, 50])
def test_pseudo_likelihood_estimate_spreads_over_all_bits(n_rows):
    """Of one state on many rows it is exact: each bit is flipped as often as any other."""
    machine = random_machine(8, 3)
    v = all_states(8)[11].expand(n_rows, -1)
    estimate = pseudo_log_likelihood_estimate(machine, v, n_conditionals=8).mean()
    torch.testing.assert_close(estimate, pseudo_log_likelihood(machine, v)[0])


def test_pseudo_likelihood_estimate_reaches_the_last_bits_of_few_rows():
    """Only the second half of the bits is certain: an estimate that missed it would be wrong."""
    machine = RestrictedBoltzmannMachine(1000, 2).double()
    machine.a[:500] = 10.0
    v = torch.ones(100, 1000).double()
    exact = pseudo_log_likelihood(machine, v).mean()
    estimate = pseudo_log_likelihood_estimate(machine, v).mean()
    assert float(estimate) == pytest.approx(float(exact), rel=0.01)
