"""A copy of a training's state, to go back to."""

from dataclasses import dataclass
from typing import Any, Self

import torch
from torch import Tensor

from .._finite import not_finite
from .objectives import Objective


class Snapshot:
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
        self._tensors: dict[str, Tensor] = {}
        self._rest: Any = None
        self.save(0)
        # A user's own network may contain infinities from the start, such as a mask.
        self._infinite = not_finite(self._tensors)

    def save(self, epochs: int) -> None:
        """Copy the current state, which is that after ``epochs`` epochs."""
        self.epochs = None
        tensors: dict[str, Tensor] = {}
        self._rest = _parted(self._live(), tensors)
        self._tensors = _copied(tensors, self._tensors)
        self.epochs = epochs

    def copy(self, into: Self | None) -> Self:
        """Return a copy of this copy, in the memory of ``into`` if that is given."""
        if into is None:
            into = object.__new__(type(self))
            into.objective, into._infinite, into._tensors = self.objective, self._infinite, {}
        into.epochs = None
        into._rest, into._tensors = self._rest, _copied(self._tensors, into._tensors)
        into.epochs = self.epochs
        return into

    def state_dict(self) -> dict[str, Any]:
        """The copied state: the tensors themselves, which the next ``save`` overwrites."""
        return {"epochs": self.epochs, "state": _joined(self._rest, self._tensors)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take a state that ``state_dict`` returned in place of the copied one."""
        self.epochs = None
        tensors: dict[str, Tensor] = {}
        self._rest = _parted(state["state"], tensors)
        self._tensors = _copied(tensors, self._tensors)
        self.epochs = state["epochs"]

    def restore(self) -> None:
        """Write the copied state back, unless the copy is incomplete."""
        if self.epochs is not None:
            state = _joined(self._rest, self._tensors)
            self.objective.module.load_state_dict(state["module"])
            self.objective.load_state_dict(state["objective"])

    def live_is_finite(self) -> bool:
        """Whether all numbers of the live state are finite, except tensors that never were."""
        tensors: dict[str, Tensor] = {}
        _parted(self._live(), tensors)
        return self._infinite.issuperset(not_finite(tensors))

    def _live(self) -> dict[str, Any]:
        objective = self.objective
        return {"module": objective.module.state_dict(), "objective": objective.state_dict()}


@dataclass(frozen=True)
class _Place:
    """Where a tensor stands in a nested state."""

    path: str


def _parted(state: Any, tensors: dict[str, Tensor], path: str = "") -> Any:
    """A nested state with places for its tensors, which are put into ``tensors`` by their paths."""
    if isinstance(state, Tensor):
        tensors[path] = state
        return _Place(path)
    if isinstance(state, dict):
        return {key: _parted(value, tensors, f"{path}/{key}") for key, value in state.items()}
    if isinstance(state, (list, tuple)):
        return type(state)(_parted(value, tensors, f"{path}/{i}") for i, value in enumerate(state))
    return state


def _joined(state: Any, tensors: dict[str, Tensor]) -> Any:
    """The nested state that was parted into places and ``tensors``."""
    if isinstance(state, _Place):
        return tensors[state.path]
    if isinstance(state, dict):
        return {key: _joined(value, tensors) for key, value in state.items()}
    if isinstance(state, (list, tuple)):
        return type(state)(_joined(value, tensors) for value in state)
    return state


@torch.no_grad()
def _copied(sources: dict[str, Tensor], targets: dict[str, Tensor]) -> dict[str, Tensor]:
    """Copies of tensors, in the memory of ``targets`` if all of them fit."""
    kinds = (
        {path: (t.shape, t.dtype, t.device) for path, t in tensors.items()}
        for tensors in (sources, targets)
    )
    if next(kinds) != next(kinds):
        return {path: source.detach().clone() for path, source in sources.items()}
    if sources:
        torch._foreach_copy_(list(targets.values()), [sources[path] for path in targets])
    return targets
