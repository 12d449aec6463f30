"""The bound on a deep belief network's likelihood, against enumeration of small networks."""

import itertools
import math

import numpy as np
import pytest
import torch
from torch.nn.functional import logsigmoid

from skdeepunsup._random import Stream
from skdeepunsup.energy.likelihood.bound import (
    enumerated_bound,
    lower_bound,
    sampled_bound,
    stratified,
)
from skdeepunsup.energy.likelihood.partition import exact_log_partition
from skdeepunsup.energy.machines.belief_network import BeliefNetwork

SIZES = [(3,), (3, 2), (2, 3, 2)]


N = 4


def random_network(sizes, n_features=N, scale=1.0, seed=0, **options):
    """A network with random parameters, in float64."""
    network = BeliefNetwork(n_features, sizes, **options).double()
    rng = np.random.default_rng(seed)
    for parameter in network.parameters():
        parameter.copy_(torch.tensor(rng.normal(0, scale, tuple(parameter.shape))))
    return network


def all_states(n):
    return torch.tensor(list(itertools.product([0.0, 1.0], repeat=n)), dtype=torch.float64)


def log_bits(u, x):
    """log p(u | x) of bits."""
    return torch.where(u == 1, logsigmoid(x), logsigmoid(-x)).sum(-1)


def log_visible(network, v, x):
    """log p(v | x) of each kind of visible unit, by its textbook formula."""
    kind = network.arguments["visible_units"]
    if kind == "bernoulli":
        return log_bits(v, x)
    if kind == "gaussian":
        deviation = (0.5 * network.visible.log_variance).exp()
        return torch.distributions.Normal(x, deviation).log_prob(v).sum(-1)
    K = network.visible.n_categories
    return (v * x.unflatten(-1, (-1, K)).log_softmax(-1).flatten(-2)).sum(-1)


def exact_log_likelihood(network, v):
    """log p(v) of each visible state, by summing over all states of h¹, …, hᴸ."""
    *directed, top = network.layers
    H = [all_states(machine.n_components) for machine in network.layers]
    if not directed:
        energies = torch.stack([-top.energy(v, h.expand(len(v), -1)) for h in H[0]], 1)
        return energies.logsumexp(1) - exact_log_partition(top)
    pairs = [[-top.energy(u[None], h[None])[0] for h in H[-1]] for u in H[-2]]
    log_p = torch.tensor(pairs, dtype=torch.float64)
    log_p = log_p.logsumexp(1) - log_p.logsumexp((0, 1))  # of h^{L−1}
    for machine, below, above in reversed(list(zip(directed[1:], H, H[1:], strict=False))):
        x = above @ machine.W.T + machine.a
        log_p = (log_bits(below[:, None], x[None]) + log_p).logsumexp(1)
    x = H[0] @ directed[0].W.T + directed[0].a
    return (log_visible(network, v[:, None], x[None]) + log_p).logsumexp(1)


def score(network, v):
    return enumerated_bound(network, v) - exact_log_partition(network.top)


OPTIONS = [{}, {"fine_tuning": "up-down"}]


@pytest.mark.parametrize("options", OPTIONS, ids=["tied", "untied"])
@pytest.mark.parametrize("sizes", SIZES)
def test_bound_is_never_above_the_log_likelihood(sizes, options):
    network, V = random_network(sizes, **options), all_states(N)
    exact, bound = exact_log_likelihood(network, V), score(network, V)
    assert float(exact.logsumexp(0)) == pytest.approx(0, abs=1e-9)  # the enumeration is right
    assert (bound <= exact + 1e-9).all()
    assert float(bound.exp().sum()) <= 1 + 1e-9
    if len(sizes) > 1:
        assert (bound < exact - 1e-3).all()  # q is not the posterior


