"""missing="mask": NaN is neither fed to the encoder nor counted in the loss."""

import pickle

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from sklearn.base import clone
from sklearn.impute import SimpleImputer
from sklearn.model_selection import GridSearchCV
from sklearn.utils import get_tags

from skdeepunsup import (
    Autoencoder,
    ContractiveAutoencoder,
    DenoisingAutoencoder,
    SparseAutoencoder,
)
from skdeepunsup._random import Stream

MODELS = [
    Autoencoder(4, missing="mask", max_iter=3, random_state=0),
    Autoencoder(4, missing="mask", loss="bernoulli", max_iter=3, random_state=0),
    Autoencoder(4, missing="mask", hidden_layer_sizes=(6,), early_stopping=True, max_iter=3),
    Autoencoder(4, missing="mask", image_shape=(3, 2), hidden_layer_sizes=(3,), max_iter=3),
    SparseAutoencoder(4, missing="mask", max_iter=3),
    SparseAutoencoder(4, missing="mask", sparsity="l1", max_iter=3),
    SparseAutoencoder(4, missing="mask", sparsity="running-mean", max_iter=3),
    SparseAutoencoder(4, missing="mask", sparsity="top-k", max_iter=3),
    DenoisingAutoencoder(4, missing="mask", max_iter=3),
    DenoisingAutoencoder(4, missing="mask", corruption="gaussian", max_iter=3),
    DenoisingAutoencoder(4, missing="mask", corruption="salt-and-pepper", max_iter=3),
    ContractiveAutoencoder(4, missing="mask", max_iter=3),
    ContractiveAutoencoder(4, missing="mask", hidden_layer_sizes=(5,), max_iter=3),
]
every = pytest.mark.parametrize("estimator", MODELS, ids=repr)


def with_holes(X, share=0.3, seed=0):
    X = X.copy()
    X[np.random.default_rng(seed).random(X.shape) < share] = np.nan
    return X


@pytest.fixture
def X():
    rng = np.random.default_rng(1)
    return with_holes((rng.random((60, 6)) + rng.random((60, 1))) / 2)


@every
def test_all_answers_are_finite(estimator, X):
    model = clone(estimator).fit(X)
    X[0] = np.nan  # a row of which nothing is known
    for answer in (model.transform(X), model.reconstruct(X), model.score_samples(X)):
        assert np.isfinite(answer).all()
    assert model.score_samples(X)[0] == 0
    assert np.isfinite(model.history_["loss"]).all()
    model.partial_fit(X)
    assert np.isfinite(model.transform(X)).all()


@every
def test_what_stands_behind_a_nan_is_the_mean_of_its_feature(estimator, X):
    model = clone(estimator).fit(X)
    means = model.module_.scaling.original(model.module_.fill).numpy()
    if not model.early_stopping:  # where they are those of the rows that are not held out
        np.testing.assert_allclose(means, np.nanmean(X, 0), rtol=1e-6)
    filled = np.where(np.isnan(X), means, X)
    np.testing.assert_allclose(model.transform(X), model.transform(filled), rtol=1e-5, atol=1e-6)


@every
def test_missing_entries_are_not_counted_and_have_no_gradient(estimator, X):
    module = clone(estimator).fit(X).module_.double()
    x = torch.tensor(X)
    observed = ~x.isnan()
    decoded, seen = module.decoder_output, []

    def spied(h):
        seen.append(decoded(h).detach().requires_grad_())
        return seen[-1]

    module.decoder_output = spied
    module.eval()
    error = module.losses(x, Stream(0))["reconstruction"]
    (gradient,) = torch.autograd.grad(error.sum(), seen[0])
    assert not gradient[~observed].any()
    assert gradient[observed].ne(0).double().mean() > 0.9


@every
def test_the_score_is_that_of_the_observed_entries(estimator, X):
    model = clone(estimator).fit(X)
    errors = np.nansum(np.square(X - model.reconstruct(X)), axis=1)
    np.testing.assert_allclose(model.score_samples(X), -errors, rtol=1e-6)


@every
def test_without_holes_nothing_is_different(estimator, X):
    whole = np.random.default_rng(0).random(X.shape)
    model = clone(estimator).set_params(random_state=0)
    if getattr(model, "corruption", None) == "masking":
        return  # which then loses entries to the mean, not to 0
    masked, plain = (
        clone(model).set_params(missing=missing).fit(whole) for missing in ("mask", "error")
    )
    np.testing.assert_allclose(masked.transform(whole), plain.transform(whole), rtol=1e-6)


@every
@pytest.mark.parametrize("kind", [sp.csr_array, sp.csr_matrix])
def test_sparse_rows_may_hold_nan(estimator, X, kind):
    X[:, 2] = 0
    model = clone(estimator).set_params(random_state=0)
    dense, sparse = clone(model).fit(X), clone(model).fit(kind(X))
    np.testing.assert_allclose(dense.transform(X), sparse.transform(kind(X)), rtol=1e-4, atol=1e-6)


