"""The deep belief network, against enumeration of networks small enough for it."""

import itertools
import math
import pickle
from functools import partial

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.datasets import load_digits
from torch.nn.functional import logsigmoid

from skdeepunsup import BernoulliRBM, DeepBeliefNetwork
from skdeepunsup._random import Stream
from skdeepunsup._rows import ResidentRows
from skdeepunsup.energy.learning.chains import PersistentChains
from skdeepunsup.energy.learning.contrastive import ContrastiveDivergence
from skdeepunsup.energy.learning.greedy import RowsAbove
from skdeepunsup.energy.learning.monitors import fixed_bits, restricted_figures
from skdeepunsup.energy.learning.up_down import UpDown, sleep_, wake_
from skdeepunsup.energy.likelihood.bound import (
    enumerated_bound,
    lower_bound,
    sampled_bound,
    stratified,
)
from skdeepunsup.energy.likelihood.partition import exact_log_partition
from skdeepunsup.energy.machines.belief_network import BeliefNetwork
from tests.callbacks import StopsAfter, stops_early

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
    draws = torch.stack([sampled_bound(network, V, 5, Stream(seed)) for seed in range(2000)])
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


def bits(n_rows=200, n_features=6, seed=0):
    """One hidden cause, which two of three groups of features often obey."""
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
    X = digits()
    one, two = (
        DeepBeliefNetwork(sizes, n_iter=20, random_state=0).fit(X).score(X)
        for sizes in ((10,), (10, 64))
    )
    assert two > one + 0.02


def test_a_layer_starts_as_high_as_the_one_below_ended():
    X = digits()[:, ::4]  # 16 features
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


@pytest.mark.parametrize("kind", ["bernoulli", "gaussian", "categorical"])
def test_wake_follows_the_likelihood_of_each_layer(kind):
    options = {"n_categories": 2} if kind == "categorical" else {}
    machine = random_network((3, 2), visible_units=kind, **options).layers[0]
    below, above = torch.rand(5, N).double(), all_states(3)[:5]
    below = machine.coding.to_states(below.round() if kind != "gaussian" else below)
    expected = []
    for parameter in (machine.W, machine.a):
        parameter.requires_grad_(True)
        x = above @ machine.W.T + machine.a
        if kind == "categorical":
            log_p = (below * x.unflatten(-1, (-1, 2)).log_softmax(-1).flatten(-2)).sum(-1)
        elif kind == "gaussian":  # times σ²
            log_p = -0.5 * (below - x).square().sum(-1)
        else:
            log_p = log_bits(below, x)
        expected.append(torch.autograd.grad(log_p.mean(), parameter)[0])
        parameter.requires_grad_(False)
    if kind == "categorical":
        machine.constrain_()
    before = machine.W.clone(), machine.a.clone()
    wake_(machine, below, above, 0.01)
    torch.testing.assert_close((machine.W - before[0]) / 0.01, expected[0])
    torch.testing.assert_close((machine.a - before[1]) / 0.01, expected[1])


@pytest.mark.parametrize("kind", ["bernoulli", "gaussian"])
def test_sleep_follows_the_posterior_of_each_layer(kind):
    network = random_network((3, 2), visible_units=kind, fine_tuning="up-down")
    machine, (R,) = network.layers[0], network.recognition
    below, above = torch.rand(5, N).double(), all_states(3)[:5]
    below = below.round() if kind == "bernoulli" else below
    variance = machine.visible.log_variance.exp() if kind == "gaussian" else 1.0
    expected = []
    for parameter in (R, machine.b):
        parameter.requires_grad_(True)
        log_q = log_bits(above, (below / variance) @ R + machine.b).mean()
        expected.append(torch.autograd.grad(log_q, parameter)[0])
        parameter.requires_grad_(False)
    before, generative = (R.clone(), machine.b.clone()), machine.W.clone()
    sleep_(network, 0, below, above, 0.01)
    torch.testing.assert_close((R - before[0]) / 0.01, expected[0])
    torch.testing.assert_close((machine.b - before[1]) / 0.01, expected[1])
    assert torch.equal(machine.W, generative)


def test_up_down_raises_the_bound_and_unties_the_weights():
    X = bits(400, 8)
    greedy = DeepBeliefNetwork((6, 3), random_state=0, n_iter=10)
    tuned = clone(greedy).set_params(fine_tuning="up-down", fine_tuning_iter=100, batch_size=5)
    greedy.fit(X)
    tuned.fit(X)
    assert tuned.score(X) > greedy.score(X) + 0.1
    network = tuned.module_
    assert (network.recognition[0] - network.layers[0].W).abs().max() > 0.01
    again = pickle.loads(pickle.dumps(tuned))
    assert torch.equal(again.module_.recognition[0], network.recognition[0])
    np.testing.assert_array_equal(again.score_samples(X), tuned.score_samples(X))


def test_up_down_moves_all_that_there_is():
    network = random_network((3, 5, 2), fine_tuning="up-down")
    before = {name: p.clone() for name, p in network.named_parameters()}
    learner = partial(
        ContrastiveDivergence,
        stream=Stream(0),
        chains=partial(PersistentChains, n_chains=7, n_steps=1),
        learning_rate=0.1,
        precision=torch.float64,
    )
    UpDown(network, Stream(0), learner=learner, rates=(0.1, 0.2, 0.1)).step(all_states(N))
    still = {name for name, p in network.named_parameters() if torch.equal(p, before[name])}
    assert not still


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


@pytest.mark.parametrize("n_chains", [2, 50_000])
def test_chains_that_start_at_rows_know_them(n_chains):
    machine, rows = random_network((3, 2)).layers[0], all_states(N)[:5]
    rule = ContrastiveDivergence(
        machine,
        Stream(0),
        chains=partial(PersistentChains, n_chains=n_chains, n_steps=1),
        learning_rate=0.1,
        precision=torch.float64,
    )
    rule.start_chains(rows)
    assert rule.chains.h.shape == (n_chains, 3)
    if n_chains > 2:
        expected = machine.encode(rows).mean(0)
        torch.testing.assert_close(rule.chains.h.mean(0), expected, atol=0.01, rtol=0)


def test_fine_tuning_measures_the_network_that_answers():
    network = random_network((3, 5, 2), fine_tuning="up-down")
    learner = partial(
        ContrastiveDivergence,
        stream=Stream(0),
        chains=partial(PersistentChains, n_chains=7, n_steps=1),
        learning_rate=1.0,
        precision=torch.float64,
    )
    rule = UpDown(network, Stream(0), learner=learner, rates=(1.0,) * 3, averaging=0.99)
    for _ in range(20):
        rule.step(all_states(N))
    arriving = RowsAbove(ResidentRows(all_states(N)), network, 2)
    seen = rule.measure(arriving, arriving)["reconstruction_kl"]
    bits = fixed_bits(arriving.take(torch.tensor([0, 10])))
    by_top = {t: restricted_figures(t, bits) for t in (network.top, rule.machine.top)}
    answering, trained = (f["reconstruction_kl"].mean() for f in by_top.values())
    assert seen == answering != trained


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
    model = DeepBeliefNetwork((20, 20), visible_units="gaussian", n_iter=20, random_state=0).fit(X)
    assert model.score(X) > -0.5 * 6 * (1 + math.log(2 * math.pi)) + 0.5


def test_learning_rates_may_differ_by_layer():
    def weights(*rates):
        model = DeepBeliefNetwork((5, 4), learning_rate=rates, n_iter=30, random_state=0)
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
