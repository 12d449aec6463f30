"""Tables of races: each case has contestants, the first of which is compared with the others."""

import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from .timing import Cost, Timings, cost, limit_threads, print_table, race

MICRO = 1e6


class Case(NamedTuple):
    """Contestants at the same work.

    Attributes
    ----------
    label : str
        What the work is.
    n_units : int
        Updates, rows or temperatures of a run, by which its time is divided.
    contestants : dict of str to callable
        Runs by name; the first is the package's.
    """

    label: str
    n_units: int
    contestants: dict[str, Callable[[], Any]]


class Table(NamedTuple):
    """Cases of one kind; they are made when their turn comes."""

    title: str
    unit: str
    cases: Iterable[Case]


def print_races(table: Table, n_repetitions: int, clock: str) -> None:
    """Print wall and CPU time of all contestants, and how many times as fast the first is."""
    rows = []
    with few_epochs():
        for label, n_units, contestants in table.cases:
            timings = race(contestants, n_repetitions, clock)
            rows += [_row(label, name, n_units, timings) for name in contestants]
    print_table(
        f"{table.title}: microseconds per {table.unit}, and how many times as fast the first of "
        "a case is",
        ["case", "contestant", "wall", "CPU", "the first is"],
        rows,
    )


def _row(label: str, name: str, n_units: int, timings: Timings) -> tuple[Any, ...]:
    first = next(iter(timings.costs))
    per_unit = [MICRO / n_units * spent for spent in timings.medians(name)]
    times = "" if name == first else f"{timings.speed(first, name):.2f} ×"
    return label if name == first else "", name, *per_unit, times


def print_threads(table: Table, n_threads: int, n_repetitions: int) -> None:
    """Print the first contestant of each case on one thread and on several, in turn.

    The best of the repetitions counts: on a machine in use, threads that wait for one another are
    slow in the others.
    """
    rows = []
    with few_epochs():
        for label, n_units, contestants in table.cases:
            name, run = next(iter(contestants.items()))
            found = _on_threads(run, (1, n_threads), n_repetitions)
            one, several = (MICRO / n_units * np.min(costs, axis=0) for costs in found)
            gain = f"{one[0] / several[0]:.2f} ×"
            rows.append((label, name, one[0], several[0], one[1], several[1], gain))
    print_table(
        f"{table.title}: microseconds per {table.unit}, on one thread and on {n_threads}",
        ["case", "", "wall, 1", f"wall, {n_threads}", "CPU, 1", f"CPU, {n_threads}", "gain"],
        rows,
    )


def _on_threads(
    run: Callable[[], Any], numbers: Sequence[int], n_repetitions: int
) -> list[list[Cost]]:
    """Costs of a run on so many threads each, in turn, after a first run of each."""
    found: list[list[Cost]] = [[] for _ in numbers]
    for repetition in range(n_repetitions + 1):
        for n_threads, costs in zip(numbers, found, strict=True):
            limit_threads(n_threads)
            spent = cost(run)
            if repetition:
                costs.append(spent)
    limit_threads(1)
    return found


@contextmanager
def few_epochs() -> Iterator[None]:
    """Within this context, fits do not warn that they have not converged."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        yield
