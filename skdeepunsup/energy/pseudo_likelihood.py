"""Σᵢ log p(vᵢ | all other visible units): a likelihood that needs no log Z.

J. Besag, "Statistical analysis of non-lattice data", The Statistician 24, 1975.
"""

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

from .machine import RestrictedBoltzmannMachine


def pseudo_log_likelihood(machine: RestrictedBoltzmannMachine, v: Tensor) -> Tensor:
    """Σᵢ log σ(F(v with bit i flipped) − F(v)) of each row of binary ``v``, exactly."""
    x = machine.hidden_input(v)
    settled = machine.hidden.log_normalizer(x).sum(-1)
    total = torch.zeros(len(v), dtype=x.dtype, device=x.device)
    for i in range(v.shape[1]):
        change = 1 - 2 * v[:, i]  # of bit i when it flips
        flipped = machine.hidden.log_normalizer(x + change[:, None] * machine.W[i]).sum(-1)
        total += logsigmoid(settled - flipped - change * machine.a[i])
    return total


def pseudo_log_likelihood_estimate(machine: RestrictedBoltzmannMachine, v: Tensor) -> Tensor:
    """n_visible · log σ(F(v with one bit flipped) − F(v)): unbiased over the choice of the bit.

    Row r flips bit r modulo n_visible: no randomness, and all bits have their turn.
    """
    rows = torch.arange(len(v), device=v.device)
    bits = rows % v.shape[1]
    flipped = v.clone()
    flipped[rows, bits] = 1 - flipped[rows, bits]
    return v.shape[1] * logsigmoid(machine.free_energy(flipped) - machine.free_energy(v))
