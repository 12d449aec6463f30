"""GAN(conditional=True) learns: rows of a class that is asked for, and the class of a row."""

import copy

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skdeepunsup import GAN
from skdeepunsup.adversarial.learning.games import GAMES
from tests.adversarial.models import CONDITIONAL


@pytest.fixture(scope="module")
def easy():
    """Three clusters far apart, of 200, 300 and 100 rows: the class is where a row lies."""
    rng = np.random.default_rng(0)
    centres = np.array([[5.0, 0.0], [-5.0, 3.0], [0.0, -6.0]])
    places = rng.permutation(np.repeat([0, 1, 2], [200, 300, 100]))
    names = np.array(["east", "north", "south"])
    return centres[places] + 0.5 * rng.normal(size=(600, 2)), names[places], centres


@pytest.fixture(scope="module")
def fitted(easy):
    X, y, _ = easy
    model = GAN(2, conditional=True, hidden_layer_sizes=(32, 32), learning_rate=2e-3)
    return model.set_params(max_iter=40, encoder_max_iter=20, random_state=0).fit(X, y)


def nearest(samples, centres):
    return np.linalg.norm(samples[:, None] - centres, axis=2).argmin(axis=1)


@pytest.mark.parametrize("place", [0, 1, 2])
def test_rows_of_a_class_lie_where_the_class_does(easy, fitted, place):
    _, y, centres = easy
    samples = fitted.sample(300, y=np.unique(y)[place], random_state=0)
    assert (nearest(samples, centres) == place).mean() > 0.95
    assert np.linalg.norm(samples.mean(axis=0) - centres[place]) < 1.5


def test_each_row_is_of_its_own_class(easy, fitted):
    _, _, centres = easy
    wanted = np.random.default_rng(3).integers(0, 3, 300)
    samples = fitted.sample(300, y=fitted.classes_[wanted], random_state=0)
    assert (nearest(samples, centres) == wanted).mean() > 0.95


@pytest.mark.parametrize("loss", [loss for loss in GAMES if loss != "non-saturating"])
def test_every_game_learns_classes(easy, fitted, loss):
    X, y, centres = easy
    model = clone(fitted).set_params(loss=loss, encoder_max_iter=1).fit(X, y)
    samples = model.sample(300, y=np.repeat(model.classes_, 100), random_state=0)
    assert (nearest(samples, centres) == np.repeat([0, 1, 2], 100)).mean() > 0.95


def test_samples_without_a_class_are_of_all(easy, fitted):
    _, y, centres = easy
    samples = fitted.sample(3000, random_state=0)
    counts = np.bincount(nearest(samples, centres), minlength=3)
    expected = 3000 * np.unique(y, return_counts=True)[1] / len(y)
    # A few rows of a class may lie near another's: as above, fewer than one in twenty.
    error = 4 * np.sqrt(expected) + 0.05 * expected
    assert (abs(counts - expected) < error).all()


def test_the_last_columns_of_codes_are_probabilities_that_classify(easy, fitted):
    X, y, _ = easy
    codes = fitted.transform(X)
    assert codes.shape == (600, 2 + 3)
    probability = codes[:, 2:]
    assert (probability >= 0).all()
    np.testing.assert_allclose(probability.sum(axis=1), 1, rtol=1e-6)
    assert (fitted.classes_[probability.argmax(axis=1)] == y).mean() > 0.95


def test_one_hot_codes_are_rows_of_the_class(easy, fitted):
    _, _, centres = easy
    z = np.random.default_rng(0).normal(size=(300, 2))
    wanted = np.random.default_rng(1).integers(0, 3, 300)
    rows = fitted.inverse_transform(np.c_[z, np.eye(3)[wanted]])
    assert (nearest(rows, centres) == wanted).mean() > 0.95
    assert (nearest(fitted.reconstruct(easy[0]), centres) == nearest(easy[0], centres)).mean() > 0.9


def test_the_history_tells_of_the_class(easy, fitted):
    surprise = np.array(fitted.history_["class"])
    assert np.isnan(surprise[:40]).all() and np.isfinite(surprise[40:]).all()
    assert surprise[-1] < 0.3 * np.log(3)  # of a guess
    loss = np.array(fitted.history_["encoder"]) + surprise
    np.testing.assert_allclose(fitted.history_["loss"][40:], loss[40:], rtol=1e-5)
    assert fitted.encoder_error_ == fitted.history_["encoder"][-1] / 2


def test_discrimination_is_by_the_class_that_the_encoder_sees(easy, fitted):
    X, _, _ = easy
    probability = fitted.discriminate(X)
    assert (probability >= 0).all() and (probability <= 1).all()
    module = copy.deepcopy(fitted.module_).double()
    with torch.no_grad():
        d = module.discriminator(torch.tensor(module.scaling.standardized(X))).numpy()
    expected = (fitted.transform(X)[:, 2:] * d).sum(axis=1)
    np.testing.assert_allclose(fitted.score_samples(X), expected, rtol=1e-9, atol=1e-9)


def test_streamed_rows_keep_their_classes(easy, fitted, tmp_path):
    X, y, _ = easy
    np.save(tmp_path / "X.npy", X)
    model = clone(fitted).set_params(max_iter=2, encoder_max_iter=1, early_stopping=True)
    expected = clone(model).fit(X, y).transform(X)
    for kind in (sp.csr_array(X), np.load(tmp_path / "X.npy", mmap_mode="r")):
        codes = clone(model).fit(kind, y).transform(X)
        np.testing.assert_allclose(codes, expected, rtol=1e-5, atol=1e-5)


def test_early_stopping_compares_rows_of_the_same_classes(easy, fitted):
    """For each held-out row there is a sample of its class; they match the better, the nearer."""
    _, _, centres = easy
    X, y, seen = easy[0], easy[1], []

    def quality(X, samples):
        seen.append((nearest(X, centres), nearest(samples, centres)))
        return -float(len(seen))

    model = clone(fitted).set_params(early_stopping=True, quality=quality, encoder_max_iter=3)
    model.fit(X, y)
    real, made = seen[-1]
    assert len(real) == 60 and len(seen) == 9
    assert (real == made).mean() > 0.9
    assert {"validation_encoder", "validation_class"} <= set(model.history_)
    assert np.isfinite(model.history_["validation_class"][-1])


def test_it_works_in_a_pipeline_and_a_search(easy):
    X, y, _ = easy
    model = clone(CONDITIONAL).set_params(max_iter=20, encoder_max_iter=10, learning_rate=3e-3)
    pipeline = make_pipeline(StandardScaler(), model, LogisticRegression()).fit(X, y)
    assert pipeline.score(X, y) > 0.9
    assert pipeline[1].classes_.tolist() == np.unique(y).tolist()
    grid = {"gan__n_components": [1, 2]}
    search = GridSearchCV(make_pipeline(StandardScaler(), clone(CONDITIONAL)), grid, cv=2).fit(X, y)
    assert search.best_estimator_[-1].sample(3, y="east").shape == (3, 2)
