"""BernoulliRBM: what it promises beside the shared laws."""

import copy
import itertools
import math
import pickle

import numpy as np
import pytest
import torch
from sklearn import neural_network

from skdeepunsup import BernoulliRBM
from skdeepunsup.energy.likelihood import partition

BITS = np.array(list(itertools.product([0.0, 1.0], repeat=6)))


@pytest.fixture(scope="module")
def X():
    """Three bits, each doubled: six features whose likelihood is at best 3 log(1/2)."""
    X = np.repeat((np.random.default_rng(0).random((500, 3)) < 0.5).astype(float), 2, axis=1)
    X.flags.writeable = False
    return X


@pytest.fixture(scope="module")
def fitted_once(X):
    params = {"learning_rate": 0.2, "batch_size": 20, "n_chains": 50, "n_iter": 100}
    return BernoulliRBM(8, random_state=0, **params).fit(X)


@pytest.fixture
def fitted(fitted_once):
    """A copy, which a test may go on training."""
    return copy.deepcopy(fitted_once)


def test_probabilities_sum_to_one(fitted):
    assert np.exp(fitted.score_samples(BITS)).sum() == pytest.approx(1, abs=1e-6)


def test_it_learns_the_distribution(fitted, X):
    assert fitted.score(X) > 3 * math.log(1 / 2) - 0.15


def test_log_likelihood_is_minus_free_energy_minus_log_partition(fitted, X):
    exact = fitted.log_partition("exact")
    assert exact.value == exact.lower == exact.upper
    expected = -fitted.free_energy(X) - exact.value
    np.testing.assert_allclose(fitted.score_samples(X), expected, rtol=1e-12)


def test_annealing_covers_the_exact_value(fitted):
    exact, estimate = fitted.log_partition("exact").value, fitted.log_partition("ais")
    assert estimate.lower <= exact <= estimate.upper
    assert estimate.lower < estimate.value < estimate.upper
    assert fitted.log_partition("ais") == estimate  # one seed, one answer


def test_long_chains_sample_the_likelihood(X):
    """Total variation between sample and score_samples stays within the Monte-Carlo floor."""
    fitted = BernoulliRBM(8, learning_rate=0.2, n_chains=50, n_iter=15, random_state=0).fit(X)
    n = 40_000
    v = fitted.sample(n, n_steps=300, random_state=0)
    counts = np.bincount((v @ 2 ** np.arange(6)[::-1]).astype(int), minlength=64)
    p = np.exp(fitted.score_samples(BITS))
    draws = np.random.default_rng(0).multinomial(n, p / p.sum(), size=400)
    floor = 0.5 * np.abs(draws / n - p).sum(1)
    assert 0.5 * np.abs(counts / n - p).sum() < floor.mean() + 5 * floor.std()


def test_pseudo_likelihood_is_deterministic_and_binds_the_likelihood(fitted, X):
    first = fitted.pseudo_likelihood(X)
    np.testing.assert_array_equal(first, fitted.pseudo_likelihood(X))
    assert first.mean() > fitted.score(X)  # its bits are told more than those of a chain rule


def test_log_partition_is_kept_until_the_parameters_change(fitted, X, monkeypatch):
    calls = []
    original = partition.log_partition

    def counted(*args, **kwargs):
        calls.append(1)
        return original(*args, **kwargs)

    monkeypatch.setattr(partition, "log_partition", counted)
    before = fitted.score(X)
    assert fitted.score(X) == before
    assert len(calls) == 1
    fitted.partial_fit(X)
    assert fitted.score(X) != before
    assert len(calls) == 2
    fitted.module_.b.data += 1.0
    fitted.score(X)
    assert len(calls) == 3
    assert np.exp(fitted.score_samples(BITS)).sum() == pytest.approx(1, abs=1e-6)


def test_too_much_to_enumerate_is_refused():
    wide = BernoulliRBM(40, n_iter=1).fit(np.eye(35))
    with pytest.raises(ValueError, match=r"2\*\*35.*'ais'"):
        wide.log_partition("exact")
    with pytest.raises(ValueError, match="method"):
        wide.log_partition("guess")


def test_fitted_attributes_are_those_of_scikit_learn(X):
    ours = BernoulliRBM(5, batch_size=7, n_chains=7, n_iter=2, random_state=0).fit(X)
    theirs = neural_network.BernoulliRBM(5, batch_size=7, n_iter=2, random_state=0).fit(X)
    for name in ("components_", "intercept_hidden_", "intercept_visible_", "h_samples_"):
        assert getattr(ours, name).shape == getattr(theirs, name).shape
    assert set(theirs.get_params()) <= set(ours.get_params())
    defaults, expected = BernoulliRBM().get_params(), neural_network.BernoulliRBM().get_params()
    assert {name: defaults[name] for name in expected} == expected


def test_components_give_the_transform(fitted, X):
    expected = 1 / (1 + np.exp(-(X @ fitted.components_.T + fitted.intercept_hidden_)))
    np.testing.assert_allclose(fitted.transform(X), expected, rtol=1e-6)


def test_h_samples_survive_pickling(fitted):
    again = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(fitted.h_samples_, again.h_samples_)
    assert set(np.unique(fitted.h_samples_)) <= {0, 1}


def test_a_big_partial_fit_steps_the_right_way_whatever_the_chains(X):
    """Each phase is divided by its own count: 10 chains against 500 rows are no weaker."""
    model = BernoulliRBM(8, batch_size=500, n_chains=10, learning_rate=0.2, random_state=0)
    first = model.partial_fit(X).score(X)
    for _ in range(299):
        model.partial_fit(X)
    assert model.score(X) > first + 1


