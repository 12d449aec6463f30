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
(probabilistic PCA −3.69). For more than 800 rows, 200 epochs are enough.
"""


@dataclass(frozen=True)
class Schedule:
    """Stages and epochs of a fit, and what ends a stage early.

    Parameters
    ----------
    epochs : int
        At most this many epochs, in the last stage or the only one.
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
    stages_before : tuple of int, default=()
        Epochs of each stage before the last, for models that are trained layer by layer.
    settled : tuple of (str, float), default=None
        A stage ends after an epoch whose record has an entry of this name below this number.
    extends : bool, default=False
        Whether the last stage has more epochs, and as many times the patience, where ``epochs``
        would make fewer than `LEAST_UPDATES` updates.
    once : int, default=0
        This many of the first stages are run only once: a fit that goes on skips those that are
        over. Not to be combined with ``patience``, which could end them too early.
    """

    epochs: int
    batch_size: int
    validation_fraction: float = 0.0
    patience: int | None = None
    tol: float = 0.0
    warmup: int = 0
    stages_before: tuple[int, ...] = ()
    settled: tuple[str, float] | None = None
    extends: bool = False
    once: int = 0

    def for_rows(self, n_rows: int) -> Self:
        """The schedule for ``n_rows`` rows to train on."""
        needed = math.ceil(LEAST_UPDATES / math.ceil(n_rows / self.batch_size))
        if not self.extends or needed <= self.epochs:
            return self
        patience = self.patience and math.ceil(self.patience * needed / self.epochs)
        return replace(self, epochs=needed, patience=patience)

    @property
    def stages(self) -> tuple[int, ...]:
        """Epochs of each stage."""
        return (*self.stages_before, self.epochs)

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
        over = 0 if stages_left is None else min(self.once, n + 1 - stages_left)
        stages = tuple(int(stage >= over) for stage in range(n))
        return replace(
            self,
            epochs=1,
            stages_before=stages,
            validation_fraction=0.0,
            patience=None,
            extends=False,
        )

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
