"""The quality of samples, compared with held-out rows."""

from collections.abc import Callable
from numbers import Real
from typing import Any

import numpy as np
import torch

from ..._random import Stream
from ..._rows import Rows
from ..._validation import to_array
from ...metrics import density_coverage, frechet_distance, kernel_distance, precision_recall
from ..modules.base import AdversarialModule

MAX_ROWS = 5000
"""At most so many held-out rows and samples are compared: the cost grows with their square."""


def by_kernel(X: np.ndarray, samples: np.ndarray) -> dict[str, float]:
    """The unbiased kernel distance."""
    return {"validation_loss": kernel_distance(X, samples)}


def by_frechet(X: np.ndarray, samples: np.ndarray) -> dict[str, float]:
    """The Fréchet distance of the rows as they are."""
    return {"validation_loss": frechet_distance(X, samples)}


def by_precision_and_recall(X: np.ndarray, samples: np.ndarray) -> dict[str, float]:
    """One minus the harmonic mean of precision and recall."""
    precision, recall = precision_recall(X, samples)
    loss = 1 - _harmonic_mean(precision, recall)
    return {"validation_loss": loss, "precision": precision, "recall": recall}


def by_density_and_coverage(X: np.ndarray, samples: np.ndarray) -> dict[str, float]:
    """One minus the harmonic mean of coverage and min(density, 1 / density).

    Real rows have density 1; samples that stay in the middle of the data have one far above 1.
    """
    density, coverage = density_coverage(X, samples)
    loss = 1 - _harmonic_mean(min(density, 1 / max(density, 1.0)), coverage)
    return {"validation_loss": loss, "density": density, "coverage": coverage}


def _harmonic_mean(a: float, b: float) -> float:
    return 2 * a * b / (a + b) if a + b else 0.0


QUALITIES = {
    "kernel": by_kernel,
    "frechet": by_frechet,
    "precision-recall": by_precision_and_recall,
    "density-coverage": by_density_and_coverage,
}
"""The qualities by name: each returns the ``"validation_loss"`` of samples, and its parts."""

MIN_ROWS = {"kernel": 2, "frechet": 2, "precision-recall": 4, "density-coverage": 6}
"""Fewest held-out rows that each quality needs: more than it has neighbours."""


class Monitor:
    """Compares held-out rows with as many samples in the first epoch and then every few epochs.

    The samples always have the same codes. In between, the last result is returned.

    Parameters
    ----------
    module : AdversarialModule
        Draws the samples.
    quality : str or callable
        A name of ``QUALITIES``, or a function of rows and samples, lower being better.
    interval : int
        Epochs from one comparison to the next.
    """

    def __init__(
        self,
        module: AdversarialModule,
        quality: str | Callable[[np.ndarray, np.ndarray], float],
        interval: int,
    ) -> None:
        self.module, self.interval = module, interval
        self.quality: Callable[[np.ndarray, np.ndarray], dict[str, float]]
        self.quality = QUALITIES[quality] if isinstance(quality, str) else _named(quality)
        self.min_rows = MIN_ROWS[quality] if isinstance(quality, str) else 1
        self.epochs, self.last = 0, dict[str, torch.Tensor]()

    def __call__(self, held_out: Rows) -> dict[str, Any]:
        """Return the figures of this epoch by name."""
        if len(held_out) < self.min_rows:
            raise ValueError(
                f"validation_fraction holds out {len(held_out)} rows, but quality needs at least "
                f"{self.min_rows}; give more rows or a larger fraction, or early_stopping=False."
            )
        self.epochs += 1
        if self.epochs == 1 or self.epochs % self.interval == 0:
            ids = torch.arange(min(len(held_out), MAX_ROWS))
            labels = None if held_out.labels is None else held_out.labels[ids]
            scaling = self.module.scaling  # figures are those of rows in the data's units
            X = to_array(scaling.original(held_out.take(ids)))
            samples = to_array(scaling.original(self._samples(len(ids), labels)))
            diverged = {"validation_loss": np.nan}  # the loop then ends the fit
            figures = self.quality(X, samples) if np.isfinite(samples).all() else diverged
            self.last = {name: torch.tensor(float(value)) for name, value in figures.items()}
        return self.last

    @torch.no_grad()
    def _samples(self, n: int, labels: torch.Tensor | None) -> torch.Tensor:
        device = self.module.center.device
        labels = None if labels is None else labels.to(device)
        return self.module.decode(self.module.draw_codes(n, Stream(0, device), labels))


def _named(
    quality: Callable[[np.ndarray, np.ndarray], float],
) -> Callable[[np.ndarray, np.ndarray], dict[str, float]]:
    """Let a user's function return its number by name, as the others do, after checking it."""

    def named(X: np.ndarray, samples: np.ndarray) -> dict[str, float]:
        value = quality(X, samples)
        if not (isinstance(value, Real) and np.isfinite(value)):
            raise ValueError(f"quality(X, samples) returned {value!r}, must be a finite number.")
        return {"validation_loss": float(value)}

    return named
