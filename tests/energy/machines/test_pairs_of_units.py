"""Restricted machines of every pair of units, against enumeration or quadrature."""

import itertools
import math
from functools import partial

import numpy as np
import pytest
import torch

from skdeepunsup._random import Stream
from skdeepunsup.energy.learning.contrastive import centered_gradient
from skdeepunsup.energy.likelihood.partition import annealed_log_partition, exact_log_partition
from skdeepunsup.energy.likelihood.pseudo import pseudo_log_likelihood
from skdeepunsup.energy.machines.restricted import RestrictedBoltzmannMachine


def machine_of(visible="bernoulli", hidden="bernoulli", n=3, m=2, scale=0.5, seed=0, **options):
    """A machine with random parameters, in float64."""
    machine = RestrictedBoltzmannMachine(n, m, visible, hidden, **options).double()
    rng = np.random.default_rng(seed)
    for parameter in machine.parameters():
        parameter.copy_(torch.tensor(rng.normal(0, scale, tuple(parameter.shape))))
    machine.constrain_()
    return machine


def grid(low, high, n, dimensions):
    """Points of a box and the volume of each."""
    axis = torch.linspace(low, high, n, dtype=torch.float64)
    points = torch.cartesian_prod(*[axis] * dimensions).view(-1, dimensions)
    return points, float(axis[1] - axis[0]) ** dimensions


def product(n, values):
    """All rows of n such values, each of weight 1."""
    return torch.tensor(list(itertools.product(values, repeat=n)), dtype=torch.float64), 1.0


VISIBLE = {
    "bernoulli": lambda n, K: product(n, range(2)),
    "categorical": lambda n, K: product(n, range(K)),
    "gaussian": lambda n, K: grid(-12, 12, 241, n),
}
HIDDEN = {"bernoulli": lambda n: product(n, range(2)), "relu": lambda n: grid(0, 16, 321, n)}


def visible_points(machine):
    """Visible states and the weight of each in a sum or an integral over all."""
    arguments = machine.arguments
    points = VISIBLE[arguments["visible_units"]]
    rows, weight = points(arguments["n_features"], arguments.get("n_categories"))
    return machine.coding.to_states(rows), weight


def hidden_points(machine):
    """Hidden states and the weight of each in a sum or an integral over all."""
    return HIDDEN[machine.arguments["hidden_units"]](machine.n_components)


KINDS = {
    "bernoulli-relu": partial(machine_of, "bernoulli", "relu"),
    "gaussian-bernoulli": partial(machine_of, "gaussian", n=2),
    "gaussian-relu": partial(machine_of, "gaussian", "relu", n=2),
    "categorical-bernoulli": partial(machine_of, "categorical", n_categories=3),
}

each_machine = pytest.mark.parametrize("kind", KINDS)
each_finite_machine = pytest.mark.parametrize(
    "kind", [k for k in KINDS if KINDS[k]().visible.values(torch.zeros(1)) is not None]
)


