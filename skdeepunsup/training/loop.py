"""Time: epochs, batches, early stopping, history. Which model it trains, it does not know."""

import math
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

Record = dict[str, float]


class Observer(Protocol):
    """Whoever wants to know when epochs begin and end."""

    def begin_epoch(self) -> None:
        """An epoch begins."""

    def end_epoch(self, record: Record) -> bool:
        """An epoch has ended with this record; return True to ask for a stop."""


def train(
    objective: Objective,
    rows: Rows,
    schedule: Schedule,
    stream: Stream,
    *,
    history: dict[str, list[float]],
    held_out: Rows | None = None,
    observer: Observer | None = None,
    keep_interrupted: bool = True,
) -> None:
    """Run epochs until they are over, stop helping, are asked to stop, or stop being finite.

    Whatever ends it, the objective is left as the last finished epoch left it, or as the best one
    of its stage did where the schedule keeps the best. A stage that stops helping gives way to the
    next one; all else ends the fit.

    Parameters
    ----------
    objective : Objective
        Knows one update.
    rows, held_out : Rows
        To train on, and to validate on.
    schedule : Schedule
        Knows how long.
    stream : Stream
        Shuffles.
    history : dict of lists
        One entry of each named scalar is appended for each finished epoch.
    observer : Observer, optional
        Is told of each epoch, and may ask to stop.
    keep_interrupted : bool, default=True
        Whether Ctrl-C, once an epoch is finished, is a warning and a normal end.

    Raises
    ------
    KeyboardInterrupt
        If interrupted before one epoch was finished, or without ``keep_interrupted``.

    Warns
    -----
    ConvergenceWarning
        If a scalar or a parameter stops being finite, the fit is interrupted, or a callback stops
        it before its last stage.
    """
    last = Checkpoint(objective)
    best: Checkpoint | None = None
    before = len(history.get("loss", []))
    records: list[Record] = []
    stage, ended = 0, False

    def later() -> str:
        """What is to be said of the stages that a fit is ended before."""
        n_stages = len(schedule.stages)
        if not any(schedule.stages[stage + 1 :]):
            return ""
        return f" It ended in stage {stage + 1} of {n_stages}: what the later ones train did not."

    try:
        for stage in range(len(schedule.stages)):
            best = Checkpoint(objective) if schedule.keep_best else None
            stopping = schedule.stopping()
            for progress in schedule.timetable(stage):
                if observer is not None:
                    observer.begin_epoch()
                objective.begin_epoch(progress, stage)
                record = run_epoch(objective, rows, held_out, schedule.batch_size, stream)
                if not (all(map(math.isfinite, record.values())) and last.live_is_finite()):
                    last.restore()
                    whose = "last finite epoch's" if records else "first"
                    _warn(
                        f"The loss stopped being finite in epoch {len(records) + 1}; the {whose} "
                        "parameters are kept. Lower learning_rate, or scale the input." + later()
                    )
                    ended = True
                    break
                records.append(record)
                last.save(len(records))
                extend(history, record)
                stalled = stopping is not None and stopping.update(record)
                stalled |= schedule.is_settled(record)
                if best is not None and stopping is not None and stopping.improved:
                    best.save(len(records))
                ended = observer is not None and observer.end_epoch(record)
                if ended and later():
                    _warn("A callback stopped the fit." + later())
                if ended or stalled:
                    break
            if best is not None and best.epochs:
                best.restore()
                last.save(len(records))
            if ended:
                break
    except KeyboardInterrupt:
        last.restore()
        kept = records if last.epochs is None else records[: last.epochs]
        if not (kept and keep_interrupted):
            raise
        for values in history.values():
            del values[before:]
        for record in kept:  # whatever Ctrl-C found half done
            extend(history, record)
        done = f"what its {len(kept)} finished epochs learned is kept."
        _warn(f"Training was interrupted; {done}{later()}")
        if best is not None and best.epochs:
            best.restore()
    except BaseException:
        last.restore()
        raise


def _warn(message: str) -> None:
    warn(message, ConvergenceWarning)


def run_epoch(
    objective: Objective, rows: Rows, held_out: Rows | None, batch_size: int, stream: Stream
) -> Record:
    """One pass over ``rows``; the epoch's record, read from the device at its end alone."""
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
    """Append an epoch's record; NaN for what this epoch, or those before it, did not measure."""
    before = max(map(len, history.values()), default=0)
    for name in dict.fromkeys((*history, *record, "validation_loss")):
        history.setdefault(name, [math.nan] * before).append(record.get(name, math.nan))
