"""GAN as an estimator: what it learns, where its rows lie, and when it stops."""

import itertools
import math

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

from skdeepunsup import GAN, BiGAN, metrics
from skdeepunsup._random import Stream
from skdeepunsup.adversarial.learning.games import GAMES
from skdeepunsup.adversarial.learning.quality import QUALITIES as QUALITY
from tests.callbacks import StopsAfter, stops_early

CENTRES = np.array([[4, 4], [4, -4], [-4, 4], [-4, -4]])
FIT = {"n_components": 2, "hidden_layer_sizes": (8,), "max_iter": 3, "random_state": 0}
MODELS = [GAN(encoder_max_iter=2, **FIT), BiGAN(**FIT)]
both = pytest.mark.parametrize("estimator", MODELS, ids=lambda e: type(e).__name__)
each_loss = pytest.mark.parametrize("loss", GAMES)


@pytest.fixture
def X():
    return np.random.default_rng(0).normal(size=(60, 3))


def four_groups(n, seed):
    rng = np.random.default_rng(seed)
    return CENTRES[rng.integers(0, 4, n)] + 0.5 * rng.normal(size=(n, 2))


def answers(model, X):
    names = ("transform", "reconstruct", "discriminate", "score_samples")
    return [model.sample(5, random_state=0), *(getattr(model, name)(X) for name in names)]


def assert_same(a, b, **tolerance):
    for left, right in zip(a, b, strict=True):
        np.testing.assert_allclose(left, right, **({"rtol": 0, "atol": 0} | tolerance))


def assert_same_model(a, b, X, **tolerance):
    assert_same(answers(a, X), answers(b, X), **tolerance)


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
def test_samples_repeat_by_their_seed(estimator, X):
    model = clone(estimator).fit(X)
    S = model.sample(30, random_state=4)
    assert S.shape == (30, 3) and S.dtype == np.float64
    np.testing.assert_array_equal(model.sample(30, random_state=4), S)
    assert np.abs(model.sample(30, random_state=5) - S).max() > 1e-3
    state = np.random.RandomState(4)
    assert np.abs(model.sample(30, random_state=state) - S).max() == 0
    assert np.abs(model.sample(30, random_state=state) - S).max() > 1e-3
    assert len(np.unique(S, axis=0)) == 30


@both
def test_samples_without_a_seed_take_numpy_s_global_state(estimator, X):
    model, before = clone(estimator).fit(X), np.random.get_state()
    try:
        np.random.seed(7)
        first, second = model.sample(3), model.sample(3)
        np.random.seed(7)
        np.testing.assert_array_equal(model.sample(3), first)
    finally:
        np.random.set_state(before)
    assert np.abs(first - second).max() > 1e-3


@both
@pytest.mark.parametrize("n_samples", [0, -1, 1.5, "three", None, True])
def test_what_is_no_number_of_samples_is_named(estimator, X, n_samples):
    model = clone(estimator).fit(X)
    with pytest.raises((ValueError, TypeError), match="n_samples"):
        model.sample(n_samples)


@both
def test_more_samples_than_a_chunk_are_other_samples(estimator, X):
    samples = clone(estimator).fit(X).sample(2500, random_state=0)
    assert len(np.unique(samples, axis=0)) > 2400  # all units may be off for several codes


@both
def test_samples_are_decoded_normal_codes(estimator, X):
    model = clone(estimator).fit(X)
    Z = np.random.default_rng(0).normal(size=(5000, 2))
    decoded, samples = model.inverse_transform(Z), model.sample(5000, random_state=0)
    error = 5 * decoded.std(axis=0) / math.sqrt(5000)
    assert (abs(decoded.mean(axis=0) - samples.mean(axis=0)) < 1.5 * error).all()
    np.testing.assert_allclose(decoded.std(axis=0), samples.std(axis=0), rtol=0.1)


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


def test_histories_have_nan_where_a_player_rested(X):
    history = GAN(encoder_max_iter=2, **FIT).fit(X).history_
    finite = {name: np.isfinite(values).tolist() for name, values in history.items()}
    assert finite["loss"] == [True] * 5
    assert finite["generator"] == finite["discriminator"] == [True] * 3 + [False] * 2
    assert finite["encoder"] == [False] * 3 + [True] * 2
    assert finite["validation_loss"] == [False] * 5
    assert history["loss"][:3] == history["generator"][:3]
    assert history["loss"][3:] == history["encoder"][3:]
    history = BiGAN(**FIT).fit(X).history_
    assert history["loss"] == history["generator"] and np.isfinite(history["discriminator"]).all()
    assert "encoder" not in history


