"""DeepBeliefNetwork: what the estimator promises."""

import math
import pickle

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.datasets import load_digits

from skdeepunsup import BernoulliRBM, DeepBeliefNetwork
from skdeepunsup.energy.learning.contrastive import ContrastiveDivergence
from tests.callbacks import StopsAfter, stops_early
from tests.energy.likelihood.test_bound import (
    SIZES,
    N,
    all_states,
    exact_log_likelihood,
    random_network,
)


def bits(n_rows=200, n_features=6, seed=0):
    """One hidden cause, which often determines two of three groups of features."""
    rng = np.random.default_rng(seed)
    cause = rng.random((n_rows, 1)) < 0.5
    groups = cause ^ (rng.random((n_rows, n_features // 2)) < 0.15)
    return np.repeat(groups, 2, axis=1).astype(float)


def digits():
    return (load_digits().data > 7).astype(float)


def test_one_layer_is_the_restricted_machine():
    X = bits()
    network = DeepBeliefNetwork((5,), random_state=0).fit(X)
    machine = BernoulliRBM(5, random_state=0).fit(X)
    np.testing.assert_allclose(network.score_samples(X), machine.score_samples(X), rtol=1e-12)
    np.testing.assert_array_equal(network.transform(X), machine.transform(X))
    assert network.log_partition("exact") == machine.log_partition("exact")


def test_first_layer_learns_what_the_restricted_machine_learns():
    X = bits()
    network = DeepBeliefNetwork((5, 4), random_state=0).fit(X)
    machine = BernoulliRBM(5, random_state=0).fit(X)
    np.testing.assert_array_equal(network.module_.layers[0].W.T, machine.components_)
    np.testing.assert_array_equal(network.activities(X)[0], machine.transform(X))


def test_second_layer_raises_the_bound():
    """Both figures are exact: q is enumerated, and so is log Z."""
    X = digits()[:600]
    one, two = (
        DeepBeliefNetwork(sizes, n_iter=20, random_state=0).fit(X).score(X)
        for sizes in ((10,), (10, 64))
    )
    assert two > one + 0.02


def test_a_layer_starts_as_high_as_the_one_below_ended():
    X = digits()[:600, ::4]  # 16 features
    one, wide, narrow = (
        DeepBeliefNetwork(
            sizes, n_iter=20, learning_rate=(0.1, 1e-30)[: len(sizes)], random_state=0
        )
        .fit(X)
        .score(X)
        for sizes in ((8,), (8, 16), (8, 15))
    )
    assert wide == pytest.approx(one, abs=1e-3)
    assert narrow < one - 0.05


def test_up_down_raises_the_bound_and_unties_the_weights():
    X = bits(400, 8)
    greedy = DeepBeliefNetwork((6, 3), random_state=0, n_iter=10)
    tuned = clone(greedy).set_params(fine_tuning="up-down", fine_tuning_iter=20, batch_size=5)
    greedy.fit(X)
    tuned.fit(X)
    assert tuned.score(X) > greedy.score(X) + 0.1
    network = tuned.module_
    assert (network.recognition[0] - network.layers[0].W).abs().max() > 0.01
    again = pickle.loads(pickle.dumps(tuned))
    assert torch.equal(again.module_.recognition[0], network.recognition[0])
    np.testing.assert_array_equal(again.score_samples(X), tuned.score_samples(X))


def test_up_down_is_not_for_a_network_that_was_fitted_without():
    greedy = DeepBeliefNetwork((5, 4), n_iter=1, random_state=0).fit(bits())
    with pytest.raises(ValueError, match="fine_tuning"):
        greedy.set_params(fine_tuning="up-down").partial_fit(bits())


def total_variation(counts, p):
    return 0.5 * np.abs(counts / counts.sum() - p).sum()


def monte_carlo_floor(p, n):
    """Mean total variation of n exact draws."""
    draws = np.random.default_rng(1).multinomial(n, p / p.sum(), size=400)
    return np.mean([total_variation(d, p) for d in draws])


@pytest.mark.parametrize("sizes", SIZES)
def test_samples_follow_the_distribution(sizes):
    n = 50_000
    model = DeepBeliefNetwork(sizes, n_iter=1, random_state=0).fit(bits(20, N))
    model.module_ = random_network(sizes)
    V = model.sample(n, n_steps=100, random_state=0)
    counts = np.bincount((V @ 2 ** np.arange(N)[::-1]).astype(int), minlength=2**N)
    p = exact_log_likelihood(model.module_, all_states(N)).exp().numpy()
    assert total_variation(counts, p) < 4 * monte_carlo_floor(p, n)


@pytest.mark.parametrize("depth", [None, 1, 2, 3])
def test_codes_of_each_depth_go_there_and_back(depth):
    X = bits()
    model = DeepBeliefNetwork((5, 4, 3), depth=depth, n_iter=2, random_state=0).fit(X)
    activities = model.activities(X)
    assert [layer.shape for layer in activities] == [(200, 5), (200, 4), (200, 3)]
    Z = model.transform(X)
    np.testing.assert_array_equal(Z, activities[(depth or 3) - 1])
    assert model.inverse_transform(Z).shape == X.shape
    assert len(model.get_feature_names_out()) == Z.shape[1]


def test_history_says_which_layer_learned():
    X = bits()
    tuned = {"fine_tuning": "up-down", "fine_tuning_iter": 1, "validation_fraction": 0.2}
    model = DeepBeliefNetwork((5, 4), n_iter=2, random_state=0, **tuned).fit(X)
    assert model.history_["layer"] == [1, 1, 2, 2, 0]
    assert np.isfinite(model.history_["validation_loss"]).all()
    assert model.partial_fit(X).history_["layer"] == [1, 1, 2, 2, 0, 0]
    greedy = DeepBeliefNetwork((5, 4), random_state=0).partial_fit(X).partial_fit(X)
    assert greedy.history_["layer"] == [1, 2, 1, 2]


@stops_early
def test_a_fit_that_was_stopped_goes_on_with_the_layers_left():
    X = bits()
    model = DeepBeliefNetwork((5, 4), fine_tuning="up-down", random_state=0)
    model.set_callbacks(StopsAfter(1)).fit(X)
    assert model.n_iter_ == 1
    assert not model.module_.layers[1].W.any()
    assert torch.equal(model.module_.recognition[0], model.module_.layers[0].W)  # still tied
    model.set_callbacks().partial_fit(X)
    assert model.history_["layer"] == [1, 1, 2, 0]  # of the first there were ten passes to come
    assert model.module_.layers[1].W.any()
    assert model.partial_fit(X).history_["layer"] == [1, 1, 2, 0, 0]


@stops_early
@pytest.mark.parametrize("stopped", [1, 2])
def test_stages_that_are_over_are_those_of_a_fit_that_was_not_stopped(stopped):
    X = bits()
    options = {"fine_tuning": "up-down", "averaging": 0.5, "learning_rate_schedule": "constant"}
    model = DeepBeliefNetwork((5, 4), n_iter=1, fine_tuning_iter=1, random_state=0, **options)
    whole = clone(model).fit(X)
    model.set_callbacks(StopsAfter(stopped)).fit(X)
    again = pickle.loads(pickle.dumps(model.set_callbacks())).partial_fit(X)
    assert again.history_["layer"] == [1, 2, 0]
    np.testing.assert_array_equal(again.transform(X), whole.transform(X))


def test_chains_start_at_the_first_batch_of_each_layer_but_the_lowest(monkeypatch):
    starts = []
    monkeypatch.setattr(
        ContrastiveDivergence, "start_chains", lambda self, x: starts.append((self.machine, len(x)))
    )
    options = {"fine_tuning": "up-down", "batch_size": 30, "random_state": 0}
    model = DeepBeliefNetwork((5, 4, 3), n_iter=2, **options).fit(bits())
    assert starts == [(machine, 30) for machine in model.module_.layers[1:]]


@pytest.mark.filterwarnings("ignore:X has no value in the columns")
def test_missing_categories_are_filled_and_not_scored():
    X = np.repeat(np.random.default_rng(0).integers(3, size=(200, 1)), 4, axis=1).astype(float)
    options = {"visible_units": "categorical", "random_state": 0}
    model = DeepBeliefNetwork((8, 6), n_iter=100, **options).fit(X)
    holes = X.copy()
    holes[:, 2] = np.nan
    np.testing.assert_array_equal(model.reconstruct(holes).round()[:, 2], X[:, 2])
    with pytest.raises(ValueError, match="missing"):
        model.score_samples(holes)
    with pytest.raises(ValueError, match="code"):
        model.transform(X + 1)
    assert np.isfinite(clone(model).set_params(n_iter=1).fit(holes).transform(holes)).all()


def test_gaussian_bottom_beats_independent_gaussians():
    X = load_digits().data[:, [20, 21, 28, 29, 36, 37]]
    X = (X - X.mean(0)) / X.std(0)
    model = DeepBeliefNetwork((20, 20), visible_units="gaussian", n_iter=8, random_state=0).fit(X)
    assert model.score(X) > -0.5 * 6 * (1 + math.log(2 * math.pi)) + 0.5


def test_learning_rates_may_differ_by_layer():
    def weights(*rates):
        model = DeepBeliefNetwork((5, 4), learning_rate=rates, n_iter=5, random_state=0)
        return [machine.W for machine in model.fit(bits()).module_.layers]

    first, standing = weights(0.1, 1e-30)
    same, still = weights(0.1, 1e-20)
    assert torch.equal(first, same)
    assert torch.equal(standing, still)
    assert not torch.equal(standing, weights(0.1, 0.1)[1])
    assert not torch.equal(first, weights(0.01, 1e-30)[0])


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ({"hidden_layer_sizes": ()}, "hidden_layer_sizes"),
        ({"visible_units": "poisson"}, "visible_units"),
        ({"n_categories": 1}, "n_categories"),
        ({"depth": 0}, "depth"),
        ({"depth": 3}, "depth == 3, but there are 2"),
        ({"fine_tuning": "down-up"}, "fine_tuning"),
        ({"fine_tuning_iter": 0}, "fine_tuning_iter"),
        ({"learning_rate": (0.1,)}, "learning_rate.*1 entries for 2"),
        ({"learning_rate": (0.1, -1)}, "learning_rate"),
        ({"averaging": 1.0}, "averaging"),
        ({"min_variance": 0.0}, "min_variance"),
        ({"resample": True, "visible_units": "gaussian"}, "resample"),
    ],
)
def test_bad_parameters_are_named(bad, message):
    with pytest.raises((ValueError, TypeError), match=message):
        DeepBeliefNetwork(**({"hidden_layer_sizes": (5, 4)} | bad)).fit(bits())


def test_values_outside_the_unit_interval_are_named():
    with pytest.warns(UserWarning, match="DeepBeliefNetwork models values in"):
        DeepBeliefNetwork((5, 4), n_iter=1).fit(bits() + 1)


def test_a_narrower_layer_s_code_tells_rows_apart_after_few_updates():
    X = load_digits().data[:900] / 16
    model = DeepBeliefNetwork((64, 32), random_state=0).fit(X)
    assert model.transform(X).std(0).mean() > 0.003  # 0.0002 from weights near 0
