"""A watch notices a fit that gets worse, warns, and keeps its best epoch."""

import re
import warnings
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

from skdeepunsup import BernoulliRBM, GaussianRBM
from skdeepunsup._rows import ResidentRows
from skdeepunsup.energy.base.normalized import NormalizedModel
from skdeepunsup.energy.learning.watch import Score, Watch, independent_score, short_score
from skdeepunsup.energy.likelihood.partition import exact_log_partition
from tests.energy.machines.test_pairs_of_units import machine_of

FALLING = BernoulliRBM(
    12, n_iter=40, n_chains=10, learning_rate_schedule="constant", random_state=0
)


@pytest.fixture(scope="module")
def patterns():
    """Five patterns of 30 bits, 3 % of them flipped: ten chains do not cross between them."""
    rng = np.random.default_rng(0)
    five = rng.random((5, 30)) < 0.5
    return (five[rng.integers(5, size=1000)] ^ (rng.random((1000, 30)) < 0.03)).astype(float)


@pytest.fixture(scope="module")
def fallen(patterns):
    model = clone(FALLING)
    with pytest.warns(ConvergenceWarning) as caught:
        model.fit(patterns)
    return model, str(caught[0].message)


def test_a_fit_that_got_worse_keeps_its_best_epoch_and_says_so(patterns, fallen, monkeypatch):
    model, message = fallen
    kept = re.search(r"fell from about (\S+) nats after epoch \d+ to \S+ after epoch 40", message)
    assert kept is not None
    assert model.n_iter_ == 40
    monkeypatch.setattr(NormalizedModel, "_watch", lambda self, fit: None)
    unwatched = clone(FALLING).fit(patterns)
    assert model.score(patterns) > unwatched.score(patterns) + 2
    assert model.score(patterns) == pytest.approx(float(kept[1]), abs=3)


@pytest.mark.parametrize(
    ("advised", "change"),
    [
        ("n_chains=200", {"n_chains": 200}),
        ("n_temperatures=10", {"n_temperatures": 10}),
        ("lower learning_rate", {"learning_rate": 0.01}),
    ],
)
def test_advice_of_the_warning_cures_the_fit(patterns, fallen, advised, change):
    model, message = fallen
    assert advised in message
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        cured = clone(FALLING).set_params(**change).fit(patterns)
    assert cured.score(patterns) > model.score(patterns)


def test_watching_changes_nothing_in_a_sound_fit(monkeypatch):
    X = (np.random.default_rng(0).random((100, 6)) < 0.4).astype(float)
    watched = BernoulliRBM(4, random_state=0).fit(X)
    monkeypatch.setattr(NormalizedModel, "_watch", lambda self, fit: None)
    np.testing.assert_array_equal(
        watched.components_, BernoulliRBM(4, random_state=0).fit(X).components_
    )


@pytest.mark.parametrize(("n_components", "n_looks"), [(2, 1), (300, 0)])
def test_the_look_takes_no_longer_than_a_fit(n_components, n_looks, monkeypatch):
    looks = []
    monkeypatch.setattr(
        "skdeepunsup.energy.learning.watch.short_score",
        lambda *arguments: looks.append(arguments) or Score(0.0, 0.0, 1),
    )
    X = (np.random.default_rng(0).random((50, 300)) < 0.4).astype(float)
    BernoulliRBM(n_components, n_iter=1, random_state=0).fit(X)
    assert len(looks) == n_looks


def test_rows_that_are_no_bits_are_not_judged():
    X = np.random.default_rng(0).normal(100, 1, size=(100, 2))
    with pytest.warns(UserWarning, match=r"models values in \[0, 1\]") as caught:
        BernoulliRBM(4, hidden_units="relu", n_iter=3, random_state=0).fit(X)
    assert len(caught) == 1


@pytest.mark.parametrize("scale", [0.3, 1.0])
def test_a_short_annealing_is_near_the_likelihood(scale):
    machine = machine_of(n=12, m=11, scale=scale)
    v = torch.from_numpy((np.random.default_rng(0).random((50, 12)) < 0.5).astype(float))
    exact = -float(machine.free_energy(v).mean()) - exact_log_partition(machine)
    with torch.no_grad():
        score = short_score(machine, v, 200, epoch=1)
    assert score.value == pytest.approx(exact, abs=0.4)


def test_independent_units_score_as_their_marginals(patterns):
    X = torch.from_numpy(np.random.default_rng(0).normal(2, 3, size=(500, 2)))
    machine = GaussianRBM(2, n_iter=1, random_state=0).fit(X.numpy()).module_.double()
    expected = -0.5 * (1 + np.log(2 * np.pi)) * 2 - np.log(X.numpy().std(0)).sum()
    assert independent_score(machine, ResidentRows(X), X) == pytest.approx(expected, abs=1e-4)


def test_a_fit_below_independent_units_says_which_epoch_it_keeps():
    watch = Watch(objective=SimpleNamespace(n_sweeps=1), rows=range(9), batch_size=3, advice="")
    watch.best, watch.last = Score(-9.0, 1.0, epoch=2), Score(-9.6, 1.0, epoch=4)
    watch.independent = -2.0
    assert "the parameters of epoch 2, which are better, are kept" in watch.verdict()
    watch.best = watch.last
    assert "kept" not in watch.verdict()
