"""GAN as an estimator: what it learns, how real it takes rows to be, and how rows weigh."""

import math

import numpy as np
import pytest
import torch
from sklearn.base import clone

from skdeepunsup import GAN, metrics
from skdeepunsup._random import Stream
from tests.adversarial.models import FIT, answers, assert_same_model, both, each_loss, normal_rows

CENTRES = np.array([[4, 4], [4, -4], [-4, 4], [-4, -4]])


@pytest.fixture
def X():
    return normal_rows()


def four_groups(n, seed):
    rng = np.random.default_rng(seed)
    return CENTRES[rng.integers(0, 4, n)] + 0.5 * rng.normal(size=(n, 2))


@each_loss
def test_it_learns_four_groups(loss):
    """It also learns to encode: its reconstructions are better than those of a single Gaussian."""
    X, new = four_groups(1000, 0), four_groups(1000, 1)
    model = GAN(
        2,
        hidden_layer_sizes=(64, 64),
        learning_rate=2e-3,
        loss=loss,
        max_iter=60,
        encoder_max_iter=10,
        random_state=0,
    ).fit(X)
    samples = model.sample(1000, random_state=0)
    distances = np.linalg.norm(samples[:, None] - CENTRES, axis=2)
    shares = np.bincount(distances.argmin(axis=1), minlength=4) / 1000
    assert shares.min() > 0.15
    assert (distances.min(axis=1) < 1.5).mean() > 0.8  # of a group's own rows, 0.99
    gaussian = np.random.default_rng(2).multivariate_normal(X.mean(0), np.cov(X.T), 1000)
    distance = metrics.kernel_distance(new, samples)
    assert distance < 0.4 * metrics.kernel_distance(new, gaussian)
    assert metrics.reconstruction_score(model, new) > 0.9
    assert model.encoder_error_ < 0.5


def test_the_encoder_s_error_is_what_it_says():
    X = four_groups(400, 0)
    model = GAN(2, max_iter=10, encoder_max_iter=5, random_state=0).fit(X)
    assert model.encoder_error_ == model.history_["encoder"][-1] / 2
    Z = np.random.default_rng(0).normal(size=(4000, 2))
    squares = np.square(model.transform(model.inverse_transform(Z)) - Z).mean(axis=1)
    # The epoch's own error is of 400 codes, by an encoder that still learned.
    error = 5 * squares.std() / math.sqrt(400)
    assert model.encoder_error_ == pytest.approx(squares.mean(), abs=error)


@each_loss
@both
def test_rows_are_probably_real_or_not(estimator, loss, X):
    model = clone(estimator).set_params(loss=loss).fit(X)
    wide = np.concatenate([X, 1e4 * X])
    probability = model.discriminate(wide)
    assert probability.shape == (120,)
    assert (probability >= 0).all() and (probability <= 1).all()
    np.testing.assert_array_equal(model.discriminate(wide), probability)
    d = model.score_samples(wide)
    order = d.argsort()
    assert (np.diff(probability[order]) >= 0).all()
    expected = {
        "non-saturating": lambda d: 1 / (1 + np.exp(-d)),
        "wasserstein": lambda d: 1 / (1 + np.exp(float(model.module_.middle[0]) - d)),
        "least-squares": lambda d: d.clip(0, 1),
        "hinge": lambda d: ((d + 1) / 2).clip(0, 1),
    }[loss]
    with np.errstate(over="ignore"):
        np.testing.assert_allclose(probability, expected(d), rtol=1e-6, atol=1e-9)


def test_a_discriminator_knows_what_nobody_would_take_for_real():
    """Rows of the data are likelier real than noise around them."""
    X = four_groups(600, 0)
    model = GAN(2, max_iter=30, encoder_max_iter=1, random_state=0).fit(X)
    far = np.random.default_rng(1).normal(size=(200, 2)) * 0.5  # between the groups
    assert model.discriminate(X).mean() > model.discriminate(far).mean() + 0.1


@both
@each_loss
def test_products_may_be_rough(estimator, loss, X):
    model = clone(estimator).set_params(loss=loss, precision="bfloat16")
    rough, fine = clone(model).fit(X), clone(model).set_params(precision="float32").fit(X)
    assert {p.dtype for p in rough.module_.parameters()} == {torch.float32}
    differences = [
        np.abs(a - b).max() for a, b in zip(answers(rough, X), answers(fine, X), strict=True)
    ]
    assert 0 < max(differences) < 0.3


