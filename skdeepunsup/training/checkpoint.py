"""Where a training was when it last stood well."""

from collections.abc import Iterator
from typing import Any

from torch import Tensor

from .objectives import Objective


class Checkpoint:
    """A copy of an objective's and its module's states in memory of its own, allocated once.

    Parameters
    ----------
    objective : Objective
        ``save`` copies its state and that of its module; ``restore`` puts them back.

    Attributes
    ----------
    epochs : int or None
        How many epochs the copied state has seen; None while it is being written, when the live
        state is the one to keep.
    """

    def __init__(self, objective: Objective) -> None:
        self.objective = objective
        self.epochs: int | None = None
        self._state: Any = None
        self.save(0)
        # A network of the user's own may hold a mask of infinities, say.
        self._infinite = {path for path, tensor in self._tensors() if not _is_finite(tensor)}

    def save(self, epochs: int) -> None:
        """Copy the state as it is now, after so many epochs."""
        self.epochs = None
        self._state = _copy(self._live(), self._state)
        self.epochs = epochs

    def restore(self) -> None:
        """Put the copied state back."""
        if self.epochs is not None:
            self.objective.module.load_state_dict(self._state["module"])
            self.objective.load_state_dict(self._state["objective"])

    def live_is_finite(self) -> bool:
        """Whether every number of the live state is, of those that were when this was made."""
        return all(_is_finite(t) for path, t in self._tensors() if path not in self._infinite)

    def _tensors(self) -> Iterator[tuple[str, Tensor]]:
        return _walk(self._live())

    def _live(self) -> dict[str, Any]:
        objective = self.objective
        return {"module": objective.module.state_dict(), "objective": objective.state_dict()}


def _is_finite(tensor: Tensor) -> bool:
    if not tensor.is_floating_point() or tensor.sum().isfinite():
        return True
    return bool(tensor.isfinite().all())  # forty times the cost, but a sum may overflow


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


def _walk(state: Any, path: str = "") -> Iterator[tuple[str, Tensor]]:
    """Every tensor of a nested state, with where it stands."""
    if isinstance(state, Tensor):
        yield path, state
    elif isinstance(state, dict):
        for key, value in state.items():
            yield from _walk(value, f"{path}/{key}")
    elif isinstance(state, (list, tuple)):
        for i, value in enumerate(state):
            yield from _walk(value, f"{path}/{i}")
