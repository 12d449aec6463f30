"""How fast updates go, and how fast an average of what they change follows."""

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Tensor


def linear_pace(progress: float) -> float:
    """What is left of a learning rate: all of it for half the fit, then less, at its end 1 %."""
    return min(1.0, 1.0 - 0.99 * (2 * progress - 1))


PACES: dict[str, Callable[[float], float] | None] = {"constant": None, "linear": linear_pace}
"""By name of the ``learning_rate_schedule``: what `GradientDescent` is given."""


def follow(
    averages: Iterable[Tensor], parameters: Iterable[Tensor], averaging: float, n_updates: int
) -> None:
    """Let averages follow parameters in place, keeping ``averaging`` of themselves, less at first.

    ``n_updates`` is how many updates they have followed.
    """
    share = 1 - min(averaging, (1 + n_updates) / (10 + n_updates))
    for average, parameter in zip(averages, parameters, strict=True):
        average.lerp_(parameter, share)


def autocast(device: torch.device, dtype: torch.dtype | None) -> AbstractContextManager[Any]:
    """Within this, products are done in ``dtype``; None leaves them as they are."""
    return nullcontext() if dtype is None else torch.autocast(device.type, dtype=dtype)
