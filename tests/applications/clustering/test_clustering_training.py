"""Training of clusters: how it ends, what it repeats, and the rows that it is given."""

import pickle
from itertools import pairwise

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from sklearn.base import clone

from skdeepunsup import Autoencoder, DeepEmbeddedClustering
from skdeepunsup.applications.clustering.assignments import moved
from tests.applications.clustering.models import CLUSTERERS, D, K, N, every
from tests.callbacks import Silent, StopsAfter


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


def test_many_degrees_of_freedom_and_far_rows(X):
    model = DeepEmbeddedClustering(K, Autoencoder(2, max_iter=3), dof=100, max_iter=2)
    assert np.isfinite(model.fit(100 * X).history_["loss"]).all()


@every
def test_a_warm_start_goes_on(estimator, X):
    model = clone(estimator).set_params(max_iter=2, tol=0, warm_start=True).fit(X)
    encoder, first = model.encoder_, model.transform(X)
    model.fit(X)
    assert model.n_iter_ == 4
    assert model.encoder_ is encoder
    assert np.abs(model.transform(X) - first).max() > 0
    with pytest.raises(ValueError, match=r"n_clusters == 2, but the fit to go on from had"):
        model.set_params(n_clusters=2).fit(X)


@every
def test_rows_may_come_in_parts(estimator, X):
    model = clone(estimator)
    assert model.partial_fit(X) is model
    once = clone(estimator).set_params(max_iter=1, tol=0).fit(X)
    np.testing.assert_array_equal(model.transform(X), once.transform(X))
    first = model.transform(X)
    model.partial_fit(X[:2])  # fewer than clusters
    assert model.n_iter_ == 2
    assert model.labels_.shape == (2,)
    assert np.abs(model.transform(X) - first).max() > 0
    assert np.isfinite(model.sample(0, 3, random_state=0)).all()
