"""Clusters in a code: their formulas, what is found, and what is left as it was."""

import math
import pickle
from itertools import pairwise, permutations

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from scipy.special import logsumexp, rel_entr, softmax
from scipy.stats import multivariate_normal, norm, t
from sklearn.base import clone
from sklearn.cluster import DBSCAN, HDBSCAN, OPTICS, AgglomerativeClustering, KMeans
from sklearn.datasets import make_blobs
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.mixture import GaussianMixture
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import nn

from skdeepunsup import (
    Autoencoder,
    BernoulliRBM,
    DeepBeliefNetwork,
    DeepEmbeddedClustering,
    GaussianRBM,
    VariationalAutoencoder,
    VariationalDeepEmbedding,
)
from skdeepunsup._random import Stream
from skdeepunsup.applications.clustering.assignments import (
    divergence,
    moved,
    normal_draws,
    sharpened,
    student_t,
)
from skdeepunsup.applications.clustering.mixture_module import MixtureModule
from tests.callbacks import Silent, StopsAfter

N, D, K = 90, 5, 3
SEED = {"random_state": 0}
AUTOENCODER = Autoencoder(2, hidden_layer_sizes=(16,), learning_rate=0.01, max_iter=40, **SEED)
VARIATIONAL = VariationalAutoencoder(
    2, hidden_layer_sizes=(16,), beta=0.1, learning_rate=0.01, max_iter=40, **SEED
)
FIT = {"batch_size": 30, "max_iter": 4, "random_state": 0}
CLUSTERERS = [
    DeepEmbeddedClustering(K, AUTOENCODER, **FIT),
    DeepEmbeddedClustering(K, AUTOENCODER, init=AgglomerativeClustering(K), **FIT),
    DeepEmbeddedClustering(K, GaussianRBM(8, n_iter=20, **SEED), reconstruction_weight=0, **FIT),
    VariationalDeepEmbedding(K, VARIATIONAL, **FIT),
]
every = pytest.mark.parametrize("estimator", CLUSTERERS, ids=lambda e: f"{e!r:.90}")
deep = pytest.mark.parametrize("kind", [DeepEmbeddedClustering, VariationalDeepEmbedding])


def blobs(seed=0):
    X, y = make_blobs(N, D, centers=K, cluster_std=0.5, random_state=seed)
    return StandardScaler().fit_transform(X), y


@pytest.fixture
def X():
    return blobs()[0]


@pytest.fixture
def y():
    return blobs()[1]


def accuracy(labels, y):
    return max(np.mean(np.array(order)[labels] == y) for order in permutations(range(K)))


def encoder_for(kind, **params):
    if kind is VariationalDeepEmbedding:
        return VariationalAutoencoder(2, max_iter=2, **SEED).set_params(**params)
    return Autoencoder(2, max_iter=2, **SEED).set_params(**params)


# The formulas


@pytest.mark.parametrize("dof", [0.5, 1.0, 7.0])
def test_assignments_are_those_of_t_distributions(dof):
    rng = np.random.default_rng(0)
    z, centers = rng.normal(size=(20, 1)), rng.normal(size=(4, 1))
    # t of one dimension has the exponent −(α + 1)/2 and distances over α: up to normalisation,
    density = t.pdf(z - centers.T, dof)
    q = student_t(torch.tensor(z), torch.tensor(centers), dof).exp().numpy()
    np.testing.assert_allclose(q, density / density.sum(1, keepdims=True), rtol=1e-10)
    # and so it is of the length of a longer difference.
    z, centers = rng.normal(size=(20, 3)), rng.normal(size=(4, 3))
    density = t.pdf(np.linalg.norm(z[:, None] - centers, axis=2), dof)
    q = student_t(torch.tensor(z), torch.tensor(centers), dof).exp().numpy()
    np.testing.assert_allclose(q, density / density.sum(1, keepdims=True), rtol=1e-10)


