"""A copy of a training's state, to go back to."""

from collections.abc import Iterator
from typing import Any

from torch import Tensor

from .objectives import Objective


class Checkpoint:
    """A copy of the states of an objective and its module, in memory that is allocated once.

    Parameters
    ----------
    objective : Objective
        ``save`` copies its state and its module's; ``restore`` writes them back.

    Attributes
    ----------
    epochs : int or None
        Number of epochs trained when the copy was made; None while the copy is being written: the
        live state is then the complete one.
    """

    def __init__(self, objective: Objective) -> None:
        self.objective = objective
        self.epochs: int | None = None
        self._state: Any = None
        self.save(0)
        # A user's own network may contain infinities from the start, such as a mask.
        self._infinite = {path for path, tensor in self._tensors() if not _is_finite(tensor)}

    def save(self, epochs: int) -> None:
        """Copy the current state, which is that after ``epochs`` epochs."""
        self.epochs = None
        self._state = _copy(self._live(), self._state)
        self.epochs = epochs

    def restore(self) -> None:
        """Write the copied state back, unless the copy is incomplete."""
        if self.epochs is not None:
            self.objective.module.load_state_dict(self._state["module"])
            self.objective.load_state_dict(self._state["objective"])

    def live_is_finite(self) -> bool:
        """Whether all numbers of the live state are finite, except tensors that never were."""
        return all(_is_finite(t) for path, t in self._tensors() if path not in self._infinite)

    def _tensors(self) -> Iterator[tuple[str, Tensor]]:
        return _walk(self._live())

    def _live(self) -> dict[str, Any]:
        objective = self.objective
        return {"module": objective.module.state_dict(), "objective": objective.state_dict()}


def _is_finite(tensor: Tensor) -> bool:
    if not tensor.is_floating_point() or tensor.sum().isfinite():
        return True
    return bool(tensor.isfinite().all())  # 40 times the cost; needed since a sum may overflow


def _copy(source: Any, target: Any = None) -> Any:
    """Copy a nested state, writing its tensors into those of ``target`` where shapes agree."""
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
    """Yield every tensor of a nested state with its path."""
    if isinstance(state, Tensor):
        yield path, state
    elif isinstance(state, dict):
        for key, value in state.items():
            yield from _walk(value, f"{path}/{key}")
    elif isinstance(state, (list, tuple)):
        for i, value in enumerate(state):
            yield from _walk(value, f"{path}/{i}")
