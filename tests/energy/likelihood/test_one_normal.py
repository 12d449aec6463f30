"""One normal distribution with all covariances, which a long fit is compared with."""

import warnings

import numpy as np
import pytest
import torch
from scipy.stats import multivariate_normal
from sklearn.decomposition import PCA
from sklearn.exceptions import ConvergenceWarning
from sklearn.pipeline import make_pipeline

from skdeepunsup import GaussianRBM
from skdeepunsup._rows import ResidentRows
from skdeepunsup.energy.likelihood.one_normal import LEAST_VARIANCE, one_normal_score


def correlated(n, d=4):
    rng = np.random.default_rng(0)
    return 1 + rng.normal(size=(n, d)) @ rng.normal(size=(d, d))


def score(X, V):
    return one_normal_score(ResidentRows(torch.from_numpy(X)), torch.from_numpy(V))


def test_it_is_the_density_less_akaike_s_correction():
    X, d, n = correlated(500), 4, 500
    normal = multivariate_normal(X.mean(0), np.cov(X.T, ddof=0))
    expected = normal.logpdf(X[:100]).mean() - d * (d + 3) / 2 / n
    assert score(X, X[:100]) == pytest.approx(expected, rel=1e-9)


def test_on_average_it_is_the_density_of_new_rows():
    rows = correlated(40_000)
    parts = rows[:20_000].reshape(500, 40, 4)
    scores = [score(part, part) for part in parts]
    new = [
        multivariate_normal(part.mean(0), np.cov(part.T, ddof=0)).logpdf(rows[20_000:]).mean()
        for part in parts
    ]
    noise = np.std(np.subtract(scores, new)) / np.sqrt(len(parts))
    # Akaike's correction is that of many rows: for 40 it is too small by some hundredths.
    assert abs(np.mean(scores) - np.mean(new)) < 0.15 + 5 * noise


def test_features_that_sum_to_one_have_a_bound():
    X = np.eye(3)[np.arange(60) % 3]
    bound = -0.5 * 3 * np.log(2 * np.pi * LEAST_VARIANCE)
    assert np.isfinite(score(X, X))
    assert score(X, X) < bound


def test_too_few_rows_say_nothing():
    assert score(correlated(5), correlated(5)) == -np.inf


def test_a_machine_that_learns_correlations_too_slowly_says_so_and_its_advice_helps():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 4)) @ rng.normal(size=(4, 12)) + 0.3 * rng.normal(size=(200, 12))
    machine = GaussianRBM(2, n_iter=340, random_state=0)
    with pytest.warns(
        ConvergenceWarning, match=r"by one normal .*density, put .*PCA\(whiten=True\)"
    ):
        machine.fit(X)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        make_pipeline(PCA(whiten=True), machine).fit(X)
