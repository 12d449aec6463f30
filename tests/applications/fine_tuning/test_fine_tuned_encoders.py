"""Encoders to fine-tune: fitted, unfitted or frozen, of networks of one's own, or refused."""

import pickle

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import nn

from skdeepunsup import Autoencoder, BernoulliRBM, FineTunedClassifier, VariationalAutoencoder
from tests.applications.fine_tuning.models import (
    SEED,
    D,
    classifier,
    codes_of,
    every,
    inward,
    regressor,
    stack_of,
    state_of,
)


@every
def test_a_fitted_encoder_is_used_and_left_as_it_is(encoder, X, y):
    encoder = clone(encoder).fit(X[:50])
    before, answer = state_of(encoder), encoder.transform(X)
    model = classifier(encoder, learning_rate=0.05).fit(X, y)
    assert model.encoder_ is encoder is model.encoder
    assert state_of(encoder) == before
    np.testing.assert_array_equal(encoder.transform(X), answer)


@every
def test_an_unfitted_encoder_is_cloned(encoder, X, y):
    model = classifier(clone(encoder)).fit(X, y)
    assert model.encoder_ is not model.encoder
    with pytest.raises(NotFittedError):
        model.encoder.transform(X)
    np.testing.assert_array_equal(model.encoder_.transform(X), clone(encoder).fit(X).transform(X))


@every
def test_with_a_rate_of_0_the_encoder_stays_at_its_start(encoder, X, y):
    encoder = clone(encoder).fit(X)
    stack = stack_of(encoder)
    start = stack.encode(inward(stack, X)).detach().numpy()
    model = classifier(encoder, encoder_learning_rate=0, learning_rate=0.1).fit(X, y)
    np.testing.assert_array_equal(codes_of(model, X), start)
    assert len(set(model.history_["loss"])) == model.n_iter_  # the head alone learns


def test_a_rate_of_the_encoder_s_own(X, y):
    encoder = Autoencoder(4, max_iter=2, **SEED).fit(X)
    stack = stack_of(encoder)
    start = stack.encode(inward(stack, X)).detach().numpy()
    slow, fast = (
        np.abs(codes_of(classifier(encoder, encoder_learning_rate=r).fit(X, y), X) - start).mean()
        for r in (1e-5, 1e-2)
    )
    assert 0 < slow < fast / 10
    same = [classifier(encoder, encoder_learning_rate=r).fit(X, y) for r in (None, 1e-3)]
    np.testing.assert_array_equal(*(model.predict_proba(X) for model in same))


def test_a_seed_is_passed_on_to_models_that_have_none(X, y):
    stack = make_pipeline(BernoulliRBM(5, n_iter=2), BernoulliRBM(4, n_iter=2, random_state=7))
    model = classifier(stack, random_state=3).fit(X, y)
    assert [step.random_state for _, step in model.encoder_.steps] == [3, 7]
    assert [step.random_state for _, step in stack.steps] == [None, 7]


def test_a_frozen_encoder_survives_cloning_and_a_search(X, y):
    encoder = Autoencoder(4, max_iter=2, **SEED).fit(X)
    answer, before = encoder.transform(X), state_of(encoder)
    model = clone(classifier(FrozenEstimator(encoder), encoder_learning_rate=0)).fit(X, y)
    assert model.encoder_.estimator is encoder
    np.testing.assert_allclose(codes_of(model, X), answer, rtol=1e-10)
    grid = {"learning_rate": [0.001, 0.01]}
    search = GridSearchCV(classifier(FrozenEstimator(encoder)), grid, cv=2).fit(X, y)
    assert search.best_estimator_.encoder_.estimator is encoder
    assert state_of(encoder) == before
    # Without, a search forgets the fit.
    forgetful = GridSearchCV(classifier(encoder), grid, cv=2).fit(X, y)
    assert forgetful.best_estimator_.encoder_ is not encoder


