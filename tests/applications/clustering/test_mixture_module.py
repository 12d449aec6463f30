"""A mixture as the prior of a VAE: its bound and likelihood, by draws and by integration."""

import math
import pickle

import numpy as np
import pytest
import torch
from scipy.special import logsumexp, rel_entr, softmax
from scipy.stats import multivariate_normal, norm

from skdeepunsup import VariationalAutoencoder, VariationalDeepEmbedding
from skdeepunsup._random import Stream
from skdeepunsup.applications.clustering.mixture_module import MixtureModule
from tests.applications.clustering.models import SEED


def mixture(n_clusters=2, n_components=1, D=2, **params):
    """A module with some parameters, in float64."""
    vae = VariationalAutoencoder(n_components, hidden_layer_sizes=(5,), max_iter=20, **SEED)
    vae.set_params(**params).fit(np.random.default_rng(0).normal(size=(60, D)))
    parts = ((type(vae.module_), vae.module_.arguments),)
    module = MixtureModule(parts, n_clusters)
    module.stack.load(vae)
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in (module.logits, module.centers, module.log_variances):
            parameter.copy_(torch.randn(parameter.shape, generator=generator))
    return module.double().eval()


@pytest.mark.parametrize("n_components", [1, 3])
def test_one_cluster_at_the_prior_is_a_variational_autoencoder(n_components):
    module = mixture(1, n_components)
    with torch.no_grad():
        module.centers.zero_(), module.log_variances.zero_()
    x = torch.tensor(np.random.default_rng(1).normal(size=(10, 2)))
    ours, theirs = module.losses(x, Stream(0)), module.vae.losses(x, Stream(0))
    torch.testing.assert_close(ours["reconstruction"], theirs["reconstruction"])
    torch.testing.assert_close(ours["code"], theirs["kl"])
    assert ours["cluster"].abs().max() < 1e-12
    torch.testing.assert_close(
        module.log_likelihood(x, 50, Stream(0)), module.vae.log_likelihood(x, 50, Stream(0))
    )


def test_the_bound_s_divergence_is_what_draws_of_the_code_give():
    module, n = mixture(3, 2), 200_000
    x = torch.tensor(np.random.default_rng(1).normal(size=(4, 2)))
    with torch.no_grad():
        terms = module.losses(x, Stream(0))
        mean, log_variance = module.vae.posterior(x)
        z = mean + (log_variance / 2).exp() * Stream(0).normal_like(mean)
        gamma = module.log_joint(z).softmax(-1).numpy()
        mean, scale = mean.numpy(), (log_variance / 2).exp().numpy()
        weights = softmax(module.logits.numpy())
        centers, scales = module.centers.numpy(), (module.log_variances / 2).exp().numpy()
    draws = mean[:, None] + scale[:, None] * np.random.default_rng(0).normal(size=(4, n, 2))
    log_q = norm.logpdf(draws, mean[:, None], scale[:, None]).sum(2)
    log_p = np.stack(
        [norm.logpdf(draws, m, s).sum(2) for m, s in zip(centers, scales, strict=True)], axis=2
    )
    values = log_q - (gamma[:, None] * log_p).sum(2)
    noise = values.std(1) / math.sqrt(n)
    assert (np.abs(values.mean(1) - terms["code"].numpy()) < 5 * noise).all()
    np.testing.assert_allclose(
        terms["cluster"], rel_entr(gamma, weights).sum(1), rtol=1e-9, atol=1e-12
    )


def test_the_maximum_has_no_gradient():
    """Of Σ γ E[log p(z, c)] with z ~ N(m, s²), for any γ, m and s."""
    module, rng = mixture(3, 2), np.random.default_rng(0)
    gamma, means, variances = map(
        torch.tensor, (rng.random((20, 3)), rng.normal(3, 1, size=(20, 2)), rng.random((20, 2)))
    )
    module.maximize(gamma, means, variances)
    assert all(parameter.isfinite().all() for parameter in module.parameters())
    log_pi, log_v = module.logits.log_softmax(0), module.log_variances
    squares = (means[:, None] - module.centers).square() + variances[:, None]
    expected = log_pi - 0.5 * (log_v + squares / log_v.exp()).sum(-1)
    mixed = (module.logits, module.centers, log_v)
    for gradient in torch.autograd.grad((gamma * expected).sum(), mixed):
        assert gradient.abs().max() < 1e-9


def test_the_terms_bound_the_likelihood():
    module = mixture(3, 1)
    x = torch.tensor(np.random.default_rng(1).normal(size=(5, 2)))
    with torch.no_grad():
        bounds = [-sum(module.losses(x, Stream(s)).values()) for s in range(2000)]
    bounds = torch.stack(bounds)
    noise = bounds.std(0) / math.sqrt(len(bounds))
    assert (bounds.mean(0) < brute_force_log_likelihood(module, x) + 5 * noise).all()


def brute_force_log_likelihood(module, x):
    """By integration over a code of one dimension."""
    z = torch.linspace(-12, 12, 20_001, dtype=torch.float64)[:, None]
    with torch.no_grad():
        log_prior = logsumexp(module.log_joint(z).numpy(), axis=1)
        log_given = -np.array([
            module.vae.cross_entropy(row.expand(len(z), -1), z).numpy() for row in x
        ])  # fmt: skip
    step = math.log(24 / 20_000)
    return torch.tensor(logsumexp(log_prior + log_given, axis=1) + step)


@pytest.mark.parametrize("likelihood", ["gaussian", "bernoulli"])
def test_score_samples_is_the_likelihood(likelihood):
    X = np.random.default_rng(0).normal([2, -2, 0], size=(60, 3))
    X = (X > 0).astype(float) if likelihood == "bernoulli" else X
    encoder = VariationalAutoencoder(
        1, likelihood=likelihood, max_iter=30, early_stopping=False, **SEED
    )
    model = VariationalDeepEmbedding(2, encoder, max_iter=10, tol=0, **SEED).fit(X)
    module = pickle.loads(pickle.dumps(model)).module_.double()
    x = module.scaling.inward(torch.tensor(X[:12]))
    expected = module.scaling.log_density(brute_force_log_likelihood(module, x), x).numpy()
    scores = model.score_samples(X[:12], n_samples=20_000)
    np.testing.assert_allclose(scores, expected, atol=0.05)
    np.testing.assert_allclose(scores[:5], model.score_samples(X[:5], n_samples=20_000), rtol=1e-12)
    for wrong in (0, 2.5):
        with pytest.raises((ValueError, TypeError), match="n_samples"):
            model.score_samples(X, n_samples=wrong)


def test_the_prior_is_a_density():
    module = mixture(3, 2)
    z = np.random.default_rng(0).normal(size=(20, 2))
    weights = softmax(module.logits.detach().numpy())
    with torch.no_grad():
        found = module.log_joint(torch.tensor(z)).numpy()
    for k in range(3):
        covariance = np.diag(module.log_variances[k].exp().detach().numpy())
        expected = multivariate_normal(module.centers[k].detach().numpy(), covariance).logpdf(z)
        np.testing.assert_allclose(found[:, k], np.log(weights[k]) + expected, rtol=1e-10)
