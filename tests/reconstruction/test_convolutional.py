"""image_shape: convolutional networks as the estimators use them."""

import pickle

import numpy as np
import pytest
import torch
from sklearn.base import clone

from skdeepunsup import (
    Autoencoder,
    ContractiveAutoencoder,
    DenoisingAutoencoder,
    SparseAutoencoder,
    VariationalAutoencoder,
)

KINDS = [
    Autoencoder,
    SparseAutoencoder,
    DenoisingAutoencoder,
    ContractiveAutoencoder,
    VariationalAutoencoder,
]
every = pytest.mark.parametrize("kind", KINDS)


def bars(n, shape, seed=0):
    """Images of one bright column each, of a colour of its own where there are channels."""
    rng = np.random.default_rng(seed)
    height, width, channels = (*shape, 1)[:3]
    images = np.zeros((n, height, width, channels))
    images[np.arange(n), :, rng.integers(0, width, n)] = rng.random((n, 1, channels))
    return images.reshape(n, -1)


def small(kind, shape, **params):
    fit = {"max_iter": 6, "hidden_layer_sizes": (3, 4), "batch_size": 64, "random_state": 0}
    return kind(5, image_shape=shape, **fit | params)


@every
@pytest.mark.parametrize("shape", [(5, 7), (8, 8, 3), (1, 6), (9, 4, 2)])
def test_images_of_any_size_come_back(kind, shape):
    X = bars(80, shape)
    model = small(kind, shape, max_iter=12).fit(X)
    assert model.transform(X).shape == (80, 5)
    assert model.reconstruct(X).shape == X.shape
    assert np.isfinite(model.history_["loss"]).all()
    assert model.history_["loss"][-1] < model.history_["loss"][0]


@pytest.mark.parametrize("shape", [(7, 9), (6, 5, 3)])
def test_new_images_are_given_back_better_than_their_mean(shape):
    X, new = bars(600, shape), bars(100, shape, seed=1)
    model = small(
        Autoencoder, shape, hidden_layer_sizes=(8, 16), max_iter=40, learning_rate=5e-3
    ).fit(X)
    error = np.square(model.reconstruct(new) - new).sum()
    assert error < 0.3 * np.square(new - X.mean(0)).sum()


def test_digits_are_given_back(digits):
    model = Autoencoder(16, image_shape=(8, 8), max_iter=8, learning_rate=3e-3, random_state=0).fit(
        digits[:1200]
    )
    new = digits[1200:]
    error = np.square(model.reconstruct(new) - new).sum()
    assert error < 0.3 * np.square(new - digits[:1200].mean(0)).sum()


def test_default_channels_and_those_that_are_given():
    X = bars(20, (8, 8))
    plain = Autoencoder(3, image_shape=(8, 8), max_iter=1).fit(X)
    assert [p.shape[0] for p in plain.module_.encoder.parameters() if p.ndim == 4] == [32, 64]
    given = Autoencoder(3, image_shape=(8, 8), hidden_layer_sizes=(6,), max_iter=1).fit(X)
    assert [p.shape[0] for p in given.module_.encoder.parameters() if p.ndim == 4] == [6]


def test_channels_come_last():
    """An image moved by one step of the strides, but for the border, moves its features."""
    shape = (8, 16, 3)
    image = np.zeros(shape)
    image[2:6, 4:6] = [1.0, 0.5, 0.25]
    moved = np.roll(image, 4, axis=1)
    model = small(Autoencoder, shape, max_iter=1).fit(np.stack([image, moved]).reshape(2, -1))
    features = model.module_.encoder[:-2]  # before they are flattened
    pair = torch.tensor(np.stack([image, moved]).reshape(2, -1), dtype=torch.float32)
    with torch.no_grad():
        first, second = features(pair)
    torch.testing.assert_close(first[..., :3], second[..., 1:])


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((8, 9), "72 values"),
        ((64,), "height, width"),
        ((0, 64), "integers"),
        ((8, 8, 1, 1), "height"),
    ],
)
def test_another_shape_than_the_rows_is_named(shape, message):
    with pytest.raises(ValueError, match=message):
        small(Autoencoder, shape).fit(bars(10, (8, 8)))


@every
def test_dropout_draws_from_the_fit_s_own_generator(kind):
    X = bars(60, (6, 6))
    before = torch.get_rng_state()
    model = small(kind, (6, 6), dropout=0.4).fit(X)
    assert torch.equal(torch.get_rng_state(), before)
    torch.rand(1)
    again = clone(model).fit(X)
    np.testing.assert_array_equal(again.transform(X), model.transform(X))
    assert again.history_ == model.history_
    without = clone(model).set_params(dropout=0.0).fit(X)
    assert without.history_["loss"] != model.history_["loss"]


@every
def test_it_is_pickled_and_goes_on(kind):
    X = bars(60, (6, 5))
    model = small(kind, (6, 5)).fit(X)
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.transform(X), model.transform(X))
    np.testing.assert_array_equal(
        again.partial_fit(X).transform(X), model.partial_fit(X).transform(X)
    )


def test_warm_starts_refuse_another_shape():
    X = bars(20, (6, 6))
    model = small(Autoencoder, (6, 6), warm_start=True).fit(X)
    with pytest.raises(ValueError, match="image_shape"):
        model.set_params(image_shape=(4, 9)).fit(X)


@every
def test_components_are_of_dense_models_alone(kind):
    model = small(kind, (6, 6), max_iter=1).fit(bars(20, (6, 6)))
    with pytest.raises(AttributeError, match="hidden layers"):
        _ = model.components_


def test_one_of_ones_own_goes_with_the_other_of_images():
    X = bars(40, (6, 6))
    model = small(Autoencoder, (6, 6), encoder=torch.nn.Linear).fit(X)
    assert isinstance(model.module_.encoder, torch.nn.Linear)
    assert model.reconstruct(X).shape == X.shape
