"""Learning of the unrestricted machine: its gradient and its phases, against enumeration."""

import math

import numpy as np
import pytest
import torch

from skdeepunsup._random import Stream
from skdeepunsup.energy.learning.lateral import LateralAscent, lateral_gradient
from tests.energy.machines.test_lateral import enumerated, marginal, random_graph, random_machine


@pytest.mark.parametrize("mu", ["none", "random"])
@pytest.mark.parametrize("connections", [None, random_graph(6)])
def test_exact_gradient_is_the_enumerated_likelihood_s(mu, connections):
    """With exact expectations instead of chains, an update follows the likelihood's derivative.

    Centring moves the coordinates: ∂c' = ∂c + ... leaves E[s] as its gradient, and ∂L' is the plain
    gradient minus what the biases would explain, ∂L − μ∂cᵀ − ∂c μᵀ off the diagonal.
    """
    machine = random_machine(4, 2, connections=connections)
    data = torch.tensor([[1, 0, 0, 1], [1, 1, 0, 1], [0, 1, 1, 0]]).double()
    upper = torch.triu(machine.mask, 1)

    def mean_log_likelihood(couplings, c):
        L = torch.zeros(6, 6).double().masked_scatter(upper, couplings)
        _, log_p = enumerated(L, c)
        of_visible = log_p.view(16, 4).logsumexp(1)
        rows = (data @ torch.tensor([8.0, 4, 2, 1]).double()).long()
        return (of_visible[rows] - log_p.logsumexp(0)).mean()

    parameters = [machine.L[upper].requires_grad_(), machine.c.detach().clone().requires_grad_()]
    d_couplings, dc = torch.autograd.grad(mean_log_likelihood(*parameters), parameters)
    dL = torch.zeros(6, 6).double().masked_scatter(upper, d_couplings)
    dL = dL + dL.T
    offset = torch.zeros(6).double()
    if mu == "random":
        offset = torch.rand(6).double()
        cross = torch.outer(offset, dc)
        dL = (dL - cross - cross.T) * machine.mask
        dc = dc - dL @ offset

    S, log_p = enumerated(machine.L, machine.c)
    free = torch.softmax(log_p, 0)
    same = (S[None, :, :4] == data[:, None]).all(-1)
    clamped = torch.softmax(log_p.expand(3, -1).masked_fill(~same, -math.inf), 1).mean(0)
    means = (S @ machine.L + machine.c).sigmoid()
    given_data = torch.cat([S[:, :4], means[:, 4:]], 1)
    gradient = lateral_gradient(
        torch.cat([S, S]),
        torch.cat([given_data, means]),
        torch.cat([clamped, -free]),
        offset,
        machine.mask,
    )
    torch.testing.assert_close(gradient[0], dL)
    torch.testing.assert_close(gradient[1], dc)


@pytest.mark.parametrize("clamped", ["gibbs", "mean-field"])
def test_clamped_phase_infers_hidden_units_given_data(clamped):
    machine = random_machine(3, 3, 0.3)
    ascent = LateralAscent(
        machine, Stream(0), n_chains=1, n_steps=1, clamped=clamped, clamped_steps=20,
        learning_rate=0.1,
    )  # fmt: skip
    x = torch.tensor([[1.0, 0.0, 1.0]]).double().repeat(50_000, 1)
    s, mean = ascent._clamped_phase(x)
    S, log_p = enumerated(machine.L, machine.c)
    given = torch.softmax(log_p.masked_fill(~(S[:, :3] == x[0]).all(1), -math.inf), 0)
    assert torch.equal(s[:, :3], x)
    torch.testing.assert_close(mean[:, 3:].mean(0), (given @ S)[3:], atol=0.01, rtol=0)
    assert set(s[:, 3:].unique().tolist()) == {0, 1} or clamped == "mean-field"


@pytest.mark.parametrize("n_chains", [1, 100])
def test_expected_update_does_not_depend_on_the_number_of_chains(n_chains):
    V, log_p = marginal(random_machine(3, 0, 0.7))
    p = torch.softmax(log_p, 0)
    rng = np.random.default_rng(0)
    updates = []
    for seed in range(1000 // n_chains + 100):
        machine = random_machine(3, 0, 0.7)
        before = machine.c.clone()
        ascent = LateralAscent(
            machine, Stream(seed), n_chains=n_chains, n_steps=1, clamped="gibbs", clamped_steps=1,
            learning_rate=1.0, centered=False, precision=torch.float64,
        )  # fmt: skip
        ascent.chains = V[rng.choice(len(V), size=n_chains, p=p.numpy())]
        ascent.step(V[5:6])
        updates.append(machine.c - before)
    updates = torch.stack(updates)
    error = updates.std(0) / math.sqrt(len(updates))
    assert ((updates.mean(0) - (V[5] - p @ V)).abs() < 5 * error).all()