def test_a_row_on_a_centre_has_finite_gradients():
    z = torch.tensor([[1e4, 1.0], [0.0, 0.0]], requires_grad=True)
    centers = z.detach().clone()
    q = student_t(z, centers, 1.0).exp()
    assert q.argmax(1).tolist() == [0, 1]
    (gradient,) = torch.autograd.grad(q[0, 0], z)
    assert gradient.isfinite().all()


def test_sharpened_by_its_formula():
    q = np.random.default_rng(0).dirichlet(np.ones(4), 30)
    p = sharpened(torch.tensor(q), torch.tensor(q).sum(0)).numpy()
    expected = np.empty_like(q)
    for i in range(30):
        weighted = [q[i, j] ** 2 / q[:, j].sum() for j in range(4)]
        expected[i] = np.array(weighted) / sum(weighted)
    np.testing.assert_allclose(p, expected, rtol=1e-12)
    np.testing.assert_allclose(p.sum(1), 1, rtol=1e-12)


def test_sharpened_leaves_sure_assignments_and_no_idea_as_they_are():
    sure = torch.eye(3)[[0, 0, 1, 2, 2, 2]]
    torch.testing.assert_close(sharpened(sure, sure.sum(0)), sure)
    none = torch.full((5, 4), 0.25)
    torch.testing.assert_close(sharpened(none, none.sum(0)), none)


def test_sharpened_is_surer():
    q = torch.tensor([[0.6, 0.4], [0.4, 0.6]])
    assert (sharpened(q, q.sum(0)).max(1).values > q.max(1).values).all()


def test_divergence_is_scipy_s():
    rng = np.random.default_rng(0)
    p, q = rng.dirichlet(np.ones(4), 20), rng.dirichlet(np.ones(4), 20)
    p[0] = [1, 0, 0, 0]
    found = divergence(torch.tensor(p), torch.tensor(q).log()).numpy()
    np.testing.assert_allclose(found, rel_entr(p, q).sum(1), rtol=1e-10)
    assert divergence(torch.tensor(p), torch.tensor(p).log()).nan_to_num().abs().max() < 1e-12


@pytest.mark.parametrize("rank", [3, 2, 1, 0])
def test_normal_draws_have_mean_and_covariance(rank):
    rng = np.random.default_rng(0)
    A, mean, n = rng.normal(size=(3, rank)), np.array([1.0, -2.0, 3.0]), 40_000
    covariance = A @ A.T
    draws = normal_draws(
        torch.tensor(mean), torch.tensor(covariance), torch.tensor(rng.normal(size=(n, 3)))
    ).numpy()
    spread = np.sqrt(np.diag(covariance))
    assert (np.abs(draws.mean(0) - mean) <= 5 * spread / math.sqrt(n) + 1e-12).all()
    # The variance of an entry of a sample covariance is (c_ij² + c_ii c_jj) / n.
    noise = np.sqrt((covariance**2 + np.outer(spread**2, spread**2)) / n)
    assert (np.abs(np.cov(draws.T) - covariance) <= 5 * noise + 1e-12).all()


# What is found


@every
def test_separate_blobs_are_found(estimator, X, y):
    model = clone(estimator).fit(X)
    assert accuracy(model.labels_, y) > 0.95


@every
def test_labels_are_predictions(estimator, X):
    model = clone(estimator)
    labels = model.fit_predict(X)
    np.testing.assert_array_equal(labels, model.labels_)
    np.testing.assert_array_equal(labels, model.predict(X))
    p = model.predict_proba(X)
    assert p.shape == (N, K)
    np.testing.assert_allclose(p.sum(1), 1, rtol=1e-6)
    np.testing.assert_array_equal(labels, p.argmax(1))
    assert model.cluster_centers_.shape == (K, model.transform(X).shape[1])
    assert list(model.get_feature_names_out()) == [
        f"{type(model).__name__.lower()}{i}" for i in range(model.transform(X).shape[1])
    ]


