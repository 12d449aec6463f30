"""Contests with other packages: the time of each contestant at the same work, and what it gives."""

import contextlib
import io
import warnings
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from typing import Any, NamedTuple

import numpy as np

from .timing import Cost, Timings, cost, print_table

Answer = Callable[[], float]
"""The figure of a run that is over; not timed."""


class Contestant(NamedTuple):
    """A run, and the package that it needs, by the name that pip knows; "" is this one.

    ``run`` is timed and returns an `Answer`.
    """

    package: str
    run: Callable[[], Answer]


class Contest(NamedTuple):
    """Contestants at the same work by name, the package's own first, and what their figure is.

    ``figure`` is "" if there is nothing to compare.
    """

    title: str
    figure: str
    contestants: dict[str, Contestant]


def print_contest(contest: Contest, n_repetitions: int) -> None:
    """Print time and figure of all that are installed, and the names of the others.

    They take turns. A first round, with imports and what is compiled, is not counted.
    """
    there = {name: c for name, c in contest.contestants.items() if found_version(c.package)}
    rounds: dict[str, list[Cost]] = {name: [] for name in there}
    figures: dict[str, float] = {}
    for repetition in range(n_repetitions + 1):
        for name, contestant in there.items():
            spent, figures[name] = _quiet_run(contestant.run)
            if repetition:
                rounds[name].append(spent)
    timings = Timings({name: np.array(costs) for name, costs in rounds.items()})
    ours = next(iter(there))
    rows: list[tuple[Any, ...]] = []
    for name, contestant in contest.contestants.items():
        if name not in there:
            missing = f"not installed: pip install {contestant.package}"
            rows.append((name, missing, "", "", "", ""))
            continue
        package = f"{contestant.package} {found_version(contestant.package)}".strip()
        times = "" if name == ours else f"{timings.speed(ours, name):.2f} ×"
        rows.append((name, package, *timings.medians(name), times, figures[name]))
    columns = ["contestant", "package", "wall", "CPU", "the first is", contest.figure]
    if not contest.figure:
        columns, rows = columns[:-1], [row[:-1] for row in rows]
    print_table(f"{contest.title}; times in seconds", columns, rows)


def found_version(package: str) -> str:
    """The version of a package, or "" where it is not installed; " " of this one."""
    try:
        return version(package) if package else " "
    except PackageNotFoundError:
        return ""


def _quiet_run(run: Callable[[], Answer]) -> tuple[Cost, float]:
    """What a run costs, and its figure, without what it prints or warns of."""
    answers: list[Answer] = []
    with warnings.catch_warnings(), _nothing_printed():
        warnings.simplefilter("ignore")
        spent = cost(lambda: answers.append(run()))
        return spent, answers[0]()


@contextlib.contextmanager
def _nothing_printed() -> Any:
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        yield
