"""Ratings: what is known and what is not, and what is predicted of the rest."""

import pickle
from itertools import product

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import torch
from scipy.special import expit, logsumexp, softmax
from scipy.stats import multivariate_normal
from sklearn.base import BaseEstimator, clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV

from skdeepunsup import RatingAutoencoder, RatingRBM
from skdeepunsup._random import Stream
from skdeepunsup._rows import CHUNK_ROWS
from skdeepunsup.applications.recommending.bias import rating_bias
from skdeepunsup.applications.recommending.checks import check_ratings
from skdeepunsup.applications.recommending.rating_module import RatingModule
from skdeepunsup.applications.recommending.readout import LinearReadout, linear_readout
from tests.callbacks import Silent, StopsAfter

N, D = 60, 8
MODELS = [
    RatingRBM(5, learning_rate=0.05, n_iter=5, random_state=0),
    RatingRBM(5, conditional=False, learning_rate=0.05, n_iter=5, random_state=0),
    RatingAutoencoder(5, batch_size=8, max_iter=5, random_state=0),
    RatingAutoencoder(5, view="users", batch_size=20, max_iter=5, random_state=0),
]
every = pytest.mark.parametrize("estimator", MODELS, ids=repr)
machines = pytest.mark.parametrize("estimator", MODELS[:2], ids=repr)
nan = np.nan


def ratings(n=N, seed=0):
    """1 to 5, of two tastes; 40 % are known, of each user and item some."""
    rng = np.random.default_rng(seed)
    taste = rng.integers(0, 2, n)
    likes = np.where((np.arange(D) % 2) == taste[:, None], 4.2, 1.8)
    full = np.clip(np.rint(likes + 0.7 * rng.normal(size=(n, D))), 1, 5)
    hidden = rng.random((n, D)) < 0.6
    hidden[np.arange(n), np.arange(n) % D] = False
    return np.where(hidden, nan, full), full


@pytest.fixture
def X():
    return ratings()[0]


def stored(X, kind=sp.csr_array):
    """The ratings as a sparse matrix."""
    rows, columns = np.nonzero(~np.isnan(X))
    return kind(sp.coo_array((X[rows, columns], (rows, columns)), shape=X.shape))


def dense(R):
    entries = R.tocoo()
    X = np.full(R.shape, nan)
    X[entries.row, entries.col] = entries.data
    return X


# What is read


class Reader(BaseEstimator):
    """Whoever reads ratings."""


def read(X):
    return check_ratings(Reader(), X, reset=True)


def test_nan_is_unknown_of_dense_ratings_and_0_is_a_rating():
    known = read(np.array([[0, nan, 2.5], [nan, nan, nan]]))
    assert (known.nnz, known.dtype, known.format) == (2, np.float64, "csr")
    np.testing.assert_array_equal(dense(known), [[0, nan, 2.5], [nan, nan, nan]])


def test_what_a_sparse_matrix_stores_is_known_zeros_too_but_not_nan():
    for kind in (sp.csr_array, sp.csc_array, sp.coo_array, sp.csr_matrix):
        X = sp.coo_array(([0.0, nan, 3.0], ([0, 0, 1], [2, 1, 0])), shape=(2, 3))
        np.testing.assert_array_equal(dense(read(kind(X))), [[nan, nan, 0], [3, nan, nan]])


def test_indices_are_sorted():
    X = sp.csr_array((np.array([1.0, 2.0]), np.array([2, 0]), np.array([0, 2])), shape=(1, 3))
    known = read(X)
    assert known.has_sorted_indices
    np.testing.assert_array_equal(known.indices, [0, 2])
    np.testing.assert_array_equal(X.indices, [2, 0])  # the caller's is left alone


def test_duplicates_are_sums_as_everywhere_in_scipy():
    X = sp.coo_array(([1.0, 2.0], ([0, 0], [1, 1])), shape=(1, 2)).tocsr()
    assert read(X)[0, 1] == 3
    twice = sp.csr_array((np.array([1.0, 2.0]), np.array([1, 1]), np.array([0, 2])), shape=(1, 2))
    known = read(twice)
    assert (known.nnz, known[0, 1]) == (1, 3)


