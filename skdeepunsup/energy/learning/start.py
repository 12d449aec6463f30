"""First parameters of a restricted machine: the data's marginals, and small weights."""

import math
from typing import Any

import torch
from torch import Tensor

from ..._random import Stream
from ..._rows import Rows, mean_over_rows
from ..machines.layered import LayeredMachine
from ..machines.restricted import RestrictedBoltzmannMachine
from ..units.base import Units
from ..units.binary import Bernoulli
from ..units.gaussian import Gaussian

SPREAD = 2.0
"""Scale of first weights between Gaussian and binary units, see ``spread_out``.

Ring, blobs, wine, iris and digits all fitted better with 1 or 2 than with 0.3 or nearly 0, and most
of them best with 2.
"""


MEAN_FIELD_GAP = 1.0
"""Nats by which mean field may miss at the start of two hidden layers, see ``vary_inputs``.

With weights from which inputs vary by 1, a DeepBoltzmannMachine of 500 and 1000 units starts, and
after ten passes ends, far below independent features (bits of wine −26.5 nats, of iris −6.9;
independent ones −9.0 and −2.8); so it ends at −7.5 and −2.5.
"""


def first_weights(machine: RestrictedBoltzmannMachine, stream: Stream) -> Tensor:
    """W ~ N(0, 0.01²) (G. Hinton, "A practical guide to training RBMs", 2010)."""
    return 0.01 * stream.normal(*machine.W.shape)


def start_at_data(machine: RestrictedBoltzmannMachine, rows: Rows, stream: Stream) -> None:
    """Start a machine on the CPU at the data's marginals, with weights that tell rows apart.

    The base machine has the same marginals, and no weights. Where most entries are missing, weights
    start near 0: what a unit's first weights add to its predictions stays there, since few rows
    have it (MovieLens 100k, all users, 600, 300, 100: errors of .963, .990, 1.011, 1.059 so, and
    .986, 1.011, 1.030, 1.062 with inputs that vary by 1).
    """
    visible = machine.visible
    if machine.scaling is not None:
        machine.scaling.take(rows.scaling)
    machine.a.copy_(visible.start_(rows))
    machine.a0.copy_(machine.a)
    shares = shares_observed(machine, rows)
    if isinstance(visible, Gaussian) and machine.hidden.binary:
        spread_out(machine, stream)
    elif visible.values(machine.a) is not None and float(shares.mean()) > 0.5:
        vary_inputs(machine, visible.mean(machine.a) * shares, stream)  # missing ones count as 0
    else:
        machine.W.copy_(first_weights(machine, stream).cpu())
    machine.constrain_()


def shares_observed(machine: RestrictedBoltzmannMachine, rows: Rows) -> Tensor:
    """The share of the rows that have each visible unit."""
    coding = machine.coding
    if not coding.may_miss:
        return torch.ones_like(machine.a)
    return mean_over_rows(lambda x: coding.observed(coding.to_states(x)), rows).to(machine.a)


def vary_inputs(
    machine: RestrictedBoltzmannMachine, p: Tensor, stream: Stream, gap: float = math.inf
) -> None:
    """Give either layer random inputs from the other, of variance 1 at most; v has the means ``p``.

    With the larger one of the layers' total variances s², that of h at its first bias,

        W ~ N(0, 1/s²),   b = first_bias − Wᵀp,   a = x − W E[h | first_bias]

    with x the input so far; so the means of v stay. Where v is hidden as well, mean field for both
    layers misses by about ½ Σᵢⱼ Wᵢⱼ² var(vᵢ) var(hⱼ) nats, which is ``gap`` at most.

    From weights near 0, ten passes over a few hundred rows leave the code the same for all of them
    (breast_cancer: logistic regression on the code .63, the share of the majority; .93 so). With
    the variance of v alone, 256 hidden units above few features start far from the data (wine: −27
    nats after a pass, and −10 so; independent features have −8.6), and a wide upper layer decides
    alone what those below it are.
    """
    h = first_means(machine)
    v, u = total_variance(machine.visible, p), total_variance(machine.hidden, h)
    variance = torch.minimum(1 / torch.maximum(v, u), 2 * gap / (v * u))
    machine.W.copy_(stream.normal(*machine.W.shape).to(p) * variance.sqrt())
    machine.constrain_()
    machine.b.copy_(machine.hidden.first_bias - p @ machine.W)
    machine.a.sub_(machine.W @ h)