def test_probabilities_are_those_of_the_formulas(X):
    model = clone(CLUSTERERS[0]).set_params(dof=2.5).fit(X)
    distance = np.square(model.transform(X)[:, None] - model.cluster_centers_).sum(2)
    q = (1 + distance / 2.5) ** (-3.5 / 2)
    np.testing.assert_allclose(model.predict_proba(X), q / q.sum(1, keepdims=True), rtol=1e-5)

    model = clone(CLUSTERERS[-1]).fit(X)
    module, z = model.module_, model.transform(X)
    log_joint = [
        math.log(weight) + norm.logpdf(z, center, scale).sum(1)
        for weight, center, scale in zip(
            softmax(module.logits.detach().numpy()),
            model.cluster_centers_,
            np.exp(module.log_variances.detach().numpy() / 2),
            strict=True,
        )
    ]
    np.testing.assert_allclose(
        model.predict_proba(X), softmax(np.array(log_joint).T, axis=1), rtol=1e-4, atol=1e-6
    )


def test_training_makes_assignments_surer(X):
    rough = X + np.random.default_rng(0).normal(scale=1.5, size=X.shape)
    encoder = clone(AUTOENCODER).fit(rough)
    params = {"learning_rate": 0.01, "tol": 0, "batch_size": 30}
    short, long = (
        DeepEmbeddedClustering(K, encoder, max_iter=n, **params, **SEED)
        .fit(rough)
        .predict_proba(rough)
        .max(1)
        .mean()
        for n in (1, 60)
    )
    assert long > short + 0.005


@every
def test_a_draw_of_a_cluster_is_nearest_to_its_rows(estimator, X):
    if isinstance(estimator.encoder, GaussianRBM):
        estimator = clone(estimator).set_params(encoder__n_iter=100)
    model = clone(estimator).fit(X)
    means = np.array([X[model.labels_ == k].mean(0) for k in range(K)])
    for k in range(K):
        drawn = model.sample(k, 200, random_state=0)
        assert drawn.shape == (200, D)
        assert np.square(drawn.mean(0) - means).sum(1).argmin() == k
        nearest = np.square(drawn[:, None] - means).sum(2).argmin(1)
        assert (nearest == k).mean() > 0.6  # of 1/3 by chance


@every
def test_draws_are_seeded_and_differ(estimator, X):
    model = clone(estimator).fit(X)
    one, again, other = (model.sample(1, 5, random_state=s) for s in (0, 0, 1))
    np.testing.assert_array_equal(one, again)
    assert np.abs(one - other).max() > 1e-6
    assert len(np.unique(one.round(9), axis=0)) == 5
    assert model.sample(0).shape == (1, D)


@every
def test_clusters_that_there_are_not(estimator, X):
    model = clone(estimator)
    with pytest.raises(NotFittedError):
        model.sample(0)
    model.fit(X)
    for wrong in (K, -1, 1.5, "first"):
        with pytest.raises((ValueError, TypeError), match="cluster"):
            model.sample(wrong)
    with pytest.raises((ValueError, TypeError), match="n_samples"):
        model.sample(0, 0)


def test_clusters_of_embedded_codes_have_the_codes_covariances(X):
    model = clone(CLUSTERERS[0]).fit(X)
    z = model.transform(X)
    for k, center in enumerate(model.cluster_centers_.astype(float)):
        about = z[model.labels_ == k] - center
        expected = np.mean([np.outer(a, a) for a in about], axis=0)
        np.testing.assert_allclose(model.module_.covariances[k], expected, rtol=1e-4, atol=1e-7)


# How training ends


@every
def test_training_ends_when_nothing_moves(estimator, X):
    model = clone(estimator).set_params(max_iter=50).fit(X)
    moves = model.history_["moved"]
    assert len(moves) == model.n_iter_ < 50
    assert moves[-1] <= model.tol
    assert all(move > model.tol for move in moves[:-1])


