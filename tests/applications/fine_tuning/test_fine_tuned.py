"""Fine tuning of classifiers and regressors: their inputs, training, answers, bad parameters."""

import pickle
import warnings
from itertools import pairwise

import joblib
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import torch
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, NotFittedError

from skdeepunsup import Autoencoder, CategoricalRBM
from tests.applications.fine_tuning.models import (
    SEED,
    N,
    classifier,
    codes_of,
    every,
    regressor,
)
from tests.callbacks import Silent, StopsAfter


def test_missing_entries_pass_where_the_encoder_takes_them(X, y):
    X[np.random.default_rng(0).random(X.shape) < 0.2] = np.nan
    model = classifier(Autoencoder(4, missing="mask", max_iter=2, **SEED)).fit(X, y)
    assert np.isfinite(model.predict_proba(X)).all()
    with pytest.raises(ValueError, match="NaN"):
        classifier().fit(X, y)


@pytest.mark.parametrize("made", [classifier, regressor])
def test_all_kinds_of_input_give_the_same(made, X, y):
    expected = made().fit(X, y).predict(X)
    for kind in (sp.csr_array, sp.csr_matrix, sp.csc_array, torch.tensor, pd.DataFrame, np.int8):
        rows = kind(X)
        model = made().fit(rows, y)
        np.testing.assert_allclose(model.predict(rows), expected, rtol=1e-5, err_msg=str(kind))


def test_float32_rows_are_answered_as_float64_ones(X, y):
    model = classifier().fit(X, y)
    assert model.predict_proba(X.astype(np.float32)).dtype == np.float64
    np.testing.assert_allclose(
        model.predict_proba(X.astype(np.float32)), model.predict_proba(X), atol=1e-5
    )


def test_rows_are_of_the_values_that_the_encoder_is_made_for(X, y):
    encoder = CategoricalRBM(4, n_iter=2, n_categories=2, **SEED)
    model = classifier(clone(encoder), warm_start=True)
    fitted = classifier(clone(encoder).fit(X))
    for wrong in (X + 0.5, 2 * X):
        for fit in (model.fit, fitted.fit):
            with pytest.raises(ValueError, match="a category is a code"):
                fit(wrong, y)
    model.fit(X, y)
    for method in (model.predict, lambda X: model.fit(X, y)):
        with pytest.raises(ValueError, match="a category is a code"):
            method(X + 0.5)


@pytest.mark.parametrize("made", [classifier, regressor])
def test_two_warm_starts_are_one_fit(made, X, y):
    once = made(max_iter=6).fit(X, y)
    twice = made(warm_start=True).fit(X, y)
    encoder = twice.encoder_
    twice.fit(X, y)
    assert twice.encoder_ is encoder  # which is not pre-trained anew
    assert twice.n_iter_ == once.n_iter_ == 6
    np.testing.assert_array_equal(twice.predict(X), once.predict(X))
    assert twice.history_["loss"] == once.history_["loss"]


def test_a_warm_start_keeps_to_its_classes(X, y):
    model = classifier(warm_start=True).fit(X, y)
    with pytest.raises(ValueError, match="none of the classes"):
        model.fit(X, y + 1)
    model.fit(X, np.where(y == 0, 1, y))  # one class need not be there
    assert model.classes_.tolist() == [0, 1, 2]


def test_callbacks_are_heard(X, y):
    model = classifier(max_iter=5).set_callbacks(Silent(), StopsAfter(2)).fit(X, y)
    assert model.n_iter_ == 2


def test_a_callback_sees_a_fitted_model(X, y):
    answers = []

    class Keeps(Silent):
        def on_fit_task_end(self, estimator, context, *, fitted_estimator=None):
            if context.task_name == "epoch":
                answers.append(fitted_estimator.predict_proba(X))

    model = classifier().set_callbacks(Keeps()).fit(X, y)
    assert len(answers) == 3
    np.testing.assert_array_equal(answers[-1], model.predict_proba(X))
    assert not np.array_equal(answers[0], answers[-1])


