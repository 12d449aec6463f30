"""Figures of merit that need no labels, for any transformer with a way back."""

from .reconstruction import reconstruction_error, reconstruction_score

__all__ = ["reconstruction_error", "reconstruction_score"]
