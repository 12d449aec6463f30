"""The deep Boltzmann machine's laws, against enumeration of machines small enough for it."""

import copy
import itertools
import math
import pickle

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.datasets import load_digits

from skdeepunsup import DeepBoltzmannMachine
from skdeepunsup._random import Stream
from skdeepunsup.energy.learning.contrastive import phase_weights
from skdeepunsup.energy.learning.layered import LayeredAscent, layered_gradient
from skdeepunsup.energy.likelihood.partition import (
    anneal,
    annealed_log_partition,
    exact_log_partition,
)
from skdeepunsup.energy.machines import layered
from skdeepunsup.energy.machines.layered import LayeredMachine
from skdeepunsup.energy.machines.restricted import RestrictedBoltzmannMachine
from skdeepunsup.energy.units.binary import Twin
from tests.callbacks import StopsAfter, stops_early

SHAPES = [(4, (3,)), (4, (3, 2)), (2, (4, 3)), (3, (2, 2, 2)), (2, (3, 1, 2, 2))]
shapes = pytest.mark.parametrize("shape", SHAPES, ids=str)


def random_machine(n_features=4, sizes=(3, 2), scale=1.0, seed=0):
    """A machine with random parameters, in float64."""
    machine = LayeredMachine(n_features, sizes).double()
    rng = np.random.default_rng(seed)
    for parameter in (*machine.parameters(), machine.a0):
        parameter.copy_(torch.tensor(rng.normal(0, scale, tuple(parameter.shape))))
    return machine


def all_states(n):
    return torch.tensor(list(itertools.product([0.0, 1.0], repeat=n)), dtype=torch.float64)


def joint(machine, W=None, b=None):
    """All states of all layers, and minus their energies, summed term by term."""
    W, b = W or list(machine.W), b or list(machine.b)
    h = all_states(sum(machine.sizes)).split(machine.sizes, 1)
    log_p = sum(u @ c for u, c in zip(h, b, strict=True))
    return h, log_p + sum(((h[i] @ w) * h[i + 1]).sum(1) for i, w in enumerate(W))


def by_visible(machine, W=None, b=None):
    """Log Σₕ exp(−E(v, h)) of all v, in their order, since v is what changes slowest."""
    return joint(machine, W, b)[1].view(2 ** machine.sizes[0], -1).logsumexp(1)


def total_variation(counts, p):
    return 0.5 * np.abs(counts / counts.sum() - p).sum()


def monte_carlo_floor(p, n):
    """Mean total variation of n exact draws, plus four of its deviations."""
    draws = np.random.default_rng(1).multinomial(n, p / p.sum(), size=400)
    distances = [total_variation(d, p) for d in draws]
    return np.mean(distances) + 4 * np.std(distances)


def count_states(bits):
    bits = np.asarray(bits)
    weights = 2 ** np.arange(bits.shape[1])[::-1]
    return np.bincount((bits @ weights).astype(int), minlength=2 ** bits.shape[1])


@pytest.fixture
def bound(monkeypatch):
    """Machines too large for the free energy to be enumerated."""
    monkeypatch.setattr(layered, "MAX_ENUMERATED_HIDDEN", -1)


@shapes
def test_energy_is_the_formula(shape):
    machine = random_machine(*shape)
    h, log_p = joint(machine)
    torch.testing.assert_close(machine.energy(h), -log_p)


@shapes
def test_inputs_are_the_conditionals_log_odds(shape):
    machine = random_machine(*shape)
    h, log_p = joint(machine)
    for i, size in enumerate(machine.sizes):
        for unit in range(size):
            on = h[i][:, unit] == 1
            odds = log_p[on] - log_p[~on]  # of the same states of all other units
            torch.testing.assert_close(odds, machine.input([u[on] for u in h], i)[:, unit])


@shapes
@pytest.mark.parametrize("entries", [1, 2**22])
def test_free_energy_is_the_marginal(shape, entries, monkeypatch):
    monkeypatch.setattr(layered, "MAX_ENTRIES", entries)
    machine = random_machine(*shape)
    V, expected = all_states(shape[0]), -by_visible(machine)
    torch.testing.assert_close(machine.free_energy(V), expected)
    for side in (machine.even, machine.odd):
        layers = [i for i in side if i]
        torch.testing.assert_close(machine.free_energy_enumerated(V, layers), expected)