@both
def test_rows_of_weight_0_are_not_there(estimator, X):
    w = (np.arange(60) % 3).astype(float)
    one = clone(estimator).fit(X, sample_weight=w)
    other = clone(estimator).fit(X[w > 0], sample_weight=w[w > 0])
    assert_same_model(one, other, X)


@both
def test_equal_weights_are_none(estimator, X):
    one = clone(estimator).fit(X, sample_weight=np.full(60, 7.3))
    assert_same_model(one, clone(estimator).fit(X), X, rtol=1e-4, atol=1e-5)


def test_rows_are_generated_as_often_as_they_weigh():
    """Two groups of equally many rows, one of three times the weight."""
    rng = np.random.default_rng(0)
    right = np.arange(600) % 2 == 1
    X = rng.normal(size=(600, 2)) * 0.3 + 3 * (2 * right[:, None] - 1)
    model = GAN(
        2,
        hidden_layer_sizes=(32, 32),
        loss="wasserstein",  # the others forget small groups sooner
        learning_rate=2e-3,
        max_iter=60,
        encoder_max_iter=1,
        random_state=0,
    )
    model.fit(X, sample_weight=np.where(right, 3.0, 1.0))
    share = (model.sample(2000, random_state=0)[:, 0] > 0).mean()
    assert share == pytest.approx(0.75, abs=0.1)


def test_without_averaging_the_last_generator_samples(X):
    model = GAN(encoder_max_iter=1, averaging=0.0, **FIT).fit(X)
    for p, q in zip(
        model.module_.average.parameters(), model.module_.generator.parameters(), strict=True
    ):
        torch.testing.assert_close(p, q)
    averaged = GAN(encoder_max_iter=1, **FIT).fit(X)
    assert np.abs(averaged.sample(5, random_state=0) - model.sample(5, random_state=0)).max() > 0


def test_parameters_reach_the_game(X):
    def game(**params):
        model = GAN(encoder_max_iter=1, **FIT).set_params(**params).fit(X)
        return model._game(model.module_, Stream(0))

    plain = game()
    assert plain.rates == pytest.approx((3e-3, 1e-3))
    assert (plain.penalty, plain.penalty_weight, plain.penalty_interval) == ("r1", 0.05, 1)
    assert (plain.n_critic, plain.averaging, plain.decay, plain.spectral) == (1, 0.999, True, None)
    assert plain.autocast is None and game(precision="bfloat16").autocast == torch.bfloat16
    assert game(learning_rate=0.01).rates == pytest.approx((0.03, 0.01))
    assert game(discriminator_learning_rate=0.5).rates == pytest.approx((0.5, 1e-3))
    assert game(gradient_penalty=None).penalty is None
    other = game(gradient_penalty="one-lipschitz", penalty_interval=3, spectral_norm=True)
    assert (other.penalty, other.penalty_weight, other.penalty_interval) == ("one-lipschitz", 1, 3)
    assert other.spectral is not None
    assert game(penalty_weight=0.7).penalty_weight == 0.7
    other = game(n_critic=4, averaging=0.5, learning_rate_schedule="constant")
    assert (other.n_critic, other.averaging, other.decay) == (4, 0.5, False)


@pytest.mark.parametrize("conditional", [False, True])
def test_a_critic_s_probabilities_lie_around_a_half(conditional):
    """For each class, since its logit has a constant of its own."""
    rng = np.random.default_rng(0)
    y = np.arange(600) % 3
    X = np.array([[9.0, 0.0], [-9.0, 3.0], [0.0, -8.0]])[y] + rng.normal(size=(600, 2))
    model = GAN(
        2,
        hidden_layer_sizes=(32,),
        loss="wasserstein",
        conditional=conditional,
        max_iter=40,
        encoder_max_iter=10,
        random_state=0,
    ).fit(X, y)
    p = model.discriminate(X)
    fake = model.discriminate(model.sample(600, random_state=0))
    for k in range(3) if conditional else ():
        assert abs(p[y == k].mean() - 0.5) < 0.2
    assert abs((p.mean() + fake.mean()) / 2 - 0.5) < 0.1
