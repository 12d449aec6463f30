"""The training loop: epochs, early stopping, history. It knows nothing about the model."""

import math
from collections.abc import Callable
from typing import Protocol

from sklearn.exceptions import ConvergenceWarning
from torch import Tensor

from .._caller import warn
from .._random import Stream
from .._rows import Rows
from .batches import batches
from .checkpoint import Checkpoint
from .objectives import Objective
from .schedule import Schedule
from .stopping import EarlyStopping, still_falls

Record = dict[str, float]
Report = Callable[[Record], Record]
"""A function of an epoch's record that returns it in the units of the data."""


class Observer(Protocol):
    """Is told when epochs begin and end."""

    def begin_epoch(self) -> None:
        """Called before an epoch."""

    def end_epoch(self, record: Record) -> bool:
        """Called after an epoch with its record; returns True to end the fit."""


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


def train(
    objective: Objective,
    rows: Rows,
    schedule: Schedule,
    stream: Stream,
    *,
    history: dict[str, list[float]],
    held_out: Rows | None = None,
    observer: Observer | None = None,
    report: Report | None = None,
    watch: Watch | None = None,
    keep_interrupted: bool = True,
) -> None:
    """Run all stages of a schedule, each until its epochs are over or no longer improve.

    The fit ends early if the observer asks for it, a number stops being finite, or Ctrl-C or an
    error strikes. However it ends, the objective and its module are as the last finished epoch left
    them, or the best epoch of the last stage where the schedule keeps the best.

    Parameters
    ----------
    objective : Objective
        Makes the updates.
    rows, held_out : Rows
        Rows to train on, and to validate on.
    schedule : Schedule
        Stages, epochs and early stopping.
    stream : Stream
        Shuffles the rows.
    history : dict of lists
        Each finished epoch appends one entry for each named scalar.
    observer : Observer, optional
        Is told of each epoch, and may end the fit.
    report : callable, optional
        Puts records into the units of the data, for history and observer. What ends a fit is
        decided before, so that it does not depend on these units.
    watch : Watch, optional
        Notices a stage that gets worse, which then ends with its best epoch, and a warning.
    keep_interrupted : bool, default=True
        Whether Ctrl-C after at least one finished epoch ends the fit normally, with a warning.

    Raises
    ------
    KeyboardInterrupt
        If interrupted before the first epoch was finished, or without ``keep_interrupted``.

    Warns
    -----
    ConvergenceWarning
        If a scalar or a parameter stops being finite, the fit is interrupted, the observer ends it
        before its last stage, the watch notices that it got worse, or the loss still falls clearly
        after the last epoch of a schedule that could have stopped earlier.
    """
    training = Training(
        objective, rows, schedule, stream, history, held_out, observer, report, watch
    )
    try:
        training.run()
    except KeyboardInterrupt:
        training.undo_unfinished()
        if not (training.records and keep_interrupted):
            raise
        training.end_interrupted()
    except BaseException:
        training.undo_unfinished()
        raise


