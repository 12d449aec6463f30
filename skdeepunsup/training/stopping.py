"""Early stopping, and whether a fit that was not stopped has ended too early."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

CLEAR, SLIGHT = 0.02, 0.005
"""Shares of a loss's whole fall that count in the last fifth of its epochs: by themselves, and if
the loss itself falls by a tenth, as errors near 0 do."""

CLEAR_OF_TARGETS = 0.04
"""The same of targets in training rows, whose loss falls on while they are learned by heart: more
epochs then predict other rows no better (the last feature of wine: R² of .66, then .20)."""


def still_falls(losses: Sequence[float], of_targets: bool = False) -> bool:
    """Whether the last fifth of a fit's epochs lowered the loss clearly, and more than its noise.

    The noise is that of second differences, which do not contain the trend. ``of_targets`` says
    whether it is the loss of targets in the rows of training.
    """
    values = np.asarray(losses)
    if len(values) < 5:
        return False
    n = len(values) // 5
    last = values[-n:].mean()
    gain = values[-2 * n : -n].mean() - last
    noise = np.sqrt(np.square(np.diff(values, 2)).mean() / 6)
    fall = values[0] - last
    if of_targets:
        clear = gain > CLEAR_OF_TARGETS * fall
    else:
        clear = gain > CLEAR * fall or (gain > SLIGHT * fall and gain > 0.1 * abs(last))
    return bool(clear and gain > 3 * noise * np.sqrt(2 / n))


class EarlyStopping:
    """Asks for a stop after ``patience`` epochs in a row without improvement.

    Parameters
    ----------
    monitor : str
        The entry of an epoch's record that should fall.
    patience : int
        Epochs without improvement before a stop.
    tol : float
        An epoch improves on the best so far if it is lower by more than ``tol`` times the best's
        absolute value. Relative, since a sum of squared errors has the scale of the data.
    warmup : int, default=0
        The first epochs, which are ignored.

    Attributes
    ----------
    best : float
        The lowest value so far.
    improved : bool
        Whether the last epoch was the best one.
    seen : list of float
        The value of each epoch after the warm-up.
    """

    def __init__(self, monitor: str, patience: int, tol: float, warmup: int = 0) -> None:
        self.monitor, self.patience, self.tol, self.warmup = monitor, patience, tol, warmup
        self.best = math.inf
        self.improved = False
        self.seen: list[float] = []
        self._reference, self._waited = math.inf, 0

    def state_dict(self) -> dict[str, Any]:
        """Return all that ``update`` changes."""
        return dict(vars(self)) | {"seen": np.array(self.seen)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from what ``state_dict`` returned."""
        vars(self).update(state | {"seen": list(map(float, state["seen"]))})

    def update(self, record: dict[str, float]) -> bool:
        """Judge an epoch by its record; return whether to stop."""
        if self.warmup > 0:
            self.warmup -= 1
            return False
        value = record[self.monitor]
        self.seen.append(value)
        self.improved = value < self.best
        self.best = min(value, self.best)
        # tol is measured against the last value that counted as progress, so that many epochs of
        # little progress add up instead of being forgotten one by one.
        finite = math.isfinite(self._reference)
        if not finite or value < self._reference - self.tol * abs(self._reference):
            self._reference, self._waited = value, 0
        else:
            self._waited += 1
        return self._waited >= self.patience