def test_moves_are_shares_of_rows(X):
    """Shares of rows whose cluster has changed since the last epoch."""
    rough = X + np.random.default_rng(0).normal(scale=1.5, size=X.shape)
    labels = []

    class Keeps(Silent):
        def on_fit_task_end(self, estimator, context, *, fitted_estimator=None):
            if context.task_name == "epoch":
                labels.append(fitted_estimator.predict(rough))

    for estimator in (CLUSTERERS[0], CLUSTERERS[-1]):
        labels.clear()
        model = clone(estimator).set_params(max_iter=8, tol=0, learning_rate=0.02)
        model.set_callbacks(Keeps()).fit(rough)
        moves = [(a != b).mean() for a, b in pairwise(labels)]
        # Training sees rows and parameters in float32: a row between two clusters may differ.
        np.testing.assert_allclose(model.history_["moved"][1:], moves, atol=1.5 / N)
        assert max(model.history_["moved"]) > 0


@every
def test_callbacks_are_heard(estimator, X):
    model = clone(estimator).set_params(tol=0).set_callbacks(Silent(), StopsAfter(1)).fit(X)
    assert model.n_iter_ == 1
    assert len(model.labels_) == N


@every
def test_a_seed_repeats(estimator, X):
    one, again = (clone(estimator).fit(X) for _ in range(2))
    np.testing.assert_array_equal(one.predict_proba(X), again.predict_proba(X))
    assert one.history_["loss"] == again.history_["loss"]


@every
def test_a_stored_model_answers_as_before(estimator, X):
    model = clone(estimator).fit(X)
    stored = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(stored.predict_proba(X), model.predict_proba(X))
    np.testing.assert_array_equal(stored.labels_, model.labels_)
    np.testing.assert_array_equal(stored.sample(0, 3, random_state=0),
                                  model.sample(0, 3, random_state=0))  # fmt: skip


@every
def test_sparse_rows_are_as_dense_ones(estimator, X):
    X = np.where(np.abs(X) < 0.2, 0, X)
    dense, sparse = clone(estimator).fit(X), clone(estimator).fit(sp.csr_array(X))
    np.testing.assert_array_equal(dense.labels_, sparse.labels_)
    np.testing.assert_allclose(
        dense.predict_proba(X), sparse.predict_proba(sp.csr_array(X)), rtol=1e-3, atol=1e-4
    )


@deep
def test_missing_entries_pass_where_the_encoder_takes_them(kind, X, y):
    encoder = clone(AUTOENCODER if kind is DeepEmbeddedClustering else VARIATIONAL)
    X[np.random.default_rng(0).random(X.shape) < 0.1] = np.nan
    model = kind(K, encoder.set_params(missing="mask"), **FIT).fit(X)
    assert accuracy(model.labels_, y) > 0.8
    assert np.isfinite(model.history_["loss"]).all()
    with pytest.raises(ValueError, match="NaN"):
        kind(K, clone(encoder).set_params(missing="error"), **FIT).fit(X)


# Encoders


@every
def test_a_fitted_encoder_is_used_and_left_as_it_is(estimator, X):
    encoder = clone(estimator.encoder).fit(X[:60])
    before, codes = pickle.dumps(encoder), encoder.transform(X)
    for given in (encoder, FrozenEstimator(encoder)):
        model = clone(estimator).set_params(encoder=given, tol=0, learning_rate=0.01).fit(X)
        assert pickle.dumps(encoder) == before
        np.testing.assert_array_equal(encoder.transform(X), codes)
        assert np.abs(model.transform(X) - codes).max() > 1e-3
    still = clone(estimator).set_params(encoder=FrozenEstimator(encoder), learning_rate=1e-12)
    np.testing.assert_allclose(clone(still).fit(X).transform(X), codes, rtol=1e-4, atol=1e-5)


@every
def test_an_unfitted_encoder_is_cloned(estimator, X):
    model = clone(estimator).fit(X)
    with pytest.raises(NotFittedError):
        model.encoder.transform(X)
    fitted = clone(estimator.encoder).fit(X)
    np.testing.assert_array_equal(model.encoder_.transform(X), fitted.transform(X))


