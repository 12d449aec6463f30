"""Importance samples in the training of a VAE: the bound that they tighten."""

import math

import numpy as np
import pytest
import torch

from skdeepunsup import VariationalAutoencoder
from skdeepunsup._random import Stream
from tests.reconstruction.known_causes import bits_of_two_causes


@pytest.fixture(scope="module")
def bits():
    return bits_of_two_causes()


def test_importance_samples_tighten_the_bound_in_training(bits):
    models = [
        VariationalAutoencoder(
            2, likelihood="bernoulli", n_importance_samples=k, max_iter=1, random_state=0
        ).fit(bits)
        for k in (1, 10)
    ]
    assert "importance" not in models[0].history_
    history = models[1].history_
    assert history["importance"][0] < 0
    assert history["loss"][0] == pytest.approx(
        sum(history[k][0] for k in ("reconstruction", "kl", "importance", "regularization")),
        rel=1e-4,
    )


def test_importance_weights_give_the_paper_s_bound(bits):
    """-log 1/K sum_k p(x, z_k) / q(z_k | x), with the same draws, by torch's distributions."""
    model = VariationalAutoencoder(
        2, likelihood="bernoulli", n_importance_samples=4, max_iter=2, random_state=0
    ).fit(bits)
    module = model.module_.double()
    x = torch.from_numpy(bits[:7])
    losses = module.losses(x, Stream(3))
    mean, log_variance = module.posterior(x)
    q = torch.distributions.Normal(mean, (log_variance / 2).exp())
    z = mean + q.scale * Stream(3).normal_like(mean.expand(4, 7, 2))
    prior = torch.distributions.Normal(torch.zeros(()).double(), 1.0)
    p = torch.distributions.Bernoulli(logits=module.decoder(z.flatten(0, 1)).view(4, 7, 6))
    log_w = p.log_prob(x).sum(-1) + (prior.log_prob(z) - q.log_prob(z)).sum(-1)
    expected = math.log(4) - log_w.logsumexp(0)
    total = losses["reconstruction"] + losses["kl"] + losses["importance"]
    torch.testing.assert_close(total, expected)


def test_importance_samples_bear_a_warm_up_and_any_beta(digits):
    """Outside the weights, a price on KL below 1 would have no lower end."""
    for parameters in ({"kl_warmup": 10}, {"beta": 0.2}):
        model = VariationalAutoencoder(
            8, n_importance_samples=5, max_iter=6, random_state=0, **parameters
        ).fit(digits)
        assert model.history_["kl"][-1] < 500


def test_a_price_of_one_is_the_importance_weighted_bound(bits):
    model = VariationalAutoencoder(
        2, likelihood="bernoulli", n_importance_samples=3, max_iter=2, random_state=0
    ).fit(bits)
    np.testing.assert_allclose(model.history_["regularization"], 0, atol=1e-5)
