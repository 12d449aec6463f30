"""What every recommender of interactions obeys."""

import pickle

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import torch
from sklearn.base import clone

from skdeepunsup import EASE, EntrySplit, ImplicitVAE, recommending_scorer
from skdeepunsup.metrics import ndcg_at_k

RECOMMENDERS = [
    EASE(5),
    ImplicitVAE(3, hidden_layer_sizes=(8,), max_iter=3, device="cpu", random_state=0),
    ImplicitVAE(3, variational=False, max_iter=3, device="cpu", random_state=0),
    ImplicitVAE(3, n_sampled=4, max_iter=3, device="cpu", random_state=0),
]

every = pytest.mark.parametrize("recommender", RECOMMENDERS, ids=repr)


@pytest.fixture
def X():
    """The first user took nothing, the second all; nobody else took the last item."""
    X = np.random.default_rng(0).poisson(0.5, (60, 10)).astype(float)
    X[0], X[:, -1], X[1] = 0, 0, 1
    return X


def answers(model, X):
    items, scores = model.recommend(X, 4)
    similar, cosines = model.similar_items(k=3)
    return model.predict(X), items, scores, similar, cosines, model.score(X)


def assert_same(a, b, atol=0.0):
    for left, right in zip(a, b, strict=True):
        np.testing.assert_allclose(left, right, rtol=0, atol=atol)


@every
def test_all_formats_are_answered_alike(recommender, X):
    model = clone(recommender).fit(X)
    expected = answers(model, X)
    with_zeros = sp.csr_array(X + 1)
    with_zeros.data -= 1
    for same in (
        sp.csr_array(X),
        sp.csr_matrix(X),
        sp.coo_array(X),
        with_zeros,
        X.astype(np.float32),
        X.astype(int),
        torch.from_numpy(X),
    ):
        assert_same(answers(clone(recommender).fit(same), same), expected)


@every
def test_a_frame_names_its_items(recommender, X):
    frame = pd.DataFrame(X, columns=[f"item{i}" for i in range(10)])
    model, framed = clone(recommender).fit(X), clone(recommender).fit(frame)
    assert list(framed.feature_names_in_) == list(frame.columns)
    np.testing.assert_array_equal(framed.predict(frame), model.predict(X))
    np.testing.assert_array_equal(framed.recommend(frame)[0], model.recommend(X)[0])
    assert recommending_scorer()(framed, frame) == recommending_scorer()(model, X)


@every
def test_one_seed_gives_one_model(recommender, X):
    model = clone(recommender).fit(X)
    assert_same(answers(model, X), answers(clone(model).fit(X), X))
    assert_same(answers(model, X), answers(model, X))
    if "random_state" in model.get_params():
        other = clone(model).set_params(random_state=1).fit(X)
        assert (other.predict(X) != model.predict(X)).any()


@every
def test_pickles_answer_alike(recommender, X):
    model = clone(recommender).fit(X)
    assert_same(answers(pickle.loads(pickle.dumps(model)), X), answers(model, X))


@every
def test_a_user_is_answered_alike_in_any_company(recommender, X):
    model = clone(recommender).fit(X)
    alone = np.vstack([model.predict(row[None]) for row in X])
    np.testing.assert_allclose(alone, model.predict(X), atol=1e-12)


@every
def test_data_are_left_as_they_were(recommender, X):
    stored = sp.csr_array(X + 1)
    stored.data -= 1
    stored.data.flags.writeable = stored.indices.flags.writeable = False
    answers(clone(recommender).fit(stored), stored)
    assert stored.nnz == X.size


@every
def test_recommended_are_the_best_of_those_not_seen(recommender, X):
    model = clone(recommender).fit(X)
    predicted = model.predict(X)
    items, scores = model.recommend(X, 10)
    everything, _ = model.recommend(X, 10, filter_seen=False)
    for user in range(len(X)):
        order = np.argsort(-predicted[user], kind="stable")
        np.testing.assert_array_equal(predicted[user, everything[user]], predicted[user, order])
        fresh = order[X[user, order] == 0]
        n = len(fresh)
        np.testing.assert_array_equal(scores[user, :n], predicted[user, fresh])
        np.testing.assert_array_equal(scores[user, :n], predicted[user, items[user, :n]])
        assert (items[user, n:] == -1).all() and np.isnan(scores[user, n:]).all()


@every
def test_pairs_are_entries_of_the_whole(recommender, X):
    model = clone(recommender).fit(X)
    rng = np.random.default_rng(0)
    pairs = np.column_stack([rng.integers(0, 60, 200), rng.integers(0, 10, 200)])
    np.testing.assert_allclose(
        model.predict(X, pairs), model.predict(X)[tuple(pairs.T)], atol=1e-12
    )


@every
def test_an_item_is_not_similar_to_itself(recommender, X):
    items, cosines = clone(recommender).fit(X).similar_items(k=9)
    for item, others in enumerate(items):
        assert sorted([item, *others]) == list(range(10))
    assert (np.diff(cosines) <= 0).all() and (np.abs(cosines) <= 1 + 1e-12).all()


@every
def test_score_is_the_gain_of_what_is_held_out(recommender, X):
    model = clone(recommender).fit(X)
    known, held_out = next(EntrySplit(1, random_state=0).pairs(X))
    truth = ndcg_at_k(held_out, model.recommend(known, 10)[0])
    assert model.score(known, held_out) == model.score(X) == truth


@every
@pytest.mark.parametrize(
    ("spoil", "complaint"),
    [
        (lambda X: 0 * X, "X has no interactions: all entries are 0"),
        (lambda X: X - 1, "Negative values in data passed to .*: X has -1"),
        (lambda X: np.where(X > 2, np.nan, X), "X contains NaN"),
        (lambda X: np.where(X > 2, np.inf, X), "X contains infinity"),
        (lambda X: X[0], "Expected 2D array"),
        (lambda X: sp.csr_array(X - 1), "Negative values in data passed to"),
    ],
)
def test_bad_input_is_named(recommender, X, spoil, complaint):
    with pytest.raises(ValueError, match=complaint):
        clone(recommender).fit(spoil(X))
    if "no interactions" not in complaint:
        with pytest.raises(ValueError, match=complaint):
            clone(recommender).fit(X).predict(spoil(X))


@every
def test_another_number_of_items_is_named(recommender, X):
    with pytest.raises(ValueError, match=r"X has 9 features, but .* is expecting 10"):
        clone(recommender).fit(X).predict(X[:, :9])