@pytest.mark.parametrize(
    "encoder",
    [
        make_pipeline(GaussianRBM(6, n_iter=5), BernoulliRBM(4, n_iter=5)),
        DeepBeliefNetwork((6, 4), visible_units="gaussian", n_iter=5),
        VariationalAutoencoder(2, max_iter=5),
    ],
    ids=repr,
)
def test_any_encoder_can_be_clustered(encoder, X):
    model = DeepEmbeddedClustering(K, encoder, **FIT).fit(X)
    assert np.isfinite(model.history_["reconstruction"]).all()
    assert model.sample(0, 3, random_state=0).shape == (3, D)


# Augmentation


def test_an_augmentation_is_given_a_batch_and_a_generator_in_training_alone(X):
    calls = []

    def noisy(x, generator):
        assert isinstance(generator, torch.Generator)
        assert x.shape[1] == D
        calls.append(len(x))
        noise = torch.randn(x.shape, generator=generator, device=x.device)
        return x.add_(0.1 * noise)  # in place: a batch is a copy

    before = X.copy()
    model = clone(CLUSTERERS[0]).set_params(augmentation=noisy, tol=0).fit(X)
    assert sum(calls) == N * model.n_iter_
    n_calls = len(calls)
    p = model.predict_proba(X)
    np.testing.assert_array_equal(p, model.predict_proba(X))
    model.sample(0, 3)
    assert len(calls) == n_calls
    np.testing.assert_array_equal(X, before)
    again = clone(model).fit(X)
    np.testing.assert_array_equal(again.predict_proba(X), p)
    plain = clone(model).set_params(augmentation=None).fit(X)
    assert np.abs(plain.predict_proba(X) - p).max() > 1e-6


# The mixture's bound


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


# What is not sound


@every
def test_more_clusters_than_rows(estimator, X):
    with pytest.raises(ValueError, match="n_samples=2 should be >= n_clusters=3"):
        clone(estimator).fit(X[:2])


def test_an_init_that_finds_another_number(X):
    model = DeepEmbeddedClustering(K, clone(AUTOENCODER), init=KMeans(5, random_state=0))
    with pytest.raises(ValueError, match="n_clusters == 3, but init finds 5 clusters"):
        model.fit(X)
    assert not model.__sklearn_is_fitted__()


SEES = Autoencoder(2, encoder=nn.Identity(), decoder=nn.Linear(2, 2), max_iter=1, **SEED)


@pytest.mark.filterwarnings("ignore:encoder and decoder of your own")  # its rows are codes as well
@pytest.mark.parametrize(
    "init",
    [DBSCAN(1.0), HDBSCAN(15, copy=True), OPTICS(max_eps=1.5, cluster_method="dbscan")],
    ids=lambda init: type(init).__name__,
)
def test_noise_is_no_cluster(init):
    """Ten rows far from all are noise: neither a cluster nor part of a first centre."""
    rng = np.random.default_rng(0)
    middles = np.array([[0.0, 0.0], [10.0, 0.0], [0.0, 10.0]])
    far = np.stack([np.full(10, 300.0), 300 + 50.0 * np.arange(10)], 1)
    X = np.vstack([far, *(middle + 0.3 * rng.normal(size=(40, 2)) for middle in middles)])
    assert set(clone(init).fit_predict(X)) == {-1, 0, 1, 2}
    model = DeepEmbeddedClustering(
        3, SEES, init=init, learning_rate=1e-9, max_iter=1, random_state=0
    ).fit(X)
    centers = model.cluster_centers_[np.argsort(model.cluster_centers_ @ [1, 2])]
    np.testing.assert_allclose(centers, middles, atol=0.2)
    assert sorted(np.bincount(model.labels_[10:])) == [40, 40, 40]


def test_nothing_but_noise_is_said(X):
    model = DeepEmbeddedClustering(K, clone(AUTOENCODER), init=DBSCAN(1e-9, min_samples=5))
    with pytest.raises(ValueError, match="finds 0 clusters in the codes, and noise in 90 of 90"):
        model.fit(X)
    assert not model.__sklearn_is_fitted__()