@shapes
def test_bound_is_a_bound_and_stationary(shape):
    machine = random_machine(*shape)
    V = all_states(shape[0])
    q = machine.mean_field(V)
    tight = -by_visible(machine)
    gap = machine.free_energy_bound(V) - tight
    assert (gap > -1e-9).all()
    assert (gap.max() < 1e-9) == (machine.depth == 1)
    for i in range(1, machine.depth + 1):
        torch.testing.assert_close(q[i], machine.input(q, i).sigmoid(), rtol=0, atol=1e-8)


@shapes
def test_log_partition_is_the_sum_over_all_states(shape):
    machine = random_machine(*shape)
    expected = float(joint(machine)[1].logsumexp(0))
    assert exact_log_partition(machine) == pytest.approx(expected, abs=1e-10)
    even, odd = (sum(machine.sizes[i::2]) for i in (0, 1))
    assert machine.n_enumerated == min(even, odd)


@pytest.mark.parametrize("shape", [(8, (6,)), (8, (6, 5)), (4, (8, 3)), (5, (4, 4, 3))], ids=str)
@pytest.mark.parametrize("seed", range(2))
def test_annealed_interval_covers_the_exact_log_partition(shape, seed):
    machine = random_machine(*shape, seed=seed)
    estimate = annealed_log_partition(
        machine.path(), n_temperatures=200, n_chains=500, stream=Stream(seed)
    )
    assert estimate.lower <= exact_log_partition(machine) <= estimate.upper
    assert estimate.upper - estimate.lower < 0.6


@shapes
def test_annealed_weights_are_unbiased_even_with_few_temperatures(shape):
    machine, stream = random_machine(*shape, scale=0.7), Stream(0)
    betas = torch.linspace(0, 1, 4).double()
    log_w, _ = anneal(
        machine.path(), machine.path().base_state(100_000, stream).double(), betas, stream
    )
    ratio = math.exp(exact_log_partition(machine) - float(machine.path().base_log_partition()))
    w = log_w.exp()
    assert abs(float(w.mean()) - ratio) < 5 * float(w.std()) / math.sqrt(len(w))


@shapes
@pytest.mark.parametrize("beta", [0.0, 0.6, 1.0])
def test_annealing_sweeps_are_reversible(shape, beta):
    """p(s) T(s → t) = p(t) T(t → s): counts of moves there and back from exact draws."""
    machine, n = random_machine(*shape), 200_000
    states = all_states(machine.n_enumerated)
    log_p = machine.path().log_density(machine.path().field(states), beta)
    if machine.sides[0] is machine.even:  # what log_density leaves out
        log_p = log_p + states[:, : shape[0]] @ machine.a0
    start = torch.multinomial(log_p.softmax(0), n, True, generator=torch.Generator().manual_seed(0))
    there = machine.path().sweep(machine.path().field(states[start]), beta, Stream(0))
    moves = count_states(np.hstack([states[start], there])).reshape(len(states), -1)
    p = log_p.softmax(0).numpy()
    assert total_variation(moves.sum(0), p) < monte_carlo_floor(p, n)
    difference, error = moves - moves.T, np.sqrt(np.maximum(moves + moves.T, 1))
    assert np.abs(difference / error).max() < 5.5


@shapes
def test_path_ends_at_the_base_and_at_the_machine(shape):
    machine = random_machine(*shape)
    states = all_states(machine.n_enumerated)
    own = machine.path().log_density(machine.path().field(states), 1.0)
    rest = states[:, : shape[0]] @ machine.a0 if machine.sides[0] is machine.even else 0
    torch.testing.assert_close(own + rest, machine.log_marginal(states))
    base = machine.path().log_density(machine.path().field(states), 0.0) + rest
    assert float(base.logsumexp(0)) == pytest.approx(float(machine.path().base_log_partition()))


@shapes
def test_block_gibbs_leaves_the_distribution_unchanged(shape):
    machine, n = random_machine(*shape, scale=1.5), 100_000
    h, log_p = joint(machine)
    p = log_p.softmax(0).numpy()
    start = np.random.default_rng(0).choice(len(p), size=n, p=p)
    state = [u[start] for u in h]
    machine.draw(state, machine.odd, Stream(0))
    machine.draw(state, machine.even, Stream(1))
    assert total_variation(count_states(torch.cat(state, 1)), p) < monte_carlo_floor(p, n)


@shapes
def test_gibbs_reaches_the_distribution_from_anywhere(shape):
    machine, n = random_machine(*shape), 50_000
    p = by_visible(machine).softmax(0).numpy()
    v = machine.gibbs(torch.zeros(n, shape[0]).double(), Stream(0), 100)
    assert total_variation(count_states(v), p) < monte_carlo_floor(p, n)