def test_going_on_has_both_stages_again(X):
    model = GAN(encoder_max_iter=2, warm_start=True, **FIT).fit(X)
    first = answers(model, X)
    model.fit(X)
    assert model.n_iter_ == 10
    rested = np.isnan(model.history_["encoder"]).tolist()
    assert rested == ([True] * 3 + [False] * 2) * 2
    assert model.partial_fit(X).n_iter_ == 12
    assert np.isnan(model.history_["encoder"]).tolist() == [*rested, True, False]
    assert all(np.abs(a - b).max() > 0 for a, b in zip(first, answers(model, X), strict=True))


@pytest.mark.parametrize(
    "options",
    [{}, {"n_critic": 2, "gradient_penalty": "one-lipschitz"}, {"spectral_norm": True}],
)
def test_a_game_in_two_parts_is_the_game(X, options):
    """Where the rates are constant and no encoder's turn comes between."""
    model = BiGAN(**FIT | {"learning_rate_schedule": "constant", "max_iter": 4} | options)
    whole = clone(model).fit(X)
    half = clone(model).set_params(max_iter=2, warm_start=True).fit(X).fit(X)
    assert_same_model(whole, half, X)
    np.testing.assert_allclose(whole.history_["loss"], half.history_["loss"], rtol=1e-6)
    passes = clone(model)
    for _ in range(4):
        passes.partial_fit(X)
    assert_same_model(whole, passes, X)


def test_a_fit_ended_in_the_game_has_an_encoder_that_knows_nothing(X):
    model = GAN(encoder_max_iter=2, **FIT).set_callbacks(StopsAfter(1))
    with pytest.warns(ConvergenceWarning, match="stage 1 of 2"):
        model.fit(X)
    assert model.n_iter_ == 1
    assert np.isfinite(model.transform(X)).all()
    assert model.set_callbacks().partial_fit(X).n_iter_ == 3
    assert np.isfinite(model.encoder_error_)


def scripted(values, seen):
    """A quality that gives these values, and keeps what it is given."""
    values = iter(values)

    def quality(X, samples):
        seen.append((X, samples))
        return next(values)

    return quality


@both
def test_the_best_generator_is_kept(estimator, X):
    """By the samples that were compared when it was there, which are always of the same codes."""
    seen, values = [], [5.0, 3.0, 1.0, 4.0, 2.0, 2.0, 1.5]
    model = clone(estimator).set_params(
        early_stopping=True,
        validation_fraction=0.2,
        quality=scripted(values, seen),
        quality_interval=1,
        n_iter_no_change=4,
        max_iter=50,
    )
    model.fit(X)
    assert model.history_["validation_loss"][: len(values)] == values
    assert len(seen) == 7  # the best and four more without improvement
    held_out, samples = seen[2]
    assert held_out.shape == samples.shape == (12, 3)
    np.testing.assert_allclose(model.sample(12, random_state=0), samples, rtol=1e-6, atol=1e-7)
    for other, (rows, later) in enumerate(seen):
        np.testing.assert_array_equal(rows, held_out)
        assert other == 2 or np.abs(later - samples).max() > 1e-6
    # Rows of the data, but for the rounding of the module's units.
    distances = abs(held_out[:, None] - X).max(axis=2)
    assert (distances.min(axis=1) < 1e-6).all()
    assert len(set(distances.argmin(axis=1))) == 12


