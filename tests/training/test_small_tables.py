"""Few rows have enough updates, and a fit that ends too early says so."""

import warnings

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_iris, load_wine
from sklearn.decomposition import PCA
from sklearn.exceptions import ConvergenceWarning
from sklearn.preprocessing import scale

from skdeepunsup import (
    Autoencoder,
    DenoisingAutoencoder,
    FineTunedRegressor,
    SparseAutoencoder,
    VariationalAutoencoder,
)
from skdeepunsup.metrics import reconstruction_score
from skdeepunsup.training import Schedule
from skdeepunsup.training.stopping import still_falls

IRIS = scale(load_iris().data)
loud = pytest.mark.filterwarnings("default:The loss still falls")


def test_few_rows_have_more_epochs_and_more_patience():
    left_open = Schedule(None, 32, patience=10, usual=200)
    assert left_open.for_rows(150).epochs == 1000  # of 5 updates
    assert left_open.for_rows(150).patience == 50
    assert left_open.for_rows(10_000).epochs == 200
    assert left_open.for_rows(10_000).patience == 10
    assert Schedule(200, 32, patience=10).for_rows(150).epochs == 200
    assert left_open.one_pass().for_rows(10).epochs == 1
    layers = Schedule(7, 10, stages_before=(None, 3), usual=10)  # the last one was given
    assert layers.for_rows(100).stages == (500, 3, 7)


@pytest.mark.parametrize(
    ("layers", "early_stopping", "epochs"),
    [(None, True, 1000), ((8,), True, 1000), ((), False, 1000), ((8,), False, 200)],
)
def test_a_number_of_epochs_is_kept(layers, early_stopping, epochs):
    model = Autoencoder(2, hidden_layer_sizes=layers, early_stopping=early_stopping, random_state=0)
    assert model._schedule().for_rows(len(IRIS)).epochs == epochs
    assert model.set_params(max_iter=7).fit(IRIS).n_iter_ == 7


@pytest.mark.slow
def test_a_linear_model_of_few_rows_is_that_in_closed_form():
    linear = {"hidden_layer_sizes": (), "early_stopping": False, "random_state": 0}
    model = Autoencoder(2, **linear).fit(IRIS)
    assert model.n_iter_ == 1000
    best = reconstruction_score(PCA(2).fit(IRIS), IRIS)
    assert reconstruction_score(model, IRIS) > best - 0.005
    vae = VariationalAutoencoder(2, noise_scale="shared", **linear).fit(IRIS)
    assert vae.score(IRIS) > PCA(2).fit(IRIS).score(IRIS) - 0.1  # nats


def test_a_falling_loss_is_told_from_one_that_has_settled_and_from_noise():
    epochs, rng = np.arange(200), np.random.default_rng(0)
    for rate, falls in ((300, True), (100, True), (20, False), (5, False)):
        assert still_falls(3 + np.exp(-epochs / rate)) == falls
        noise = 1e-4 * rng.normal(size=200)
        assert still_falls(3 + np.exp(-epochs / rate) + noise) == falls
    assert still_falls(-7 - np.log1p(epochs))  # nats may have any sign
    for seed in range(50):
        noise = np.random.default_rng(seed).normal(size=200)
        assert not still_falls(3 + np.exp(-epochs / 5.0) + 0.1 * noise)
    assert not still_falls(np.zeros(100))
    assert not still_falls([3.0, 2.0, 1.0])


@pytest.mark.slow
def test_targets_that_are_learned_by_heart_are_not_a_fit_that_is_too_short():
    """More epochs lowered the R² of the last feature of wine from .66 to .20."""
    X = scale(load_wine().data)[::2]
    encoder = DenoisingAutoencoder(random_state=0).fit(X[:, :-1])
    model = FineTunedRegressor(encoder, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.fit(X[:, :-1], X[:, -1])
    assert still_falls(model.history_["loss"])  # by the measure of other models
    with pytest.warns(ConvergenceWarning, match="still falls after 10 epochs"):
        model.set_params(max_iter=10, learning_rate=1e-4).fit(X[:, :-1], X[:, -1])


@loud
@pytest.mark.slow
@pytest.mark.parametrize(
    "model",
    [
        Autoencoder(2, hidden_layer_sizes=()),
        VariationalAutoencoder(2),
        VariationalAutoencoder(2, kl_warmup=5),
        SparseAutoencoder(learning_rate=1e-3),
    ],
)
def test_a_fit_that_ends_too_early_says_so(model):
    model.set_params(max_iter=40, early_stopping=False, random_state=0)
    with pytest.warns(ConvergenceWarning, match="still falls after 40 epochs. Raise max_iter"):
        model.fit(IRIS)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.partial_fit(IRIS)  # which is one pass, whatever it brings
    short, held_out = model.history_["loss"][-1], model.score(IRIS)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        advised = {"max_iter": 160, "n_iter_no_change": 40}
        longer = model.set_params(**advised).fit(IRIS)
        assert longer.history_["loss"][-1] < short
        assert model.set_params(early_stopping=True).fit(IRIS).score(IRIS) > held_out


@loud
def test_a_fit_with_rows_held_out_is_not_told_to_hold_some_out():
    model = VariationalAutoencoder(2, max_iter=40, early_stopping=True, random_state=0)
    with pytest.warns(ConvergenceWarning, match="with it n_iter_no_change, which is 30") as caught:
        model.fit(IRIS)
    assert "early_stopping" not in str(caught[0].message)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        longer = clone(model).set_params(max_iter=400, n_iter_no_change=100).fit(IRIS)
    assert longer.n_iter_ > 100 and longer.score(IRIS) > model.score(IRIS)


@loud
@pytest.mark.slow
@pytest.mark.parametrize(
    "model",
    [
        Autoencoder(2),
        Autoencoder(2, hidden_layer_sizes=()),
        pytest.param(VariationalAutoencoder(2), marks=pytest.mark.nightly("it takes 9 seconds")),
    ],
)
def test_defaults_do_not_end_too_early(model):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.set_params(random_state=0).fit(IRIS)