def first_means(machine: RestrictedBoltzmannMachine) -> Tensor:
    """E[h] at the first bias of the hidden units."""
    return machine.hidden.mean(torch.full_like(machine.b, machine.hidden.first_bias))


def total_variance(units: Units, mean: Tensor) -> Tensor:
    """Σ m(1 − m/k) of units that are binomial up to k with means m; Σ m² of unbounded ones.

    It is at least that of a fair coin, so that constant features give no large weights.
    """
    values = units.values(mean)
    variance = mean.square() if values is None else mean * (1 - mean / values.max())
    return variance.sum().clamp_min(0.25)


def spread_out(machine: RestrictedBoltzmannMachine, stream: Stream) -> None:
    """Give binary units above Gaussian ones large random weights, without moving the mean of v.

    W ~ N(0, (SPREAD σ)² / max(n_visible, n_hidden)), b such that each hidden unit is on with
    probability ½ at the mean, and a such that the mean of v stays; σ² gives up what h then adds to
    the variance of v, n_hidden (SPREAD σ/2)² / max(n_visible, n_hidden). From weights near 0
    nothing is learned but the covariance: uncorrelated data stay a single Gaussian for ever.
    """
    units: Any = machine.visible
    draws = stream.normal(*machine.W.shape).cpu()
    n = max(draws.shape)
    units.log_variance.sub_(math.log(1 + SPREAD**2 / 4 * draws.shape[1] / n))
    sigma = (0.5 * units.log_variance).exp()[:, None]
    machine.W.copy_(SPREAD * sigma * draws / math.sqrt(n))
    machine.b.copy_(-units.statistic(machine.a) @ machine.W)
    machine.a.sub_(machine.W.sum(1) / 2)


def start_above(
    machine: RestrictedBoltzmannMachine,
    below: RestrictedBoltzmannMachine,
    activity: Tensor,
    stream: Stream,
) -> None:
    """Start a machine from the learned one ``below`` it, with mean hidden ``activity``.

    If it has at least as many hidden units as the one below has visible bits, it starts as that one
    upside down, and further units start nearly without weights. Then its visible marginal is the
    marginal of h in the machine below, and the bound on the likelihood starts as high as it was
    (G. Hinton, S. Osindero, Y.-W. Teh, 2006). A narrower machine starts by ``vary_inputs``.
    """
    p = activity.clamp(0.001, 0.999)
    machine.a0.copy_(p.logit())
    machine.a.copy_(machine.a0)
    n = below.visible.size
    if below.visible.binary and n <= machine.n_components:
        machine.W.copy_(first_weights(machine, stream))
        machine.b.fill_(machine.hidden.first_bias)
        machine.W[:, :n] = below.W.T
        machine.b[:n] = below.a
        machine.a.copy_(below.b)
    else:
        vary_inputs(machine, p, stream)


def start_layers(machine: LayeredMachine, stream: Stream) -> None:
    """Start all layers of a deep machine at once, whose visible biases are those of its base."""
    x, gap = machine.a0, math.inf
    for i, W in enumerate(machine.W):
        below, above = map(Bernoulli, W.shape)
        pair = RestrictedBoltzmannMachine.of(
            below, above, W=W, a=machine.b[i], b=machine.b[i + 1], a0=x
        )
        vary_inputs(pair, pair.visible.mean(x), stream, gap)
        gap = MEAN_FIELD_GAP
        x = torch.full_like(pair.b, above.first_bias)
