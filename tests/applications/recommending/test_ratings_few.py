"""Ratings that are few, all equal, unlike those of fit, or none at all."""

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from skdeepunsup import RatingAutoencoder, RatingRBM
from tests.applications.recommending.models import MODELS, D, every, nan, stored


@pytest.mark.filterwarnings("ignore:all 40 ratings in X are")
def test_one_level_is_predicted():
    X = np.where(np.random.default_rng(0).random((20, 4)) < 0.5, 3.0, nan)
    X[0] = 3.0
    for estimator in MODELS:
        np.testing.assert_allclose(clone(estimator).fit(X).predict(X), 3, atol=0.05)


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