def test_parameters_of_the_encoder_can_be_searched(X, y):
    search = GridSearchCV(classifier(), {"encoder__n_components": [2, 3]}, cv=2).fit(X, y)
    assert search.best_estimator_.encoder_.n_components in (2, 3)


def own_network(n_inputs, n_outputs):
    return nn.Sequential(nn.Linear(n_inputs, 7), nn.ELU(), nn.Linear(7, n_outputs))


@pytest.mark.parametrize(
    "encoder",
    [
        Autoencoder(4, encoder=own_network, max_iter=2, **SEED),
        Autoencoder(4, encoder=nn.Linear(D, 4), decoder=nn.Linear(4, D), max_iter=2, **SEED),
        VariationalAutoencoder(4, encoder=own_network, max_iter=2, **SEED),
    ],
    ids=["factory", "modules", "variational"],
)
def test_networks_of_one_s_own(encoder, X, y):
    encoder = clone(encoder).fit(X)
    answer = encoder.transform(X)
    start = classifier(encoder, encoder_learning_rate=0).fit(X, y)
    np.testing.assert_allclose(codes_of_float(start, X), answer, atol=1e-6)
    model = classifier(encoder, learning_rate=0.01).fit(X, y)
    assert np.abs(codes_of_float(model, X) - answer).max() > 1e-3
    np.testing.assert_array_equal(encoder.transform(X), answer)
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))


def codes_of_float(model, X):
    with torch.no_grad():
        stack = model.module_.stack
        return stack.encode(inward(stack, X).float()).double().numpy()


@pytest.mark.parametrize("made", [classifier, regressor])
@pytest.mark.parametrize(
    "encoder",
    [
        PCA(2),
        "resnet",
        make_pipeline(StandardScaler(), Autoencoder(2)),
        make_pipeline(Autoencoder(2), "passthrough"),
        FrozenEstimator(PCA(2)),
        nn.Linear(D, 2),
    ],
    ids=lambda e: type(e).__name__,
)
def test_an_encoder_that_is_none_of_ours_is_named(made, encoder, X, y):
    model = made(encoder)
    with pytest.raises(TypeError, match="encoder == "):
        model.fit(X, y)
    assert not model.__sklearn_is_fitted__()


def test_a_scaler_belongs_before_the_classifier(X, y):
    with pytest.raises(TypeError, match=r"StandardScaler is none\. Put it before"):
        classifier(make_pipeline(StandardScaler(), Autoencoder(2))).fit(X, y)
    make_pipeline(StandardScaler(), classifier()).fit(X, y)


def test_a_fitted_encoder_of_other_columns_is_refused(X, y):
    encoder = Autoencoder(2, max_iter=2, **SEED).fit(X[:, :4])
    for kind in (encoder, FrozenEstimator(encoder)):
        with pytest.raises(ValueError, match="encoder was fitted to 4 features, but X has 6"):
            classifier(kind).fit(X, y)


def test_a_frozen_step_of_a_stack_is_left_as_it_is(X, y):
    first = Autoencoder(4, max_iter=2).fit(X)
    stack = make_pipeline(FrozenEstimator(first), Autoencoder(3, max_iter=2))
    FineTunedClassifier(stack, max_iter=2, random_state=7).fit(X, y)
    assert first.random_state is None
    with pytest.raises(ValueError, match="encoder is frozen, but not fitted"):
        FineTunedClassifier(FrozenEstimator(Autoencoder(3))).fit(X, y)


def test_a_fitted_encoder_sees_the_columns_it_was_fitted_to():
    X = pd.DataFrame(np.random.default_rng(0).normal(size=(40, 3)), columns=list("abc"))
    y = np.arange(40) % 2
    encoder = Autoencoder(2, max_iter=2, random_state=0).fit(X)
    FineTunedClassifier(encoder, max_iter=1, random_state=0).fit(X, y)
    with pytest.raises(ValueError, match=r"encoder was fitted to the columns \['a', 'b', 'c'\]"):
        FineTunedClassifier(encoder, max_iter=1).fit(X[["c", "b", "a"]], y)