def through_joblib(model, path):
    joblib.dump(model, path / "model")
    return joblib.load(path / "model")


@every
def test_a_stored_model_answers_as_before(encoder, X, y, tmp_path):
    model = classifier(clone(encoder)).fit(X, y)
    for stored in (pickle.loads(pickle.dumps(model)), through_joblib(model, tmp_path)):
        np.testing.assert_array_equal(stored.predict_proba(X), model.predict_proba(X))
        np.testing.assert_array_equal(stored.classes_, model.classes_)
        np.testing.assert_array_equal(stored.encoder_.transform(X), model.encoder_.transform(X))


def test_probabilities_are_consistent(X, y):
    linear = Autoencoder(4, hidden_layer_sizes=(), max_iter=2, early_stopping=False, **SEED)
    model = classifier(linear, learning_rate=0.1, max_iter=50).fit(X, y)
    p = model.predict_proba(X)
    np.testing.assert_allclose(p.sum(1), 1, rtol=1e-12)
    np.testing.assert_allclose(np.log(p), model.predict_log_proba(X), rtol=1e-9)
    np.testing.assert_array_equal(model.predict(X), model.classes_[p.argmax(1)])
    assert model.score(X, y) == (model.predict(X) == y).mean()


def test_a_logarithm_is_finite_where_a_probability_is_not_told_from_0(X, y):
    model = classifier().fit(X, y)
    with torch.no_grad():
        model.module_.head[-1][-1].bias[0] += 1e4
    assert np.isfinite(model.predict_log_proba(X)).all()
    assert model.predict_log_proba(X)[:, 1:].max() < -9000


def test_the_loss_is_the_mean_cross_entropy(X, y):
    """With the parameters before an update, of which there is one here."""
    encoder = Autoencoder(4, max_iter=2, **SEED).fit(X)
    params = {"batch_size": N, "precision": "float64", "warm_start": True, "max_iter": 1}
    model = classifier(encoder, **params).fit(X, y)
    expected = -model.predict_log_proba(X)[np.arange(N), y].mean()
    assert model.fit(X, y).history_["loss"][-1] == pytest.approx(expected, rel=1e-9)


def test_the_loss_of_a_regressor_is_that_of_standardised_targets(X, y):
    encoder = Autoencoder(4, max_iter=2, **SEED).fit(X)
    params = {"batch_size": N, "precision": "float64", "warm_start": True, "max_iter": 1}
    model = regressor(encoder, **params).fit(X, y)
    expected = np.square(model.predict(X) - y).mean() / y.var()
    assert model.fit(X, y).history_["loss"][-1] == pytest.approx(expected, rel=1e-6)


def test_early_stopping_keeps_the_best(X, y):
    kept = []

    class Keeps(Silent):
        def on_fit_task_end(self, estimator, context, *, fitted_estimator=None):
            if context.task_name == "epoch":
                kept.append(fitted_estimator.predict_proba(X))

    noise = np.random.default_rng(0).permutation(y)  # to be learned by heart
    params = {"early_stopping": True, "validation_fraction": 0.3, "n_iter_no_change": 4}
    model = classifier(Autoencoder(30, max_iter=2, **SEED), learning_rate=0.05, max_iter=60)
    model.set_params(**params).set_callbacks(Keeps()).fit(X, noise)
    losses = model.history_["validation_loss"]
    best = int(np.argmin(losses))
    assert best < len(losses) - 1 < 59
    np.testing.assert_array_equal(model.predict_proba(X), kept[best])


@pytest.mark.parametrize("made", [classifier, regressor])
def test_a_seed_repeats_and_another_differs(made, X, y):
    def fitted(seed):
        model = made(Autoencoder(4, max_iter=2), random_state=seed, dropout=0.2)
        return model.set_params(hidden_layer_sizes=(5,)).fit(X, y)

    first, again, other = fitted(0), fitted(0), fitted(1)
    np.testing.assert_array_equal(first.predict(X), again.predict(X))
    assert first.history_["loss"] == again.history_["loss"]
    assert first.history_["loss"] != other.history_["loss"]


