"""DenoisingAutoencoder: the noise it learns from, and that it undoes it."""

import pickle

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from scipy.special import ndtr
from sklearn.base import clone
from torch import nn

from skdeepunsup import Autoencoder, DenoisingAutoencoder
from skdeepunsup._random import Stream
from skdeepunsup.reconstruction.modules import denoising


def standardized(model, X):
    """Rows in the units of the module."""
    return torch.tensor(model.module_.scaling.standardized(X), dtype=torch.float32)


def losses_and_seen(model, X, seed=0):
    """The loss of each row in training, and what the encoder was fed."""
    seen = []
    module = model.module_
    hook = module.encoder.register_forward_pre_hook(lambda _, args: seen.append(args[0]))
    terms = module.losses(standardized(model, X), Stream(seed))
    hook.remove()
    return terms["reconstruction"], seen[0]


@pytest.mark.parametrize("corruption", ["gaussian", "masking", "salt-and-pepper"])
def test_the_encoder_sees_noise_and_the_error_is_that_of_the_clean_row(digits, corruption):
    model = DenoisingAutoencoder(8, corruption=corruption, max_iter=1, random_state=0).fit(digits)
    losses, seen = losses_and_seen(model, digits)
    clean = standardized(model, digits)
    share = (seen != clean).double().mean()
    assert 0.1 < share <= 1
    r = model.module_.decode(model.module_.code(model.module_.encoder(seen)))
    torch.testing.assert_close(losses, (clean - r).square().sum(1))


@pytest.mark.parametrize("missing", ["error", "mask"])
def test_masked_entries_are_the_mean_of_their_feature(digits, missing):
    X = digits[:, digits.std(0) > 0] + 1
    model = DenoisingAutoencoder(
        8, missing=missing, corruption_level=1.0, max_iter=1, random_state=0
    ).fit(X)
    seen = model.module_.scaling.original(losses_and_seen(model, X)[1]).numpy()
    np.testing.assert_allclose(seen, np.broadcast_to(X.mean(0), X.shape), rtol=1e-6)


@pytest.mark.parametrize("missing", ["error", "mask"])
@pytest.mark.parametrize("own", [{"loss": "bernoulli"}, {"decoder": nn.Linear(8, 64)}])
def test_where_rows_are_taken_as_they_are_masked_entries_are_zero(digits, own, missing):
    model = DenoisingAutoencoder(
        8, missing=missing, corruption_level=1.0, max_iter=1, random_state=0, **own
    ).fit(digits)
    seen = losses_and_seen(model, digits)[1].numpy()
    expected = digits.mean(0) if missing == "mask" else np.zeros(64)
    np.testing.assert_allclose(seen, np.broadcast_to(expected, digits.shape), rtol=1e-6)


@pytest.mark.parametrize("shift", [0.0, 300.0])
def test_what_salt_and_pepper_put_in_are_the_extremes_themselves(digits, shift):
    X = digits + shift
    model = DenoisingAutoencoder(
        8, corruption="salt-and-pepper", corruption_level=1.0, max_iter=1, random_state=0
    ).fit(X)
    seen = model.module_.scaling.original(losses_and_seen(model, X)[1]).numpy() - shift
    assert ((abs(seen) < 1e-5) | (abs(seen - 1) < 1e-5)).all()
    assert abs((seen > 0.5).mean() - 0.5) < 0.01


def test_the_extremes_are_put_into_the_units_of_rows_once_a_fit(digits, monkeypatch):
    calls, plain = [], denoising.copied
    monkeypatch.setattr(denoising, "copied", lambda *args: calls.append(1) or plain(*args))
    model = DenoisingAutoencoder(
        8, corruption="salt-and-pepper", max_iter=2, warm_start=True, random_state=0
    ).fit(digits)
    assert len(calls) == 1
    model.fit(digits)
    assert len(calls) == 2
    again = pickle.loads(pickle.dumps(model))
    for old, new in zip(
        losses_and_seen(model, digits), losses_and_seen(again, digits), strict=True
    ):
        assert torch.equal(old, new)


@pytest.mark.parametrize("kind", [np.asarray, sp.csr_matrix])
def test_salt_and_pepper_are_the_extremes_of_the_training_data(kind):
    X = np.random.default_rng(0).normal(size=(50, 4)) + 3
    model = DenoisingAutoencoder(3, corruption="salt-and-pepper", max_iter=1).fit(kind(X))
    assert model.module_.low == pytest.approx(X.min(), rel=1e-6)
    assert model.module_.high == pytest.approx(X.max(), rel=1e-6)
    model.partial_fit(kind(10 * X))
    assert model.module_.high == pytest.approx(X.max(), rel=1e-6)


def test_extremes_are_those_of_what_is_observed():
    X = np.array([[np.nan, 1.0], [2.0, np.nan], [np.nan, np.nan], [-3.0, 0.0]])
    model = DenoisingAutoencoder(
        2, corruption="salt-and-pepper", missing="mask", max_iter=1, random_state=0
    ).fit(X)
    # What the module has are rows in its own units, rounded to float32.
    assert (model.module_.low, model.module_.high) == pytest.approx((-3.0, 2.0), rel=1e-6)


@pytest.mark.parametrize("corruption", ["gaussian", "masking", "salt-and-pepper"])
def test_answers_are_without_noise(digits, corruption):
    model = DenoisingAutoencoder(8, corruption=corruption, max_iter=1, random_state=0).fit(digits)
    W, b = (p.detach().double().numpy() for p in model.module_.encoder.parameters())
    a = model.module_.scaling.standardized(digits) @ W.T + b
    expected = a * ndtr(a)  # gelu
    np.testing.assert_allclose(model.transform(digits), expected, atol=1e-9)