@pytest.mark.parametrize("options", OPTIONS, ids=["tied", "untied"])
def test_bound_falls_short_by_the_divergence_from_the_posterior(options):
    """log p(v) minus the bound is KL(q(h|v) ‖ p(h|v)), by enumeration."""
    network, V = random_network((3, 2), **options), all_states(N)
    bottom, top = network.layers
    H = all_states(3)
    R = network.recognition[0] if options else bottom.W
    log_q = log_bits(H[None], (V @ R + bottom.b)[:, None])
    log_p = log_bits(V[:, None], (H @ bottom.W.T + bottom.a)[None])
    log_p = log_p - top.free_energy(H) - exact_log_partition(top)
    posterior = log_p.log_softmax(1)
    divergence = (log_q.exp() * (log_q - posterior)).sum(1)
    torch.testing.assert_close(exact_log_likelihood(network, V) - divergence, score(network, V))


def test_bound_is_tight_where_the_top_is_the_bottom_upside_down():
    """q is then the posterior, and each draw gives the likelihood of the machine itself."""
    network, V = random_network((3, N)), all_states(N)
    bottom, top = network.layers
    top.W.copy_(bottom.W.T)
    top.a.copy_(bottom.b)
    top.b.copy_(bottom.a)
    expected = -bottom.free_energy(V) - exact_log_partition(bottom)
    torch.testing.assert_close(exact_log_likelihood(network, V), expected)
    torch.testing.assert_close(score(network, V), expected)
    drawn = sampled_bound(network, V, 1, Stream(0)) - exact_log_partition(top)
    torch.testing.assert_close(drawn, expected)


@pytest.mark.parametrize("sizes", SIZES)
def test_bound_holds_above_categories(sizes):
    network = random_network(sizes, 3, visible_units="categorical", n_categories=3)
    rows = torch.tensor(list(itertools.product(range(3), repeat=3)), dtype=torch.float64)
    V = network.coding.to_states(rows)
    exact, bound = exact_log_likelihood(network, V), score(network, V)
    assert float(exact.logsumexp(0)) == pytest.approx(0, abs=1e-9)
    assert (bound <= exact + 1e-9).all()


@pytest.mark.parametrize("sizes", SIZES)
def test_bound_holds_for_densities(sizes):
    network = random_network(sizes, 2, visible_units="gaussian")
    axis = torch.linspace(-15, 15, 301).double()
    V = torch.cartesian_prod(axis, axis)
    exact, bound = exact_log_likelihood(network, V), score(network, V)
    cell = 2 * math.log(0.1)
    assert float(exact.logsumexp(0) + cell) == pytest.approx(0, abs=1e-6)
    assert (bound <= exact + 1e-9).all()


@pytest.mark.parametrize("visible_units", ["bernoulli", "gaussian"])
def test_drawn_bound_has_the_enumerated_one_for_its_mean(visible_units):
    network = random_network((3, 4, 2), visible_units=visible_units, fine_tuning="up-down")
    V = all_states(N)
    draws = torch.stack([sampled_bound(network, V, 5, Stream(seed)) for seed in range(500)])
    error = draws.std(0) / math.sqrt(len(draws))
    assert ((draws.mean(0) - enumerated_bound(network, V)).abs() < 5 * error).all()


def test_draws_of_one_unit_are_spread_evenly():
    u = stratified(8, 3, Stream(0))
    assert ((u * 8).floor().sort(0).values == torch.arange(8)[:, None]).all()
    plain = random_network((6, 5), scale=0.5)
    V = all_states(N)
    spread = torch.stack([sampled_bound(plain, V, 8, Stream(s)) for s in range(200)]).std(0)
    alone = torch.stack([sampled_bound(plain, V, 1, Stream(s)) for s in range(200)]).std(0)
    assert (spread < 0.8 * alone / math.sqrt(8)).all()


def test_many_units_are_drawn_and_few_enumerated():
    V = all_states(N)
    few, many = random_network((6, 4, 9)), random_network((7, 4, 9))
    assert torch.equal(lower_bound(few, V, 1), lower_bound(few, V, 7))
    assert not torch.equal(lower_bound(many, V, 1), lower_bound(many, V, 7))