def test_first_update_starts_at_the_data_s_means(X):
    model = BernoulliRBM(4, learning_rate=1e-12, n_iter=1, random_state=0).fit(X)
    first = np.full((1, 4), 1 / (1 + np.exp(1)))  # E[h] at the hidden units' first bias, −1
    np.testing.assert_allclose(model.inverse_transform(first)[0], X.mean(0), atol=0.01)


@pytest.mark.parametrize("target", [0.1, 0.3])
def test_sparsity_target_is_reached(X, target):
    model = BernoulliRBM(16, sparsity_target=target, n_iter=60, random_state=0).fit(X)
    assert model.transform(X).mean() == pytest.approx(target, abs=0.05)


def test_weight_decay_shrinks_the_weights(X):
    norms = [
        np.linalg.norm(
            BernoulliRBM(8, weight_decay=d, n_iter=20, random_state=0).fit(X).components_
        )
        for d in (0.0, 0.1, 1.0)
    ]
    assert norms[0] > norms[1] > norms[2]


@pytest.mark.parametrize(
    "params",
    [
        {"persistent": False},
        {"persistent": False, "cd_steps": 3},
        {"cd_steps": 3},
        {"momentum": 0.5, "learning_rate": 0.1},
        {"centered": False},
        {"learning_rate_schedule": "constant", "learning_rate": 0.1},
        {"precision": "float64"},
        {"precision": "bfloat16"},
    ],
    ids=str,
)
def test_every_rule_learns(X, params):
    chains = {"n_chains": 50} if params.get("persistent", True) else {}
    params = {"n_iter": 15, "learning_rate": 0.2} | chains | params
    model = BernoulliRBM(8, random_state=0, **params).fit(X)
    independent = 6 * math.log(1 / 2)
    assert model.score(X) > independent + 0.5


def test_resampled_grey_levels_learn_the_binary_distribution():
    """Bits drawn anew with probability ½ hold no correlations, and none are learned."""
    grey = np.full((300, 4), 0.5)
    model = BernoulliRBM(4, resample=True, n_iter=20, random_state=0).fit(grey)
    bits = np.array(list(itertools.product([0.0, 1.0], repeat=4)))
    np.testing.assert_allclose(np.exp(model.score_samples(bits)), 1 / 16, atol=0.02)


def test_history_has_the_monitors(X):
    plain = BernoulliRBM(4, n_iter=2).fit(X).history_
    assert {"reconstruction_error", "reconstruction_kl"} <= set(plain)
    held_out = BernoulliRBM(4, n_iter=2, validation_fraction=0.3).fit(X).history_
    assert {"free_energy_gap", "validation_loss"} <= set(held_out)


def test_free_energy_gap_grows_when_the_model_overfits():
    rng = np.random.default_rng(0)
    X = (rng.random((60, 30)) < 0.5).astype(float)
    model = BernoulliRBM(100, n_iter=300, validation_fraction=0.5, random_state=0).fit(X)
    gap = model.history_["free_energy_gap"]
    assert gap[-1] > gap[0] + 1


def test_values_outside_the_unit_interval_warn_and_name_the_scaler(X):
    with pytest.warns(UserWarning, match="MinMaxScaler"):
        BernoulliRBM(4, n_iter=1).fit(16 * X)


def test_rounding_of_a_scaler_does_not_warn(X, recwarn):
    BernoulliRBM(4, n_iter=1).fit(X * (1 + 1e-15))
    assert not recwarn.list


def test_gibbs_takes_a_seed_and_gives_bits(fitted, X):
    v = fitted.gibbs(X, n_steps=2, random_state=0)
    assert set(np.unique(v)) == {0, 1}
    np.testing.assert_array_equal(v, fitted.gibbs(X, n_steps=2, random_state=0))
    assert (v != fitted.gibbs(X, n_steps=2, random_state=1)).any()
    np.testing.assert_array_equal(fitted.gibbs(X, n_steps=0), X)


def test_samples_take_a_seed(fitted):
    np.testing.assert_array_equal(
        fitted.sample(5, random_state=0), fitted.sample(5, random_state=0)
    )
    with pytest.raises(ValueError, match="n_samples"):
        fitted.sample(0)


def test_bfloat16_phases_are_compared_without_rounding():
    """Their difference is far below bfloat16's resolution of the means themselves."""
    from skdeepunsup.energy.learning.contrastive import centered_gradient, phase_weights

    rng = np.random.default_rng(0)
    v = torch.tensor((rng.random((601, 20)) < 0.7), dtype=torch.bfloat16)
    v[-1] = 0
    h = torch.rand(600, 5)
    c = phase_weights(500, 100, h)
    exact = c.double() @ v.double()
    gradient = centered_gradient(v, h, c, torch.zeros(5))
    bfloat16_step = 2.0**-9
    assert (gradient.a.double() - exact).abs().max() < bfloat16_step / 500


def test_centring_set_anew_takes_effect(X):
    plain = BernoulliRBM(4, centered=False, n_iter=2, random_state=0).fit(X)
    centred = pickle.loads(pickle.dumps(plain)).set_params(centered=True)
    assert np.abs(plain.partial_fit(X).components_ - centred.partial_fit(X).components_).max() > 0


def test_monitors_of_resampled_grey_levels_see_bits():
    """Bits drawn from grey levels are less likely than the grey levels look."""
    grey = np.full((500, 8), 0.5)
    loss = {
        resample: BernoulliRBM(2, resample=resample, n_iter=1, random_state=0).fit(grey).history_
        for resample in (False, True)
    }
    assert loss[True]["loss"][0] == pytest.approx(8 * math.log(2), rel=0.1)
    assert loss[True]["reconstruction_error"][0] == pytest.approx(8 / 4, rel=0.1)
    assert loss[False]["reconstruction_error"][0] < 0.1
