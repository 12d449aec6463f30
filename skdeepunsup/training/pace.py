"""Learning-rate schedules, running averages of parameters, and mixed precision."""

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Tensor


def linear_pace(progress: float) -> float:
    """Factor of the learning rate: 1 for half the fit, then falling linearly to 0.01."""
    return min(1.0, 1.0 - 0.99 * (2 * progress - 1))


PACES: dict[str, Callable[[float], float] | None] = {"constant": None, "linear": linear_pace}
"""The ``pace`` of `GradientDescent` for each value of ``learning_rate_schedule``."""


def follow(
    averages: Iterable[Tensor], parameters: Iterable[Tensor], averaging: float, n_updates: int
) -> None:
    """Update running averages in place: average ← a · average + (1 − a) · parameter.

    a = min(averaging, (1 + n) / (10 + n)) after n = ``n_updates`` updates: less at first.
    """
    share = 1 - min(averaging, (1 + n_updates) / (10 + n_updates))
    for average, parameter in zip(averages, parameters, strict=True):
        average.lerp_(parameter, share)


def autocast(device: torch.device, dtype: torch.dtype | None) -> AbstractContextManager[Any]:
    """A context that computes matrix products in ``dtype``; None changes nothing."""
    return nullcontext() if dtype is None else torch.autocast(device.type, dtype=dtype)
