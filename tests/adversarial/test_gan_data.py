"""Data of a GAN: their range and scale, images, and rows that hardly vary."""

import math

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from sklearn.base import clone

from skdeepunsup import GAN
from tests.adversarial.models import (
    FIT,
    answers,
    assert_same,
    assert_same_model,
    both,
    each_loss,
    normal_rows,
)


@pytest.fixture
def X():
    return normal_rows()


@both
def test_output_auto_looks_at_the_data(estimator, X):
    unit = (X - X.min()) / (X.max() - X.min())
    model = clone(estimator).fit(unit)
    assert model.module_.bounded
    S = model.inverse_transform(100 * np.random.default_rng(0).normal(size=(200, 2)))
    assert S.min() >= 0 and S.max() <= 1
    assert not clone(estimator).fit(X).module_.bounded
    assert not clone(estimator).set_params(output="identity").fit(unit).module_.bounded
    same = clone(estimator).set_params(output="logistic").fit(unit)
    assert_same_model(same, model, unit)


@both
@pytest.mark.parametrize("kind", [np.asarray, sp.csr_array])
def test_output_logistic_refuses_other_data(estimator, X, kind):
    model = clone(estimator).set_params(output="logistic")
    with pytest.raises(ValueError, match=r"output == 'logistic'.*MinMaxScaler"):
        model.fit(kind(X))
    assert not hasattr(model, "module_")
    model.fit(kind(np.clip(X, 0, 1) + 1e-7))  # but for rounding


@both
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
@pytest.mark.parametrize("output", ["auto", "logistic"])
def test_data_elsewhere_cannot_follow_a_logistic_start(estimator, X, method, output):
    unit = (X - X.min()) / (X.max() - X.min())
    model = clone(estimator).set_params(output=output, warm_start=True).fit(unit)
    before, n_iter = answers(model, unit), model.n_iter_
    with pytest.raises(ValueError, match=rf"output == '{output}'.*MinMaxScaler"):
        getattr(model, method)(X)
    assert_same(answers(model, unit), before)
    assert model.n_iter_ == n_iter == len(model.history_["loss"])


@both
def test_data_in_the_unit_interval_may_follow_any_start(estimator, X):
    model = clone(estimator).fit(X).partial_fit((X - X.min()) / (X.max() - X.min()))
    assert not model.module_.bounded


@both
@pytest.mark.parametrize(("a", "b"), [(1000.0, 0.0), (1e-6, 0.0), (-3.0, 50.0), (2.0**20, 1.0)])
def test_scale_and_origin_of_the_data_do_not_matter(estimator, X, a, b):
    model = clone(estimator).set_params(output="identity", precision="float64", max_iter=5)
    one, other = clone(model).fit(X), clone(model).fit(abs(a) * X + b)
    moved = one.sample(50, random_state=0) * abs(a) + b
    # Mean and scale are kept as parameters are at their start: rounded to float32.
    tolerance = 1e-5 * (abs(a) + abs(b))
    np.testing.assert_allclose(other.sample(50, random_state=0), moved, rtol=0, atol=tolerance)
    codes = other.transform(abs(a) * X + b)
    np.testing.assert_allclose(codes, one.transform(X), rtol=0, atol=1e-4)
    for name in ("generator", "discriminator"):
        np.testing.assert_allclose(other.history_[name], one.history_[name], atol=1e-5)


@both
def test_it_starts_at_the_mean_row(estimator, X):
    """A generator whose weights and biases are 0 returns the mean row, with either link."""
    unit = (X - X.min()) / (X.max() - X.min())
    for data in (X + 5, unit):
        module = clone(estimator).fit(data).module_
        rows = module.scaling.original(module.rows(torch.zeros(1, 3))).numpy()
        np.testing.assert_allclose(rows[0], data.mean(axis=0), rtol=1e-6)


