"""The pseudo-likelihood and its estimate, against enumeration."""

import pytest
import torch

from skdeepunsup.energy.likelihood.pseudo import (
    pseudo_log_likelihood,
    pseudo_log_likelihood_estimate,
)
from skdeepunsup.energy.machines.restricted import RestrictedBoltzmannMachine
from tests.energy.machines.test_restricted import (
    SHAPES,
    all_states,
    random_machine,
    visible_distribution,
)


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
    """It is exact for many equal rows: each bit is flipped as often as any other."""
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
