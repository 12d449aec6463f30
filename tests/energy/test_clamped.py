"""Completions by Boltzmann machines, against enumeration of p(missing | observed)."""

import itertools

import numpy as np
import pytest
import torch
from sklearn.base import clone

from skdeepunsup import (
    BernoulliRBM,
    BoltzmannMachine,
    CategoricalRBM,
    DeepBeliefNetwork,
    DeepBoltzmannMachine,
    GaussianRBM,
)
from tests.energy.test_deep_belief import exact_log_likelihood
from tests.energy.test_exact import monte_carlo_floor, total_variation

NAN = np.nan
N = 20_000
BITS = [
    BernoulliRBM(3, n_iter=1, random_state=0),
    BernoulliRBM(2, hidden_units="relu", n_iter=1, random_state=0),
    BoltzmannMachine(2, n_iter=1, random_state=0),
    BoltzmannMachine(0, n_iter=1, random_state=0),
    DeepBoltzmannMachine((3,), n_iter=1, random_state=0),
    DeepBoltzmannMachine((3, 2, 2), n_iter=1, random_state=0),
    DeepBeliefNetwork((3,), n_iter=1, random_state=0),
    DeepBeliefNetwork((3, 2), n_iter=1, random_state=0),
    DeepBeliefNetwork((2, 3, 2), n_iter=1, fine_tuning="up-down", random_state=0),
]
CODES = [
    CategoricalRBM(3, n_categories=3, n_iter=1, random_state=0),
    DeepBeliefNetwork(
        (3, 2), visible_units="categorical", n_categories=3, n_iter=1, random_state=0
    ),
]


def with_strong_parameters(estimator, X, scale=1.0):
    """Fitted, then given parameters of which much follows."""
    model = clone(estimator).fit(X)
    rng = np.random.default_rng(0)
    for name, parameter in model.module_.named_parameters():
        parameter.copy_(torch.tensor(rng.normal(0, scale, tuple(parameter.shape))))
        if name == "L":
            parameter.copy_((parameter + parameter.T).fill_diagonal_(0) / 2)
        if isinstance(model, BernoulliRBM) and model.hidden_units == "relu" and name == "W":
            parameter.mul_(0.6)  # else one state has it all
    return model


def exact_conditional(model, states, row):
    """p of each state given the entries of ``row`` that are no NaN."""
    if isinstance(model, DeepBeliefNetwork):
        network = model.module_.in_double()
        log_p = exact_log_likelihood(network, network.visible.states(torch.tensor(states))).numpy()
    else:
        log_p = model.score_samples(states)
    p = np.exp(log_p) * ((states == row) | np.isnan(row)).all(1)
    return p / p.sum()


def counts(rows, K):
    weights = K ** np.arange(rows.shape[1])[::-1]
    return np.bincount((rows @ weights).astype(int), minlength=K ** rows.shape[1])


def every_state(n, K):
    return np.array(list(itertools.product(range(K), repeat=n)), dtype=float)


CASES = [(m, 2, (1, NAN, NAN, 0)) for m in BITS] + [(m, 2, (NAN, NAN, 1, NAN)) for m in BITS]
CASES += [(m, 3, (2, NAN, NAN)) for m in CODES]


@pytest.mark.parametrize("estimator, K, row", CASES, ids=str)
def test_draws_follow_the_conditional(estimator, K, row):
    states = every_state(len(row), K)
    model = with_strong_parameters(estimator, states)
    p = exact_conditional(model, states, np.array(row))
    draws = model.impute([row], n_draws=N, n_steps=400, random_state=0)[:, 0]
    assert total_variation(counts(draws, K), p) < monte_carlo_floor(p, N)


@pytest.mark.parametrize("estimator, K, row", CASES, ids=str)
def test_means_are_the_conditional_s(estimator, K, row):
    states = every_state(len(row), K)
    model = with_strong_parameters(estimator, states)
    p = exact_conditional(model, states, np.array(row))
    answer = model.impute([row], mean=True, n_draws=2000, n_steps=100, random_state=0)[0]
    if K == 2:
        # The mean over a chain is no noisier than one of its draws.
        np.testing.assert_allclose(answer, p @ states, rtol=0, atol=5 * 0.5 / np.sqrt(2000))
    else:
        shares = [[p[states[:, i] == k].sum() for k in range(K)] for i in range(len(row))]
        np.testing.assert_array_equal(answer, np.argmax(shares, axis=1))


@pytest.mark.parametrize("kind", [GaussianRBM, DeepBeliefNetwork])
def test_real_values_have_the_conditional_s_moments(kind):
    X = np.random.default_rng(0).normal(size=(50, 3))
    estimator = (
        GaussianRBM(3, n_iter=1, random_state=0)
        if kind is GaussianRBM
        else DeepBeliefNetwork((3, 2), visible_units="gaussian", n_iter=1, random_state=0)
    )
    model = with_strong_parameters(estimator, X, scale=0.7)
    row = np.array([0.5, NAN, NAN])
    grid = np.linspace(-8, 8, 161)
    points = np.array([[0.5, a, b] for a in grid for b in grid])
    if kind is GaussianRBM:
        log_p = model.score_samples(points)
    else:
        network = model.module_.in_double()
        log_p = exact_log_likelihood(network, torch.tensor(points)).numpy()
    p = np.exp(log_p - log_p.max())
    p /= p.sum()
    draws = model.impute([row], n_draws=N, n_steps=400, random_state=0)[:, 0, 1:]
    points = points[:, 1:]
    for f in (lambda v: v, np.square, lambda v: v[:, :1] * v[:, 1:]):
        exact, found = p @ f(points), f(draws)
        assert (abs(found.mean(0) - exact) < 5 * found.std(0) / np.sqrt(N)).all()
    mean = model.impute([row], mean=True, n_draws=2000, n_steps=100, random_state=0)[0, 1:]
    assert (abs(mean - p @ points) < 5 * draws.std(0) / np.sqrt(2000)).all()
