"""What every public estimator obeys: models, applications and recommenders alike.

A law is a function under `every_kind`. A new estimator joins by its line in its trade's list.
"""

import copy
import pickle
import random
import re
import warnings
from functools import cache
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.base import BaseEstimator, clone
from sklearn.exceptions import NotFittedError
from sklearn.utils import get_tags
from sklearn.utils.validation import check_is_fitted, has_fit_parameter

from skdeepunsup import (
    EASE,
    Autoencoder,
    FineTunedRegressor,
    GenerativeImputer,
    LogMel,
    LossyCompressor,
    RatingAutoencoder,
    RatingRBM,
)
from tests.estimators import EVERY_KIND

every_kind = pytest.mark.parametrize("estimator", EVERY_KIND, ids=lambda e: type(e).__name__)

# Scores are compared with each other, not with the truth.
pytestmark = pytest.mark.usefixtures("hasty_log_partition")

EVERY_QUESTION = (
    "transform",
    "inverse_transform",
    "reconstruct",
    "predict",
    "predict_proba",
    "predict_log_proba",
    "decision_function",
    "score_samples",
    "score",
    "free_energy",
    "pseudo_likelihood",
    "feature_scores",
    "impute",
    "sample",
)

QUESTIONS = (
    "transform",
    "predict",
    "predict_proba",
    "decision_function",
    "score_samples",
    "compress",
)
SEED_OF_NO_MATTER = EASE | LogMel | LossyCompressor | GenerativeImputer
"""To their answers here: they draw nothing, or nothing is missing for them to draw."""


@pytest.fixture
def X(estimator):
    return rows(estimator)


def rows(estimator):
    """Bits; as ratings ones and twos, since most zeros would be missing entries."""
    bits = (np.random.default_rng(0).random((50, 6)) < 0.4).astype(np.float64)
    return bits + isinstance(estimator, RatingRBM | RatingAutoencoder)


@pytest.fixture
def y(X):
    """Two classes, or a number."""
    return np.arange(len(X)) % 2


@cache
def fitted(estimator):
    """The model, fitted once for all laws that only ask it."""
    X = rows(estimator)
    return clone(estimator).fit(X, np.arange(len(X)) % 2)


def answers(model, X) -> dict[str, Any]:
    """What the model says of the rows, in every way it can."""
    return {name: getattr(model, name)(X) for name in QUESTIONS if hasattr(model, name)}


def assert_same(one, other):
    assert one
    assert one.keys() == other.keys()
    for name in one:
        np.testing.assert_array_equal(one[name], other[name], err_msg=name)


@every_kind
def test_a_seed_repeats_and_another_differs(estimator, X, y):
    model = clone(estimator).set_params(**seeded(estimator, 0)).fit(X, y)
    again = clone(estimator).set_params(**seeded(estimator, 0)).fit(X, y)
    assert_same(answers(model, X), answers(again, X))
    if not isinstance(estimator, SEED_OF_NO_MATTER):
        other = clone(estimator).set_params(**seeded(estimator, 1)).fit(X, y)
        with pytest.raises(AssertionError):
            assert_same(answers(model, X), answers(other, X))


def seeded(estimator, seed) -> dict[str, int]:
    """Its parameters that seed something, those of models within too."""
    names = estimator.get_params()
    return {name: seed for name in names if name.split("__")[-1] == "random_state"}


@every_kind
def test_a_question_answers_and_does_nothing_else(estimator, X, y):
    model = clone(estimator).fit(X, y)
    attributes = set(vars(model))
    assert_same(answers(model, X), answers(model, X))
    assert set(vars(model)) == attributes


@every_kind
def test_a_stored_model_and_a_copy_answer_as_before(estimator, X, y):
    model = clone(estimator).fit(X, y)
    before = answers(model, X)
    assert_same(answers(pickle.loads(pickle.dumps(model)), X), before)
    assert_same(answers(copy.deepcopy(model), X), before)


@every_kind
def test_a_pickle_holds_parameters_and_little_else(estimator, X, y):
    """Values, what the optimiser knows of each, and some kilobytes: no random numbers unread."""
    model = clone(estimator).fit(X, y)
    modules = [part.module_ for part in models_within(model) if hasattr(part, "module_")]
    n_parameters = sum(p.numel() for module in modules for p in module.parameters())
    assert len(pickle.dumps(model)) < 16 * n_parameters + 16_384
    for parameter in (p for module in modules for p in module.parameters()):
        assert parameter.untyped_storage().nbytes() == parameter.nbytes, "part of a larger tensor"
        assert parameter.grad is None


def models_within(model) -> list[Any]:
    """The fitted model, and the fitted models that it holds."""
    held = [part for part in vars(model).values() if isinstance(part, BaseEstimator)]
    return [model, *(inner for part in held for inner in models_within(part))]


@every_kind
def test_no_global_state_is_touched(estimator, X, y):
    numpy_before, torch_before = pickle.dumps(np.random.get_state()), torch.get_rng_state()
    python_before, threads = random.getstate(), torch.get_num_threads()
    answers(clone(estimator).fit(X, y), X)
    assert pickle.dumps(np.random.get_state()) == numpy_before
    assert torch.equal(torch.get_rng_state(), torch_before)
    assert random.getstate() == python_before
    assert torch.get_num_threads() == threads
    assert torch.get_default_dtype() == torch.float32


