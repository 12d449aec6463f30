"""The training loop: epochs, early stopping, history. It knows nothing about the model."""

import math
from typing import Any

from sklearn.exceptions import ConvergenceWarning
from torch import Tensor

from .._caller import warn
from .._persistence import to_tensors
from .._random import Stream
from .._rows import Rows
from .batches import batches
from .objectives import Objective
from .onlookers import Keeper, Observer, Watch
from .records import Record, Report, extend, from_columns, to_columns
from .schedule import Schedule
from .snapshot import Snapshot
from .stopping import EarlyStopping, still_falls


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
    keeper: Keeper | None = None,
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
    keeper : Keeper, optional
        Keeps the state of each epoch. If it has one of this very fit, the fit goes on from it, and
        ends as if it had never been interrupted.
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
        objective, rows, schedule, stream, history, held_out, observer, report, watch, keeper
    )
    if keeper is not None and (kept := keeper.found()) is not None:
        training.load_state_dict(kept)
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
    finally:
        training.keep_last()


class Training:
    """The state of a running fit, and its steps; ``train`` describes the arguments.

    Attributes
    ----------
    stage : int
        Number of the current stage, from 0.
    epochs : int
        Finished epochs of this stage.
    stalled : bool
        Whether the stage is over, however many epochs are left.
    ended : bool
        Whether the fit is to end now, whatever epochs and stages are left.
    records : list of dict
        Records of the finished epochs.
    last : Snapshot
        State after the last finished epoch, or at the start.
    best : Snapshot or None
        State after the best epoch of the stage, if the schedule keeps it; None before there is one.
    seen : Snapshot or None
        State after the best epoch that the watch has looked at.
    stopping : EarlyStopping or None
        Decides when the stage no longer improves.
    place : dict
        With a keeper, all that a fit needs to go on after the last finished epoch, but what
        ``last``, ``best`` and ``seen`` hold.
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
        keeper: Keeper | None = None,
    ) -> None:
        self.objective, self.rows, self.held_out = objective, rows, held_out
        self.schedule, self.stream = schedule, stream
        self.history, self.epochs_before = history, len(history.get("loss", []))
        self.observer, self.report, self.watch = observer, report, watch
        self.keeper = keeper
        self.stage, self.epochs, self.stalled, self.ended = -1, 0, False, False
        self.records: list[Record] = []
        self.last = Snapshot(objective)
        self.best: Snapshot | None = None
        self.seen: Snapshot | None = None
        self.stopping: EarlyStopping | None = None
        self.place: dict[str, Any] | None = None

    def run(self) -> None:
        """Run the stages in order, from the current epoch, until an epoch ends the fit."""
        if self.stage < 0:
            self.begin_stage(0)
        while True:
            self.run_stage()
            if self.ended or self.stage + 1 == len(self.schedule.stages):
                break
            self.begin_stage(self.stage + 1)

    def begin_stage(self, stage: int) -> None:
        """Begin a stage at its first epoch."""
        self.stage, self.epochs, self.stalled = stage, 0, False
        self.best = None
        self.stopping = self.schedule.stopping()
        if self.watch is not None:
            self.watch.begin(max(1, self.schedule.stages[stage]))

    def run_stage(self) -> None:
        """Run the epochs that are left of a stage, then go back to the best one if it is kept."""
        timetable = list(self.schedule.timetable(self.stage))
        while self.epochs < len(timetable) and not (self.stalled or self.ended):
            if not self.epoch(timetable[self.epochs]):
                break
            self.keep_place()
        if not (self.stalled or self.ended):
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
        """Run one epoch; return whether it is finished, and not undone."""
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
        self.stalled = self.is_stalled(record)
        self.epochs += 1
        self.ended = self.observer is not None and self.observer.end_epoch(reported)
        if self.ended and (untrained := self.stages_left()):
            _warn(f"A callback stopped the fit.{untrained}")
        going_on = not (self.ended or self.stalled)
        if going_on and self.watch is not None and self.watch.is_best(self.epochs):
            self.seen = self.last.copy(self.seen)
        return True

    def keep(self, record: Record) -> None:
        """Store the state and the record of a finished epoch."""
        self.records.append(record)
        self.last.save(len(self.records))
        extend(self.history, record)

    def keep_place(self) -> None:
        """Note where the fit stands after a finished epoch, for the keeper."""
        if self.keeper is None:
            return
        self.place = {
            "stage": self.stage,
            "epochs": self.epochs,
            "stalled": self.stalled,
            "ended": self.ended,
            "records": to_columns(self.records),
            "stopping": None if self.stopping is None else self.stopping.state_dict(),
            "watch": None if self.watch is None else self.watch.state_dict(),
            "stream": self.stream.state_dict(),
        }
        self.keeper.keep(len(self.records), self.state_dict)

    def keep_last(self) -> None:
        """Let the keeper keep the last finished epoch, if nothing of a later one is mixed in."""
        if self.keeper is None or self.place is None:
            return
        if self.last.epochs == len(self.place["records"]["values"]):
            self.keeper.keep_last(len(self.records), self.state_dict)

    def state_dict(self) -> dict[str, Any]:
        """The state after the last finished epoch: no copies, and to be used before the next."""
        assert self.place is not None
        snapshots = {"last": self.last, "best": self.best, "seen": self.seen}
        held = {name: None if s is None else s.state_dict() for name, s in snapshots.items()}
        return self.place | held

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on after the epoch whose ``state_dict`` was kept of this very fit."""
        self.begin_stage(state["stage"])
        for name in ("epochs", "stalled", "ended"):
            setattr(self, name, state[name])
        self.last.load_state_dict(to_tensors(state["last"]))
        for name in ("best", "seen"):
            if state[name] is not None:
                snapshot = self.last.copy(None)
                snapshot.load_state_dict(to_tensors(state[name]))
                setattr(self, name, snapshot)
        if self.stopping is not None:
            self.stopping.load_state_dict(state["stopping"])
        if self.watch is not None:
            self.watch.load_state_dict(state["watch"])
        self.records = from_columns(state["records"])
        self.undo_unfinished()  # sets the live state and the history to what was loaded
        self.stream.load_state_dict(state["stream"])  # last: chains may have been drawn before
        if self.observer is not None:
            self.observer.skip_epochs(len(self.records))

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