@pytest.mark.filterwarnings("ignore:X has no value in the columns")
@every
def test_columns_and_rows_never_observed(estimator, X):
    X[:, 1] = np.nan
    X[5:9] = np.nan
    model = clone(estimator).fit(X)
    assert model.module_.fill[1] == 0
    assert np.isfinite(model.reconstruct(X)).all()
    X[:, 1] = 0.3  # and is observed later
    assert np.isfinite(model.reconstruct(X)).all()


def test_rows_without_an_entry_teach_nothing(X):
    """Except that they fill batches, so all rows are one batch here."""
    empty = np.full((20, 6), np.nan)
    model = Autoencoder(
        4,
        missing="mask",
        batch_size=200,
        precision="float64",
        max_iter=5,
        early_stopping=False,
        random_state=0,
    )
    without = clone(model).fit(X)
    beside = clone(model).fit(np.vstack([X, empty]))
    # Adam does not heed the factor by which the mean loss is smaller.
    np.testing.assert_allclose(beside.transform(X), without.transform(X), rtol=1e-4)


@pytest.mark.filterwarnings("ignore:X has no value in the columns")
@every
def test_nothing_observed_at_all_is_borne(estimator, X):
    model = clone(estimator).fit(np.full((20, 6), np.nan))
    assert np.isfinite(model.reconstruct(X)).all()


def test_nan_is_refused_without(X):
    with pytest.raises(ValueError, match="contains NaN"):
        Autoencoder(4).fit(X)
    model = Autoencoder(4, max_iter=1).fit(np.nan_to_num(X))
    with pytest.raises(ValueError, match="contains NaN"):
        model.transform(X)
    assert not get_tags(Autoencoder()).input_tags.allow_nan
    assert get_tags(Autoencoder(missing="mask")).input_tags.allow_nan


def test_infinity_is_refused_with_a_mask_too(X):
    X[0, 0] = np.inf
    with pytest.raises(ValueError, match="infinity"):
        Autoencoder(4, missing="mask").fit(X)


def test_codes_have_no_missing_entries(X):
    model = Autoencoder(4, missing="mask", max_iter=1).fit(X)
    with pytest.raises(ValueError, match="NaN"):
        model.inverse_transform(np.full((2, 4), np.nan))


def test_the_range_is_that_of_what_is_observed(X):
    model = Autoencoder(4, missing="mask", loss="bernoulli", max_iter=1)
    clone(model).fit(X)
    X[3, 3] = 1.5
    with pytest.raises(ValueError, match="MinMaxScaler"):
        clone(model).fit(X)
    with pytest.raises(ValueError, match="MinMaxScaler"):
        clone(model).fit(sp.csr_array(X))


def test_it_is_pickled_and_searched(X):
    model = Autoencoder(4, missing="mask", max_iter=2, random_state=0).fit(X)
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.reconstruct(X), model.reconstruct(X))
    again.partial_fit(X)
    np.testing.assert_array_equal(again.module_.fill, model.module_.fill)
    search = GridSearchCV(model, {"n_components": [1, 4]}, cv=2).fit(X)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


@pytest.mark.parametrize("training", ["complete", "incomplete"])
def test_missing_entries_are_filled_in_better_than_by_means(digits, training):
    X, new = digits[:1300], digits[1300:]
    holed = with_holes(new, seed=7)
    rows = X if training == "complete" else with_holes(X, seed=8)
    model = DenoisingAutoencoder(
        corruption="masking",
        missing="mask",
        max_iter=25,
        batch_size=64,
        learning_rate=3e-3,
        random_state=0,
    ).fit(rows)
    lost = np.isnan(holed)
    means = SimpleImputer(keep_empty_features=True).fit(rows).transform(holed)

    def error(filled):
        return np.square(filled - new)[lost].sum()

    assert error(model.reconstruct(holed)) < 0.65 * error(means)


def test_a_corruption_of_one_s_own_loses_entries_by_nan():
    """As masking does, where it draws the same entries."""
    X = np.random.default_rng(0).normal(size=(60, 5))

    def own(x, generator):
        return x.masked_fill(torch.arange(5) < 2, torch.nan)

    model = DenoisingAutoencoder(
        3, corruption=own, missing="mask", max_iter=100, learning_rate=0.01, random_state=0
    ).fit(X)
    assert np.isfinite(model.history_["loss"]).all()
    other = np.hstack([np.full((60, 2), np.nan), X[:, 2:]])
    np.testing.assert_allclose(
        np.square(model.reconstruct(other) - X).sum(1).mean(), model.history_["loss"][-1], rtol=0.2
    )
