"""Up-down: each step follows the gradient of its own conditional."""

from functools import partial

import pytest
import torch

from skdeepunsup._random import Stream
from skdeepunsup._rows import ResidentRows
from skdeepunsup.energy.learning.chains import PersistentChains
from skdeepunsup.energy.learning.contrastive import ContrastiveDivergence
from skdeepunsup.energy.learning.greedy import RowsAbove
from skdeepunsup.energy.learning.monitors import fixed_bits, restricted_figures
from skdeepunsup.energy.learning.up_down import UpDown, sleep_, wake_
from tests.energy.likelihood.test_bound import N, all_states, log_bits, random_network


@pytest.mark.parametrize("kind", ["bernoulli", "gaussian", "categorical"])
def test_wake_follows_the_likelihood_of_each_layer(kind):
    options = {"n_categories": 2} if kind == "categorical" else {}
    machine = random_network((3, 2), visible_units=kind, **options).layers[0]
    below, above = torch.rand(5, N).double(), all_states(3)[:5]
    below = machine.coding.to_states(below.round() if kind != "gaussian" else below)
    expected = []
    for parameter in (machine.W, machine.a):
        parameter.requires_grad_(True)
        x = above @ machine.W.T + machine.a
        if kind == "categorical":
            log_p = (below * x.unflatten(-1, (-1, 2)).log_softmax(-1).flatten(-2)).sum(-1)
        elif kind == "gaussian":  # times σ²
            log_p = -0.5 * (below - x).square().sum(-1)
        else:
            log_p = log_bits(below, x)
        expected.append(torch.autograd.grad(log_p.mean(), parameter)[0])
        parameter.requires_grad_(False)
    if kind == "categorical":
        machine.constrain_()
    before = machine.W.clone(), machine.a.clone()
    wake_(machine, below, above, 0.01)
    torch.testing.assert_close((machine.W - before[0]) / 0.01, expected[0])
    torch.testing.assert_close((machine.a - before[1]) / 0.01, expected[1])


@pytest.mark.parametrize("kind", ["bernoulli", "gaussian"])
def test_sleep_follows_the_posterior_of_each_layer(kind):
    network = random_network((3, 2), visible_units=kind, fine_tuning="up-down")
    machine, (R,) = network.layers[0], network.recognition
    below, above = torch.rand(5, N).double(), all_states(3)[:5]
    below = below.round() if kind == "bernoulli" else below
    variance = machine.visible.log_variance.exp() if kind == "gaussian" else 1.0
    expected = []
    for parameter in (R, machine.b):
        parameter.requires_grad_(True)
        log_q = log_bits(above, (below / variance) @ R + machine.b).mean()
        expected.append(torch.autograd.grad(log_q, parameter)[0])
        parameter.requires_grad_(False)
    before, generative = (R.clone(), machine.b.clone()), machine.W.clone()
    sleep_(network, 0, below, above, 0.01)
    torch.testing.assert_close((R - before[0]) / 0.01, expected[0])
    torch.testing.assert_close((machine.b - before[1]) / 0.01, expected[1])
    assert torch.equal(machine.W, generative)


def test_up_down_moves_all_that_there_is():
    network = random_network((3, 5, 2), fine_tuning="up-down")
    before = {name: p.clone() for name, p in network.named_parameters()}
    learner = partial(
        ContrastiveDivergence,
        stream=Stream(0),
        chains=partial(PersistentChains, n_chains=7, n_steps=1),
        learning_rate=0.1,
        precision=torch.float64,
    )
    UpDown(network, Stream(0), learner=learner, rates=(0.1, 0.2, 0.1)).step(all_states(N))
    still = {name for name, p in network.named_parameters() if torch.equal(p, before[name])}
    assert not still


def test_fine_tuning_measures_the_network_that_answers():
    network = random_network((3, 5, 2), fine_tuning="up-down")
    learner = partial(
        ContrastiveDivergence,
        stream=Stream(0),
        chains=partial(PersistentChains, n_chains=7, n_steps=1),
        learning_rate=1.0,
        precision=torch.float64,
    )
    rule = UpDown(network, Stream(0), learner=learner, rates=(1.0,) * 3, averaging=0.99)
    for _ in range(20):
        rule.step(all_states(N))
    arriving = RowsAbove(ResidentRows(all_states(N)), network, 2)
    seen = rule.measure(arriving, arriving)["reconstruction_kl"]
    bits = fixed_bits(arriving.take(torch.tensor([0, 10])))
    by_top = {t: restricted_figures(t, bits) for t in (network.top, rule.machine.top)}
    answering, trained = (f["reconstruction_kl"].mean() for f in by_top.values())
    assert seen == answering != trained
