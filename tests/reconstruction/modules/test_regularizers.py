"""What each regulariser adds to the bound, and the critic that one of them has."""

import pytest
import torch

from skdeepunsup._random import Stream
from skdeepunsup.formulas.regularizers import critic_cross_entropy, shuffled
from skdeepunsup.reconstruction.modules.regularizers import REGULARIZERS


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


@pytest.mark.parametrize("name", REGULARIZERS)
def test_beta_weighs_either_the_divergence_or_a_penalty(name, codes):
    regularizer = made(name)
    assert regularizer.price(1.0) == 1
    weighs_divergence = regularizer.price(4.0) == 4
    penalty = regularizer.penalty(*codes, None)
    assert weighs_divergence == (name == "kl") == (not penalty.any())
    assert penalty.shape in ((), (50,))


@pytest.mark.parametrize("name", REGULARIZERS)
def test_only_a_critic_has_losses_and_parameters(name, codes):
    regularizer, z = made(name), codes[0]
    losses = regularizer.critic_losses(z, Stream(1))
    assert bool(losses) == bool(list(regularizer.parameters())) == (name == "factor")
    for loss in losses.values():
        expected = critic_cross_entropy(z, shuffled(z, Stream(1)), regularizer.critic)
        assert torch.equal(loss, expected)
