"""What stands beside the loop: callbacks, a watch over the model, a keeper of states."""

from collections.abc import Callable
from typing import Any, Protocol

from .records import Record


class Observer(Protocol):
    """Is told when epochs begin and end."""

    def begin_epoch(self) -> None:
        """Called before an epoch."""

    def end_epoch(self, record: Record) -> bool:
        """Called after an epoch with its record; returns True to end the fit."""

    def skip_epochs(self, n_epochs: int) -> None:
        """Called before the first epoch if so many were run before an interruption."""


class Watch(Protocol):
    """Looks at the model at some moments of a stage, to notice a fit that gets worse."""

    def begin(self, n_epochs: int) -> None:
        """Called before a stage of so many epochs."""

    def is_best(self, epoch: int) -> bool:
        """Called after each epoch, counted from 1; whether it is the best of the stage so far."""

    def verdict(self) -> str | None:
        """Called after the stage; what to warn of if its best epoch is to be gone back to."""

    def remark(self) -> str | None:
        """Called after a stage without a verdict; what else to warn of."""

    def state_dict(self) -> dict[str, Any]:
        """Return what it has seen of the stage."""

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from what ``state_dict`` returned, after ``begin``."""


State = Callable[[], dict[str, Any]]


class Keeper(Protocol):
    """Keeps the state of a fit after its epochs, where another process finds it."""

    def found(self) -> dict[str, Any] | None:
        """Return the state that was kept of this fit; None if there is none."""

    def keep(self, n_epochs: int, state: State) -> None:
        """Called after each epoch, the last of so many; ``state`` makes what is to be kept."""

    def keep_last(self, n_epochs: int, state: State) -> None:
        """Called when the fit is over or fails, if an epoch was finished."""
