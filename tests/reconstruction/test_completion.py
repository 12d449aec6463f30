"""Completions by variational autoencoders, against integrals over the code."""

import copy
import itertools

import numpy as np
import pytest
import torch

from skdeepunsup import VariationalAutoencoder, VariationalDeepEmbedding
from skdeepunsup._random import Stream
from skdeepunsup.reconstruction.completion import PosteriorChains
from tests.energy.machines.test_restricted import monte_carlo_floor, total_variation

NAN = np.nan
N = 10_000
SMALL = {"max_iter": 1, "random_state": 0}


@torch.no_grad()
def with_strong_parameters(model, scale=1.0, seed=0):
    """A model with parameters set to large values; its encoder is no posterior of its decoder."""
    rng = np.random.default_rng(seed)
    for name, parameter in model.module_.named_parameters():
        if "log_scale" not in name:
            parameter.copy_(torch.tensor(rng.normal(0, scale, tuple(parameter.shape))))
    return model


def linear(n_features=4, n_components=2, missing="error"):
    """x = Wz + b + σε, as probabilistic PCA has it."""
    X = np.random.default_rng(0).normal(size=(20, n_features))
    options = {"hidden_layer_sizes": (), "noise_scale": 0.5, "missing": missing}
    model = VariationalAutoencoder(n_components, **options, **SMALL).fit(X)
    return with_strong_parameters(model, 0.7)


def gaussian_conditional(model, row):
    """Mean and covariance of the missing entries, by the formula for jointly normal ones."""
    decoder = model.module_.decoder[-1]
    c, s = (v.numpy() for v in (model.module_.scaling.center, model.module_.scaling.scale))
    W = s[:, None] * decoder.weight.detach().double().numpy()
    b = c + s * decoder.bias.detach().double().numpy()
    C = W @ W.T + 0.25 * np.eye(len(W))
    m, o = np.isnan(row), ~np.isnan(row)
    gain = C[np.ix_(m, o)] @ np.linalg.inv(C[np.ix_(o, o)])
    return b[m] + gain @ (row[o] - b[o]), C[np.ix_(m, m)] - gain @ C[np.ix_(o, m)]


@pytest.mark.parametrize("row", [(1.0, NAN, NAN, -0.5), (NAN, 0.3, NAN, NAN)], ids=str)
def test_a_linear_decoder_has_the_known_conditional(row):
    model, row = linear(), np.array(row)
    mean, covariance = gaussian_conditional(model, row)
    missing = np.isnan(row)
    draws = model.impute([row], n_draws=N, n_steps=10, random_state=0)[:, 0, missing]
    deviations = np.sqrt(np.diag(covariance))
    assert (abs(draws.mean(0) - mean) < 5 * deviations / np.sqrt(N)).all()
    spread = np.sqrt((np.outer(deviations**2, deviations**2) + covariance**2) / N)  # Wishart's
    assert (abs(np.cov(draws.T) - covariance) < 5 * spread).all()
    answer = model.impute([row], mean=True, n_draws=2000, n_steps=20, random_state=0)[0, missing]
    assert (abs(answer - mean) < 5 * deviations / np.sqrt(2000)).all()


@pytest.mark.parametrize("likelihood", ["gaussian", "bernoulli"])
def test_means_are_of_expectations_where_draws_are_noise(likelihood):
    """If the decoder ignores its code, the expectation is known at any step."""
    X = (np.random.default_rng(0).random((20, 4)) < 0.5).astype(float)
    model = VariationalAutoencoder(2, likelihood=likelihood, hidden_layer_sizes=(), **SMALL).fit(X)
    with torch.no_grad():
        model.module_.decoder[-1].weight.zero_()
    row = np.array([1.0, NAN, NAN, 0.0])
    answers = [model.impute([row], mean=True, n_steps=3, random_state=s)[0] for s in range(4)]
    np.testing.assert_allclose(answers[1:], [answers[0]] * 3, rtol=1e-5)
    np.testing.assert_allclose(answers[0][1:3], model.inverse_transform([[0, 0]])[0, 1:3], 1e-5)


def test_means_average_over_half_of_the_steps():
    model, n = linear(), 500
    rows = np.tile([1.0, NAN, NAN, -0.5], (n, 1))
    variances = [
        model.impute(rows, mean=True, n_steps=k, random_state=0)[:, 1:3].var(0) for k in (20, 200)
    ]
    # Ten times as many steps, each nearly forgotten after the next few.
    assert (variances[1] < 0.2 * variances[0]).all()


