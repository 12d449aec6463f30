"""Early stopping of a GAN by the quality of its samples: what is measured, when, and kept."""

import itertools
import math

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

from skdeepunsup import GAN, BiGAN, metrics
from skdeepunsup.adversarial.learning.quality import QUALITIES as QUALITY
from tests.adversarial.models import FIT, assert_same_model, both, normal_rows


@pytest.fixture
def X():
    return normal_rows()


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


def test_samples_that_are_not_finite_end_the_game_and_not_the_program(X):
    model = GAN(learning_rate=1e38, early_stopping=True, validation_fraction=0.3)
    with pytest.warns(ConvergenceWarning, match="learning_rate"):
        model.fit(X)
    assert np.isfinite(model.sample(3)).all()


def test_patience_shorter_than_the_interval_is_named(X):
    model = GAN(early_stopping=True, n_iter_no_change=4, quality_interval=5, **FIT)
    with pytest.raises(ValueError, match="n_iter_no_change == 4"):
        model.fit(X)


def test_samples_in_the_middle_are_not_of_the_best_density():
    """Their density is far above that of real rows."""
    rng = np.random.default_rng(0)
    real, other = rng.normal(size=(2, 300, 2))
    middle = 0.1 * rng.normal(size=(300, 2))
    quality = QUALITY["density-coverage"]
    assert quality(real, middle)["validation_loss"] > 0.5
    assert quality(real, other)["validation_loss"] < 0.2
