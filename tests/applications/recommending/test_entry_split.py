"""Hiding entries of each user, and scores of what was hidden."""

import pickle

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.model_selection import GridSearchCV, KFold, cross_val_score

from skdeepunsup import EASE, EntrySplit, recommending_scorer
from skdeepunsup.metrics import ndcg_at_k, rating_error, recall_at_k


@pytest.fixture
def ratings():
    """0 … 4 by 40 users, NaN where unrated; the first two have none and one."""
    rng = np.random.default_rng(0)
    R = np.where(rng.random((40, 15)) < 0.5, rng.integers(0, 5, (40, 15)), np.nan)
    R[:2] = np.nan
    R[1, 3] = 2
    return R


@pytest.fixture
def interactions():
    """Interactions of users with two tastes."""
    rng = np.random.default_rng(0)
    tastes = np.repeat(np.eye(2), 10, axis=1)[rng.integers(0, 2, 90)]
    return (rng.random(tastes.shape) < 0.1 + 0.5 * tastes).astype(float)


def stored(entries):
    """Which entries are, whatever their values."""
    return sp.csr_array((np.ones(entries.nnz), entries.indices, entries.indptr), entries.shape)


def test_known_and_held_out_are_all_and_disjoint(ratings):
    there = ~np.isnan(ratings)
    for known, held_out in EntrySplit(3, random_state=0).pairs(ratings):
        np.testing.assert_array_equal((stored(known) + stored(held_out)).toarray(), there)
        np.testing.assert_array_equal((known + held_out).toarray(), np.nan_to_num(ratings))
        assert known.has_sorted_indices and held_out.has_sorted_indices


@pytest.mark.parametrize("test_size", [0.01, 0.2, 0.5, 0.99])
def test_the_share_of_each_user(ratings, test_size):
    n = (~np.isnan(ratings)).sum(1)
    _, held_out = next(EntrySplit(1, test_size=test_size, random_state=0).pairs(ratings))
    expected = [min(max(round(test_size * k), 1), k - 1) if k > 1 else 0 for k in n]
    np.testing.assert_array_equal(np.diff(held_out.indptr), expected)


def test_zeros_that_are_known_stay_known(ratings):
    known, held_out = next(EntrySplit(1, random_state=0).pairs(ratings))
    zeros = (ratings == 0).sum()
    assert zeros and (known.data == 0).sum() + (held_out.data == 0).sum() == zeros


def test_what_is_known_in_each_format(ratings):
    entries = sp.csr_array(np.nan_to_num(ratings, nan=-1) + 1)
    entries.data -= 1
    with_nan = entries.copy()
    with_nan.data[:5] = np.nan
    for X, truth in (
        (entries, stored(entries).toarray()),
        (sp.csc_matrix(entries), stored(entries).toarray()),
        (with_nan, stored(entries).toarray() * ~np.isnan(with_nan.toarray())),
        (np.nan_to_num(ratings), np.nan_to_num(ratings) != 0),
    ):
        known, held_out = next(EntrySplit(1, random_state=0).pairs(X))
        np.testing.assert_array_equal((stored(known) + stored(held_out)).toarray(), truth)


def test_dense_and_sparse_are_parted_alike(interactions):
    for a, b in zip(
        EntrySplit(2, random_state=0).pairs(interactions),
        EntrySplit(2, random_state=0).pairs(sp.csr_array(interactions)),
        strict=True,
    ):
        assert (a[0] != b[0]).nnz == (a[1] != b[1]).nnz == 0


def test_each_entry_is_hidden_as_often_as_any_other():
    X, n = np.ones((1, 10)), 4000
    hidden = sum(held_out.toarray()[0] for _, held_out in EntrySplit(n, random_state=0).pairs(X))
    error = np.sqrt(0.2 * 0.8 / n)
    assert abs(hidden / n - 0.2).max() < 4 * error


def test_seeds(interactions):
    def hidden(**parameters):
        return EntrySplit(2, **parameters).stacked(interactions)[1].toarray()

    first = hidden(random_state=0)
    np.testing.assert_array_equal(first, hidden(random_state=0))
    assert (first != hidden(random_state=1)).any()
    assert (first[:90] != first[90:]).any()
    random = np.random.RandomState(0)
    assert (hidden(random_state=random) != hidden(random_state=random)).any()


def test_the_matrix_given_is_left_as_it_was(ratings):
    X = sp.csr_array(np.nan_to_num(ratings))
    X.indices.flags.writeable = X.data.flags.writeable = False
    before = X.copy()
    EntrySplit(2, random_state=0).stacked(X)
    assert (before != X).nnz == 0