class Training:
    """The state of a running fit, and its steps; ``train`` describes the arguments.

    Attributes
    ----------
    stage : int
        Number of the current stage, from 0.
    ended : bool
        Whether the fit is to end now, whatever epochs and stages are left.
    records : list of dict
        Records of the finished epochs.
    last : Checkpoint
        State after the last finished epoch, or at the start.
    best : Checkpoint or None
        State after the best epoch of the stage, if the schedule keeps it; None before there is one.
    seen : Checkpoint or None
        State after the best epoch that the watch has looked at.
    stopping : EarlyStopping or None
        Decides when the stage no longer improves.
    """

    def __init__(
        self,
        objective: Objective,
        rows: Rows,
        schedule: Schedule,
        stream: Stream,
        history: dict[str, list[float]],
        held_out: Rows | None,
        observer: Observer | None,
        report: Report | None,
        watch: Watch | None = None,
    ) -> None:
        self.objective, self.rows, self.held_out = objective, rows, held_out
        self.schedule, self.stream = schedule, stream
        self.history, self.epochs_before = history, len(history.get("loss", []))
        self.observer, self.report, self.watch = observer, report, watch
        self.stage, self.ended = 0, False
        self.records: list[Record] = []
        self.last = Checkpoint(objective)
        self.best: Checkpoint | None = None
        self.seen: Checkpoint | None = None
        self.stopping: EarlyStopping | None = None

    def run(self) -> None:
        """Run the stages in order, until an epoch ends the fit."""
        for stage in range(len(self.schedule.stages)):
            self.run_stage(stage)
            if self.ended:
                break

    def run_stage(self, stage: int) -> None:
        """Run the epochs of a stage, then go back to the best one if it is kept."""
        self.stage = stage
        self.best = None
        self.stopping = self.schedule.stopping()
        if self.watch is not None:
            self.watch.begin(self.schedule.stages[stage])
        for epoch, progress in enumerate(self.schedule.timetable(stage), 1):
            if not self.epoch(progress):
                break
            if self.watch is not None and self.watch.is_best(epoch):
                self.seen = self.last.copy(self.seen)
        else:
            self.warn_if_falling()
        self.return_to_best()
        self.heed_watch()

    def heed_watch(self) -> None:
        """Go back to the best epoch of the stage if the watch says that it got worse, and warn."""
        if self.watch is None or self.ended:
            return
        worse = self.watch.verdict()
        if worse is not None and self.seen is not None:
            self.seen.restore()
            self.last.save(len(self.records))
        if said := worse or self.watch.remark():
            _warn(said)

    def warn_if_falling(self) -> None:
        """Warn if going on after the last epoch would clearly lower the loss."""
        of_targets = self.rows.labels is not None and self.held_out is None
        if self.stopping is not None and still_falls(self.stopping.seen, of_targets):
            advice = (
                "Raise max_iter, and with it n_iter_no_change, which is "
                f"{self.schedule.patience} here"
            )
            if self.held_out is None:
                advice += (
                    "; or set early_stopping=True where rows are few, or they are learned by heart"
                )
            _warn(
                f"The loss still falls after {self.schedule.stages[self.stage]} epochs. {advice}."
            )

    def epoch(self, progress: float) -> bool:
        """Run one epoch; return whether the stage continues."""
        if self.observer is not None:
            self.observer.begin_epoch()
        self.objective.begin_epoch(progress, self.stage)
        record = run_epoch(
            self.objective, self.rows, self.held_out, self.schedule.batch_size, self.stream
        )
        if not (all(map(math.isfinite, record.values())) and self.last.live_is_finite()):
            self.end_diverged()
            return False
        reported = record if self.report is None else self.report(record)
        self.keep(reported)
        stalled = self.is_stalled(record)
        self.ended = self.observer is not None and self.observer.end_epoch(reported)
        if self.ended and (untrained := self.stages_left()):
            _warn(f"A callback stopped the fit.{untrained}")
        return not (self.ended or stalled)

    def keep(self, record: Record) -> None:
        """Store the state and the record of a finished epoch."""
        self.records.append(record)
        self.last.save(len(self.records))
        extend(self.history, record)

    def is_stalled(self, record: Record) -> bool:
        """Whether the stage no longer improves; keeps the state if this epoch is the best."""
        stalled = self.stopping is not None and self.stopping.update(record)
        stalled |= self.schedule.is_settled(record)
        if self.schedule.keep_best and self.stopping is not None and self.stopping.improved:
            self.best = self.last.copy(self.best)
        return stalled

    def end_diverged(self) -> None:
        """Undo an epoch whose numbers are not finite, end the fit, and warn."""
        self.last.restore()
        self.ended = True
        whose = "last finite epoch's" if self.records else "first"
        _warn(
            f"The loss stopped being finite in epoch {len(self.records) + 1}; the {whose} "
            "parameters are kept. Lower learning_rate, or scale the input." + self.stages_left()
        )

    def end_interrupted(self) -> None:
        """End an interrupted fit, whose unfinished epoch is undone, and warn."""
        done = f"what its {len(self.records)} finished epochs learned is kept."
        _warn(f"Training was interrupted; {done}{self.stages_left()}")
        self.return_to_best()

    def undo_unfinished(self) -> None:
        """Restore states, records and history as the last finished epoch left them."""
        self.last.restore()
        # ``epochs`` is None if Ctrl-C struck while the state was copied: the live one is complete.
        if self.last.epochs is not None:
            del self.records[self.last.epochs :]
        for values in self.history.values():
            del values[self.epochs_before :]
        for record in self.records:
            extend(self.history, record)

    def return_to_best(self) -> None:
        """Go back to the best epoch of the stage, if it is kept and there is one."""
        if self.best is not None and self.best.epochs != len(self.records):
            self.best.restore()
            self.last.save(len(self.records))

    def stages_left(self) -> str:
        """A sentence for warnings about the stages that did not run; empty if all did."""
        n_stages = len(self.schedule.stages)
        if not any(self.schedule.stages[self.stage + 1 :]):
            return ""
        return (
            f" It ended in stage {self.stage + 1} of {n_stages}: what the later ones train did not."
        )


def _warn(message: str) -> None:
    warn(message, ConvergenceWarning)


def run_epoch(
    objective: Objective, rows: Rows, held_out: Rows | None, batch_size: int, stream: Stream
) -> Record:
    """Make one pass over ``rows``; the record is read from the device once, at the end."""
    totals: dict[str, Tensor] = {}
    for batch in batches(rows, batch_size, stream):
        n = len(batch[0])
        for name, value in objective.step(*batch).items():
            if name in totals:
                totals[name].add_(value, alpha=n)
            else:
                totals[name] = value * n
    scalars = {name: total / len(rows) for name, total in totals.items()}
    scalars |= objective.measure(rows, held_out)
    return {name: float(value) for name, value in scalars.items()}


def extend(history: dict[str, list[float]], record: Record) -> None:
    """Append an epoch's record; NaN stands for what an epoch did not measure."""
    before = max(map(len, history.values()), default=0)
    for name in dict.fromkeys((*history, *record, "validation_loss")):
        history.setdefault(name, [math.nan] * before).append(record.get(name, math.nan))