def test_ratings_of_any_kind(X):
    expected = read(X).toarray()
    for kind in (torch.tensor, pd.DataFrame, np.asfortranarray, np.ndarray.tolist):
        np.testing.assert_array_equal(read(kind(X)).toarray(), expected)
    table = Reader()
    check_ratings(table, pd.DataFrame(X, columns=list("abcdefgh")), reset=True)
    assert list(table.feature_names_in_) == list("abcdefgh")
    assert read(np.array([[1, 2], [3, 0]])).nnz == 4  # integers, all of them known


@pytest.mark.parametrize("kind", [np.array, sp.csr_array])
def test_infinite_ratings_are_refused(kind):
    with pytest.raises(ValueError, match="infinity"):
        read(kind([[1.0, np.inf]]))


# Biases


@pytest.mark.parametrize("shrinkage", [0.0, 1.0, 5.0])
def test_biases_solve_their_normal_equations(X, shrinkage):
    X[:, 3] = nan  # an item that nobody rated
    X[7] = nan  # a user without ratings
    known, R = read(X), np.nan_to_num(X)
    M = (~np.isnan(X)).astype(float)
    bias = rating_bias(known, shrinkage)
    assert bias.mean == pytest.approx(np.nanmean(X))
    rest = M * (R - bias.mean)
    # Minimise Σ m (rest − bᵤ − bᵢ)² + shrinkage (Σ bᵤ² + Σ bᵢ²).
    A = np.block([[np.diag(M.sum(1)), M], [M.T, np.diag(M.sum(0))]]) + shrinkage * np.eye(N + D)
    solution = np.linalg.lstsq(A, np.concatenate([rest.sum(1), rest.sum(0)]), rcond=None)[0]
    expected = bias.mean + solution[:N, None] + solution[N:]
    np.testing.assert_allclose((M * bias.expected(known)), M * expected, atol=1e-3)
    np.testing.assert_allclose(dense(bias.residuals(known)), X - bias.expected(known), atol=1e-12)
    assert bias.items[3] == bias.of_users(known)[7] == 0
    exact = bias.of_users(known)
    np.testing.assert_allclose(
        exact, (M * (rest - bias.items)).sum(1) / np.maximum(M.sum(1) + shrinkage, 1e-300)
    )


# The linear readout


