"""Timings of contestants in turn, and tables of the results.

On one thread, contestants are compared by CPU time of the process, which other users of the machine
hardly change; wall time stands beside it.
"""

import gc
import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from threadpoolctl import threadpool_limits


def limit_threads(n_threads: int) -> None:
    """Limit NumPy, SciPy and torch to ``n_threads``, from now on."""
    threadpool_limits(n_threads)
    torch.set_num_threads(n_threads)


class Cost(NamedTuple):
    """Seconds of a call.

    Attributes
    ----------
    wall : float
        On the clock on the wall, until an accelerator is done too.
    cpu : float
        Of the process, summed over its threads; hardly longer if others use the machine.
    """

    wall: float
    cpu: float


class Timings:
    """What each contestant cost in each repetition.

    Parameters
    ----------
    costs : mapping of str to ndarray of shape (n_repetitions, 2)
        Wall and CPU seconds.
    clock : {"cpu", "wall"}, default="cpu"
        The seconds that ``median`` and ``speed`` go by: those of the processor, unless another
        device or several threads compute.
    """

    def __init__(self, costs: Mapping[str, np.ndarray], clock: str = "cpu") -> None:
        self.costs = costs
        of_clock = Cost._fields.index(clock)
        self.seconds = {name: each[:, of_clock] for name, each in costs.items()}

    def median(self, name: str) -> float:
        """Median seconds of one contestant."""
        return float(np.median(self.seconds[name]))

    def medians(self, name: str) -> Cost:
        """Median wall and CPU seconds of one contestant."""
        return Cost(*map(float, np.median(self.costs[name], axis=0)))

    def speed(self, name: str, other: str) -> float:
        """How many times faster ``name`` is than ``other``: the median over repetitions.

        The two are compared within each repetition, so that a temporarily slow machine is slow for
        both.
        """
        return float(np.median(self.seconds[other] / self.seconds[name]))


def race(
    contestants: Mapping[str, Callable[[], Any]], n_repetitions: int = 7, clock: str = "cpu"
) -> Timings:
    """Time all contestants in turn, ``n_repetitions`` times after a warm-up."""
    rounds = [[cost(run) for run in contestants.values()] for _ in range(n_repetitions + 1)]
    costs = np.transpose(rounds[1:], (1, 0, 2))
    return Timings(dict(zip(contestants, costs, strict=True)), clock)


def cost(run: Callable[[], Any]) -> Cost:
    """What one call costs, without garbage collection."""
    gc.collect()
    gc.disable()
    try:
        wait_for_devices()
        wall, cpu = time.perf_counter(), time.process_time()
        run()
        wait_for_devices()
        return Cost(time.perf_counter() - wall, time.process_time() - cpu)
    finally:
        gc.enable()


def wait_for_devices() -> None:
    """Wait until accelerators have done all they were given."""
    if torch.cuda.is_available() and torch.cuda.is_initialized():
        torch.cuda.synchronize()
    if torch.backends.mps.is_available():
        torch.mps.synchronize()


def seconds(run: Callable[[], Any]) -> float:
    """Wall-clock seconds of one call, without garbage collection."""
    return cost(run).wall


def timed(function: Callable[..., Any], *arguments: Any) -> tuple[Any, float]:
    """The result of a call, and its seconds."""
    results: list[Any] = []
    spent = seconds(lambda: results.append(function(*arguments)))
    return results[0], spent


def print_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Print a table in Markdown that reads well as text, with numbers aligned to the right."""
    cells = [list(columns)] + [[_text(value) for value in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    print(f"\n{title}\n")
    for i, row in enumerate(cells):
        aligned = [
            cell.ljust(width) if j == 0 else cell.rjust(width)
            for j, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        print(f"| {' | '.join(aligned)} |")
        if i == 0:
            rules = [
                "-" * width if j == 0 else "-" * (width - 1) + ":" for j, width in enumerate(widths)
            ]
            print(f"| {' | '.join(rules)} |", flush=True)
    print(flush=True)


def settings(estimator: Any) -> str:
    """An estimator's parameters that differ from the defaults, on one line; functions by name."""
    return re.sub(r"<function (\w+) at \w+>", r"\1", " ".join(repr(estimator).split()))


def _text(value: Any) -> str:
    """A value as text; floats with three significant digits."""
    if not isinstance(value, float):
        return f"{value:,}" if isinstance(value, int) else str(value)
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:#.3g}"
