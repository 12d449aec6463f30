"""The pseudo-log-likelihood Σᵢ log p(vᵢ | all other visible units), which needs no log Z.

J. Besag, "Statistical analysis of non-lattice data", The Statistician 24, 1975.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import embedding_bag

from ..machines.restricted import RestrictedBoltzmannMachine
from ..units.base import Units


class Seen(NamedTuple):
    """Visible states, their hidden input t(v)ᵀW + b, and its log-normaliser, summed over h."""

    v: Tensor
    x: Tensor
    settled: Tensor


def seen(machine: RestrictedBoltzmannMachine, v: Tensor) -> Seen:
    """The states ``v`` as hidden units receive them."""
    x = machine.hidden_input(v)
    return Seen(v, x, machine.hidden.total_log_normalizer(x))


def pseudo_log_likelihood(machine: RestrictedBoltzmannMachine, v: Tensor) -> Tensor:
    """Σᵢ log p(vᵢ | all others) over the units that are not missing, of each state, exactly."""
    units = torch.arange(machine.visible.n_units, device=v.device)
    return sum_of_conditionals(machine, seen(machine, v), units.expand(len(v), -1))


CACHED = 2**17
"""Most hidden inputs at a time: of small tables, several conditionals are one call."""

CONDITIONALS, TIMES_EACH = (2, 8), 2
"""Conditionals of each state, from and to, and how often each unit's should be among those of all.

With 8 of each of 500 states, the estimate took a quarter of the updates' time in a fit to them.
"""


def pseudo_log_likelihood_estimate(
    machine: RestrictedBoltzmannMachine, v: Tensor, n_conditionals: int | None = None
) -> Tensor:
    """Estimate Σᵢ log p(vᵢ | all others) of each state from ``n_conditionals`` of its units.

    The sum is scaled up to all units. Rows take different units, spread evenly, without randomness.
    None takes so many conditionals that each unit has two, but from 2 to 8 for a state.
    """
    return estimate_of_seen(machine, seen(machine, v), n_conditionals)


def estimate_of_seen(
    machine: RestrictedBoltzmannMachine, states: Seen, n_conditionals: int | None = None
) -> Tensor:
    """`pseudo_log_likelihood_estimate` of states whose hidden input is at hand."""
    v = states.v
    n, n_units = len(v), machine.visible.n_units
    if n_conditionals is None:
        least, most = CONDITIONALS
        n_conditionals = min(max(math.ceil(TIMES_EACH * n_units / n), least), most)
    draws = torch.arange(n * n_conditionals, device=v.device).view(n, n_conditionals)
    enough = n * n_conditionals >= n_units
    units = draws % n_units if enough else draws * n_units // (n * n_conditionals)
    return sum_of_conditionals(machine, states, units) * n_units / n_conditionals


def sum_of_conditionals(machine: RestrictedBoltzmannMachine, states: Seen, units: Tensor) -> Tensor:
    """Σᵢ log p(vᵢ | all others) over ``units`` i of each state, of shape (n, n_conditionals)."""
    total = torch.zeros_like(states.settled)
    at_once = max(1, CACHED // max(1, states.x.numel()))
    for part in units.split(at_once, 1):
        total += log_conditionals(machine, states, part).sum(1)
    return total


def log_conditionals(machine: RestrictedBoltzmannMachine, states: Seen, units: Tensor) -> Tensor:
    """Log p(vᵢ | all others) with i one of the ``units`` of each state; 0 where vᵢ is missing.

    It is −F(v) − log Σᵤ exp(−F(v with vᵢ = u)), of shape (n, n_conditionals) as ``units``.
    """
    v, x, settled = states
    width = machine.coding.width
    columns = width * units[..., None] + torch.arange(width, device=v.device)
    block = v.gather(1, columns.flatten(1)).view(-1, width)
    columns = columns.view(-1, width)
    x, settled = (t.repeat_interleave(units.shape[1], 0) for t in (x, settled))
    a, (present, others) = machine.a[columns], values_of(machine.visible, block)
    alternatives = [settled] if present else []
    for value in others:
        change = value - block
        moved = x + embedding_bag(columns, machine.W, per_sample_weights=change, mode="sum")
        settled_there = machine.hidden.total_log_normalizer(moved)
        alternatives.append((change * a).sum(-1) + settled_there)
    log_p = settled - torch.stack(alternatives).logsumexp(0)
    return (log_p * machine.coding.observed(block)[:, 0]).view(units.shape)


def values_of(units: Units, block: Tensor) -> tuple[bool, list[Tensor]]:
    """Whether each unit has one of its values, as grey levels have not, and what else it may take.

    Tensors of shape (n, width): all other values, or, of units that have none, all of them.
    """
    values = units.values(block)  # of one unit, a row each
    assert values is not None
    own = (block[:, None] - values).abs().sum(-1).argmin(1)
    present = bool(values[own].equal(block))
    return present, [values[(own + k) % len(values)] for k in range(int(present), len(values))]
