"""First parameters of a restricted machine: the data's marginals, and small weights."""

import math
from typing import Any

from torch import Tensor

from ..._random import Stream
from ..._rows import Rows
from ..machines.restricted import RestrictedBoltzmannMachine
from ..units.gaussian import Gaussian

SPREAD = 2.0
"""Scale of first weights between Gaussian and binary units, see ``spread_out``.

Ring, blobs, wine, iris and digits all fitted better with 1 or 2 than with 0.3 or nearly 0, and most
of them best with 2.
"""


def first_weights(machine: RestrictedBoltzmannMachine, stream: Stream) -> Tensor:
    """W ~ N(0, 0.01²) (G. Hinton, "A practical guide to training RBMs", 2010)."""
    return 0.01 * stream.normal(*machine.W.shape)


def start_at_data(machine: RestrictedBoltzmannMachine, rows: Rows, stream: Stream) -> None:
    """Start a machine on the CPU at the data's marginals, with small weights or `spread_out` ones.

    The base machine has the same marginals, and no weights.
    """
    visible = machine.visible
    machine.W.copy_(first_weights(machine, stream).cpu())
    machine.a.copy_(visible.start_(rows))
    spread = isinstance(visible, Gaussian) and machine.hidden.binary
    if spread:
        machine.a0.copy_(machine.a)
        spread_out(machine, stream)
    elif visible.binary:
        machine.b.fill_(machine.hidden.first_bias)
    machine.constrain_()
    if not spread:
        machine.a0.copy_(machine.a)


def spread_out(machine: RestrictedBoltzmannMachine, stream: Stream) -> None:
    """Give binary units above Gaussian ones large random weights, without moving the mean of v.

    W ~ N(0, (SPREAD σ)² / max(n_visible, n_hidden)), b such that each hidden unit is on with
    probability ½ at the mean, and a such that the mean of v stays. From weights near 0 nothing is
    learned but the covariance: uncorrelated data stay a single Gaussian for ever.
    """
    units: Any = machine.visible
    sigma = (0.5 * units.log_variance).exp()[:, None]
    draws = stream.normal(*machine.W.shape).cpu()
    machine.W.copy_(SPREAD * sigma * draws / math.sqrt(max(draws.shape)))
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
    (G. Hinton, S. Osindero, Y.-W. Teh, 2006). A narrower machine starts with weights for which the
    inputs of its hidden units have variance 1 about −2: from weights near 0, few updates leave its
    code the same for all rows (digits, 64 and 32 units, 10 epochs: a classifier on the code has an
    accuracy of .15 then, and of .52 with these weights).
    """
    p = activity.clamp(0.001, 0.999)
    machine.W.copy_(first_weights(machine, stream))
    machine.b.fill_(machine.hidden.first_bias)
    machine.a0.copy_(p.logit())
    machine.a.copy_(machine.a0)
    n = below.visible.size
    if below.visible.binary and n <= machine.n_components:
        machine.W[:, :n] = below.W.T
        machine.b[:n] = below.a
        machine.a.copy_(below.b)
    else:
        machine.W.copy_(stream.normal(*machine.W.shape) / (p * (1 - p)).sum().sqrt())
        machine.b.sub_(p @ machine.W)
        machine.a.sub_(machine.W.sum(1) / (1 + math.exp(-machine.hidden.first_bias)))
