"""The encoder-decoder: from rows, or images, to targets."""

import re

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits
from sklearn.exceptions import DataConversionWarning
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skdeepunsup import EncoderDecoder, _rows
from skdeepunsup.applications.images.module import LOSSES

IMAGES = load_digits().data[:120] / 16
UPPER, LOWER = IMAGES[:, :32], IMAGES[:, 32:]
SMALL = IMAGES.reshape(-1, 4, 2, 4, 2).mean((2, 4)).reshape(-1, 16)
HALF = {"image_shape": (4, 8), "target_shape": (4, 8)}
FIT = {"max_iter": 3, "early_stopping": False, "random_state": 0}
NETWORKS = [{}, {"image_shape": (4, 8)}, {"target_shape": (4, 8)}, HALF]
NETWORKS.append(HALF | {"skip_connections": True})


def targets(loss):
    return (LOWER * 16).astype(int) // 6 if loss == "categorical" else LOWER


@pytest.mark.parametrize("network", NETWORKS, ids=str)
@pytest.mark.parametrize("loss", LOSSES)
def test_every_network_learns_with_every_loss(network, loss):
    model = EncoderDecoder(6, loss=loss, **network, **FIT).set_params(max_iter=15)
    y = targets(loss)
    model.fit(UPPER, y)
    assert model.history_["loss"][-1] < model.history_["loss"][0]
    answer = model.predict(UPPER)
    assert answer.shape == y.shape
    assert model.transform(UPPER).shape == (120, 6)
    dull = np.mean(y == np.round(np.median(y, axis=0))) if loss == "categorical" else 0
    assert model.score(UPPER, y) > dull


@pytest.mark.nightly("200 epochs of the digits take 15 seconds")
def test_by_default_a_half_of_a_digit_tells_the_other(digits):
    train, test = train_test_split(digits, random_state=0)
    model = EncoderDecoder(random_state=0).fit(train[:, :32], train[:, 32:])
    error = model.predict(test[:, :32]) - test[:, 32:]
    assert np.sqrt(np.square(error).mean()) < 0.19


