"""Figures of merit: of reconstructions, which need no labels, and of disentanglement."""

from .disentanglement import DCI, active_units, dci, mutual_information_gap
from .reconstruction import reconstruction_error, reconstruction_score

__all__ = [
    "DCI",
    "active_units",
    "dci",
    "mutual_information_gap",
    "reconstruction_error",
    "reconstruction_score",
]
