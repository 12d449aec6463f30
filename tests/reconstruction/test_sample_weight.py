"""Weights of rows: of 0 it is not there, of 2 it is there twice."""

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

from skdeepunsup import (
    Autoencoder,
    BernoulliRBM,
    ContractiveAutoencoder,
    DenoisingAutoencoder,
    GaussianRBM,
    SparseAutoencoder,
    VariationalAutoencoder,
)

FIT = {"n_components": 3, "max_iter": 5, "random_state": 0}
MODELS = [
    Autoencoder(**FIT),
    Autoencoder(early_stopping=True, **FIT),
    Autoencoder(hidden_layer_sizes=(5,), dropout=0.3, **FIT),
    Autoencoder(pretrained=BernoulliRBM(3, n_iter=2, random_state=0), **FIT),
    SparseAutoencoder(**FIT),
    SparseAutoencoder(sparsity="l1", **FIT),
    SparseAutoencoder(sparsity="running-mean", **FIT),
    SparseAutoencoder(sparsity="top-k", early_stopping=True, **FIT),
    DenoisingAutoencoder(corruption="salt-and-pepper", **FIT),
    ContractiveAutoencoder(**FIT),
    ContractiveAutoencoder(hidden_layer_sizes=(5,), **FIT),
    VariationalAutoencoder(**FIT),
]
every = pytest.mark.parametrize("estimator", MODELS, ids=repr)

# What draws nothing for its rows and sees all of them at once.
WHOLE = {
    "precision": "float64",
    "batch_size": 10_000,
    "max_iter": 30,
    "early_stopping": False,
    "learning_rate": 0.01,
}
EQUAL = [
    Autoencoder(3, hidden_layer_sizes=(5,), random_state=0, **WHOLE),
    Autoencoder(3, loss="bernoulli", tied_weights=True, random_state=0, **WHOLE),
    Autoencoder(3, missing="mask", random_state=0, **WHOLE),
    SparseAutoencoder(6, random_state=0, **WHOLE),
    SparseAutoencoder(6, sparsity="l1", random_state=0, **WHOLE),
    SparseAutoencoder(6, sparsity="top-k", random_state=0, **WHOLE),
    ContractiveAutoencoder(3, random_state=0, **WHOLE),
]
equal = pytest.mark.parametrize("estimator", EQUAL, ids=repr)

N, D = 70, 6


@pytest.fixture
def X():
    return np.random.default_rng(0).random((N, D))


@pytest.fixture
def weights():
    return np.random.default_rng(1).integers(0, 4, N).astype(float)


def assert_same(one, other, X, **tolerance):
    for method in ("transform", "reconstruct"):
        a, b = (getattr(model, method)(X) for model in (one, other))
        np.testing.assert_allclose(a, b, **({"rtol": 0, "atol": 0} | tolerance))


@every
def test_weight_zero_is_removal(estimator, X):
    w = (np.arange(N) % 3).astype(float)
    weighted = clone(estimator).fit(X, sample_weight=w)
    removed = clone(estimator).fit(X[w > 0], sample_weight=w[w > 0])
    assert_same(weighted, removed, X)
    for name, values in removed.history_.items():
        np.testing.assert_array_equal(weighted.history_[name], values)


@every
def test_equal_weights_are_none(estimator, X):
    weighted, plain = (
        clone(estimator).fit(X, sample_weight=np.full(N, 7.3)),
        clone(estimator).fit(X),
    )
    assert_same(weighted, plain, X, rtol=1e-5, atol=1e-6)


@equal
def test_whole_weights_are_repetition(estimator, X, weights):
    if estimator.missing == "mask":
        X[np.random.default_rng(2).random(X.shape) < 0.3] = np.nan
    weighted = clone(estimator).fit(X, sample_weight=weights)
    repeated = clone(estimator).fit(X.repeat(weights.astype(int), axis=0))
    assert_same(weighted, repeated, X, rtol=1e-7, atol=1e-9)
    unweighted = clone(estimator).fit(X)
    assert np.abs(weighted.transform(X) - unweighted.transform(X)).max() > 1e-4
    for name, values in repeated.history_.items():
        np.testing.assert_allclose(weighted.history_[name], values, rtol=1e-7)


