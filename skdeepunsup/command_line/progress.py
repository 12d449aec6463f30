"""Progress of the comparison, on standard error."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def progress(n_steps: int) -> Iterator[Callable[[str], None]]:
    """Yield a function to call with the name of each step when it begins.

    It draws a bar if rich is installed and standard error is a terminal, else a line per step.
    """
    if sys.stderr.isatty():
        try:
            from rich.console import Console
            from rich.progress import Progress
        except ImportError:
            pass
        else:
            with Progress(console=Console(stderr=True), transient=True) as bar:
                task = bar.add_task("", total=n_steps)
                steps = iter(range(n_steps))
                yield lambda name: bar.update(task, completed=next(steps), description=name)
            return
    started = time.perf_counter()
    numbers = iter(range(1, n_steps + 1))

    def print_line(name: str) -> None:
        seconds = time.perf_counter() - started
        print(f"[{next(numbers)}/{n_steps}] {seconds:5.1f} s  {name}", file=sys.stderr, flush=True)

    yield print_line
