"""Σᵢ log p(vᵢ | all other visible units): a likelihood that needs no log Z.

J. Besag, "Statistical analysis of non-lattice data", The Statistician 24, 1975.
"""

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

from .machine import RestrictedBoltzmannMachine


def pseudo_log_likelihood(machine: RestrictedBoltzmannMachine, v: Tensor) -> Tensor:
    """Σᵢ log p(vᵢ | all others) of each row of binary ``v``, exactly."""
    x, total = machine.hidden_input(v), v.new_zeros(len(v))
    settled = machine.hidden.log_normalizer(x).sum(-1)
    for i in range(v.shape[1]):
        bits = torch.full((len(v),), i, device=v.device)
        total += log_conditional(machine, v, x, settled, bits)
    return total


def pseudo_log_likelihood_estimate(
    machine: RestrictedBoltzmannMachine, v: Tensor, n_bits: int = 8
) -> Tensor:
    """The same from ``n_bits`` of each row's bits, times n_visible / ``n_bits``.

    Rows take different bits, spread evenly over all of them, with no randomness.
    """
    n, n_visible = v.shape
    x, total = machine.hidden_input(v), v.new_zeros(len(v))
    settled = machine.hidden.log_normalizer(x).sum(-1)
    draws = torch.arange(n * n_bits, device=v.device).view(n, n_bits)
    bits = draws % n_visible if n * n_bits >= n_visible else draws * n_visible // (n * n_bits)
    for column in bits.T:
        total += log_conditional(machine, v, x, settled, column)
    return total * n_visible / n_bits


def log_conditional(
    machine: RestrictedBoltzmannMachine, v: Tensor, x: Tensor, settled: Tensor, bits: Tensor
) -> Tensor:
    """Log p(v_bit | all others) = log σ(F(v with the bit flipped) − F(v)), a bit for each row.

    ``x`` is the rows' hidden input, and ``settled`` its log-normaliser summed over hidden units.
    """
    change = 1 - 2 * v.gather(1, bits[:, None])  # of the bit when it flips
    flipped = machine.hidden.log_normalizer(x + change * machine.W[bits]).sum(-1)
    return logsigmoid(settled - flipped - change[:, 0] * machine.a[bits])