@every
def test_the_scale_of_the_weights_does_not_matter(estimator, X, weights):
    one, other = (
        clone(estimator).fit(X, sample_weight=weights * scale) for scale in (1.0, 2.0**60)
    )
    assert_same(one, other, X, rtol=1e-5, atol=1e-6)


def test_weights_may_be_read_only(X):
    weights = np.linspace(0, 1, len(X))
    weights.setflags(write=False)  # as those of a pandas Series are
    codes = Autoencoder(**FIT).fit(X, sample_weight=weights).transform(X)
    expected = Autoencoder(**FIT).fit(X, sample_weight=weights.copy()).transform(X)
    np.testing.assert_array_equal(codes, expected)


def test_a_batch_of_hardly_counting_rows_is_borne(X):
    w = np.where(np.arange(N) < 60, 1e-300, 1.0)
    for sparsity in ("kl", "running-mean"):
        model = SparseAutoencoder(sparsity=sparsity, batch_size=4, **FIT)
        assert np.isfinite(model.fit(X, sample_weight=w).transform(X)).all()


def test_mini_batches_pull_as_their_rows_weigh(X):
    """However the rows fall into batches: a group of heavy rows decides the fit."""
    X[:10] = 1 - X[:1]
    heavy = np.where(np.arange(N) < 10, 100.0, 1.0)
    model = Autoencoder(1, max_iter=60, learning_rate=0.01, batch_size=7, random_state=0)
    plain, weighted = clone(model).fit(X), clone(model).fit(X, sample_weight=heavy)
    assert weighted.score(X[:10]) > 0.1 * plain.score(X[:10])
    assert weighted.score(X[10:]) < plain.score(X[10:])


def test_held_out_losses_are_weighted(X):
    """The held-out rows of weight 1000 are the held-out loss."""
    model = Autoencoder(
        3,
        early_stopping=True,
        validation_fraction=0.5,
        learning_rate=1e-12,
        max_iter=1,
        random_state=0,
    )
    rng = np.random.default_rng(3)
    for _ in range(3):
        w = rng.integers(1, 50, N).astype(float)
        fitted = clone(model).fit(X, sample_weight=w)
        scores = -fitted.score_samples(X)
        training, held_out = (fitted.history_[k][0] for k in ("loss", "validation_loss"))
        # Which rows are held out shows in no attribute: both halves together are all rows.
        plain = clone(model).fit(X)
        order = _held_out(plain, X)
        expected = np.average(scores[order], weights=w[order])
        assert held_out == pytest.approx(expected, rel=1e-5)
        rest = np.setdiff1d(np.arange(N), order)
        assert training == pytest.approx(np.average(scores[rest], weights=w[rest]), rel=1e-5)


def _held_out(model, X):
    from skdeepunsup._random import Stream

    order = Stream(model._training["split_seed"]).permutation(len(X))
    return order[: len(X) // 2].numpy()


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (-np.ones(N), "[Nn]egative"),
        (np.full(N, np.nan), "NaN"),
        (np.full(N, np.inf), "infinity"),
        (np.ones(N - 1), "shape"),
        (np.ones((N, 2)), "1D"),
        (np.zeros(N), "zero"),
        (["a"] * N, "convert"),
    ],
    ids=["negative", "NaN", "infinity", "short", "two columns", "all zero", "text"],
)
@pytest.mark.parametrize("method", ["fit", "partial_fit", "score"])
def test_what_are_no_weights_is_named(X, weights, message, method):
    model = Autoencoder(**FIT)
    if method == "score":
        model.fit(X)
    with pytest.raises(ValueError, match=message):
        getattr(model, method)(X, sample_weight=weights)
    if method != "score":
        assert not hasattr(model, "module_")