def test_held_out_rows_have_the_same_noise_in_each_epoch(digits):
    model = DenoisingAutoencoder(
        8, early_stopping=True, learning_rate=1e-12, max_iter=4, random_state=0
    ).fit(digits)
    validation, training = (model.history_[name] for name in ("validation_loss", "loss"))
    np.testing.assert_allclose(validation, validation[0], rtol=1e-6)
    assert np.std(training) > 1e-5


class Spied:
    """Uniform noise, and a record of what it was called with."""

    def __init__(self):
        self.calls = []

    def __deepcopy__(self, memo):
        return self

    def __call__(self, x, generator):
        self.calls.append((x.shape, type(generator)))
        noise = torch.rand(x.shape, generator=generator)
        return x.mul_(noise)  # in place, which is the callable's own affair


def test_a_callable_is_given_a_batch_and_a_generator(digits):
    spied = Spied()
    model = DenoisingAutoencoder(
        8, corruption=spied, batch_size=1000, max_iter=2, random_state=0
    ).fit(digits)
    assert sorted({shape[0] for shape, _ in spied.calls}) == [797, 1000]
    assert {kind for _, kind in spied.calls} == {torch.Generator}
    n_calls = len(spied.calls)
    model.transform(digits), model.reconstruct(digits), model.score(digits)
    assert len(spied.calls) == n_calls
    again = clone(model).fit(digits)
    np.testing.assert_array_equal(again.transform(digits), model.transform(digits))


def test_what_a_callable_does_to_its_batch_stays_there(digits):
    model = DenoisingAutoencoder(8, corruption=Spied(), max_iter=1, random_state=0).fit(digits)
    losses, seen = losses_and_seen(model, digits)
    r = model.module_.decode(model.module_.code(model.module_.encoder(seen)))
    clean = standardized(model, digits)
    torch.testing.assert_close(losses, (clean - r).square().sum(1))


NOISES = {
    "gaussian": lambda X, rng: X + rng.normal(scale=0.3, size=X.shape),
    "masking": lambda X, rng: X * (rng.random(X.shape) >= 0.3),
    "salt-and-pepper": lambda X, rng: np.where(
        rng.random(X.shape) < 0.3, rng.integers(0, 2, X.shape), X
    ),
}


@pytest.mark.parametrize(
    ("corruption", "loss"),
    [("gaussian", "squared"), ("masking", "bernoulli"), ("salt-and-pepper", "squared")],
)
def test_noise_on_new_rows_is_undone_better_than_without_training_on_it(digits, corruption, loss):
    X, new = digits[:1300], digits[1300:]
    noisy = NOISES[corruption](new, np.random.default_rng(0))
    fit = {
        "loss": loss,
        "max_iter": 25,
        "batch_size": 64,
        "learning_rate": 3e-3,
        "random_state": 0,
    }
    denoising = DenoisingAutoencoder(corruption=corruption, **fit).fit(X)
    plain = Autoencoder(128, hidden_layer_sizes=(), **fit).fit(X)

    def error(rows):
        return np.square(rows - new).sum()

    assert error(denoising.reconstruct(noisy)) < 0.5 * error(noisy)
    assert error(denoising.reconstruct(noisy)) < 0.7 * error(plain.reconstruct(noisy))


def test_entries_lost_to_their_mean_are_found_again(digits):
    """Their mean is the best guess already that does not depend on the row."""
    X, new = digits[:1300], digits[1300:]
    noisy = np.where(np.random.default_rng(0).random(new.shape) < 0.3, X.mean(0), new)
    fit = {"max_iter": 60, "batch_size": 64, "learning_rate": 3e-3, "random_state": 0}
    denoising = DenoisingAutoencoder(**fit).fit(X)
    plain = Autoencoder(128, hidden_layer_sizes=(), **fit).fit(X)

    def error(rows):
        return np.square(rows - new).sum()

    assert error(denoising.reconstruct(noisy)) < 0.7 * error(noisy)
    assert error(denoising.reconstruct(noisy)) < 0.7 * error(plain.reconstruct(noisy))


@pytest.mark.parametrize(
    ("params", "error", "message"),
    [
        ({"corruption": "blur"}, ValueError, "corruption == 'blur'"),
        ({"corruption": 3}, ValueError, "corruption == 3"),
        ({"corruption_level": 1.5}, ValueError, "corruption_level == 1.5"),
        ({"corruption_level": -0.1}, ValueError, "corruption_level == -0.1"),
        ({"corruption": "gaussian", "corruption_level": np.nan}, ValueError, "corruption_level"),
        ({"corruption_level": "much"}, TypeError, "corruption_level"),
    ],
)
def test_what_is_no_corruption_is_named(digits, params, error, message):
    with pytest.raises(error, match=message):
        DenoisingAutoencoder(4, **params).fit(digits)


def test_gaussian_noise_may_be_of_any_scale(digits):
    model = DenoisingAutoencoder(4, corruption="gaussian", corruption_level=5.0, max_iter=1)
    assert np.isfinite(model.fit(digits).history_["loss"]).all()


@pytest.mark.parametrize("answer", [lambda x, g: x[:, :5], lambda x, g: None])
def test_a_callable_that_returns_no_such_batch_is_named(digits, answer):
    with pytest.raises((ValueError, TypeError), match="corruption"):
        DenoisingAutoencoder(4, corruption=answer, max_iter=1).fit(digits)
