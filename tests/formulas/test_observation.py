"""The observation models: scores and draws, each against what is known."""

import math

import numpy as np
import pytest
import torch
from scipy import stats

from skdeepunsup._random import Stream
from skdeepunsup.formulas.observation import (
    BernoulliObservation,
    BetaBinomialObservation,
    CategoricalObservation,
    GaussianObservation,
)

RNG = np.random.default_rng(0)


def test_gaussian_observation_is_scipy_s_normal():
    observation = GaussianObservation(3, 3, 0.7, learned=False)
    x, r = (torch.from_numpy(RNG.normal(size=(4, 3))) for _ in range(2))
    expected = -stats.norm(r.numpy(), 0.7).logpdf(x.numpy()).sum(1)
    np.testing.assert_allclose(observation.double().cross_entropy(x, r, None), expected, rtol=1e-6)


def test_gaussian_samples_have_its_mean_and_scale():
    observation, n = GaussianObservation(1, 1, 0.7, learned=False), 100_000
    x = observation.sample(torch.full((n, 1), 2.0), Stream(0))
    assert abs(x.mean() - 2) < 4 * 0.7 / math.sqrt(n)
    assert abs(x.std() - 0.7) < 4 * 0.7 / math.sqrt(2 * n)


def test_bernoulli_samples_have_its_probability():
    n, p = 100_000, 0.3
    output = torch.full((n, 1), math.log(p / (1 - p)))
    x = BernoulliObservation(1).sample(output, Stream(0))
    assert set(x.unique().tolist()) == {0, 1}
    assert abs(x.mean() - p) < 4 * math.sqrt(p * (1 - p) / n)


def test_categories_are_one_hot_scored_and_drawn_by_their_softmax():
    observation, n = CategoricalObservation(2, 3), 60_000
    x = torch.tensor([[0.0, 2.0]])
    assert observation.fed(x, None).tolist() == [[1, 0, 0, 0, 0, 1]]
    assert observation.fed(x, torch.tensor([[True, False]])).tolist() == [[1, 0, 0, 0, 0, 0]]
    logits = torch.tensor([[0.5, 0.0, -1.0, 2.0, 1.0, 0.0]])
    p = logits.view(2, 3).softmax(-1)
    expected = -(p[0, 0].log() + p[1, 2].log())
    torch.testing.assert_close(observation.cross_entropy(x, logits, None)[0], expected)
    torch.testing.assert_close(observation.mean(logits)[0], p @ torch.arange(3.0))
    draws = observation.sample(logits.expand(n, 6), Stream(0))
    for column in range(2):
        for k in range(3):
            share = (draws[:, column] == k).double().mean()
            assert abs(share - p[column, k]) < 4 * math.sqrt(p[column, k] / n)


def beta_binomial(n=1):
    """Four distributions over 0 … 6, and SciPy's: steep, flat, with two peaks at the ends."""
    alpha, beta = np.array([[0.3, 1.0, 20.0, 1e-3], [0.2, 1.0, 5.0, 2.0]])
    output = torch.from_numpy(np.log([alpha, beta]).T.ravel()).expand(n, 8)
    return BetaBinomialObservation(4, 7), output, stats.betabinom(6, alpha, beta)


def test_grey_levels_are_scaled_and_scored_as_scipy_scores_them():
    observation, output, expected = beta_binomial()
    x = torch.tensor([[0.0, 3.0, 6.0, 1.0]], dtype=torch.float64)
    torch.testing.assert_close(observation.fed(x, None), x / 6)
    found = observation.cross_entropy(x, output, None)
    np.testing.assert_allclose(found, -expected.logpmf(x[0]).sum(), rtol=1e-9)
    np.testing.assert_allclose(observation.mean(output)[0], expected.mean())


def test_grey_levels_are_drawn_by_their_probabilities():
    n = 60_000
    observation, output, expected = beta_binomial(n)
    draws = observation.sample(output, Stream(0)).numpy()
    for level in range(7):
        p = expected.pmf(level)
        assert (np.abs((draws == level).mean(0) - p) < 4 * np.sqrt(p / n)).all()


@pytest.mark.parametrize(
    "observation",
    [BernoulliObservation(4), CategoricalObservation(4, 5), BetaBinomialObservation(4, 256)],
    ids=lambda o: type(o).__name__,
)
@pytest.mark.parametrize("scale", [1.0, 1e3])
def test_probabilities_are_those_of_the_score_and_sum_to_one(observation, scale):
    output = scale * Stream(0).normal(3, 4 * observation.outputs_per_feature).double()
    p = observation.probabilities(output)
    assert p.shape == (3, 4, observation.n_categories)
    torch.testing.assert_close(p.sum(-1), torch.ones(3, 4, dtype=torch.float64))
    if scale == 1:
        x = torch.arange(12).view(3, 4).double() % observation.n_categories
        chosen = p.gather(-1, x.long()[..., None])[..., 0]
        torch.testing.assert_close(
            -chosen.log().sum(-1), observation.cross_entropy(x, output, None), rtol=1e-9, atol=1e-9
        )


def test_extreme_grey_levels_have_finite_scores_and_gradients():
    observation = BetaBinomialObservation(2, 256)
    output = torch.tensor([[40.0, -40.0, -300.0, 1e4]], requires_grad=True)
    for x in ([0.0, 255.0], [255.0, 0.0]):
        score = observation.cross_entropy(torch.tensor([x]), output, None)
        assert score.isfinite().all()
        assert torch.autograd.grad(score.sum(), output)[0].isfinite().all()