DEGENERATE = {
    "all constant": np.full((20, 3), 0.3),
    "a constant column": np.c_[np.random.default_rng(0).normal(size=(20, 2)), np.ones(20)],
    "one row": np.array([[1.0, -2.0, 0.5]]),
    "two rows": np.array([[1.0, -2.0, 0.5], [0.0, 3.0, 1.0]]),
    "one feature": np.random.default_rng(0).normal(size=(20, 1)),
    "duplicates": np.repeat([[1.0, -2.0, 0.5], [0.0, 3.0, 1.0]], 10, axis=0),
    "bits": (np.random.default_rng(0).random((20, 3)) < 0.5).astype(float),
}


@both
@each_loss
@pytest.mark.parametrize("kind", DEGENERATE)
def test_degenerate_data_are_borne(estimator, loss, kind):
    X = DEGENERATE[kind]
    for penalty in ("r1", "one-lipschitz"):
        model = clone(estimator).set_params(loss=loss, gradient_penalty=penalty).fit(X)
        assert all(np.isfinite(answer).all() for answer in answers(model, X))
        samples = model.sample(50, random_state=0)
        spread = max(X.std(), 1.0)  # where nothing varies, 1 is the unit
        assert (abs(samples - X.mean(axis=0)) < 20 * spread).all()


@both
@pytest.mark.parametrize("scale", [1e6, 1e-6, 1e30, 1e-30])
def test_samples_have_the_scale_of_the_data(estimator, scale, X):
    X = (X - 1) * scale
    model = clone(estimator).set_params(output="identity", max_iter=20).fit(X)
    samples = model.sample(200, random_state=0)
    assert np.isfinite(samples).all()
    assert 0.01 * scale < samples.std() < 10 * scale
    assert (abs(samples.mean(axis=0) + scale) < 2 * scale).all()


@both
@pytest.mark.parametrize("shape", [(1, 1), (1, 6), (5, 7), (6, 5), (4, 3, 2), (2, 2, 3)])
def test_images_of_any_size(estimator, shape):
    images = np.random.default_rng(0).random((30, math.prod(shape)))
    model = clone(estimator).set_params(image_shape=shape, hidden_layer_sizes=(3, 4)).fit(images)
    assert model.sample(7, random_state=0).shape == (7, math.prod(shape))
    assert model.transform(images).shape == (30, 2)
    assert all(np.isfinite(answer).all() for answer in answers(model, images))
    assert any(W.ndim == 4 for W in model.module_.discriminator.parameters())
    assert any(W.ndim == 4 for W in model.module_.generator.parameters())


@both
def test_images_of_another_size_are_named(estimator, X):
    with pytest.raises(ValueError, match="image_shape"):
        clone(estimator).set_params(image_shape=(2, 2)).fit(X)


def test_small_values_are_not_taken_for_shares_of_one():
    small = np.random.default_rng(0).random((300, 3)) * 1e-4
    model = GAN(2, hidden_layer_sizes=(32,), max_iter=20, random_state=0).fit(small)
    assert not model.module_.bounded
    assert np.abs(model.sample(500, random_state=0).mean() / small.mean() - 1) < 0.2


def test_rows_far_from_zero_are_centred_at_their_precision():
    far = 1e8 + 3 + np.random.default_rng(0).normal(size=(200, 2))
    module = GAN(precision="float64", **FIT).fit(far).module_
    u = torch.from_numpy(module.scaling.standardized(far))
    np.testing.assert_allclose(u.mean(0), 0, atol=1e-6)
    np.testing.assert_allclose(u.square().mean(), 1, rtol=1e-6)


@pytest.mark.parametrize("value", [0.3, 1e6 + 0.1, -7e-9])
@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_rounding_is_no_scale(value, precision):
    model = GAN(output="identity", precision=precision, **FIT).fit(np.full((40, 3), value))
    np.testing.assert_allclose(model.module_.scaling.scale, abs(value), rtol=1e-6)


def test_an_output_that_changes_between_warm_starts_is_named(X):
    unit = np.random.default_rng(0).random((60, 3))
    model = GAN(warm_start=True, **FIT).fit(unit).set_params(output="identity")
    with pytest.raises(ValueError, match=r"output == .identity., .* had .logistic."):
        model.fit(unit)
