"""Where a training was when it last stood well."""

from collections.abc import Iterator
from typing import Any

from torch import Tensor

from .objectives import Objective


class Checkpoint:
    """A copy of an objective's state in memory of its own, allocated once.

    Parameters
    ----------
    objective : Objective
        Whose state ``save`` copies and ``restore`` puts back.
    """

    def __init__(self, objective: Objective) -> None:
        self.objective = objective
        self._state: Any = None
        self._whole = False
        self.save()

    def save(self) -> None:
        """Copy the state as it is now."""
        self._whole = False  # interrupted in here, the live state is the better one
        self._state = _copy(self.objective.state_dict(), self._state)
        self._whole = True

    def restore(self) -> None:
        """Put the copied state back."""
        if self._whole:
            self.objective.load_state_dict(self._state)


def is_finite(objective: Objective) -> bool:
    """Whether every number of the objective's state is finite."""
    tensors = _tensors(objective.state_dict())
    return all(bool(t.sum().isfinite()) for t in tensors if t.is_floating_point())


def _copy(source: Any, target: Any = None) -> Any:
    """A nested copy of ``source``, its tensors written into those of ``target`` where they fit."""
    if isinstance(source, Tensor):
        fits = isinstance(target, Tensor) and target.shape == source.shape
        return target.copy_(source) if fits else source.detach().clone()
    if isinstance(source, dict):
        targets = target if isinstance(target, dict) else {}
        return {key: _copy(value, targets.get(key)) for key, value in source.items()}
    if isinstance(source, (list, tuple)):
        old = target if target is not None and len(target) == len(source) else [None] * len(source)
        return type(source)(_copy(s, t) for s, t in zip(source, old, strict=True))
    return source


def _tensors(state: Any) -> Iterator[Tensor]:
    """Every tensor of a nested state."""
    if isinstance(state, Tensor):
        yield state
    elif isinstance(state, dict):
        for value in state.values():
            yield from _tensors(value)
    elif isinstance(state, (list, tuple)):
        for value in state:
            yield from _tensors(value)
