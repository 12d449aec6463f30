"""Log Z of an energy model: by enumeration, or by annealed importance sampling."""

import math
from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor

from .._random import Stream
from .machine import RestrictedBoltzmannMachine

MAX_ENUMERATED_UNITS = 20
"""2²⁰ states of the smaller layer take about a second beside a layer of some hundred units."""


class LogPartition(NamedTuple):
    """Log Z in nats with an interval; all three are the same where it was enumerated."""

    value: float
    lower: float
    upper: float


def binary_states(n_units: int, block: int = 2**12) -> Iterator[Tensor]:
    """All 2ⁿ rows of n bits, a block at a time, float64."""
    bits = torch.arange(n_units)
    for start in range(0, 2**n_units, block):
        states = torch.arange(start, min(start + block, 2**n_units))
        yield (states[:, None] >> bits & 1).double()


def exact_log_partition(machine: RestrictedBoltzmannMachine) -> float:
    """Log Σ exp(−F) over all states of the smaller layer, the other one summed in closed form."""
    machine = machine.in_double()
    n_visible, n_hidden = machine.W.shape
    free_energy = machine.free_energy if n_visible < n_hidden else machine.hidden_free_energy
    states = binary_states(min(n_visible, n_hidden))
    blocks = [torch.logsumexp(-free_energy(block), 0) for block in states]
    return float(torch.logsumexp(torch.stack(blocks), 0))


def annealed_log_weights(
    machine: RestrictedBoltzmannMachine,
    base_bias: Tensor,
    betas: Tensor,
    n_chains: int,
    stream: Stream,
) -> Tensor:
    """Log importance weights whose mean weight is Z / Z₀, by annealed importance sampling.

    The path runs from the machine with no weights, visible biases a₀ and hidden biases 0
    (log Z₀ = Σ log(1 + exp a₀) + n_hidden log 2) to ``machine``, through

        log p*_β(v) = ((1 − β) a₀ + β a)ᵀv + Σⱼ log(1 + exp β(vᵀW + b)ⱼ).

    At each β the weight gains log p*_β(v) − log p*_β'(v), β' being the one before, and v makes one
    Gibbs sweep at β: two products, since vᵀW serves both.

    Parameters
    ----------
    machine : RestrictedBoltzmannMachine
        With binary units.
    base_bias : Tensor of shape (n_visible,)
        a₀.
    betas : Tensor of shape (n_temperatures,)
        Rising from 0 to 1.
    n_chains : int
        Independent runs.
    stream : Stream
        All randomness.

    Returns
    -------
    Tensor of shape (n_chains,)
        In nats, accumulated in float64 on the CPU.

    References
    ----------
    R. Salakhutdinov, I. Murray, "On the quantitative analysis of deep belief networks", ICML 2008.
    """
    visible, hidden = machine.visible, machine.hidden
    log_weights = torch.zeros(n_chains, dtype=torch.float64, device=machine.a.device)
    change = machine.a - base_bias
    v = visible.sample(base_bias.expand(n_chains, -1), stream)
    before = 0.0
    for beta in betas.tolist()[1:]:
        x = machine.hidden_input(v)
        gain = hidden.log_normalizer(beta * x) - hidden.log_normalizer(before * x)
        log_weights += gain.sum(-1, dtype=torch.float64)
        log_weights += (beta - before) * (v @ change).double()
        h = hidden.sample(beta * x, stream)
        # β(Wh + a) + (1 − β) a₀
        v = visible.sample(
            torch.add((1 - beta) * base_bias, machine.visible_input(h), alpha=beta), stream
        )
        before = beta
    return log_weights.cpu()


def base_log_partition(base_bias: Tensor, n_hidden: int) -> float:
    """Log Z₀ = Σᵢ log(1 + exp a₀ᵢ) + n_hidden log 2, of the machine with no weights."""
    return float(torch.nn.functional.softplus(base_bias.double()).sum()) + n_hidden * math.log(2)


def log_mean_interval(log_weights: Tensor, n_deviations: float = 3.0) -> LogPartition:
    """Log of the mean weight, and of that mean ± ``n_deviations`` standard errors."""
    n = len(log_weights)
    shift = log_weights.max()
    weights = (log_weights - shift).exp()
    mean = weights.mean()
    error = n_deviations * weights.std() / math.sqrt(n) if n > 1 else torch.tensor(math.inf)
    value, lower, upper = (
        float(shift + bound.log()) for bound in (mean, (mean - error).clamp(min=0), mean + error)
    )
    return LogPartition(value, lower, upper)


def annealed_log_partition(
    machine: RestrictedBoltzmannMachine,
    base_bias: Tensor,
    *,
    n_temperatures: int,
    n_chains: int,
    stream: Stream,
) -> LogPartition:
    """Log Z by annealed importance sampling at evenly spaced β, with three standard errors."""
    betas = torch.linspace(0, 1, n_temperatures, dtype=torch.float64)
    log_weights = annealed_log_weights(machine, base_bias, betas, n_chains, stream)
    base = base_log_partition(base_bias, machine.W.shape[1])
    return LogPartition(*(base + bound for bound in log_mean_interval(log_weights)))