def test_users_of_a_readout_are_posterior_means(X):
    rng = np.random.default_rng(0)
    readout = LinearReadout(rng.normal(size=D), rng.normal(size=(D, 3)), 0.4)
    X[5] = nan
    users = readout.users(read(X))
    assert not users[5].any()
    for x, user in zip(X[:8], users, strict=False):
        seen = ~np.isnan(x)
        phi = readout.factors[seen]
        # For jointly normal u and r: Cov(u, r) Cov(r)⁻¹ (r − E[r]).
        covariance = phi @ phi.T + 0.4 * np.eye(seen.sum())
        expected = phi.T @ np.linalg.solve(covariance, x[seen] - readout.offsets[seen])
        np.testing.assert_allclose(user, expected, rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(readout.expected(users), readout.offsets + users @ readout.factors.T)


def test_a_posterior_mean_is_the_mean_of_the_posterior():
    readout = LinearReadout(np.array([0.3, -0.2]), np.array([[1.0], [-0.7]]), 0.5)
    known = sp.csr_array(np.array([[1.3, -0.4]]))
    u = np.linspace(-8, 8, 4001)[:, None]
    log_p = -(u[:, 0] ** 2) / 2 + multivariate_normal([0, 0], 0.5 * np.eye(2)).logpdf(
        known.toarray() - readout.offsets - u * readout.factors.T
    )
    expected = softmax(log_p) @ u
    np.testing.assert_allclose(readout.users(known)[0], expected, rtol=1e-6)


def test_a_readout_has_the_mean_and_the_covariance_of_users():
    rng = np.random.default_rng(0)
    codes, weights, biases = rng.random((D, 3)), rng.normal(size=(40, 3)), rng.normal(size=40)
    readout = linear_readout(codes, weights, biases, 0.5)
    predicted = weights @ codes.T + biases[:, None]  # of each trained user, each item
    np.testing.assert_allclose(readout.offsets, predicted.mean(0), rtol=1e-10)
    assert readout.factors.shape == (D, 3)
    # As many directions as codes are wide, the largest of one more: most of the covariance.
    covariance = np.cov(predicted.T, bias=True)
    assert np.trace(covariance - readout.factors @ readout.factors.T) >= -1e-10
    variances = np.linalg.eigvalsh(np.cov(np.column_stack([weights, biases]).T, bias=True))
    seen = np.column_stack([codes, np.ones(D)])
    lost = np.linalg.norm(covariance - readout.factors @ readout.factors.T, 2)
    assert lost <= variances[0] * np.linalg.norm(seen, 2) ** 2 + 1e-10
    exact = linear_readout(codes, weights, np.zeros(40), 0.5)
    np.testing.assert_allclose(
        exact.factors @ exact.factors.T, np.cov((weights @ codes.T).T, bias=True), atol=1e-10
    )


# The network


def module(corruption_level=0.5):
    network = RatingModule(D, 3, corruption_level, 4.0)
    network.initialize(Stream(0))
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.copy_(
                torch.randn(parameter.shape, generator=torch.Generator().manual_seed(1))
            )
    return network.double()


def test_the_hidden_layer_by_its_formula(X):
    network = module()
    W, A = network.encoder.weight.detach().numpy().reshape(3, 2, D).transpose(1, 0, 2)
    c = network.encoder.bias.detach().numpy()
    x, m = np.nan_to_num(X), (~np.isnan(X)).astype(float)
    h = expit((x @ W.T + m @ A.T) / np.sqrt(1 + m.sum(1, keepdims=True)) + c)
    np.testing.assert_allclose(network.encode(torch.tensor(X)).detach(), h, rtol=1e-10)
    V, b = (p.detach().numpy() for p in network.decoder.parameters())
    np.testing.assert_allclose(network.decode(torch.tensor(h)).detach(), h @ V.T + b, rtol=1e-10)


def test_the_loss_is_of_known_entries_hidden_ones_too(X):
    network = module()
    x = torch.tensor(X)
    known = ~np.isnan(X)
    shown = known * Stream(0).bernoulli(torch.full_like(x, 0.5)).numpy().astype(bool)
    assert 0.3 < shown.sum() / known.sum() < 0.7
    seen = torch.tensor(np.where(shown, X, nan))
    r = network.decode(network.encode(seen)).detach().numpy()
    expected = (known * (np.nan_to_num(X) - r) ** 2).sum(1) / 4.0
    found = network.losses(x, Stream(0))["squared_error"].detach().numpy()
    np.testing.assert_allclose(found, expected, rtol=1e-10)


def test_gradients_of_hidden_entries_are_there_and_of_unknown_ones_are_not(X):
    network = module()
    decode, outputs = network.decode, []

    def spied(h):
        outputs.append(decode(h).detach().requires_grad_())
        return outputs[-1]

    network.decode = spied
    x = torch.tensor(X)
    known = ~x.isnan()
    loss = network.losses(x, Stream(0))["squared_error"].sum()
    (gradient,) = torch.autograd.grad(loss, outputs[0])
    assert not gradient[~known].any()
    assert gradient[known].all()  # a half of them are hidden


def test_no_unknown_input_matters(X):
    """Whatever the weights are of an item that nobody rated."""
    X[:, 2] = nan
    network, x = module(), torch.tensor(X)
    h, loss = network.encode(x), network.losses(x, Stream(0))["squared_error"]
    gradients = torch.autograd.grad(loss.sum(), list(network.parameters()))
    encoder, _, decoder, bias = gradients
    assert not encoder[:, [2, D + 2]].any()
    assert not decoder[2].any()
    assert bias[2] == 0
    with torch.no_grad():
        network.encoder.weight[:, [2, D + 2]] = 1e6
        network.decoder.weight[2] = 1e6
    torch.testing.assert_close(network.encode(x), h)
    torch.testing.assert_close(network.losses(x, Stream(0))["squared_error"], loss)


# The machine


def test_levels_are_what_is_found():
    X = np.array([[0, 0.5, nan], [2.5, nan, 0.5], [0, 0, 2.5]])
    model = clone(MODELS[0]).fit(X)
    np.testing.assert_array_equal(model.levels_, [0, 0.5, 2.5])
    predicted = model.predict(X)
    assert predicted.min() > 0
    assert predicted.max() < 2.5


def test_levels_that_are_given():
    X = np.array([[1, 3, nan], [3, nan, 1]], dtype=float)
    model = clone(MODELS[0]).set_params(levels=[3, 2, 1, 2]).fit(X)
    np.testing.assert_array_equal(model.levels_, [1, 2, 3])
    model.predict([[2, nan, nan]])  # which fit has not seen
    with pytest.raises(ValueError, match=r"rating of 5.*levels are \[1.0, 2.0, 3.0\]"):
        clone(model).fit(np.array([[1, 5.0]]))
    with pytest.raises(ValueError, match=r"rating of 1\.5"):
        model.predict([[1.5, nan, nan]])
    for wrong in ([1], [1, nan], []):
        with pytest.raises(ValueError, match="levels == "):
            clone(model).set_params(levels=wrong).fit(X)
    with pytest.raises(ValueError, match="101 different ratings"):
        clone(MODELS[0]).fit(np.arange(101.0)[None])


def parts_of(model):
    """W of shape (n_items, K, n_hidden), a of (n_items, K), and b."""
    rbm, K = model.rbm_, model.rbm_.n_categories_
    W = rbm.components_.astype(float).T.reshape(-1, K, model.n_components)
    return W, rbm.intercept_visible_.reshape(-1, K).astype(float), rbm.intercept_hidden_


def test_the_conditional_machine_is_the_paper_s(X):
    """P(hⱼ = 1 | v, r) = σ(bⱼ + Σᵢₖ vᵢᵏ Wᵢⱼᵏ + Σᵢ rᵢ Dᵢⱼ), the K weights of W summing to 0."""
    model = clone(MODELS[0]).set_params(n_iter=30).fit(X)
    W, _, b = parts_of(model)
    paper_s_D = W.mean(1)
    assert np.abs(paper_s_D).max() > 0.001
    W0 = W - paper_s_D[:, None]
    known = ~np.isnan(X)
    v = (X[..., None] == model.levels_).astype(float)
    h = expit(b + np.einsum("nik,ikj->nj", v, W0) + known @ paper_s_D)
    np.testing.assert_allclose(model.transform(X), h, rtol=1e-5)
    plain = clone(MODELS[1]).set_params(n_iter=30).fit(X)
    assert np.abs(parts_of(plain)[0].sum(1)).max() < 1e-5


@machines
def test_predictions_are_means_of_the_levels_probabilities(estimator, X):
    model = clone(estimator).set_params(n_iter=30).fit(X)
    W, a, b = parts_of(model)
    v = (X[..., None] == model.levels_).astype(float)
    h = expit(b + np.einsum("nik,ikj->nj", v, W))
    p = softmax(np.einsum("ikj,nj->nik", W, h) + a, axis=2)
    mean = p @ model.levels_
    np.testing.assert_allclose(model.predict(X), mean, rtol=1e-5)
    std = np.sqrt((p * (model.levels_ - mean[..., None]) ** 2).sum(2))
    np.testing.assert_allclose(model.predict_std(X), std, rtol=1e-4)
    assert std.min() > 0


def test_the_machine_s_conditional_probabilities_are_those_of_its_energy(X):
    """P(hⱼ = 1 | v) by enumerating h of exp(−E(v, h)), over the user's own items alone."""
    model = clone(MODELS[0]).set_params(n_components=3, n_iter=30).fit(X)
    W, a, b = parts_of(model)
    v = (X[:5, :, None] == model.levels_).astype(float)
    H = np.array(list(product([0, 1], repeat=3)), dtype=float)
    minus_energy = (
        np.einsum("nik,ikj,hj->nh", v, W, H)
        + np.einsum("nik,ik->n", v, a)[:, None]
        + H @ b.astype(float)
    )
    p = np.exp(minus_energy - logsumexp(minus_energy, axis=1, keepdims=True))
    np.testing.assert_allclose(model.transform(X[:5]), p @ H, rtol=1e-5)


@pytest.mark.filterwarnings("ignore:all 40 ratings in X are")
def test_one_level_is_predicted():
    X = np.where(np.random.default_rng(0).random((20, 4)) < 0.5, 3.0, nan)
    X[0] = 3.0
    for estimator in MODELS:
        np.testing.assert_allclose(clone(estimator).fit(X).predict(X), 3, atol=0.05)


# Both


def well_trained(estimator, X):
    machine = isinstance(estimator, RatingRBM)
    params = (
        {"n_iter": 100, "learning_rate": 0.3} if machine else {"max_iter": 300, "batch_size": 300}
    )
    return clone(estimator).set_params(**params, weight_decay=1e-3).fit(X)


@every
def test_tastes_are_learned(estimator):
    model = well_trained(estimator, ratings(300)[0])
    new, truth = ratings(200, seed=1)  # users whom fit has not seen
    hidden = np.isnan(new)
    errors = np.square(model.predict(new) - truth)[hidden]
    assert np.sqrt(errors.mean()) < 0.85 * truth[hidden].std()


@every
def test_sparse_ratings_are_as_dense_ones(estimator, X):
    X = X - 1  # zeros among them
    expected = clone(estimator).fit(X)
    for kind in (sp.csr_array, sp.csr_matrix, sp.csc_array, sp.coo_array):
        R = stored(X, kind)
        model = clone(estimator).fit(R)
        np.testing.assert_allclose(model.predict(R), expected.predict(X), rtol=1e-9)
        np.testing.assert_allclose(model.transform(R), expected.transform(X), rtol=1e-9)
        np.testing.assert_array_equal(model.recommend(R, 3)[0], expected.recommend(X, 3)[0])
        assert model.score(R) == pytest.approx(expected.score(X))
    assert (X == 0).any()


@every
def test_whole_matrices_are_never_made_dense(estimator, monkeypatch):
    n, few = 3 * CHUNK_ROWS, 40
    rng = np.random.default_rng(0)
    rows, columns = np.arange(n).repeat(2), rng.integers(0, few, 2 * n)
    R = sp.coo_array((np.ones(2 * n), (rows, columns)), shape=(n, few)).tocsr()
    if getattr(estimator, "view", "users") == "items":  # which are rows then, some at a time
        R = R.T.tocsr()
    R.data = rng.integers(1, 6, R.nnz).astype(float)
    sizes, full, toarray = [], np.full, sp.csr_array.toarray

    def spied_full(shape, *args, **kwargs):
        sizes.append(np.prod(shape))
        return full(shape, *args, **kwargs)

    def spied_toarray(self, *args, **kwargs):
        sizes.append(np.prod(self.shape))
        return toarray(self, *args, **kwargs)

    monkeypatch.setattr(np, "full", spied_full)
    monkeypatch.setattr(sp.csr_array, "toarray", spied_toarray)
    epochs = {"n_iter", "max_iter"} & set(estimator.get_params())
    model = clone(estimator).set_params(batch_size=500, **{epochs.pop(): 1}).fit(R)
    model.transform(R)
    model.predict(R, pairs=[[0, 0]])
    model.score(R[:30])
    model.recommend(R[:30], 3)
    assert 0 < max(sizes) <= CHUNK_ROWS * few


@every
def test_users_are_known_by_their_rows_alone(estimator, X):
    model = clone(estimator).fit(X)
    new = ratings(5, seed=3)[0]
    together = model.predict(np.vstack([X, new]))
    np.testing.assert_allclose(together[N:], model.predict(new), rtol=1e-9)
    np.testing.assert_allclose(together[3:4], model.predict(X[3:4]), rtol=1e-9)
    codes = model.transform(new)
    assert codes.shape == (5, 5)
    assert list(model.get_feature_names_out()) == [
        f"{type(model).__name__.lower()}{i}" for i in range(5)
    ]
    assert np.abs(model.predict(new)[:, 0] - model.predict(new[::-1])[:, 0]).max() > 0


@every
def test_pairs_are_entries_of_the_matrix(estimator, X, monkeypatch):
    model = clone(estimator).fit(X)
    pairs = np.random.default_rng(0).integers(0, [N, D], (50, 2))
    methods = [model.predict] + ([model.predict_std] if isinstance(model, RatingRBM) else [])
    for method in methods:
        matrix = method(X)
        assert matrix.shape == (N, D)
        monkeypatch.setattr("skdeepunsup.applications.recommending.base.CHUNK_ROWS", 7)
        np.testing.assert_allclose(method(X), matrix, rtol=1e-12)
        found = method(X, pairs=pairs)
        np.testing.assert_allclose(found, matrix[pairs[:, 0], pairs[:, 1]], rtol=1e-9)
    for wrong in ([[0, D]], [[N, 0]], [[-1, 0]], [[0.5, 1]], [[0, 1, 2]], [0, 1]):
        with pytest.raises(ValueError, match=r"pairs|2D"):
            model.predict(X, pairs=wrong)


@every
def test_recommendations_are_the_best_of_what_is_not_known(estimator, X):
    model = clone(estimator).fit(X)
    predicted = model.predict(X)
    items, scores = model.recommend(X, 3)
    for x, p, best, values in zip(X, predicted, items, scores, strict=True):
        left = np.flatnonzero(np.isnan(x))
        order = left[np.argsort(-p[left], kind="stable")][:3]
        np.testing.assert_allclose(values[: len(order)], p[order], rtol=1e-9)
        assert np.isnan(x[best[best >= 0]]).all()
        assert (best >= 0).sum() == len(order)
        np.testing.assert_array_equal(best == -1, np.isnan(values))
    items, scores = model.recommend(X, 3, filter_seen=False)
    np.testing.assert_allclose(scores, -np.sort(-predicted, axis=1)[:, :3], rtol=1e-9)
    np.testing.assert_allclose(scores, np.take_along_axis(predicted, items, 1), rtol=1e-9)


@every
def test_where_fewer_items_are_left(estimator, X):
    model = clone(estimator).fit(X)
    x = np.full((2, D), 3.0)
    x[0, 5] = nan
    items, scores = model.recommend(x, 2 * D)
    assert items.shape == scores.shape == (2, 2 * D)
    assert items[0].tolist() == [5] + [-1] * (2 * D - 1)
    assert np.isfinite(scores[0, 0])
    assert (items[1] == -1).all()
    assert np.isnan(scores[0, 1:]).all()
    assert np.isnan(scores[1]).all()
    for k, filter_seen in [(0, True), (1.5, True), (1, "yes")]:
        with pytest.raises((ValueError, TypeError), match=r"^k |^filter_seen "):
            model.recommend(x, k, filter_seen=filter_seen)


@every
def test_similarity_is_a_symmetric_cosine(estimator, X):
    model = clone(estimator).fit(X)
    items, cosines = model.similar_items(k=D - 1)
    assert items.shape == (D, D - 1)
    S = np.eye(D)
    for i in range(D):
        assert sorted(items[i]) == [j for j in range(D) if j != i]
        S[i, items[i]] = cosines[i]
    np.testing.assert_allclose(S, S.T, atol=1e-12)
    assert np.abs(S).max() <= 1 + 1e-12
    assert (np.diff(cosines, axis=1) <= 0).all()
    assert np.linalg.eigvalsh(S).min() > -1e-8  # of vectors
    some, values = model.similar_items([3, 1], k=D + 2)
    np.testing.assert_array_equal(some[:, : D - 1], items[[3, 1]])
    assert (some[:, D - 1 :] == -1).all()
    assert np.isnan(values[:, D - 1 :]).all()
    for wrong in ([D], [-1], [0.5], D):
        with pytest.raises(ValueError, match="items"):
            model.similar_items(wrong)


@every
def test_items_that_are_liked_together_are_similar(estimator):
    items, _ = well_trained(estimator, ratings(300)[0]).similar_items(k=2)
    assert (items % 2 == np.arange(D)[:, None] % 2).mean() > 0.8


@every
def test_a_user_without_ratings(estimator, X):
    X[4] = nan
    model = clone(estimator).fit(X)
    x = np.full((1, D), nan)
    for empty in (x, sp.csr_array((1, D))):
        assert np.isfinite(model.predict(empty)).all()
        assert np.isfinite(model.transform(empty)).all()
        assert (model.recommend(empty, 3)[0] >= 0).all()
    np.testing.assert_allclose(model.predict(X)[4:5], model.predict(x), rtol=1e-9)
    if isinstance(model, RatingAutoencoder) and model.view == "items":
        assert not model.transform(x).any()  # what is expected before any rating


@every
def test_an_item_that_nobody_rated(estimator, X):
    X[:, 2] = nan
    model = clone(estimator).fit(X)
    assert np.isfinite(model.predict(X)).all()


@every
def test_predictions_lie_within_the_ratings(estimator, X):
    model = clone(estimator).set_params(learning_rate=0.3).fit(X)
    predicted = model.predict(X)
    assert predicted.min() >= np.nanmin(X)
    assert predicted.max() <= np.nanmax(X)


@pytest.mark.filterwarnings("ignore:all 40 ratings in X are")
@every
def test_all_ratings_are_0(estimator):
    X = np.where(np.random.default_rng(0).random((20, 4)) < 0.5, 0.0, nan)
    X[0] = 0.0
    model = clone(estimator).fit(X)
    np.testing.assert_allclose(model.predict(X), 0, atol=0.05)
    np.testing.assert_allclose(clone(estimator).fit(stored(X)).predict(stored(X)), 0, atol=0.05)


@every
def test_no_rating_at_all_is_refused(estimator):
    for X in (np.full((5, 3), nan), sp.csr_array((5, 3))):
        model = clone(estimator)
        with pytest.raises(ValueError, match="no ratings"):
            model.fit(X)
        with pytest.raises(NotFittedError):
            model.predict(X)


@every
def test_ratings_outside_those_of_fit(estimator, X):
    """No level of a machine's; an autoencoder takes them, and predicts within those it has seen."""
    model = clone(estimator).fit(X)
    for wrong in (0.5, 6.0):
        x = np.full((1, D), nan)
        x[0, 0] = wrong
        for method in (model.predict, model.transform, model.recommend):
            if isinstance(model, RatingRBM):
                with pytest.raises(ValueError, match=f"rating of {wrong:g}, but the levels are"):
                    method(x)
            else:
                method(x)
        if not isinstance(model, RatingRBM):
            low, high = model.rating_range_
            assert ((model.predict(x) >= low) & (model.predict(x) <= high)).all()
    with pytest.raises(ValueError, match="features"):
        model.predict(X[:, :4])
    if isinstance(model, RatingRBM):
        with pytest.raises(ValueError, match=r"rating of 2\.5, but the levels are"):
            model.predict([[2.5] + [nan] * (D - 1)])
    else:
        model.predict([[2.5] + [nan] * (D - 1)])


# Scores


@every
def test_a_score_is_minus_the_error_of_what_is_held_out(estimator, X):
    model = clone(estimator).fit(X)
    known = np.where(np.arange(D) < 5, X, nan)
    wanted = np.where(np.arange(D) >= 5, X, nan)
    error = np.sqrt(np.nanmean(np.square(model.predict(known) - wanted)))
    for y in (wanted, stored(wanted)):
        assert model.score(known, y) == pytest.approx(-error)


@every
def test_labels_of_users_are_not_ratings(estimator, X):
    """As a Pipeline or a search may pass them on."""
    y = np.arange(N) % 2
    model = clone(estimator).fit(X, y)
    np.testing.assert_array_equal(model.predict(X), clone(estimator).fit(X).predict(X))
    assert model.score(X, y) == model.score(X) == model.score(X, y.tolist())
    assert -3 < model.score(X) < 0


@every
def test_a_search_over_users(estimator, X):
    for data, y in [(X, None), (stored(X), None), (X, np.arange(N) % 2)]:
        search = GridSearchCV(clone(estimator), {"n_components": [2, 3]}, cv=3).fit(data, y)
        assert np.isfinite(search.cv_results_["mean_test_score"]).all()
        assert search.best_estimator_.transform(X).shape == (N, search.best_params_["n_components"])


# Fits


@every
def test_a_seed_repeats_and_another_differs(estimator, X):
    first, again = (clone(estimator).fit(X) for _ in range(2))
    other = clone(estimator).set_params(random_state=1).fit(X)
    np.testing.assert_array_equal(first.predict(X), again.predict(X))
    assert np.abs(first.predict(X) - other.predict(X)).max() > 1e-6


@every
def test_a_stored_model_answers_as_before(estimator, X):
    model = clone(estimator).fit(X)
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.predict(X), model.predict(X))
    np.testing.assert_array_equal(again.similar_items()[1], model.similar_items()[1])
    assert again.history_.keys() == model.history_.keys()
    assert again.n_iter_ == model.n_iter_ == 5


