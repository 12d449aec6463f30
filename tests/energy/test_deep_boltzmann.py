"""DeepBoltzmannMachine: what the estimator promises."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_digits, load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from skdeepunsup import DeepBoltzmannMachine
from skdeepunsup.energy.machines import layered
from tests.callbacks import StopsAfter, stops_early
from tests.energy.machines.test_layered import (
    all_states,
    by_visible,
    count_states,
    monte_carlo_floor,
    total_variation,
)


@pytest.fixture
def bound(monkeypatch):
    """As if machines were too large for the free energy to be enumerated."""
    monkeypatch.setattr(layered, "MAX_ENUMERATED_HIDDEN", -1)


@pytest.mark.filterwarnings("ignore:The code hardly varies")  # that of (3, 2, 2)
@pytest.mark.parametrize("sizes", [(3,), (3, 2), (3, 2, 2)], ids=str)
def test_samples_follow_the_scores(sizes):
    X = np.repeat(np.eye(4)[[0, 1, 1, 3]], 20, axis=0)
    model = DeepBoltzmannMachine(sizes, n_iter=50, learning_rate=0.1, random_state=0).fit(X)
    p = np.exp(model.score_samples(all_states(4).numpy()))
    assert p.sum() == pytest.approx(1, abs=1e-6)
    drawn = model.sample(20_000, n_steps=50, random_state=0)
    assert total_variation(count_states(drawn), p) < monte_carlo_floor(p, 20_000)
    known = drawn[:, :2].astype(bool).any(1)
    given = model.sample(20_000, n_steps=50, given=[1, np.nan, np.nan, 0], random_state=0)
    assert known.any() and (given[:, 0] == 1).all() and (given[:, 3] == 0).all()
    conditional = np.where((all_states(4)[:, 0] == 1) & (all_states(4)[:, 3] == 0), p, 0)
    conditional /= conditional.sum()
    assert total_variation(count_states(given), conditional) < monte_carlo_floor(
        conditional, 20_000
    )


def test_bounds_sum_to_less_than_one(bound):
    X = np.repeat(np.eye(4)[[0, 1, 1, 3]], 20, axis=0)
    model = DeepBoltzmannMachine((6, 5), n_iter=30, learning_rate=0.2, random_state=0).fit(X)
    V = all_states(4)
    exact = by_visible(model.module_.in_double()).log_softmax(0).numpy()
    assert (model.score_samples(V.numpy()) <= exact + 1e-9).all()
    assert np.exp(model.score_samples(V.numpy())).sum() < 1


def test_a_code_that_hardly_varies_is_named_and_tells_classes_apart_if_scaled():
    X, y = load_iris(return_X_y=True)
    X = MinMaxScaler().fit_transform(X)
    with pytest.warns(UserWarning, match=r"The code hardly varies.*Put StandardScaler\(\) after"):
        Z = DeepBoltzmannMachine((128, 64), random_state=0).fit_transform(X)
    assert LogisticRegression().fit(Z, y).score(Z, y) < 0.8
    scaled = make_pipeline(StandardScaler(), LogisticRegression())
    assert scaled.fit(Z, y).score(Z, y) > 0.9


@stops_early
@pytest.mark.parametrize("stopped", [1, 2])
def test_stages_that_are_over_are_those_of_a_fit_that_was_not_stopped(digits, stopped):
    options = {"averaging": 0.5, "learning_rate_schedule": "constant", "random_state": 0}
    model = DeepBoltzmannMachine((8, 4), n_iter=1, **options)
    whole = clone(model).fit(digits)
    model.set_callbacks(StopsAfter(stopped)).fit(digits)
    again = pickle.loads(pickle.dumps(model.set_callbacks())).partial_fit(digits)
    assert again.n_iter_ == 3
    np.testing.assert_array_equal(again.transform(digits), whole.transform(digits))


@pytest.fixture(scope="module")
def digits():
    X, _ = load_digits(return_X_y=True)
    return X / 16


@pytest.fixture(scope="module")
def model(digits):
    return DeepBoltzmannMachine((64, 32), resample=True, random_state=0).fit(digits)


def test_it_learns_the_digits(digits, model):
    independent = digits.mean(0).clip(1e-3, 1 - 1e-3)
    bits = (np.random.default_rng(0).random(digits.shape) < digits).astype(float)
    base = (bits * np.log(independent) + (1 - bits) * np.log1p(-independent)).sum(1).mean()
    log_z = model.log_partition("ais", n_temperatures=500, n_chains=50).value
    assert -model.free_energy(bits).mean() - log_z > base + 2.5


def test_activities_are_every_layer_s_means(digits, model):
    first, top = model.activities(digits[:7])
    assert first.shape == (7, 64)
    np.testing.assert_array_equal(top, model.transform(digits[:7]))
    W, b = model.coefs_, model.intercepts_
    assert [w.shape for w in W] == [(64, 64), (64, 32)]
    assert [len(c) for c in b] == [64, 64, 32]
    expected = 1 / (1 + np.exp(-(digits[:7] @ W[0] + top @ W[1].T + b[1])))
    np.testing.assert_allclose(first, expected, atol=1e-6)


def test_no_layers_are_refused(digits):
    with pytest.raises(ValueError, match="hidden_layer_sizes"):
        DeepBoltzmannMachine(()).fit(digits)


def test_going_on_is_joint(digits):
    model = DeepBoltzmannMachine((8, 4), pretraining_iter=2, n_iter=3, random_state=0).fit(digits)
    assert model.n_iter_ == 2 * 2 + 3
    assert model.partial_fit(digits).n_iter_ == 8
    first = DeepBoltzmannMachine((8, 4), random_state=0).partial_fit(digits)
    assert first.n_iter_ == 3
    assert first.partial_fit(digits).n_iter_ == 4
