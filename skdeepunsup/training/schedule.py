"""How long a fit goes on."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Self

from .stopping import EarlyStopping


@dataclass(frozen=True)
class Schedule:
    """How long a fit goes on, and what may end it.

    Parameters
    ----------
    epochs : int
        At most this many passes, in the last stage or the only one.
    batch_size : int
        Rows of one update.
    validation_fraction : float, default=0.0
        The share of the rows that is held out.
    patience : int or None, default=None
        A stage ends after so many epochs without improvement, of the held-out loss where rows are
        held out, else of the training loss; None never does.
    tol : float, default=0.0
        The relative improvement that counts.
    warmup : int, default=0
        The first epochs, which are not judged: what is lowered still changes.
    stages_before : tuple of int, default=()
        The epochs of each stage before the last, for what is learned layer by layer.
    settled : tuple of (str, float), default=None
        A stage ends after an epoch in whose record the figure of that name is smaller.
    once : int, default=0
        So many of the first stages only ever begin a fit; once they are over, one that goes on does
        without them. Not together with ``patience``, which would end them before their time.
    """

    epochs: int
    batch_size: int
    validation_fraction: float = 0.0
    patience: int | None = None
    tol: float = 0.0
    warmup: int = 0
    stages_before: tuple[int, ...] = ()
    settled: tuple[str, float] | None = None
    once: int = 0

    @property
    def stages(self) -> tuple[int, ...]:
        """The epochs of each stage."""
        return (*self.stages_before, self.epochs)

    @property
    def n_epochs(self) -> int:
        """Of all stages."""
        return sum(self.stages)

    def timetable(self, stage: int) -> Iterator[float]:
        """Of each epoch of a stage how far into the stage its middle is, between 0 and 1."""
        n = self.stages[stage]
        return ((epoch + 0.5) / n for epoch in range(n))

    def stages_left(self, n_epochs: int) -> int:
        """How many stages are not over after so many epochs."""
        return sum(end > n_epochs for end in accumulate(self.stages))

    def one_pass(self, stages_left: int | None = None) -> Self:
        """One epoch of each stage, nothing held out, to the end.

        A fit that goes on says how many stages its last one left; None is one that begins.
        """
        n = len(self.stages_before)
        over = 0 if stages_left is None else min(self.once, n + 1 - stages_left)
        stages = tuple(int(stage >= over) for stage in range(n))
        return replace(self, epochs=1, stages_before=stages, validation_fraction=0.0, patience=None)

    @property
    def keep_best(self) -> bool:
        """Whether a stage ends with its best epoch's parameters: where held-out rows can tell."""
        return self.patience is not None and self.validation_fraction > 0

    def is_settled(self, record: dict[str, float]) -> bool:
        """Whether nothing much happens any more, by the record of an epoch."""
        return self.settled is not None and record[self.settled[0]] < self.settled[1]

    def stopping(self) -> EarlyStopping | None:
        """A fresh judge of the epochs, None where there is no patience to lose."""
        if self.patience is None:
            return None
        monitor = "validation_loss" if self.validation_fraction > 0 else "loss"
        return EarlyStopping(monitor, self.patience, self.tol, self.warmup)