@torch.no_grad()
@pytest.mark.parametrize("move", ["_jump", "_slice"])
@pytest.mark.parametrize("missing", ["error", "mask"])
def test_each_move_leaves_the_conditional_unchanged(move, missing):
    """By itself: the other could hide what is wrong."""
    model, row = linear(missing=missing), np.array([1.0, NAN, NAN, -0.5])
    mean, covariance = gaussian_conditional(model, row)
    vae = model.module_.double()
    u = torch.tensor(vae.scaling.standardized(row))
    chains = PosteriorChains(vae, vae, u.expand(N, -1), Stream(0))
    chains.advance(30)
    for _ in range(10):
        getattr(chains, move)()
        chains._draw_missing()
    draws = vae.scaling.original(chains.x)[:, 1:3].numpy()
    variances = np.diag(covariance)
    assert (abs(draws.mean(0) - mean) < 5 * np.sqrt(variances / N)).all()
    spread = np.sqrt((np.outer(variances, variances) + covariance**2) / N)
    assert (abs(np.cov(draws.T) - covariance) < 5 * spread).all()


KINDS = {
    "bernoulli": (2, {"likelihood": "bernoulli"}),
    "bernoulli, masked": (2, {"likelihood": "bernoulli", "missing": "mask"}),
    "categorical": (3, {"likelihood": "categorical", "n_categories": 3}),
    "beta-binomial": (3, {"likelihood": "beta-binomial", "n_categories": 3}),
}


def exact_conditional(log_joint, states, row):
    """p of each state, from log p(x, z) on a fine grid of codes of one component."""
    z = torch.linspace(-8, 8, 2001, dtype=torch.float64)[:, None]
    with torch.no_grad():
        log_p = [torch.logsumexp(log_joint(x.expand(len(z), -1), z), 0) for x in states]
    p = np.exp(np.array(log_p)) * ((states.numpy() == row) | np.isnan(row)).all(1)
    return p / p.sum()


def compare(model, module, prior, K, row):
    states = torch.tensor(list(itertools.product(range(K), repeat=len(row))), dtype=torch.float64)
    p = exact_conditional(
        lambda x, z: prior.log_prior(z) - module.cross_entropy(x, z), states, np.array(row)
    )
    draws = model.impute([row], n_draws=N, n_steps=10, random_state=0)[:, 0]
    places = (draws @ K ** np.arange(len(row))[::-1]).astype(int)
    found = np.bincount(places, minlength=len(states))
    assert total_variation(found, p) < monte_carlo_floor(p, N)
    answer = model.impute([row], mean=True, n_draws=2000, n_steps=10, random_state=0)[0]
    if getattr(model, "likelihood", None) == "categorical":
        shares = [[p[states[:, i] == k].sum() for k in range(K)] for i in range(len(row))]
        np.testing.assert_array_equal(answer, np.argmax(shares, axis=1))
    else:
        error = 5 * 0.5 * (K - 1) / np.sqrt(2000)
        np.testing.assert_allclose(answer, p @ states.numpy(), rtol=0, atol=error)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("row", [(1, NAN, 0, NAN), (NAN, NAN, 1, NAN)], ids=str)
def test_draws_follow_the_integral_over_the_code(kind, row):
    K, options = KINDS[kind]
    X = np.random.default_rng(0).integers(K, size=(20, 4)).astype(float)
    model = VariationalAutoencoder(1, hidden_layer_sizes=(3,), **options, **SMALL).fit(X)
    with_strong_parameters(model, 1.5)
    module = copy.deepcopy(model.module_).double()
    compare(model, module, module, K, row)


def test_a_mixture_of_codes_counts_as_well():
    X = (np.random.default_rng(0).random((40, 4)) < 0.5).astype(float)
    vae = VariationalAutoencoder(1, hidden_layer_sizes=(3,), likelihood="bernoulli", **SMALL)
    model = VariationalDeepEmbedding(2, vae, **SMALL).fit(X)
    with_strong_parameters(model, 1.5)
    with torch.no_grad():
        model.module_.log_variances.fill_(-1.0)
        model.module_.centers.copy_(torch.tensor([[-1.0], [1.5]]))
    module = copy.deepcopy(model.module_).double()
    compare(model, module.vae, module, 2, (1, NAN, 0, NAN))
    compare(model, module.vae, module, 2, (NAN, NAN, NAN, NAN))
