"""Learning of deep Boltzmann machines: gradient, stages and phases, against enumeration."""

import copy
import math

import pytest
import torch

from skdeepunsup._random import Stream
from skdeepunsup.energy.learning.contrastive import phase_weights
from skdeepunsup.energy.learning.layered import LayeredAscent, layered_gradient
from skdeepunsup.energy.likelihood.partition import (
    exact_log_partition,
)
from skdeepunsup.energy.units.binary import Twin
from tests.energy.machines.test_layered import (
    all_states,
    by_visible,
    joint,
    random_machine,
    shapes,
)


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
        machine, centered=centered, n_pretrained=n_pretrained, learning_rate=0.1, decay=True
    )
    before = mean_log_likelihood()
    for stage in range(n_pretrained + 1):
        for progress in (0.0, 0.7, 0.8, 0.9, 1.0):
            objective.begin_epoch(progress, stage)
            for _ in range(60 if stage < n_pretrained else 150):
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
