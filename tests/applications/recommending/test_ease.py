"""EASE: its weights solve the ridge regressions that it stands for."""

import numpy as np
import pytest
import scipy.sparse as sp
from scipy.linalg import lstsq
from sklearn.exceptions import NotFittedError

from skdeepunsup import EASE
from skdeepunsup.applications.recommending import ease


@pytest.fixture
def X():
    """Counts of 50 users; nobody took the last item."""
    X = np.random.default_rng(0).poisson(0.5, (50, 8)).astype(float)
    X[:, -1] = 0
    return X


@pytest.mark.parametrize("regularization", [0.1, 5, 300])
def test_each_item_is_regressed_on_all_others(X, regularization):
    B = EASE(regularization).fit(X).item_weights_
    n_items = X.shape[1]
    unit = np.sqrt(np.square(X[X > 0]).mean())  # in which the regularization is
    penalty = np.sqrt(regularization) * unit * np.eye(n_items - 1)
    for item in range(n_items):
        others = np.arange(n_items) != item
        rows = np.vstack([X[:, others], penalty])
        targets = np.concatenate([X[:, item], np.zeros(n_items - 1)])
        np.testing.assert_allclose(B[others, item], lstsq(rows, targets)[0], atol=1e-12)
        assert B[item, item] == 0


def test_predictions_are_the_weights_of_what_is_known(X):
    model = EASE(5).fit(X)
    fresh = np.random.default_rng(1).poisson(0.5, (7, 8))
    np.testing.assert_allclose(model.predict(fresh), fresh @ model.item_weights_, atol=1e-14)


def test_an_item_nobody_took_tells_nothing_and_is_told_by_none(X):
    B = EASE(5).fit(X).item_weights_
    assert not B[-1].any() and not B[:, -1].any()


def test_items_taken_together_are_similar():
    pairs = np.repeat(np.eye(4), 2, axis=1)  # 0 with 1, 2 with 3, …
    rng = np.random.default_rng(0)
    X = (rng.random((200, 4)) < 0.4) @ pairs * (rng.random((200, 8)) < 0.8)
    items, cosines = EASE(5).fit(X).similar_items(k=1)
    np.testing.assert_array_equal(items[:, 0], np.arange(8) ^ 1)
    assert (cosines > 0.1).all()


@pytest.mark.parametrize(("value", "error"), [(0, ValueError), (-1, ValueError), ("1", TypeError)])
def test_bad_regularization_is_named(X, value, error):
    with pytest.raises(error, match="regularization"):
        EASE(value).fit(X)


def test_too_little_regularization_is_named(X):
    X = np.repeat(X, 2, axis=1)
    with pytest.raises(ValueError, match="regularization == 1e-30 is too small"):
        EASE(1e-30).fit(X)


def test_the_unit_of_the_counts_does_not_matter(X):
    model, other = EASE(5).fit(X), EASE(5).fit(100 * X)
    np.testing.assert_allclose(other.item_weights_, model.item_weights_, atol=1e-12)


def test_a_fit_that_fails_leaves_the_last_one():
    X = np.eye(5)
    model = EASE(1.0).fit(X)
    with pytest.raises(ValueError, match="no interactions"):
        model.fit(np.zeros((3, 4)))
    assert model.n_features_in_ == 5
    model.predict(X)
    with pytest.raises(NotFittedError):
        EASE().predict(X)


def test_users_of_whom_nothing_is_known_are_shown_what_others_took_to(X):
    model = EASE().fit(X)
    items, _ = model.recommend(np.zeros((2, X.shape[1])), k=3)
    popular = np.argsort(-X.mean(0), kind="stable")[:3]
    np.testing.assert_array_equal(items, [popular, popular])


def test_blocks_of_columns_change_nothing(monkeypatch):
    X = np.random.default_rng(0).poisson(0.5, (50, 20)).astype(float)
    whole = EASE(5).fit(X).item_weights_
    monkeypatch.setattr(ease, "BLOCK", 7)
    np.testing.assert_array_equal(EASE(5).fit(X).item_weights_, whole)


def test_more_items_than_memory_holds_are_refused_before_any_work():
    X = sp.csr_array(([1.0], ([0], [0])), shape=(2, 10**7))
    with pytest.raises(ValueError, match=r"10000000 items .* GiB.*Leave out.*ImplicitVAE"):
        EASE().fit(X)
    assert EASE().fit(X[:, :3]).item_weights_.shape == (3, 3)


def test_recommendations_do_not_depend_on_how_many_users_are_answered_at_a_time(X, monkeypatch):
    model = EASE(5).fit(X)
    whole = *model.recommend(X, 3), *model.similar_items(k=3), model.predict(X)
    monkeypatch.setattr("skdeepunsup.applications.recommending.base.MAX_ENTRIES", 17)
    parts = *model.recommend(X, 3), *model.similar_items(k=3), model.predict(X)
    for part, expected in zip(parts, whole, strict=True):
        np.testing.assert_allclose(part, expected, atol=1e-14)