@every
def test_the_caller_s_ratings_are_left_alone(estimator, X):
    before, R = X.copy(), stored(X)
    data = R.data.copy()
    X.flags.writeable = False
    model = clone(estimator).fit(X)
    model.recommend(X), model.score(X)
    model = clone(estimator).fit(R)
    model.recommend(R), model.score(R)
    np.testing.assert_array_equal(X, before)
    np.testing.assert_array_equal(R.data, data)


class StopsWithin(StopsAfter):
    """Callbacks of the models within a model are called, too."""

    max_propagation_depth = None


@every
def test_callbacks_can_end_a_fit(estimator, X):
    stops = StopsWithin(2) if isinstance(estimator, RatingRBM) else StopsAfter(2)
    model = clone(estimator).set_callbacks(Silent(), stops).fit(X)
    assert model.n_iter_ == 2
    assert np.isfinite(model.predict(X)).all()


@pytest.mark.parametrize(
    "view",
    [
        "users",
        pytest.param(
            "items",
            marks=pytest.mark.xfail(
                raises=RuntimeError,
                reason="what users have in common is learned after the last one",
            ),
        ),
    ],
)
def test_a_callback_can_predict_between_epochs(view, X):
    answers = []

    class Keeps(Silent):
        def on_fit_task_end(self, estimator, context, *, fitted_estimator=None):
            if context.task_name == "epoch":
                answers.append(fitted_estimator.predict(X))

    model = RatingAutoencoder(5, view=view, max_iter=3, random_state=0)
    model.set_callbacks(Keeps()).fit(X)
    assert len(answers) == 3
    np.testing.assert_allclose(answers[-1], model.predict(X))