@pytest.mark.parametrize("sizes", [(3,), (3, 2), (3, 2, 2)], ids=str)
def test_samples_follow_the_scores(sizes):
    X = np.repeat(np.eye(4)[[0, 1, 1, 3]], 20, axis=0)
    model = DeepBoltzmannMachine(sizes, n_iter=50, learning_rate=0.1, random_state=0).fit(X)
    p = np.exp(model.score_samples(all_states(4).numpy()))
    assert p.sum() == pytest.approx(1, abs=1e-6)
    drawn = model.sample(20_000, n_steps=200, random_state=0)
    assert total_variation(count_states(drawn), p) < monte_carlo_floor(p, 20_000)
    known = drawn[:, :2].astype(bool).any(1)
    given = model.sample(20_000, n_steps=200, given=[1, np.nan, np.nan, 0], random_state=0)
    assert known.any() and (given[:, 0] == 1).all() and (given[:, 3] == 0).all()
    conditional = np.where((all_states(4)[:, 0] == 1) & (all_states(4)[:, 3] == 0), p, 0)
    conditional /= conditional.sum()
    assert total_variation(count_states(given), conditional) < monte_carlo_floor(
        conditional, 20_000
    )


def test_bounds_sum_to_less_than_one(bound):
    X = np.repeat(np.eye(4)[[0, 1, 1, 3]], 20, axis=0)
    model = DeepBoltzmannMachine((6, 5), n_iter=30, learning_rate=0.2, random_state=0).fit(X)
    V = all_states(4)
    exact = by_visible(model.module_.in_double()).log_softmax(0).numpy()
    assert (model.score_samples(V.numpy()) <= exact + 1e-9).all()
    assert np.exp(model.score_samples(V.numpy())).sum() < 1


def test_one_hidden_layer_is_the_restricted_machine():
    machine = random_machine(5, (4,))
    restricted = RestrictedBoltzmannMachine(5, 4).double()
    restricted.W, restricted.a, restricted.b = machine.W[0], *machine.b
    restricted.a0.copy_(machine.a0)
    V, H = all_states(5), all_states(4)
    torch.testing.assert_close(machine.free_energy(V), restricted.free_energy(V))
    torch.testing.assert_close(machine.free_energy_bound(V), restricted.free_energy(V))
    torch.testing.assert_close(machine.encode(V), restricted.encode(V))
    torch.testing.assert_close(machine.decode(H), restricted.decode(H))
    torch.testing.assert_close(
        machine.path().base_log_partition(), restricted.path().base_log_partition()
    )
    assert exact_log_partition(machine) == pytest.approx(exact_log_partition(restricted))


@shapes
@pytest.mark.parametrize("offsets", ["none", "random"])
def test_exact_gradient_is_the_enumerated_likelihood_s(shape, offsets):
    """With exact expectations instead of mean field and chains; centred, in moved coordinates.

    There ∂Wₗ' = ∂Wₗ − μₗ₋₁∂bₗᵀ − ∂bₗ₋₁μₗᵀ, and ∂bₗ' as the formula has it.
    """
    machine = random_machine(*shape)
    h, log_p = joint(machine)
    data = all_states(shape[0])[[1, 2, 2]]
    W = [w.detach().clone().requires_grad_() for w in machine.W]
    b = [c.detach().clone().requires_grad_() for c in machine.b]
    log_likelihood = by_visible(machine, W, b).log_softmax(0)[[1, 2, 2]].mean()
    gradients = torch.autograd.grad(log_likelihood, W + b)
    dW, db = gradients[: len(W)], gradients[len(W) :]

    mu = [torch.zeros(n).double() for n in machine.sizes]
    if offsets == "random":
        mu = [torch.rand(n).double() for n in machine.sizes]
        dW = [
            w - torch.outer(mu[i], db[i + 1]) - torch.outer(db[i], mu[i + 1])
            for i, w in enumerate(dW)
        ]
        db = [
            c - (dW[i - 1].T @ mu[i - 1] if i else 0) - (dW[i] @ mu[i + 1] if i < len(dW) else 0)
            for i, c in enumerate(db)
        ]
    posterior = sum(
        log_p.masked_fill((h[0] != v).any(1), -torch.inf).softmax(0) / len(data) for v in data
    )
    c = torch.cat([posterior - log_p.softmax(0), torch.zeros(1).double()])
    H = [torch.cat([u, m[None]]) for u, m in zip(h, mu, strict=True)]
    pairs, biases = layered_gradient(H, c, mu)
    for got, expected in zip([p.W for p in pairs] + biases, [*dW, *db], strict=True):
        torch.testing.assert_close(got, expected)


