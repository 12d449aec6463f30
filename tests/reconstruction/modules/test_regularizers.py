"""What each regulariser adds to the bound, and the critic that one of them has."""

import pytest
import torch

from skdeepunsup._random import Stream
from skdeepunsup.formulas.regularizers import (
    covariance_distance,
    critic_cross_entropy,
    density_ratio,
    shuffled,
    total_correlation,
)
from skdeepunsup.reconstruction.modules.regularizers import REGULARIZERS

PENALTIES = {
    "kl": lambda regularizer, z, mean, log_variance, weights: torch.zeros(()),
    "tc": lambda regularizer, *batch: total_correlation(*batch),
    "dip": lambda regularizer, z, mean, log_variance, weights: covariance_distance(mean, weights),
    "factor": lambda regularizer, z, *_: density_ratio(z, regularizer.critic),
}
"""The formula of each penalty, by the name of the regulariser."""

CRITIC_LOSSES = {
    "factor": {
        "critic": lambda critic, z, stream: critic_cross_entropy(z, shuffled(z, stream), critic)
    },
}
"""The formulas of the critic's losses, by the name of the regulariser that has one."""

WEIGHTS = torch.tensor([2.0, 1.0]).repeat(25)

every = pytest.mark.parametrize("name", REGULARIZERS)


def made(name):
    regularizer = REGULARIZERS[name](2)
    regularizer.initialize(Stream(0))
    return regularizer


@pytest.fixture
def codes():
    """A draw of z that are correlated, and its posterior."""
    stream = Stream(0)
    mean = stream.normal(50, 1) + 0.1 * stream.normal(50, 2)
    log_variance = torch.full_like(mean, -2.0)
    return mean + (log_variance / 2).exp() * stream.normal_like(mean), mean, log_variance


@every
def test_beta_weighs_either_the_divergence_or_a_penalty(name, codes):
    regularizer = made(name)
    assert regularizer.price(1.0) == 1
    weighs_divergence = regularizer.price(4.0) == 4
    penalty = regularizer.penalty(*codes, None)
    assert weighs_divergence == (name == "kl") == (not penalty.any())
    assert penalty.shape in ((), (50,))


@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["unweighted", "weighted"])
@every
def test_a_penalty_is_the_formula_of_its_name(name, weights, codes):
    regularizer = made(name)
    expected = PENALTIES[name](regularizer, *codes, weights)
    assert torch.equal(regularizer.penalty(*codes, weights), expected)


@every
def test_batch_statistics_count_rows_by_their_weights(name, codes):
    """Weights 2 and 1 are as rows that come twice and once."""
    regularizer = made(name).double()
    codes = [part.double() for part in codes]
    twice = torch.arange(50).repeat_interleave(WEIGHTS.long())
    found = regularizer.penalty(*codes, WEIGHTS.double())
    expected = regularizer.penalty(*(part[twice] for part in codes), None)
    torch.testing.assert_close(found[twice] if found.ndim else found, expected)


@every
def test_only_a_critic_has_losses_and_parameters(name, codes):
    regularizer, z = made(name), codes[0]
    losses, expected = regularizer.critic_losses(z, Stream(1)), CRITIC_LOSSES.get(name, {})
    assert losses.keys() == expected.keys()
    assert bool(losses) == bool(list(regularizer.parameters()))
    for term, loss in losses.items():
        assert torch.equal(loss, expected[term](regularizer.critic, z, Stream(1)))