def test_labels_of_an_init_may_be_names(X):
    class Named(KMeans):
        def fit_predict(self, X, y=None):
            return np.array(["ant", "bee", "cat"])[super().fit_predict(X)]

    model = DeepEmbeddedClustering(K, AUTOENCODER, init=Named(K, random_state=0), **FIT).fit(X)
    assert set(model.labels_) == {0, 1, 2}


def test_an_init_may_write_to_its_codes(X):
    fits = (
        DeepEmbeddedClustering(
            K,
            AUTOENCODER,
            init=make_pipeline(StandardScaler(copy=copy), KMeans(K, random_state=0)),
            **FIT,
        ).fit(X)
        for copy in (True, False)
    )
    one, other = (model.cluster_centers_ for model in fits)
    np.testing.assert_allclose(one, other, rtol=1e-6)


@deep
def test_bad_parameters_are_named(kind, X):
    bad = {
        "n_clusters": [0, 2.5, "three"],
        "learning_rate": [0, -1.0, "fast"],
        "batch_size": [0],
        "max_iter": [0],
        "tol": [-1.0],
        "device": ["abacus"],
        "precision": ["float16"],
        "encoder": [PCA(2), "resnet", make_pipeline(StandardScaler(), Autoencoder(2))],
        "dof": [0, -1.0],
        "reconstruction_weight": [-1.0],
        "init": ["random", None],
        "augmentation": ["flip"],
    }
    for name in bad.keys() & kind().get_params(deep=False).keys():
        for value in bad[name]:
            model = kind(K, encoder_for(kind)).set_params(**{name: value})
            with pytest.raises((ValueError, TypeError), match=name):
                model.fit(X)
            assert not model.__sklearn_is_fitted__()


def test_a_density_needs_a_variational_autoencoder(X):
    for encoder in (Autoencoder(2), make_pipeline(clone(VARIATIONAL), clone(VARIATIONAL))):
        with pytest.raises(TypeError, match="must be a VariationalAutoencoder"):
            VariationalDeepEmbedding(K, encoder).fit(X)


@deep
def test_a_fitted_encoder_of_other_columns_is_refused(kind, X):
    encoder = encoder_for(kind).fit(X[:, :3])
    with pytest.raises(ValueError, match="encoder was fitted to 3 features, but X has 5"):
        kind(K, encoder).fit(X)


@pytest.mark.parametrize("kind", [DeepEmbeddedClustering, VariationalDeepEmbedding])
def test_any_precision_and_encoders_with_dropout(kind, X):
    encoder = Autoencoder(2, hidden_layer_sizes=(6,), dropout=0.3, max_iter=3)
    if kind is VariationalDeepEmbedding:
        encoder = VariationalAutoencoder(2, hidden_layer_sizes=(6,), dropout=0.3, max_iter=3)
    for precision in ("float32", "bfloat16", "float64"):
        model = kind(K, encoder, max_iter=3, precision=precision, random_state=0).fit(X)
        np.testing.assert_array_equal(model.labels_, model.predict(X))


def test_rows_that_stay_have_not_moved(X):
    """However unlike in size the clusters are, by which targets are divided."""
    q = torch.tensor([[0.55, 0.45]] * 9 + [[0.1, 0.9]])
    assert moved(q, q) == 0
    assert moved(q, q.flip(1)) == 1


@every
def test_a_fitted_module_keeps_nothing_of_its_rows(estimator, X):
    module = clone(estimator).fit(X).module_
    assert module.assignments.shape == (0, K)
    assert all(N not in tensor.shape for tensor in module.state_dict().values())


def test_init_is_seeded(X):
    one, other = (
        DeepEmbeddedClustering(
            K, Autoencoder(2, max_iter=3), init=GaussianMixture(K), max_iter=1, random_state=3
        ).fit(X)
        for _ in range(2)
    )
    np.testing.assert_array_equal(one.transform(X), other.transform(X))


def test_many_degrees_of_freedom_and_far_rows(X):
    model = DeepEmbeddedClustering(K, Autoencoder(2, max_iter=3), dof=100, max_iter=2)
    assert np.isfinite(model.fit(100 * X).history_["loss"]).all()