def rule(machine, **options):
    defaults = {
        "n_pretrained": 0,
        "mean_field_steps": 10,
        "n_chains": 100,
        "n_steps": 1,
        "learning_rate": 0.1,
        "pretraining_learning_rate": 0.1,
        "precision": torch.float64,
    }
    return LayeredAscent(machine, Stream(0), **(defaults | options))


@pytest.mark.parametrize("centered", [True, False])
@pytest.mark.parametrize("n_pretrained", [0, 2])
def test_updates_raise_the_enumerated_likelihood(centered, n_pretrained):
    data = torch.tensor([[1, 1, 0, 0], [0, 0, 1, 1]]).repeat(50, 1).double()
    machine = random_machine(4, (3, 2), scale=0.1)

    def mean_log_likelihood():
        return float(-machine.free_energy(data).mean()) - exact_log_partition(machine)

    objective = rule(
        machine, centered=centered, n_pretrained=n_pretrained, learning_rate=0.05, decay=True
    )
    before = mean_log_likelihood()
    for stage in range(n_pretrained + 1):
        for progress in (0.0, 0.7, 0.8, 0.9, 1.0):
            objective.begin_epoch(progress, stage)
            for _ in range(100 if stage < n_pretrained else 300):
                objective.step(data)
    assert before == pytest.approx(4 * math.log(1 / 2), abs=0.3)
    assert mean_log_likelihood() > 2 * math.log(1 / 2)  # the best is log(1/2)


def test_chains_expectation_is_the_model_s():
    """Wherever the chains start; and the odd layers' means agree."""
    machine, n = random_machine(3, (2, 2)), 50_000
    h, log_p = joint(machine)
    p = log_p.softmax(0)
    objective = rule(machine, n_chains=n, n_steps=50)
    objective.chains = [torch.zeros(n, size).double() for size in machine.sizes]
    for got, u in zip(objective._advance(), h, strict=True):
        torch.testing.assert_close(got.mean(0), p @ u, rtol=0, atol=0.015)


def test_a_lonely_layer_counts_twice():
    """As the paper has it: below twice for all but the top layer, above twice for all but v."""
    machine = random_machine(4, (3, 5, 2))
    objective = rule(machine, n_pretrained=3)
    v, a = torch.rand(6, 4).double(), objective.activity
    W, b = machine.W, machine.b
    for stage, (twice_up, twice_down) in enumerate([(2, 1), (2, 2), (1, 2)]):
        objective._enter(stage)
        pair = objective.pair.machine
        low, high = a[stage][None], a[stage + 1][None]
        up = pair.hidden_input(low * twice_up)
        torch.testing.assert_close(up, twice_up * low @ W[stage] + b[stage + 1])
        down = pair.visible_input(high * twice_down)
        torch.testing.assert_close(down, twice_down * high @ W[stage].T + pair.a)
        assert isinstance(pair.visible, Twin) == (twice_up == 2)
        assert isinstance(pair.hidden, Twin) == (twice_down == 2)
        assert set(objective._below((v > 0.5).double()).unique().tolist()) <= {0, 1, 2}
    q = machine.bottom_up(v, machine.drive(v))
    first = (2 * v @ W[0] + b[1]).sigmoid()
    second = (2 * first @ W[1] + b[2]).sigmoid()
    third = (second @ W[2] + b[3]).sigmoid()
    for got, expected in zip(q[1:], (first, second, third), strict=True):
        torch.testing.assert_close(got, expected)


def test_pretraining_trains_one_pair_at_a_time():
    machine = random_machine(4, (3, 5, 2), scale=0.1)
    objective = rule(machine, n_pretrained=3)
    v = (torch.rand(20, 4) < 0.5).double()
    for stage in range(3):
        before = [w.clone() for w in machine.W]
        objective.begin_epoch(0.0, stage)
        objective.step(v)
        moved = [not torch.equal(w, old) for w, old in zip(machine.W, before, strict=True)]
        assert moved == [i == stage for i in range(3)]
    objective.begin_epoch(0.0, 3)
    before = [w.clone() for w in machine.W]
    objective.step(v)
    assert all(not torch.equal(w, old) for w, old in zip(machine.W, before, strict=True))


@stops_early
@pytest.mark.parametrize("stopped", [1, 2])
def test_stages_that_are_over_are_those_of_a_fit_that_was_not_stopped(digits, stopped):
    options = {"averaging": 0.5, "learning_rate_schedule": "constant", "random_state": 0}
    model = DeepBoltzmannMachine((8, 4), n_iter=1, **options)
    whole = clone(model).fit(digits)
    model.set_callbacks(StopsAfter(stopped)).fit(digits)
    again = pickle.loads(pickle.dumps(model.set_callbacks())).partial_fit(digits)
    assert again.n_iter_ == 3
    np.testing.assert_array_equal(again.transform(digits), whole.transform(digits))


