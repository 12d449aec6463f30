"""How long a fit takes: stages, epochs, early stopping."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Self

from .stopping import EarlyStopping

LEAST_UPDATES = 5000
"""Updates for which a fit has time at least where its number of epochs is left to it.

Few rows make few updates an epoch: with 32 rows a batch, 150 rows make 5, and 200 epochs 1000. On
standardised iris, two components of an autoencoder then explain .935 of the variance, and .956 with
5000 updates (PCA .958); a linear variational autoencoder rises from −6.06 nats to −3.72
(probabilistic PCA −3.69). For more than 800 rows, 200 epochs are enough. A GaussianRBM of iris ends
at −3.2 nats, and at −5.2 after 30 passes (one normal distribution: −3.4).
"""

SMALL_BATCH = 32
"""Rows of an update at least, where it is left to the number of rows."""


@dataclass(frozen=True)
class Schedule:
    """Stages and epochs of a fit, and what ends a stage early.

    Parameters
    ----------
    epochs : int or None
        At most this many epochs, in the last stage or the only one. Here and in ``stages_before``,
        None stands for as many as ``for_rows`` finds.
    batch_size : int
        Rows per update.
    validation_fraction : float, default=0.0
        Share of the rows that is held out.
    patience : int or None, default=None
        A stage ends after this many epochs without improvement: of the held-out loss if rows are
        held out, else of the training loss. None disables this.
    tol : float, default=0.0
        Relative improvement that counts.
    warmup : int, default=0
        The first epochs that early stopping ignores, because the loss itself still changes.
    stages_before : tuple of (int or None), default=()
        Epochs of each stage before the last, for models that are trained layer by layer.
    settled : tuple of (str, float), default=None
        A stage ends after an epoch whose record has an entry of this name below this number.
    usual : int, default=0
        Epochs that None stands for, unless rows are so few that these would make fewer than
        ``least`` updates. The patience is then as many times longer.
    least : int, default=5000
        See ``usual``.
    least_batches : int, default=1
        Rows that make fewer batches an epoch come in smaller ones, of `SMALL_BATCH` rows at least.
    once : int, default=0
        This many of the first stages are run only once: a fit that goes on skips those that are
        over. Not to be combined with ``patience``, which could end them too early.
    """

    epochs: int | None
    batch_size: int
    validation_fraction: float = 0.0
    patience: int | None = None
    tol: float = 0.0
    warmup: int = 0
    stages_before: tuple[int | None, ...] = ()
    settled: tuple[str, float] | None = None
    usual: int = 0
    least: int = LEAST_UPDATES
    least_batches: int = 1
    once: int = 0

    def for_rows(self, n_rows: int) -> Self:
        """The schedule for ``n_rows`` rows to train on."""
        if self.least_batches > 1:
            smaller = max(SMALL_BATCH, math.ceil(n_rows / self.least_batches))
            size = min(self.batch_size, smaller)
            return replace(self, batch_size=size, least_batches=1).for_rows(n_rows)
        if None not in (*self.stages_before, self.epochs):
            return self
        needed = math.ceil(self.least / math.ceil(n_rows / self.batch_size))
        found = max(self.usual, needed)
        *before, last = (found if n is None else n for n in (*self.stages_before, self.epochs))
        patience = self.patience
        if patience is not None and self.epochs is None:
            patience = math.ceil(patience * found / self.usual)
        return replace(self, epochs=last, stages_before=tuple(before), patience=patience)

    @property
    def stages(self) -> tuple[int, ...]:
        """Epochs of each stage, of a schedule for known rows."""
        stages = [n for n in (*self.stages_before, self.epochs) if n is not None]
        assert len(stages) == len(self.stages_before) + 1
        return tuple(stages)

    @property
    def n_epochs(self) -> int:
        """Epochs of all stages together."""
        return sum(self.stages)

    def timetable(self, stage: int) -> Iterator[float]:
        """Progress of each epoch of a stage: the place of its middle in the stage, in (0, 1)."""
        n = self.stages[stage]
        return ((epoch + 0.5) / n for epoch in range(n))

    def stages_left(self, n_epochs: int) -> int:
        """Number of stages that are not over after ``n_epochs`` epochs."""
        return sum(end > n_epochs for end in accumulate(self.stages))

    def one_pass(self, stages_left: int | None = None) -> Self:
        """The schedule of ``partial_fit``: one epoch of each stage, no rows held out.

        ``stages_left`` is the number of stages that the last fit did not finish; None if there was
        none.
        """
        n = len(self.stages_before)
        passes = replace(self, epochs=1, stages_before=n * (1,))
        if stages_left is not None:
            passes = passes.going_on(stages_left)
        return replace(passes, validation_fraction=0.0, patience=None)

    def going_on(self, stages_left: int) -> Self:
        """The schedule of a fit that goes on: without the stages that are run once and are over.

        ``stages_left`` is the number of stages that the last fit did not finish.
        """
        over = min(self.once, len(self.stages_before) + 1 - stages_left)
        stages = tuple(0 if i < over else n for i, n in enumerate(self.stages_before))
        return replace(self, stages_before=stages)

    @property
    def keep_best(self) -> bool:
        """Whether a stage ends with the parameters of its best epoch, judged by held-out rows."""
        return self.patience is not None and self.validation_fraction > 0

    def is_settled(self, record: dict[str, float]) -> bool:
        """Whether an epoch's record says, by ``settled``, that the stage may end."""
        return self.settled is not None and record[self.settled[0]] < self.settled[1]

    def stopping(self) -> EarlyStopping | None:
        """A new `EarlyStopping` for a stage; None without ``patience``."""
        if self.patience is None:
            return None
        monitor = "validation_loss" if self.validation_fraction > 0 else "loss"
        return EarlyStopping(monitor, self.patience, self.tol, self.warmup)
