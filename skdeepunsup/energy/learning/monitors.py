"""Diagnostics per row: loss, reconstruction error, free energy of the (averaged) machine.

All are one number a row, in nats except the squared ``"reconstruction_error"``. The ``"loss"``
stands for minus the log-likelihood, whose log Z is not known during training.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from ..._random import Stream
from ..._rows import Rows, mean_over_rows
from ..likelihood.pseudo import estimate_of_seen, seen
from ..machines.lateral import LateralMachine
from ..machines.layered import LayeredMachine
from ..machines.restricted import RestrictedBoltzmannMachine
from ..units.binary import surprise

N_FLIPPED = 8
"""Features of each row that the pseudo-likelihood of a lateral machine is estimated from."""

Figures = dict[str, Tensor]


def measured(
    figures: Callable[[Tensor], Figures], rows: Rows, held_out: Rows | None
) -> dict[str, Tensor]:
    """Mean figures of a tenth of the training rows, at most 500, and figures of held-out rows.

    A ``"free_energy"`` cannot be compared between epochs, but the gap can: the mean of held-out
    rows minus that of training rows, which grows when the machine overfits.
    """
    every = max(10, -(-len(rows) // 500))
    seen = rows.take(torch.arange(0, len(rows), every, device=rows.index_device))
    with torch.no_grad():
        record = {name: figure.mean() for name, figure in figures(seen).items()}
    free_energy = record.pop("free_energy", None)
    if held_out is None:
        return record

    def compared(x: Tensor) -> Tensor:
        of_rows = figures(x)
        return torch.stack([of_rows[k] for k in ("loss", "free_energy") if k in of_rows], 1)

    record["validation_loss"], *held_out_free = mean_over_rows(compared, held_out)
    if free_energy is not None:
        record["free_energy_gap"] = held_out_free[0] - free_energy.cpu()
    return record


def fixed_bits(rows: Tensor) -> Tensor:
    """Bits with the rows' entries as probabilities, the same at each epoch, which so compare."""
    return Stream(0, rows.device).bernoulli(rows)


def restricted_figures(machine: RestrictedBoltzmannMachine, rows: Tensor) -> Figures:
    """Loss, free energy, and the error of E[v | E[h | v]] over entries that are not missing.

    The loss is minus an estimate of the pseudo-log-likelihood; where units have infinitely many
    values, so that their conditionals have no closed form, it is −log p(v | E[h | v]).
    """
    units = machine.visible
    v = units.coding.to_states(rows)
    states = seen(machine, v)
    x = machine.visible_input(machine.hidden.mean(states.x))
    missed = (rows - units.coding.to_rows(units.mean(x))).nan_to_num(nan=0.0)
    divergence = units.divergence(v, x)
    if units.values(v) is None:
        loss = divergence + units.least_surprise(v)
    else:
        loss = -estimate_of_seen(machine, states)
    if machine.scaling is not None:  # figures are in the units of the data, beyond float32 perhaps
        loss = loss + machine.scaling.volume
        missed = machine.scaling.scale * missed.cpu().double()
    return {
        "loss": loss,
        "reconstruction_error": missed.square().sum(-1),
        "reconstruction_kl": divergence,
        "free_energy": -machine.visible_terms(v) - states.settled,
    }


def lateral_figures(machine: LateralMachine, v: Tensor) -> Figures:
    """Loss, free energy, and, with hidden units, the error of the mean field's reconstruction.

    The loss is minus the pseudo-log-likelihood; with hidden units it is estimated from `N_FLIPPED`
    features of each row, with mean-field free energies.
    """
    if not machine.n_components:
        loss = -machine.log_conditionals(v).sum(-1)
        return {"loss": loss, "free_energy": machine.free_energy(v)}
    n, D = v.shape
    free_energy = machine.mean_field_free_energy(v)
    loss = torch.zeros_like(free_energy)
    for k in range(min(N_FLIPPED, D)):
        i = (torch.arange(n, device=v.device)[:, None] + k * D // min(N_FLIPPED, D)) % D
        flipped = v.scatter(1, i, 1 - v.gather(1, i))
        x = free_energy - machine.mean_field_free_energy(flipped)
        loss += machine.visible.log_normalizer(x)
    return {
        "loss": loss * D / min(N_FLIPPED, D),
        "reconstruction_error": (v - machine.decode(machine.encode(v))).square().sum(-1),
        "free_energy": free_energy,
    }


def layered_figures(machine: LayeredMachine, v: Tensor, n_rounds: int) -> Figures:
    """Cross-entropy and squared error of E[v | q₁], with q after ``n_rounds`` of mean field."""
    x = machine.input(machine.mean_field(v, n_rounds), 0)
    return {
        "loss": surprise(v, x),
        "reconstruction_error": (v - x.sigmoid()).square().sum(-1),
    }