@each_machine
def test_free_energy_sums_or_integrates_the_hidden_units_out(kind):
    machine = KINDS[kind]()
    V, _ = visible_points(machine)
    V = V[:: max(1, len(V) // 20)]
    H, dh = hidden_points(machine)
    # The trapezoidal rule, which counts points at the edge h = 0 by half.
    edges = 0.5 ** (H == 0).sum(1).double() if dh != 1.0 else torch.ones(len(H)).double()
    E = torch.stack([machine.energy(v.expand(len(H), -1), H) for v in V])
    expected = -(-E + (edges * dh).log()).logsumexp(1)
    torch.testing.assert_close(machine.free_energy(V), expected, rtol=1e-3, atol=1e-3)


@each_machine
def test_log_partition_normalises_the_free_energies(kind):
    machine = KINDS[kind]()
    V, dv = visible_points(machine)
    log_z = float((-machine.free_energy(V)).logsumexp(0)) + math.log(dv)
    if machine.n_enumerated < math.inf:
        assert exact_log_partition(machine) == pytest.approx(log_z, abs=1e-6)
    estimate = annealed_log_partition(
        machine.path(), n_temperatures=300, n_chains=1000, stream=Stream(0)
    )
    assert estimate.lower <= log_z <= estimate.upper
    assert estimate.value == pytest.approx(log_z, abs=0.1)
    assert estimate.effective_sample_size > 300


@each_machine
def test_hidden_free_energy_gives_the_same_log_partition(kind):
    machine = KINDS[kind]()
    V, dv = visible_points(machine)
    H, dh = hidden_points(machine)
    edges = 0.5 ** (H == 0).sum(1).double() if dh != 1.0 else torch.ones(len(H)).double()
    by_hidden = float((-machine.hidden_free_energy(H) + (edges * dh).log()).logsumexp(0))
    by_visible = float((-machine.free_energy(V)).logsumexp(0)) + math.log(dv)
    assert by_hidden == pytest.approx(by_visible, abs=2e-3)


@each_machine
def test_gradient_is_that_of_the_enumerated_likelihood(kind):
    """With exact expectations in place of chains; for Gaussian units, ∂W and ∂a times σ²."""
    machine = KINDS[kind]()
    V, _ = visible_points(machine)
    data = V[[1, len(V) // 3, len(V) // 2]]
    p = (-machine.free_energy(V)).softmax(0)
    names = [name for name, _ in machine.named_parameters()]
    free = {name: q.detach().clone().requires_grad_() for name, q in machine.named_parameters()}

    def free_energy(v):
        return torch.func.functional_call(machine, free, (v,))

    machine.forward = machine.free_energy
    log_z = (-free_energy(V)).logsumexp(0)
    likelihood = (-free_energy(data)).mean() - log_z
    expected = dict(zip(names, torch.autograd.grad(likelihood, list(free.values())), strict=True))
    states = torch.cat([data, V, torch.zeros(1, V.shape[1]).double()])
    h = machine.hidden.mean(machine.hidden_input(states[:-1]))
    c = torch.cat([torch.full((3,), 1 / 3).double(), -p, torch.zeros(1).double()])
    gradient = centered_gradient(states, h, c, torch.zeros(machine.n_components).double())
    variance = 1.0
    if kind.startswith("gaussian"):
        variance = machine.visible.log_variance.exp()
        x = machine.visible_input(h)
        score = c[:-1] @ machine.visible.log_variance_score(states[:-1], x)
        torch.testing.assert_close(score, expected["visible.log_variance"])
    torch.testing.assert_close(gradient.a, expected["a"] * variance)
    torch.testing.assert_close(gradient.W, (expected["W"].T * variance).T)
    torch.testing.assert_close(gradient.b, expected["b"])


@each_finite_machine
def test_gibbs_leaves_the_distribution_unchanged(kind):
    machine, n = KINDS[kind](scale=1.0), 60_000
    V, _ = visible_points(machine)
    p = (-machine.free_energy(V)).softmax(0)
    start = V[np.random.default_rng(0).choice(len(V), size=n, p=p.numpy())]
    v = machine.gibbs(start, Stream(0), 2)
    shares = torch.stack([(v == state).all(1).double().mean() for state in V])
    assert ((shares - p).abs() < 5 * (p * (1 - p) / n).sqrt()).all()


def test_gaussian_gibbs_has_the_moments_of_the_density():
    machine, n = machine_of("gaussian", n=2, scale=0.8), 200_000
    V, _ = visible_points(machine)
    p = (-machine.free_energy(V)).softmax(0)
    v = machine.gibbs(machine.sample_base(n, Stream(1)), Stream(0), 100)
    for power in (1, 2, 3):
        exact = p @ V**power
        error = (v**power).std(0) / math.sqrt(n)
        assert (((v**power).mean(0) - exact).abs() < 5 * error).all()


@each_finite_machine
def test_pseudo_likelihood_is_the_product_of_conditionals(kind):
    machine = KINDS[kind]()
    V, _ = visible_points(machine)  # in the order of a table with an axis for each unit
    shape = machine.visible.n_units * [len(machine.visible.values(V))]
    p = (-machine.free_energy(V)).softmax(0).view(shape)
    expected = sum((p / p.sum(axis, keepdim=True)).log() for axis in range(p.ndim)).flatten()
    torch.testing.assert_close(pseudo_log_likelihood(machine, V), expected)