@pytest.mark.parametrize("kind", [list, torch.tensor, lambda w: w.astype(np.float32), int])
def test_weights_of_every_kind_are_the_same(X, weights, kind):
    expected = Autoencoder(**FIT).fit(X, sample_weight=weights)
    given = weights.astype(int) if kind is int else kind(weights)
    assert_same(Autoencoder(**FIT).fit(X, sample_weight=given), expected, X)
    if kind is int:  # and a number stands for all
        assert_same(Autoencoder(**FIT).fit(X, sample_weight=3), Autoencoder(**FIT).fit(X), X)


@every
def test_partial_fit_is_an_epoch_of_fit(estimator, X, weights):
    if estimator.early_stopping:
        return  # of which partial_fit knows nothing
    once = clone(estimator).set_params(max_iter=1)
    fitted = clone(once).fit(X, sample_weight=weights)
    assert_same(clone(once).partial_fit(X, sample_weight=weights), fitted, X)


@every
def test_streamed_rows_are_weighted_alike(estimator, X, weights, tmp_path):
    np.save(tmp_path / "X.npy", X)
    dense = clone(estimator).fit(X, sample_weight=weights)
    for streamed in (sp.csr_array(X), np.load(tmp_path / "X.npy", mmap_mode="r")):
        model = clone(estimator).fit(streamed, sample_weight=weights)
        assert_same(model, dense, X, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("kind", [np.asarray, sp.csr_array])
def test_more_rows_than_a_chunk_keep_their_weights(kind):
    X = np.random.default_rng(0).random((2500, 4))
    w = np.random.default_rng(1).integers(0, 3, 2500)
    model = Autoencoder(
        2, missing="mask", early_stopping=True, validation_fraction=0.5, max_iter=2, random_state=0
    )
    weighted = clone(model).fit(kind(X), sample_weight=w)
    removed = clone(model).fit(kind(X[w > 0]), sample_weight=w[w > 0])
    assert_same(weighted, removed, X)
    settings = {"early_stopping": False, "validation_fraction": 0.1}
    whole = clone(model).set_params(**settings).fit(kind(X), sample_weight=w)
    means = whole.module_.scaling.original(whole.module_.fill)
    np.testing.assert_allclose(means, np.average(X, axis=0, weights=w), rtol=1e-6)


@pytest.mark.parametrize(
    "model",
    [
        *MODELS[:2],
        BernoulliRBM(3, n_iter=2, random_state=0),
        GaussianRBM(3, n_iter=2, random_state=0),
        VariationalAutoencoder(**FIT),
    ],
    ids=lambda model: type(model).__name__,
)
def test_the_score_is_the_weighted_mean(model, X, weights):
    model = clone(model).fit(X)
    scores = model.score_samples(X)
    score = model.score(X, sample_weight=weights)
    assert type(score) is float
    assert score == pytest.approx(np.average(scores, weights=weights), rel=1e-12)
    assert model.score(X, None, weights * 3) == pytest.approx(score, rel=1e-12)
    assert model.score(X) == pytest.approx(scores.mean(), rel=1e-12)


def test_weights_go_through_pipelines_and_searches(X, weights):
    scaled = MinMaxScaler().fit_transform(X)
    model = Autoencoder(**FIT)
    direct = clone(model).fit(scaled, sample_weight=weights)
    pipeline = make_pipeline(MinMaxScaler(), clone(model))
    pipeline.fit(X, autoencoder__sample_weight=weights)
    assert_same(pipeline[-1], direct, scaled)
    search = GridSearchCV(clone(model), {"n_components": [3]}, cv=2)
    search.fit(scaled, sample_weight=weights)
    assert_same(search.best_estimator_, direct, scaled)


def test_fit_transform_takes_weights(X, weights):
    model = Autoencoder(**FIT)
    codes = clone(model).fit_transform(X, sample_weight=weights)
    np.testing.assert_array_equal(codes, clone(model).fit(X, sample_weight=weights).transform(X))