def test_splits_of_the_stacked_are_its_blocks(interactions):
    splitter = EntrySplit(3, random_state=0)
    known, held_out = splitter.stacked(interactions)
    assert splitter.get_n_splits() == 3
    for (train, test), (a, b) in zip(
        splitter.split(known, held_out), splitter.pairs(interactions), strict=True
    ):
        np.testing.assert_array_equal(train, test)
        assert (known[train] != a).nnz == (held_out[test] != b).nnz == 0


def test_a_search_over_entries_scores_what_was_hidden(interactions):
    splitter, grid = EntrySplit(3, random_state=0), {"regularization": [0.1, 10]}
    search = GridSearchCV(EASE(), grid, cv=splitter, refit=False)
    search.fit(*splitter.stacked(interactions))
    for candidate, regularization in enumerate(grid["regularization"]):
        for i, (known, held_out) in enumerate(splitter.pairs(interactions)):
            score = EASE(regularization).fit(known).score(known, held_out)
            found = search.cv_results_[f"split{i}_test_score"][candidate]
            assert found == pytest.approx(score, rel=1e-12)


def test_a_search_over_users_scores_what_the_scorer_hides(interactions):
    scorer = recommending_scorer("recall", 5, test_size=0.4, random_state=3)
    folds, X = KFold(3), sp.csr_array(interactions)
    scores = cross_val_score(EASE(10), X, cv=folds, scoring=scorer)
    for (train, test), score in zip(folds.split(interactions), scores, strict=True):
        split = EntrySplit(1, test_size=0.4, random_state=3)
        known, held_out = next(split.pairs(interactions[test]))
        items, _ = EASE(10).fit(interactions[train]).recommend(known, 5)
        assert score == pytest.approx(recall_at_k(held_out, items), rel=1e-12)
    search = GridSearchCV(EASE(), {"regularization": [1, 10]}, cv=folds, scoring=scorer).fit(X)
    assert search.best_score_ == pytest.approx(max(search.cv_results_["mean_test_score"]))
    assert search.best_estimator_.item_weights_.shape == (20, 20)


def test_the_scorer_predicts_y_where_there_is_one(interactions, ratings):
    model = EASE(10).fit(interactions)
    known, held_out = next(EntrySplit(1, random_state=0).pairs(interactions))
    items, _ = model.recommend(known, 5)
    assert recommending_scorer("ndcg", 5)(model, known, held_out) == ndcg_at_k(held_out, items)
    y = np.full((40, 20), np.nan)
    y[:, :15] = ratings
    X = interactions[:40]
    there = ~np.isnan(y)
    error = rating_error(y[there], model.predict(X)[there])
    assert recommending_scorer("rmse")(model, X, y) == pytest.approx(-error, rel=1e-12)


def test_the_scorer_pickles(interactions):
    scorer, model = recommending_scorer(k=5), EASE(10).fit(interactions)
    copy = pickle.loads(pickle.dumps(scorer))
    assert copy(model, interactions) == scorer(model, interactions)
    assert repr(copy) == "recommending_scorer('ndcg', k=5, test_size=0.2, random_state=0)"


@pytest.mark.parametrize(
    ("parameters", "error"),
    [
        ({"n_splits": 0}, ValueError),
        ({"n_splits": 2.0}, TypeError),
        ({"test_size": 0}, ValueError),
        ({"test_size": 1.0}, ValueError),
        ({"test_size": "half"}, TypeError),
    ],
)
def test_bad_parameters_are_named(parameters, error, interactions):
    (name,) = parameters
    for use in (EntrySplit.pairs, EntrySplit.stacked, EntrySplit.split):
        with pytest.raises(error, match=name):
            use(EntrySplit(**parameters), interactions)
    if name == "test_size":
        with pytest.raises(error, match=name):
            recommending_scorer(**parameters)


def test_bad_input_is_named(interactions):
    with pytest.raises(ValueError, match="90 rows, which n_splits == 4 does not divide"):
        EntrySplit(4).split(interactions, interactions)
    with pytest.raises(ValueError, match="y is None: pass the result of stacked"):
        EntrySplit(3).split(interactions)
    with pytest.raises(ValueError, match="X contains infinity"):
        EntrySplit().pairs(np.where(interactions, np.inf, 0))
    with pytest.raises(ValueError, match="metric == 'auc', must be one of"):
        recommending_scorer("auc")
    with pytest.raises(ValueError, match="k == 0"):
        recommending_scorer(k=0)
