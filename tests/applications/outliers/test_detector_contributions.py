"""What each feature adds to a row's score."""

import numpy as np
import pytest
from sklearn.base import clone

from skdeepunsup import Autoencoder, CategoricalRBM, OutlierDetector, VariationalAutoencoder
from skdeepunsup.applications.outliers import scores as outlier_scores
from tests.applications.outliers.models import (
    DETERMINISTIC,
    MODELS,
    PAIRS,
    SEED,
    D,
    detector_of,
    each_pair,
    every,
    fitted,
    has,
)


@every
def test_contributions_of_reconstruction_errors_add_up(model, X):
    detector = detector_of(model, "reconstruction-error")
    parts = detector.feature_contributions(X)
    assert parts.shape == X.shape
    assert parts.min() >= 0
    np.testing.assert_allclose(parts.sum(1), -detector.score_samples(X), rtol=1e-6)


@pytest.mark.parametrize(
    "model, criterion",
    [
        pair
        for pair in PAIRS
        if pair[1] != "reconstruction-error"
        and not (isinstance(pair[0], DETERMINISTIC) and pair[1] == "auto")
    ],
    ids=repr,
)
def test_other_contributions_are_what_the_usual_value_would_gain(model, criterion, X):
    detector = detector_of(model, criterion)
    usual, expected = detector.estimators_[0].reconstruct(X), np.empty_like(X)
    for i in range(D):
        changed = X.copy()
        changed[:, i] = usual[:, i]
        expected[:, i] = detector.score_samples(changed) - detector.score_samples(X)
    np.testing.assert_allclose(detector.feature_contributions(X), expected, rtol=1e-6, atol=1e-8)
    assert np.abs(expected).max() > 0.01


@each_pair
def test_the_planted_feature_contributes_most(model, criterion, X):
    detector = OutlierDetector(fitted(model, 60), criterion=criterion).fit(X)
    planted = X[:20].copy()
    which = np.arange(20) % D
    planted[np.arange(20), which] += 8
    found = detector.feature_contributions(planted).argmax(1)
    assert (found == which).mean() > 0.7  # of 0.2 by chance


@pytest.mark.parametrize("criterion", ["auto", "log-likelihood", "reconstruction-error"])
@pytest.mark.parametrize(
    "model",
    [
        Autoencoder(2, missing="mask", max_iter=5, **SEED),
        VariationalAutoencoder(2, missing="mask", max_iter=5, **SEED),
        CategoricalRBM(4, n_iter=5, n_categories=2, **SEED),
    ],
    ids=repr,
)
def test_a_missing_entry_adds_nothing(model, criterion, bits):
    X = bits.copy()
    X[np.random.default_rng(0).random(X.shape) < 0.2] = np.nan
    if not has(model, criterion):
        return
    detector = OutlierDetector(clone(model), criterion=criterion).fit(X)
    assert np.isfinite(detector.score_samples(X)).all()
    if isinstance(model, CategoricalRBM) and criterion != "reconstruction-error":
        return  # an expected code is none
    parts = detector.feature_contributions(X)
    assert np.isfinite(parts).all()
    np.testing.assert_array_equal(parts[np.isnan(X)], 0)
    assert (parts[~np.isnan(X)] != 0).mean() > 0.9


@each_pair
@pytest.mark.parametrize("entries", [1, 60, 1000])
def test_how_many_rows_are_scored_at_a_time_does_not_matter(
    model, criterion, entries, X, monkeypatch
):
    detector, X = detector_of(model, criterion), X[:30]
    expected = detector.feature_contributions(X)
    monkeypatch.setattr(outlier_scores, "MAX_ENTRIES", entries)
    np.testing.assert_allclose(detector.feature_contributions(X), expected, rtol=1e-9, atol=1e-9)


def test_contributions_leave_the_caller_s_array_alone(X):
    X.flags.writeable = False
    before = X.copy()
    OutlierDetector(clone(MODELS[0])).fit(X).feature_contributions(X)
    np.testing.assert_array_equal(X, before)
