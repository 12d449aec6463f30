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
from tests.energy.likelihood.test_bound import exact_log_likelihood
from tests.energy.machines.test_restricted import monte_carlo_floor, total_variation

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
    """A fitted model whose parameters are then set to large values."""
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
        log_p = exact_log_likelihood(
            network, network.coding.to_states(torch.tensor(states))
        ).numpy()
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
    draws = model.impute([row], n_draws=N, n_steps=30, random_state=0)[:, 0]
    assert total_variation(counts(draws, K), p) < monte_carlo_floor(p, N)


@pytest.mark.parametrize("estimator, K, row", CASES, ids=str)
def test_means_are_the_conditional_s(estimator, K, row):
    states = every_state(len(row), K)
    model = with_strong_parameters(estimator, states)
    p = exact_conditional(model, states, np.array(row))
    answer = model.impute([row], mean=True, n_draws=2000, n_steps=30, random_state=0)[0]
    if K == 2:
        # The mean over a chain is no noisier than one of its draws.
        np.testing.assert_allclose(answer, p @ states, rtol=0, atol=5 * 0.5 / np.sqrt(2000))
    else:
        shares = [[p[states[:, i] == k].sum() for k in range(K)] for i in range(len(row))]
        np.testing.assert_array_equal(answer, np.argmax(shares, axis=1))


@pytest.mark.parametrize("row", [(2, NAN, NAN), (NAN, 1, 0), (NAN, NAN, NAN)], ids=str)
def test_a_conditional_machine_receives_which_entries_are_observed(row):
    """E(v, h | r) = −aᵀv − bᵀh − vᵀW'h − rᵀDh, the weights W' + D taken apart by hand."""
    states, row = every_state(3, 3), np.array(row)
    estimator = CategoricalRBM(3, n_categories=3, conditional=True, n_iter=1, random_state=0)
    model = with_strong_parameters(estimator, states)
    machine = model.module_
    W = machine.W.double().numpy().reshape(3, 3, 3)  # features, categories, hidden units
    D, a, b = W.mean(1), machine.a.double().numpy().reshape(3, 3), machine.b.double().numpy()
    v = np.eye(3)[states.astype(int)]
    inputs = np.einsum("nik,ikj->nj", v, W - D[:, None]) + ~np.isnan(row) @ D + b
    p = np.exp(np.einsum("nik,ik->n", v, a) + np.logaddexp(0, inputs).sum(1))
    p *= ((states == row) | np.isnan(row)).all(1)
    p /= p.sum()
    draws = model.impute([row], n_draws=N, n_steps=30, random_state=0)[:, 0]
    assert total_variation(counts(draws, 3), p) < monte_carlo_floor(p, N)


def test_what_is_missing_tells_a_conditional_machine_what_the_rest_is():
    rng = np.random.default_rng(0)
    z = rng.integers(2, size=(1000, 1))
    X = np.where(rng.random((1000, 6)) < 0.9, z, 1 - z).astype(float)
    missing = rng.random(X.shape) < np.where(z == 1, 0.9, 0.1) * (np.arange(6) < 3)
    seen = np.where(missing, NAN, X)
    model = CategoricalRBM(8, n_categories=2, conditional=True, n_iter=40, random_state=0)
    answer = model.fit(seen).impute(seen, mean=True, n_draws=5, random_state=0)
    # Nine in ten missing entries have z = 1, and nine in ten of these are 1.
    assert (answer == X)[missing].mean() > 0.87


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
        log_p = exact_log_likelihood(network, network.scaling.inward(torch.tensor(points))).numpy()
    p = np.exp(log_p - log_p.max())
    p /= p.sum()
    draws = model.impute([row], n_draws=N, n_steps=30, random_state=0)[:, 0, 1:]
    points = points[:, 1:]
    for f in (lambda v: v, np.square, lambda v: v[:, :1] * v[:, 1:]):
        exact, found = p @ f(points), f(draws)
        assert (abs(found.mean(0) - exact) < 5 * found.std(0) / np.sqrt(N)).all()
    mean = model.impute([row], mean=True, n_draws=2000, n_steps=30, random_state=0)[0, 1:]
    assert (abs(mean - p @ points) < 5 * draws.std(0) / np.sqrt(2000)).all()
