"""Autoencoder(pretrained=...): Boltzmann machines unrolled are where it starts."""

import pickle

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from scipy.special import expit
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV
from sklearn.utils.validation import check_is_fitted

from skdeepunsup import Autoencoder, BernoulliRBM, CategoricalRBM, DeepBeliefNetwork, GaussianRBM

STILL = {"learning_rate": 1e-12, "max_iter": 1, "random_state": 0}


@pytest.fixture(scope="module")
def X(digits):
    return digits[:500]


@pytest.fixture(scope="module")
def belief_network(X):
    return DeepBeliefNetwork((40, 30, 8), n_iter=15, learning_rate=0.1, random_state=0).fit(X)


def error(model, X):
    return np.square(X - model.reconstruct(X)).sum(1).mean()


def forward(unrolled, X):
    """The network of 2006 at its start: an affine code, decoded by the tangent of σ at 0."""
    *up, (W, b) = unrolled.up
    h = X
    for V, c in up:
        h = expit(h @ V.T + c)
    code = h @ W.T + b
    r = 0.5 + code / 4
    for depth, (V, c) in enumerate(unrolled.down):
        r = (expit(r) if depth else r) @ V.T + c
    return code, expit(r) if unrolled.output == "logistic" else r


@pytest.mark.parametrize(
    "pretrained",
    [
        BernoulliRBM(8, n_iter=3, random_state=0),
        GaussianRBM(8, n_iter=3, random_state=0),
        DeepBeliefNetwork((12, 8), n_iter=2, random_state=0),
        DeepBeliefNetwork((12, 8), visible_units="gaussian", n_iter=2, random_state=0),
        DeepBeliefNetwork((12, 10, 8), n_iter=2, fine_tuning="up-down", random_state=0),
    ],
    ids=repr,
)
def test_it_starts_as_the_formula_says(X, pretrained):
    model = Autoencoder(pretrained=pretrained, **STILL).fit(X)
    code, r = forward(model.pretrained_.unroll(), X)
    np.testing.assert_allclose(model.transform(X), code, atol=1e-4)
    np.testing.assert_allclose(model.reconstruct(X), r, atol=1e-4)


def test_it_starts_and_ends_better_than_at_random(X, belief_network):
    fit = {"max_iter": 20, "random_state": 0}
    unrolled = Autoencoder(pretrained=belief_network, **fit).fit(X)
    random = Autoencoder(8, hidden_layer_sizes=(40, 30), activation="logistic", **fit).fit(X)
    assert unrolled.history_["loss"][0] < random.history_["loss"][0]
    assert error(unrolled, X) < 0.8 * error(random, X)
    assert unrolled.transform(X).shape == (500, 8)


def test_fine_tuning_lowers_the_error(X, belief_network):
    start = Autoencoder(pretrained=belief_network, **STILL).fit(X)
    fit = {"max_iter": 20, "early_stopping": False, "random_state": 0}
    tuned = Autoencoder(pretrained=belief_network, **fit).fit(X)
    assert error(tuned, X) < 0.8 * error(start, X)


def test_reconstructions_of_binary_units_are_probabilities(X, belief_network):
    for loss in ("squared", "bernoulli"):
        model = Autoencoder(pretrained=belief_network, loss=loss, max_iter=2).fit(X)
        r = model.reconstruct(5 * X)
        assert (r >= 0).all() and (r <= 1).all()


def test_real_units_give_real_reconstructions_and_refuse_bernoulli(X):
    pretrained = GaussianRBM(8, n_iter=2, random_state=0)
    real = Autoencoder(pretrained=pretrained, max_iter=2, random_state=0).fit(3 * X - 1)
    assert real.reconstruct(3 * X - 1).min() < 0
    with pytest.raises(ValueError, match="real visible units"):
        Autoencoder(pretrained=pretrained, loss="bernoulli").fit(X)


@pytest.mark.parametrize("early_stopping", [False, True])
def test_one_that_is_not_fitted_is_cloned_and_fitted_to_all_rows(X, early_stopping):
    pretrained = BernoulliRBM(8, n_iter=3, random_state=0)
    model = Autoencoder(pretrained=pretrained, early_stopping=early_stopping, **STILL).fit(X)
    with pytest.raises(NotFittedError):
        check_is_fitted(pretrained)
    on_all = clone(pretrained).fit(X)
    np.testing.assert_allclose(model.pretrained_.components_, on_all.components_, atol=1e-6)


def test_it_is_not_given_the_weights_but_no_row_of_weight_0(X):
    pretrained = BernoulliRBM(8, n_iter=3, random_state=0)
    weights = np.arange(500) % 3
    model = Autoencoder(pretrained=pretrained, **STILL).fit(X, sample_weight=weights)
    counting = clone(pretrained).fit(X[weights > 0])
    np.testing.assert_allclose(model.pretrained_.components_, counting.components_, atol=1e-6)


def test_one_without_a_seed_takes_the_autoencoders(X):
    def start(seed, own=None):
        pretrained = BernoulliRBM(8, n_iter=2, random_state=own)
        model = Autoencoder(pretrained=pretrained, **STILL).set_params(random_state=seed).fit(X)
        assert pretrained.random_state is own
        return model.pretrained_.components_

    np.testing.assert_array_equal(start(3), start(3))
    assert np.abs(start(3) - start(4)).max() > 0
    np.testing.assert_array_equal(start(np.random.RandomState(3)), start(np.random.RandomState(3)))
    np.testing.assert_array_equal(start(3, own=0), start(4, own=0))