@pytest.mark.parametrize(("interval", "calls"), [(1, 7), (2, 4), (3, 3), (7, 2)])
def test_quality_is_measured_every_so_many_epochs(X, interval, calls):
    seen = []
    model = BiGAN(
        early_stopping=True,
        quality=scripted(itertools.count(10, -1), seen),
        quality_interval=interval,
        **FIT | {"max_iter": 7},
    ).fit(X)
    assert len(seen) == calls
    # The first epoch's, and those at which an interval ends.
    expected = [10.0 - max(0, (epoch + 1) // interval - (interval == 1)) for epoch in range(7)]
    assert model.history_["validation_loss"] == expected


def test_between_measurements_patience_runs_out(X):
    model = BiGAN(
        early_stopping=True,
        quality=lambda X, samples: 1.0,
        n_iter_no_change=6,
        **FIT | {"max_iter": 100},
    )
    assert model.fit(X).n_iter_ == 7


def test_a_stage_that_stops_gives_way_to_the_encoder(X):
    model = GAN(
        early_stopping=True,
        quality=lambda X, samples: 1.0,
        quality_interval=4,
        n_iter_no_change=4,
        encoder_max_iter=3,
        **FIT | {"max_iter": 100},
    ).fit(X)
    assert np.isfinite(model.history_["encoder"]).tolist() == [False] * 5 + [True] * 3
    validation = model.history_["validation_loss"]
    assert validation[:5] == [1.0] * 5 and np.isfinite(validation[5:]).all()


QUALITIES = {
    "kernel": (),
    "frechet": (),
    "precision-recall": ("precision", "recall"),
    "density-coverage": ("density", "coverage"),
}


@both
@pytest.mark.parametrize("quality", QUALITIES)
def test_qualities_are_the_metrics_of_the_kept_generator(estimator, quality, X):
    model = clone(estimator).set_params(early_stopping=True, validation_fraction=0.3, max_iter=1)
    seen = []
    own = clone(model).set_params(quality=scripted([0.0], seen)).fit(X)
    history = clone(model).set_params(quality=quality).fit(X).history_
    assert own.n_iter_ == len(history["loss"])
    held_out, samples = seen[0]
    parts = {
        "kernel": lambda X, S: (metrics.kernel_distance(X, S),),
        "frechet": lambda X, S: (metrics.frechet_distance(X, S),),
        "precision-recall": metrics.precision_recall,
        "density-coverage": metrics.density_coverage,
    }[quality](held_out, samples)
    loss = parts[0]
    if names := QUALITIES[quality]:
        assert [history[name][0] for name in names] == pytest.approx(list(parts), rel=1e-6)
        first, second = parts[0] if parts[0] <= 1 else 1 / parts[0], parts[1]
        loss = 1 - 2 * first * second / (first + second)
    assert history["validation_loss"][0] == pytest.approx(loss, rel=1e-5, abs=1e-7)
    assert not set(history) & ({"precision", "recall", "density", "coverage"} - set(names))


@both
@pytest.mark.parametrize(
    ("quality", "needed"), [("kernel", 2), ("precision-recall", 4), ("density-coverage", 6)]
)
def test_too_few_held_out_rows_are_named(estimator, X, quality, needed):
    model = clone(estimator).set_params(early_stopping=True, quality=quality)
    with pytest.raises(ValueError, match=rf"validation_fraction holds out.*{needed}"):
        model.fit(X[: 10 * needed - 10])
    assert not hasattr(model, "module_")
    model.fit(X[: 10 * needed])


@both
def test_partial_fit_holds_nothing_out(estimator, X):
    model = clone(estimator).set_params(early_stopping=True)
    plain = clone(estimator)
    for rows in (X[:4], X[:1]):
        assert_same_model(model.partial_fit(rows), plain.partial_fit(rows), X)


@pytest.mark.parametrize("value", [math.nan, math.inf, None, "bad"])
def test_a_quality_that_is_no_number_is_named(X, value):
    model = BiGAN(early_stopping=True, quality=lambda X, samples: value, **FIT)
    with pytest.raises(ValueError, match=f"quality.* {value!r}"):
        model.fit(X)
    assert not hasattr(model, "module_")


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


@stops_early
def test_an_encoder_that_had_no_turn_has_no_error(X):
    model = GAN(**FIT).set_callbacks(StopsAfter(1)).fit(X)
    assert not hasattr(model, "encoder_error_")
    model._repr_html_()
    assert model.set_callbacks().set_params(warm_start=True).fit(X).encoder_error_ > 0


def test_samples_that_are_not_finite_end_the_game_and_not_the_program(X):
    model = GAN(learning_rate=1e38, early_stopping=True, validation_fraction=0.3)
    with pytest.warns(ConvergenceWarning, match="learning_rate"):
        model.fit(X)
    assert np.isfinite(model.sample(3)).all()


def test_an_output_that_changes_between_warm_starts_is_named(X):
    unit = np.random.default_rng(0).random((60, 3))
    model = GAN(warm_start=True, **FIT).fit(unit).set_params(output="identity")
    with pytest.raises(ValueError, match=r"output == .identity., .* had .logistic."):
        model.fit(unit)


def test_patience_shorter_than_the_interval_is_named(X):
    model = GAN(early_stopping=True, n_iter_no_change=4, quality_interval=5, **FIT)
    with pytest.raises(ValueError, match="n_iter_no_change == 4"):
        model.fit(X)


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


def test_samples_in_the_middle_are_not_of_the_best_density():
    """Their density is far above that of real rows."""
    rng = np.random.default_rng(0)
    real, other = rng.normal(size=(2, 300, 2))
    middle = 0.1 * rng.normal(size=(300, 2))
    quality = QUALITY["density-coverage"]
    assert quality(real, middle)["validation_loss"] > 0.5
    assert quality(real, other)["validation_loss"] < 0.2
