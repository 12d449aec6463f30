"""Ratings: what is predicted of those that are not known, and what is recommended."""

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.base import clone

from skdeepunsup import RatingRBM
from skdeepunsup._rows import CHUNK_ROWS
from tests.applications.recommending.models import D, N, every, nan, ratings, stored, well_trained


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
def test_predictions_lie_within_the_ratings(estimator, X):
    model = clone(estimator).set_params(learning_rate=0.3).fit(X)
    predicted = model.predict(X)
    assert predicted.min() >= np.nanmin(X)
    assert predicted.max() <= np.nanmax(X)