def test_no_global_state_is_touched(X, y):
    numpy_before, torch_before = pickle.dumps(np.random.get_state()), torch.get_rng_state()
    classifier(dropout=0.3).fit(X, y).predict_proba(X)
    assert pickle.dumps(np.random.get_state()) == numpy_before
    assert torch.equal(torch.get_rng_state(), torch_before)


def test_a_hidden_layer_learns_what_an_affine_map_cannot():
    X = np.random.default_rng(0).integers(0, 2, (200, 2)).astype(float)
    y = X[:, 0].astype(int) ^ X[:, 1].astype(int)
    encoder = Autoencoder(2, activation="identity", max_iter=30, **SEED).fit(X)
    params = {"encoder_learning_rate": 0, "learning_rate": 0.02, "max_iter": 100}
    plain, deep = (
        classifier(encoder, hidden_layer_sizes=sizes, **params).fit(X, y) for sizes in ((), (16,))
    )
    assert plain.score(X, y) < 0.8
    assert deep.score(X, y) == 1


def test_dropout_is_for_training_alone(X, y):
    model = classifier(dropout=0.9, hidden_layer_sizes=(5,)).fit(X, y)
    np.testing.assert_array_equal(model.predict_proba(X), model.predict_proba(X))
    still = classifier(hidden_layer_sizes=(5,)).fit(X, y)
    assert model.history_["loss"] != still.history_["loss"]


def test_a_linear_schedule_ends_slowly(X, y):
    encoder = Autoencoder(4, max_iter=2, **SEED).fit(X)
    codes = []

    class Keeps(Silent):
        def on_fit_task_end(self, estimator, context, *, fitted_estimator=None):
            if context.task_name == "epoch":
                codes.append(codes_of(fitted_estimator, X))

    params = {"max_iter": 20, "n_iter_no_change": 20, "learning_rate_schedule": "linear"}
    classifier(encoder, learning_rate=0.01, **params).set_callbacks(Keeps()).fit(X, y)
    steps = [np.abs(after - before).mean() for before, after in pairwise(codes)]
    assert steps[-1] < 0.1 * np.mean(steps[:8])


def test_divergence_keeps_the_last_finite_epoch_and_warns(X, y):
    with pytest.warns(ConvergenceWarning, match="learning_rate"):
        model = classifier(learning_rate=1e38).fit(X, y)
    assert np.isfinite(model.predict_proba(X)).all()


BAD = {
    "hidden_layer_sizes": [(0,), "ab", None, (2.5,)],
    "activation": ["step", None],
    "dropout": [-0.1, 1.0],
    "learning_rate": [0, -1.0, "fast", True],
    "encoder_learning_rate": [-1.0, "slow"],
    "learning_rate_schedule": ["cosine"],
    "batch_size": [0, 1.5],
    "max_iter": [0],
    "early_stopping": ["no"],
    "validation_fraction": [-0.1, 1.0],
    "n_iter_no_change": [0],
    "tol": [-1.0],
    "warm_start": [1],
    "device": ["abacus"],
    "precision": ["float16"],
}


@pytest.mark.parametrize("made", [classifier, regressor])
@pytest.mark.parametrize("name", BAD)
def test_bad_parameters_are_named(made, name, X, y):
    for value in BAD[name]:
        model = made(early_stopping=True) if name == "validation_fraction" else made()
        model.set_params(**{name: value})
        with pytest.raises((ValueError, TypeError), match=name):
            model.fit(X, y)
        with pytest.raises(NotFittedError):
            model.predict(X)


def test_an_error_while_fitting_anew_changes_nothing(X, y):
    model = classifier().fit(X, y)
    before, encoder = model.predict_proba(X), model.encoder_
    with pytest.raises(ValueError, match="one class"):
        model.fit(X, np.ones(N))
    np.testing.assert_array_equal(model.predict_proba(X), before)
    assert model.encoder_ is encoder
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert model.fit(X, y).n_iter_ == 3