def test_without_hidden_layers_it_is_least_squares():
    """y = W₂(W₁x + b₁) + b₂ with a code as wide as y has the minimum of linear regression."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 4)) + 3
    y = X @ rng.normal(size=(4, 3)) * 50 + 1000 + rng.normal(size=(200, 3))
    model = EncoderDecoder(
        4,
        hidden_layer_sizes=(),
        batch_size=200,
        learning_rate=0.02,
        learning_rate_schedule="linear",
        max_iter=1500,
        early_stopping=False,
        tol=0,
        precision="float64",
        random_state=0,
    )
    answer = model.set_params(n_iter_no_change=1500).fit(X, y).predict(X)
    np.testing.assert_allclose(answer, LinearRegression().fit(X, y).predict(X), atol=0.05)


@pytest.mark.parametrize("scale", [1e-4, 1.0, 1e4])
def test_the_scale_of_the_targets_does_not_matter(scale):
    options = {"precision": "float64", "max_iter": 5, "random_state": 0}
    model = EncoderDecoder(5, **options).fit(UPPER, LOWER * scale)
    other = EncoderDecoder(5, **options).fit(UPPER, LOWER)
    np.testing.assert_allclose(
        model.predict(UPPER) / scale, other.predict(UPPER), rtol=1e-4, atol=1e-6
    )


def parts(model):
    """The module, and rows and targets in its units."""
    y = targets(model.loss)
    if model.loss == "squared":
        y = (y - model.y_mean_) / model.y_scale_
    x = model.module_.scaling.standardized(UPPER)
    return model.module_, torch.tensor(x), torch.tensor(y)


@pytest.mark.parametrize("loss", LOSSES)
def test_the_loss_is_minus_the_log_likelihood_summed_over_targets(loss):
    model = EncoderDecoder(4, loss=loss, precision="float64", **FIT)
    model.fit(UPPER, targets(loss))
    module, x, y = parts(model)
    (found,) = module.losses(x, None, None, y).values()
    if loss == "squared":
        scale = float(module.s) * model.y_scale_
        wanted = np.square(LOWER - model.predict(UPPER)).sum(1) / scale**2
    elif loss == "bernoulli":
        p = torch.tensor(model.predict(UPPER))
        wanted = -(y * p.log() + (1 - y) * (1 - p).log()).sum(1)
    else:
        p = model.predict_proba(UPPER)
        wanted = -np.log(np.take_along_axis(p, y.numpy()[..., None], 2)).sum((1, 2))
    np.testing.assert_allclose(found.detach().numpy(), np.asarray(wanted), rtol=1e-9)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("network", [{}, HALF], ids=str)
def test_training_starts_at_the_mean_of_the_targets(loss, network):
    """A network that returns 0 leaves m: the mean, the share of ones, the shares of codes."""
    model = EncoderDecoder(4, loss=loss, **network, **FIT).set_params(learning_rate=1e-9)
    y = targets(loss)
    model.fit(UPPER, y)
    with torch.no_grad():
        for parameter in model.module_.parameters():
            parameter.zero_()
    if loss == "categorical":
        shares = np.stack([(y == k).mean(0) for k in range(y.max() + 1)], axis=-1).clip(0.01)
        wanted = shares / shares.sum(-1, keepdims=True)
        np.testing.assert_allclose(model.predict_proba(UPPER)[0], wanted, atol=1e-6)
    else:
        wanted = y.mean(0) if loss == "squared" else y.mean(0).clip(0.01, 0.99)
        np.testing.assert_allclose(model.predict(UPPER)[0], wanted, atol=1e-6)


def test_with_skip_connections_the_answer_starts_at_the_image_enlarged():
    model = EncoderDecoder(
        4, image_shape=(4, 4), target_shape=(8, 8), skip_connections=True, **FIT
    ).fit(SMALL, IMAGES)
    module = model.module_
    x = torch.tensor(module.scaling.standardized(SMALL), dtype=torch.float32)
    y = (IMAGES - model.y_mean_) / model.y_scale_
    enlarged = module.image(x).double().numpy()
    u, v = enlarged - enlarged.mean(0), y - y.mean(0)
    assert float(module.a) == pytest.approx((u * v).sum() / (u * u).sum(), rel=1e-5)
    rest = torch.tensor(y - float(module.a) * enlarged)
    torch.testing.assert_close(module.m, rest.mean(0).float(), rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(
        module.s.double(), rest.var(0, correction=0).mean().sqrt(), rtol=1e-5, atol=0
    )
    constant = torch.full((1, 16), 0.5)
    torch.testing.assert_close(module.image(constant), torch.full((1, 64), 0.5))


@pytest.mark.parametrize("network", [{}, HALF | {"skip_connections": True}], ids=str)
@pytest.mark.parametrize("loss", LOSSES)
def test_the_scale_of_the_rows_does_not_matter(loss, network):
    """Bytes are learned from as well as values in [0, 1]."""
    y = targets(loss)
    options = {"loss": loss, "precision": "float64", "max_iter": 4, "random_state": 0}
    model = EncoderDecoder(5, **options, **network).fit(UPPER, y)
    other = EncoderDecoder(5, **options, **network).fit(UPPER * 255 + 1000, y)
    np.testing.assert_allclose(model.predict(UPPER), other.predict(UPPER * 255 + 1000), atol=1e-6)


def test_dropout_changes_what_is_learned_and_not_what_is_answered():
    model, plain = (EncoderDecoder(4, dropout=p, **FIT).fit(UPPER, LOWER) for p in (0.5, 0))
    assert not np.allclose(model.predict(UPPER), plain.predict(UPPER))
    np.testing.assert_array_equal(model.predict(UPPER), model.predict(UPPER))


def test_the_score_of_codes_is_the_share_of_right_ones_and_shapes_must_agree():
    y = targets("categorical")
    model = EncoderDecoder(4, loss="categorical", **FIT).fit(UPPER, y)
    assert model.score(UPPER, model.predict(UPPER)) == 1
    assert model.score(UPPER, y) == pytest.approx((model.predict(UPPER) == y).mean())
    with pytest.raises(ValueError, match=re.escape("y has shape (120, 5)")):
        model.score(UPPER, y[:, :5])
    model.fit(UPPER, y[:, 0])
    right = (model.predict(UPPER) == y[:, 0]).mean()
    with pytest.warns(DataConversionWarning):
        assert model.score(UPPER, y[:, :1]) == pytest.approx(right)


def test_few_codes_far_apart_are_warned_of():
    model = EncoderDecoder(4, loss="categorical", **FIT)
    with pytest.warns(UserWarning, match="y has 2 different codes, but the largest makes 256"):
        model.fit(UPPER, (LOWER > 0.5) * 255)


def test_images_that_are_no_rows_are_told_how_to_become_some():
    model = EncoderDecoder(4, **FIT)
    for X, y in [(UPPER.reshape(-1, 4, 8), LOWER), (UPPER, LOWER.reshape(-1, 4, 8))]:
        with pytest.raises(ValueError, match="flattened"):
            model.fit(X, y)
    with pytest.raises(ValueError, match="Encode classes"):
        model.set_params(loss="categorical").fit(UPPER, np.where(LOWER > 0.5, "ink", "paper"))


def test_a_target_that_is_the_row_but_for_a_constant_is_answered_at_once():
    model = EncoderDecoder(4, skip_connections=True, **HALF, **FIT).fit(UPPER, UPPER + 0.1)
    assert float(model.module_.s) == 1


def test_wide_rows_are_answered_few_at_a_time(monkeypatch):
    model = EncoderDecoder(4, **FIT).fit(UPPER, LOWER)
    answer = model.predict(UPPER)
    seen = []
    monkeypatch.setattr(_rows, "CHUNK_ENTRIES", 32 * 7)
    predict = type(model.module_).predict
    monkeypatch.setattr(
        type(model.module_), "predict", lambda m, x: seen.append(len(x)) or predict(m, x)
    )
    np.testing.assert_allclose(model.predict(UPPER), answer, rtol=1e-12)
    assert max(seen) == 7


def test_the_probabilities_of_codes_sum_to_1_and_the_largest_is_the_answer():
    model = EncoderDecoder(4, loss="categorical", **HALF, **FIT)
    model.fit(UPPER, targets("categorical"))
    p = model.predict_proba(UPPER)
    assert p.shape == (120, 32, 3)
    np.testing.assert_allclose(p.sum(-1), 1)
    np.testing.assert_array_equal(p.argmax(-1), model.predict(UPPER))
    assert model.predict(UPPER).dtype == np.int64


def test_only_categories_have_predict_proba():
    assert not hasattr(EncoderDecoder(), "predict_proba")
    assert hasattr(EncoderDecoder(loss="categorical"), "predict_proba")


def test_channels_of_codes_stand_in_the_order_of_the_targets():
    """Two channels, the second of which is always one more: a transposed reading would mix them."""
    y = np.stack([np.zeros((120, 32)), np.ones((120, 32))], axis=-1).reshape(120, -1)
    model = EncoderDecoder(
        4, loss="categorical", image_shape=(4, 8), target_shape=(4, 8, 2), **FIT
    ).fit(UPPER, y)
    np.testing.assert_array_equal(model.predict(UPPER), y)


def test_the_answer_is_of_the_dtype_of_the_rows():
    model = EncoderDecoder(4, **FIT).fit(UPPER.astype(np.float32), LOWER.astype(np.float32))
    assert model.predict(UPPER.astype(np.float32)).dtype == np.float32
    assert model.predict(UPPER).dtype == np.float64
    assert model.transform(UPPER.astype(np.float32)).dtype == np.float32


def test_a_single_target_comes_back_as_a_vector():
    model = EncoderDecoder(4, **FIT).fit(UPPER, LOWER[:, 0])
    assert model.predict(UPPER).shape == (120,)
    assert model.n_outputs_ == 1


def test_partial_fit_goes_on_and_keeps_what_the_first_call_saw():
    model = EncoderDecoder(4, loss="categorical", random_state=0)
    y = targets("categorical")
    for _ in range(3):
        model.partial_fit(UPPER, y)
    assert model.n_iter_ == 3
    with pytest.raises(ValueError, match=re.escape("y has code 3, but the first call saw 0 … 2")):
        model.partial_fit(UPPER, y + 1)
    with pytest.raises(ValueError, match="n_targets"):
        model.partial_fit(UPPER, y[:, :5])


def test_warm_start_goes_on():
    model = EncoderDecoder(4, warm_start=True, **FIT)
    assert model.fit(UPPER, LOWER).fit(UPPER, LOWER).n_iter_ == 6


def test_rows_of_weight_0_do_not_count():
    weights = np.repeat([1.0, 0.0], 60)
    noisy = np.where(weights[:, None] > 0, LOWER, 100.0)
    model = EncoderDecoder(4, **FIT).fit(UPPER, noisy, sample_weight=weights)
    other = EncoderDecoder(4, **FIT).fit(UPPER[:60], LOWER[:60])
    np.testing.assert_allclose(model.predict(UPPER), other.predict(UPPER), rtol=1e-4, atol=1e-5)
    assert model.score(UPPER, noisy, sample_weight=weights) == pytest.approx(
        model.score(UPPER[:60], LOWER[:60])
    )


def test_it_stands_at_the_end_of_a_pipeline():
    pipeline = make_pipeline(StandardScaler(), EncoderDecoder(4, **FIT)).fit(UPPER, LOWER)
    assert pipeline.predict(UPPER).shape == LOWER.shape
    assert pipeline[-1].get_feature_names_out()[0] == "encoderdecoder0"


@pytest.mark.parametrize(
    ("parameters", "y", "message"),
    [
        ({**HALF, "skip_connections": True, "hidden_layer_sizes": ()}, LOWER, "sizes == ()"),
        ({"loss": "categorical"}, LOWER * 0 + 1e6, "y has code 1000000"),
        ({"skip_connections": True}, LOWER, "set image_shape and target_shape"),
        ({"image_shape": (3, 3)}, LOWER, "has 9 values, but X has 32 columns"),
        ({"target_shape": (5, 5)}, LOWER, "has 25 values, but y has 32 columns"),
        ({"loss": "hinge"}, LOWER, "loss == 'hinge'"),
        ({"loss": "bernoulli"}, LOWER * 16, "but y ranges from 0 to 16"),
        ({"loss": "categorical"}, LOWER + 0.5, "codes 0, 1, …, but y has 0.5"),
        ({"loss": "categorical"}, LOWER * 0 - 1, "but y has -1"),
        ({"loss": "categorical", "n_categories": 2}, LOWER * 0 + 2, "codes 0 … 1, but y has 2"),
        ({"learning_rate_schedule": "cosine"}, LOWER, "learning_rate_schedule == 'cosine'"),
        ({}, LOWER[:5], "inconsistent numbers of samples"),
        ({}, None, "requires y to be passed"),
        ({}, LOWER * np.nan, "y contains NaN"),
    ],
)
def test_what_is_not_sound_is_an_error_that_says_so(parameters, y, message):
    model = EncoderDecoder(4, **FIT).set_params(**parameters)
    with pytest.raises(ValueError, match=re.escape(message)):
        model.fit(UPPER, y)
    assert not hasattr(model, "module_")