@every_kind
def test_the_caller_s_arrays_are_left_alone(estimator, X, y):
    X.flags.writeable = y.flags.writeable = False
    before = X.copy(), y.copy()
    answers(clone(estimator).fit(X, y), X)
    np.testing.assert_array_equal(X, before[0])
    np.testing.assert_array_equal(y, before[1])


@every_kind
@pytest.mark.parametrize("spoil", [np.inf, 1j], ids=["infinity", "complex"])
def test_bad_input_is_refused_and_nothing_is_half_fitted(estimator, X, y, spoil):
    model = clone(estimator)
    with pytest.raises((ValueError, TypeError)):
        model.fit(X + spoil, y)
    with pytest.raises(NotFittedError):
        check_is_fitted(model)

    model.fit(X, y)
    before, attributes = answers(model, X), set(vars(model))
    with pytest.raises((ValueError, TypeError)):
        model.fit(X + spoil, y)
    assert_same(answers(model, X), before)
    assert set(vars(model)) == attributes


@every_kind
def test_a_caller_without_gradients_can_fit(estimator, X, y):
    with torch.no_grad():
        told = answers(clone(estimator).set_params(**seeded(estimator, 0)).fit(X, y), X)
    assert_same(told, answers(clone(estimator).set_params(**seeded(estimator, 0)).fit(X, y), X))


@every_kind
def test_parameters_are_left_as_they_were_given(estimator, X, y):
    model = clone(estimator)
    before = repr(model.get_params())
    answers(model.fit(X, y), X)
    assert repr(model.get_params()) == before


@every_kind
def test_an_unknown_argument_names_the_estimator(estimator, X, y):
    name = type(estimator).__name__
    for method in {"fit", "partial_fit"} & set(dir(estimator)):
        with pytest.raises(TypeError, match=rf"^{name}\.{method}\(\) .*'weight'"):
            getattr(clone(estimator), method)(X, y, weight=1)


HUGE = {
    "1e308": lambda X: 1e308 * (X / X.max()),
    "1e200": lambda X: 1e200 * X,
    "1e20": lambda X: 1e20 * X,
    "one entry of 1e20": lambda X: with_entry(X, 1e20),
    "one entry of 1e300": lambda X: with_entry(X, 1e300),
    "the largest float32": lambda X: (3e38 * (X / X.max())).astype(np.float32),
    "large in float32": lambda X: (1e20 * X).astype(np.float32),
}
"""Finite rows whose squares, sums or products exceed what a number can hold."""


TOLD = (
    "leave out|leave them out|[Ss]cale X|transform it|clip it|levels are|raise it|code|integers"
    "|infs|infinity"  # in the words of a PCA that is compressed
)


def with_entry(X, value):
    X = X.copy()
    X[3, 2] = value
    return X


def refused_or_finite(ask, *arguments, **keywords):
    """Ask: the answer is finite, or a ValueError says what to do."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            answer = ask(*arguments, **keywords)
    except ValueError as error:
        assert re.search(TOLD, str(error)), error
        return
    for part in answer if isinstance(answer, tuple) else (answer,):
        assert np.isfinite(part).all() if np.asarray(part).dtype.kind == "f" else True


def ask_everything(model, X, y):
    for name in EVERY_QUESTION:
        if not hasattr(model, name):
            continue
        ask = getattr(model, name)
        if name == "sample":
            given = {"cluster": 0} if hasattr(model, "cluster_centers_") else {}
            refused_or_finite(ask, random_state=0, **given)
        elif name == "inverse_transform":
            width = model._n_features_out
            refused_or_finite(ask, np.full((3, width), float(np.abs(X).max())))
        elif name == "score" and get_tags(model).target_tags.required:
            refused_or_finite(ask, X, y)
        else:
            refused_or_finite(ask, X)


@every_kind
@pytest.mark.parametrize("kind", HUGE)
def test_what_is_not_finite_is_never_silent(estimator, X, y, kind):
    """Neither in answers nor after a fit, whose warnings are no excuse."""
    huge = HUGE[kind](X)
    ask_everything(fitted(estimator), huge, y)
    model = clone(estimator)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            model.fit(huge, y)
    except ValueError as error:
        assert re.search(TOLD, str(error)), error
        with pytest.raises(NotFittedError):
            check_is_fitted(model)
        return
    ask_everything(model, huge, y)
    ask_everything(model, X, y)


@every_kind
@pytest.mark.parametrize("weight", [1e308, 1e-308, 1e30])
def test_weights_count_on_any_scale(estimator, X, y, weight):
    if not has_fit_parameter(estimator, "sample_weight"):
        pytest.skip("takes no weights")
    counts = 1.0 + np.arange(50) % 3
    plain = clone(estimator).fit(X, y, sample_weight=counts)
    scaled = clone(estimator).fit(X, y, sample_weight=weight / 4 * counts)
    one, other = answers(plain, X), answers(scaled, X)
    for name in one:
        if one[name] is not None and np.asarray(one[name]).dtype.kind == "f":
            np.testing.assert_allclose(one[name], other[name], rtol=1e-3, atol=1e-4, err_msg=name)


def test_targets_whose_squares_overflow_are_predicted():
    X = np.random.default_rng(0).normal(size=(60, 3))
    model = FineTunedRegressor(
        Autoencoder(3, max_iter=20), max_iter=100, learning_rate=0.01, random_state=0
    )
    plain, huge = clone(model).fit(X, X[:, 0]), clone(model).fit(X, 1e300 * X[:, 0])
    np.testing.assert_allclose(huge.predict(X) / 1e300, plain.predict(X), rtol=1e-3, atol=1e-3)