BAD = {
    "n_components": [0, 2.5],
    "learning_rate": [0, -1.0, "fast"],
    "batch_size": [0],
    "n_iter": [0],
    "max_iter": [0],
    "weight_decay": [-1.0],
    "momentum": [1.0],
    "cd_steps": [0],
    "conditional": ["no"],
    "view": ["rows"],
    "corruption_level": [-0.1, 1.0],
    "shrinkage": [-1.0],
    "device": ["abacus"],
    "precision": ["float16"],
}


@every
def test_bad_parameters_are_named(estimator, X):
    for name in BAD.keys() & estimator.get_params().keys():
        for value in BAD[name]:
            model = clone(estimator).set_params(**{name: value})
            with pytest.raises((ValueError, TypeError), match=name):
                model.fit(X)
            with pytest.raises(NotFittedError):
                model.predict(X)


def test_levels_that_float32_rounds():
    X = np.array([[0.1, 0.2, nan], [0.3, nan, 0.1]] * 10)
    model = RatingRBM(2, levels=[0.1, 0.2, 0.3], n_iter=2).fit(X.astype(np.float32))
    model.predict(X)
    with pytest.raises(ValueError, match="levels == 'abc'"):
        RatingRBM(levels="abc").fit(X)


@every
def test_unfitted_says_so(estimator, X):
    for method in ("predict", "transform", "recommend", "score"):
        with pytest.raises(NotFittedError):
            getattr(clone(estimator), method)(X)


def test_zeros_of_a_dense_matrix_are_ratings_but_not_in_silence():
    X = np.random.default_rng(0).integers(1, 6, (20, D)) * 1.0
    X[np.random.default_rng(1).random(X.shape) < 0.7] = 0
    with pytest.warns(UserWarning, match="of it are 0, which are taken for ratings"):
        RatingAutoencoder(4, max_iter=2).fit(X)


def test_pairs_may_be_none_at_all(X):
    assert RatingAutoencoder(4, max_iter=2).fit(X).predict(X, []).shape == (0,)


def test_nothing_to_score(X):
    model = RatingAutoencoder(4, max_iter=2).fit(X)
    with pytest.raises(ValueError, match="no rating is held out"):
        model.score(np.full((2, D), nan))
    with pytest.raises(ValueError, match="inconsistent"):
        model.score(X, X[:3])


@every
def test_an_item_that_nobody_rated_is_like_no_other(estimator, X):
    X = X.copy()
    X[:, 2] = nan
    items, similarities = clone(estimator).fit(X).similar_items(k=D)
    assert (items[2] == -1).all() and np.isnan(similarities[2]).all()
    assert not (items == 2).any()
    assert (np.delete(items, 2, 0)[:, : D - 2] >= 0).all()