def test_a_stage_that_was_stopped_goes_on_with_its_pair():
    v = (torch.rand(20, 4) < 0.5).double()
    one, other = (rule(random_machine(4, (3, 5, 2)), n_pretrained=3) for _ in range(2))
    for objective in (one, other):
        for stage in (0, 1):
            objective.begin_epoch(0.0, stage)
            objective.step(v)
    resumed = rule(random_machine(4, (3, 5, 2), seed=1), n_pretrained=3)
    resumed.module.load_state_dict(one.module.state_dict())
    resumed.load_state_dict(copy.deepcopy(one.state_dict()))
    resumed.stream = resumed.pair.stream = resumed.pair.chains.stream = one.stream
    for objective in (resumed, other):
        for stage in (1, 2, 3):
            objective.begin_epoch(0.0, stage)
            objective.step(v)
    torch.testing.assert_close(resumed.machine.state_dict(), other.machine.state_dict())


@pytest.mark.parametrize("stage", range(3))
def test_weight_decay_is_the_same_for_twins(stage):
    machine = random_machine(4, (3, 5, 2))
    objective = rule(machine, n_pretrained=3, pretraining_learning_rate=0.1, weight_decay=0.5)
    objective._enter(stage)
    assert objective.pair.learning_rate * objective.pair.weight_decay == pytest.approx(0.05)


def test_phases_are_divided_by_their_own_counts():
    c = phase_weights(7, 3, torch.zeros(1))
    assert float(c[:7].sum()) == pytest.approx(1)
    machine = random_machine(4, (3, 2))
    objective = rule(machine, n_chains=3, learning_rate=1.0, centered=False)
    v, before = torch.ones(7, 4).double(), machine.b[0].clone()
    objective.begin_epoch(0.0)
    objective.step(v)
    torch.testing.assert_close(machine.b[0] - before, 1 - objective.chains[0].mean(0))


def test_mean_field_does_not_depend_on_the_neighbours():
    machine = random_machine(6, (5, 4, 3), scale=2.0)
    V = all_states(6)
    together = machine.mean_field(V)
    alone = [torch.cat(rows) for rows in zip(*(machine.mean_field(v[None]) for v in V))]  # noqa: B905
    for a, b in zip(together, alone, strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=1e-12)


@pytest.fixture(scope="module")
def digits():
    X, _ = load_digits(return_X_y=True)
    return X / 16


@pytest.fixture(scope="module")
def model(digits):
    return DeepBoltzmannMachine((64, 32), resample=True, random_state=0).fit(digits)


def test_it_learns_the_digits(digits, model):
    independent = digits.mean(0).clip(1e-3, 1 - 1e-3)
    bits = (np.random.default_rng(0).random(digits.shape) < digits).astype(float)
    base = (bits * np.log(independent) + (1 - bits) * np.log1p(-independent)).sum(1).mean()
    log_z = model.log_partition("ais", n_temperatures=500, n_chains=50).value
    assert -model.free_energy(bits).mean() - log_z > base + 2.5


def test_activities_are_every_layer_s_means(digits, model):
    first, top = model.activities(digits[:7])
    assert first.shape == (7, 64)
    np.testing.assert_array_equal(top, model.transform(digits[:7]))
    W, b = model.coefs_, model.intercepts_
    assert [w.shape for w in W] == [(64, 64), (64, 32)]
    assert [len(c) for c in b] == [64, 64, 32]
    expected = 1 / (1 + np.exp(-(digits[:7] @ W[0] + top @ W[1].T + b[1])))
    np.testing.assert_allclose(first, expected, atol=1e-6)


def test_no_layers_are_refused(digits):
    with pytest.raises(ValueError, match="hidden_layer_sizes"):
        DeepBoltzmannMachine(()).fit(digits)


def test_going_on_is_joint(digits):
    model = DeepBoltzmannMachine((8, 4), pretraining_iter=2, n_iter=3, random_state=0).fit(digits)
    assert model.n_iter_ == 2 * 2 + 3
    assert model.partial_fit(digits).n_iter_ == 8
    first = DeepBoltzmannMachine((8, 4), random_state=0).partial_fit(digits)
    assert first.n_iter_ == 3
    assert first.partial_fit(digits).n_iter_ == 4