@pytest.mark.parametrize("early_stopping", [False, True])
def test_streamed_rows_fit_it_as_well(X, early_stopping):
    pretrained = BernoulliRBM(8, n_iter=3, random_state=0)
    model = Autoencoder(pretrained=pretrained, early_stopping=early_stopping, **STILL)
    dense, sparse = clone(model).fit(X), clone(model).fit(sp.csr_array(X))
    np.testing.assert_allclose(dense.transform(X), sparse.transform(X), atol=1e-4)


def test_a_fitted_one_is_taken_as_it_is(X, belief_network):
    weights = belief_network.unroll().up[0][0].copy()
    for pretrained in (belief_network, FrozenEstimator(belief_network)):
        model = Autoencoder(pretrained=pretrained, max_iter=2, random_state=0).fit(X)
        assert model.pretrained_ is belief_network
    np.testing.assert_array_equal(belief_network.unroll().up[0][0], weights)


@pytest.mark.parametrize("wrong", [PCA(3), "dbn", Autoencoder(), FrozenEstimator(PCA(3))])
def test_what_cannot_be_unrolled_is_named(X, wrong):
    with pytest.raises(TypeError, match=r"pretrained == .*must be a DeepBeliefNetwork"):
        Autoencoder(pretrained=wrong).fit(X)


@pytest.mark.parametrize(
    ("pretrained", "message"),
    [
        (CategoricalRBM(4, n_iter=1), "categorical"),
        (BernoulliRBM(4, n_iter=1, hidden_units="relu"), "hidden_units='relu'"),
    ],
)
def test_units_that_cannot_be_unrolled_are_named(X, pretrained, message):
    with pytest.raises(ValueError, match=message):
        Autoencoder(pretrained=pretrained).fit((X > 0.5).astype(int))


def test_another_number_of_features_is_named(X, belief_network):
    with pytest.raises(ValueError, match="64 features, but X has 63"):
        Autoencoder(pretrained=belief_network).fit(X[:, :63])


def test_columns_of_other_names_are_named(X):
    frame = pd.DataFrame(X[:, :3], columns=["a", "b", "c"])
    pretrained = BernoulliRBM(2, n_iter=1, random_state=0).fit(frame)
    with pytest.raises(ValueError, match=r"pretrained was fitted to the columns \['a', 'b', 'c'\]"):
        Autoencoder(pretrained=pretrained).fit(frame[["c", "b", "a"]])


def test_one_that_is_frozen_has_to_be_fitted(X):
    with pytest.raises(ValueError, match="pretrained is frozen, but not fitted"):
        Autoencoder(pretrained=FrozenEstimator(BernoulliRBM(2))).fit(X)


def test_missing_entries_are_refused(X, belief_network):
    with pytest.raises(ValueError, match=r"missing == 'mask'.*pretrained"):
        Autoencoder(pretrained=belief_network, missing="mask").fit(X)


@pytest.mark.parametrize(
    "params",
    [
        {"tied_weights": True},
        {"image_shape": (8, 8)},
        {"encoder": lambda n, m: None},
        {"decoder": lambda n, m: None},
    ],
)
def test_networks_given_twice_are_refused(X, belief_network, params):
    with pytest.raises(ValueError, match="pretrained"):
        Autoencoder(pretrained=belief_network, **params).fit(X)


def test_a_warm_start_goes_on_and_does_not_start_again(X, belief_network):
    model = Autoencoder(pretrained=belief_network, max_iter=4, warm_start=True, random_state=0)
    twice = clone(model).set_params(pretrained=belief_network).fit(X).fit(X)
    once = clone(model).set_params(pretrained=belief_network, max_iter=8).fit(X)
    np.testing.assert_array_equal(twice.transform(X), once.transform(X))
    unfitted = Autoencoder(
        pretrained=BernoulliRBM(8, n_iter=2, random_state=0), max_iter=2, warm_start=True
    ).fit(X)
    first = unfitted.pretrained_
    assert unfitted.fit(X).pretrained_ is first
    assert unfitted.partial_fit(X).pretrained_ is first


@pytest.mark.parametrize("go_on", ["fit", "partial_fit"])
def test_what_goes_on_refuses_a_change_of_whether_there_is_one(X, belief_network, go_on):
    def refused(model):
        with pytest.raises(ValueError, match=r"(?s)pretrained == .*the fit to go on from had"):
            getattr(model, go_on)(X)

    model = Autoencoder(8, max_iter=1, warm_start=True, random_state=0).fit(X)
    refused(model.set_params(pretrained=belief_network))
    model = Autoencoder(pretrained=belief_network, max_iter=1, warm_start=True).fit(X)
    refused(model.set_params(pretrained=None))
    assert model.pretrained_ is belief_network


def test_a_fresh_fit_without_one_forgets_the_last(X, belief_network):
    model = Autoencoder(8, pretrained=belief_network, max_iter=1, random_state=0).fit(X)
    with pytest.raises(ValueError, match="NaN"):
        model.set_params(pretrained=None).fit(np.full_like(X, np.nan))
    assert model.pretrained_ is belief_network
    assert not hasattr(model.fit(X), "pretrained_")


def test_it_is_cloned_pickled_and_searched(X, belief_network):
    model = Autoencoder(pretrained=FrozenEstimator(belief_network), max_iter=2, random_state=0)
    fitted = clone(model).fit(X)
    again = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(fitted.transform(X), again.transform(X))
    again.set_params(warm_start=True).fit(X)
    assert again.n_iter_ == 4

    model = Autoencoder(pretrained=BernoulliRBM(8, n_iter=2, random_state=0), max_iter=2)
    search = GridSearchCV(
        model, {"pretrained__n_components": [2, 9], "learning_rate": [1e-3]}, cv=2
    ).fit(X)
    width = search.best_params_["pretrained__n_components"]
    assert search.transform(X).shape[1] == width
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
