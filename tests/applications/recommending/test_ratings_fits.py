"""Fits to ratings and their scores: searched over, repeated, stored, stopped and refused."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV

from skdeepunsup import RatingAutoencoder, RatingRBM
from tests.applications.recommending.models import D, N, every, nan, stored
from tests.callbacks import Silent, StopsAfter


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


@every
def test_unfitted_says_so(estimator, X):
    for method in ("predict", "transform", "recommend", "score"):
        with pytest.raises(NotFittedError):
            getattr(clone(estimator), method)(X)
