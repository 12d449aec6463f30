"""What every public estimator obeys: models, applications and recommenders alike.

A law is a function under `every_kind`. A new estimator joins by its line in its trade's list.
"""

import copy
import pickle
import random
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.base import BaseEstimator, clone
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted

from skdeepunsup import (
    EASE,
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
    """Bits; as ratings ones and twos, since most zeros would be missing entries."""
    bits = (np.random.default_rng(0).random((50, 6)) < 0.4).astype(np.float64)
    return bits + isinstance(estimator, RatingRBM | RatingAutoencoder)


@pytest.fixture
def y(X):
    """Two classes, or a number."""
    return np.arange(len(X)) % 2


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
