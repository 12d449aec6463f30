"""Binary units, and pairs of them."""

import torch

from skdeepunsup._random import Stream
from skdeepunsup.energy.units.binary import Bernoulli, Twin


def test_twins_are_two_copies_of_a_binary_unit():
    units, x = Twin(1), torch.tensor([[-1.3], [0.4], [2.0]]).double()
    u = torch.tensor([[0.0], [1.0], [2.0]]).double()
    log_p = u.T * x + units.log_base(u) - units.log_normalizer(x)
    sigma = x.sigmoid()
    pairs = torch.cat([(1 - sigma) ** 2, 2 * sigma * (1 - sigma), sigma**2], 1)
    torch.testing.assert_close(log_p.exp(), pairs)
    torch.testing.assert_close(units.mean(x), 2 * sigma)
    drawn = units.sample(x.expand(3, 100_000), Stream(0))
    counts = torch.stack([(drawn == k).double().mean(1) for k in range(3)], 1)
    torch.testing.assert_close(counts, pairs, rtol=0, atol=0.01)
    torch.testing.assert_close(units.divergence(2 * sigma, x), torch.zeros_like(x)[:, 0])


def test_divergence_is_zero_at_the_input_and_positive_elsewhere():
    units = Bernoulli(4)
    u = torch.tensor([0.0, 0.2, 0.5, 1.0]).double()
    at_home = units.divergence(u[:, None], u[:, None].logit(eps=1e-12))
    assert at_home.abs().max() < 1e-9
    assert (units.divergence(u[:, None], (u[:, None] * 0 + 0.35).logit()) > 0).all()
