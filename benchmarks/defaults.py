"""Every estimator at its defaults on ordinary tables, beside a small grid and dull answers.

A row of the output is a default on a table: its figure, the best of it and of the grid, the best
of the dull answers, by how many per cent the default is above that, and its regret: by how many
per cent the best is above the default. What the per cent are of stands above each table. The grid
is chosen by test rows, so regrets are rather too large. Summed up at the end: how many rows are
more than one per cent below the dull answer, and how many of them without a warning or an error.
"""

import argparse
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from .defaults_codes import CODES, DENOISERS
from .defaults_densities import BINARY, CATEGORICAL, GAUSSIAN, VARIATIONAL
from .defaults_entries import ADBENCH, GENERATORS, HALVES, IMPUTERS, OUTLIERS
from .defaults_labels import BINARY_CODES, CLASSIFIERS, CLUSTERERS, REGRESSORS
from .defaults_ratings import INTERESTS, NAME, RATINGS
from .defaults_tables import TABLES, Table
from .defaults_trade import Model, Trade
from .timing import print_table

TRADES: tuple[Trade, ...] = (
    *(CODES, DENOISERS, VARIATIONAL, GAUSSIAN, BINARY, BINARY_CODES, CATEGORICAL),
    *(GENERATORS, CLUSTERERS, CLASSIFIERS, REGRESSORS, HALVES),
    *(OUTLIERS, IMPUTERS, RATINGS, INTERESTS),
)
MODELS = list(dict.fromkeys(name for trade in TRADES for name in trade.models))
ALL_TABLES = [*TABLES, NAME, *ADBENCH]
QUICK_TABLES, QUICK_ROWS, ROWS = ["iris", "digits", NAME], 120, 5000
CLEARLY = 1.0
"""So many per cent below the dull answer is below it; less is within the noise of one split."""
COLUMNS = (
    "estimator",
    "table",
    "default",
    "best",
    "of",
    "dull",
    "of",
    "above dull, %",
    "regret, %",
    "seconds",
    "warned",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``python -m benchmarks defaults``."""
    parser.add_argument("--only", nargs="+", choices=MODELS, default=MODELS, metavar="ESTIMATOR")
    parser.add_argument("--table", nargs="+", choices=ALL_TABLES, metavar="NAME")
    parser.add_argument("--rows", type=int, help=f"at most, of a table (default {ROWS})")
    parser.add_argument("--seeds", type=int, default=1, help="of splits and fits (default 1)")
    parser.add_argument(
        "--quick",
        action="store_true",
        help=f"no grid, one seed, and by default {QUICK_ROWS} rows of {', '.join(QUICK_TABLES)}",
    )


@dataclass(frozen=True)
class Line:
    """What was found for an estimator on a table."""

    estimator: str
    above_dull: float
    regret: float
    warned: str


def run(arguments: argparse.Namespace) -> None:
    """Print a table for each trade, row by row, then a summary."""
    quick = arguments.quick
    arguments.seeds = 1 if quick else arguments.seeds
    arguments.rows = arguments.rows or (QUICK_ROWS if quick else ROWS)
    arguments.table = arguments.table or (QUICK_TABLES if quick else ALL_TABLES)
    found = [line for trade in TRADES for line in of_trade(trade, arguments)]
    summarise(found)


def of_trade(trade: Trade, arguments: argparse.Namespace) -> Iterator[Line]:
    """Measure and print the estimators of a trade, table by table."""
    models = {name: model for name, model in trade.models.items() if name in arguments.only}
    if not models:
        return
    heading = f"\n{trade.figure}\n\n| {' | '.join(COLUMNS)} |\n|{' --- |' * len(COLUMNS)}"
    seeds = range(arguments.seeds)
    rows = (trade.tables(arguments.table, arguments.rows, seed) for seed in seeds)
    drawn = zip(*rows, strict=True)
    for tables in drawn:
        if heading:
            print(heading, flush=True)
            heading = ""
        dull = mean_of([quiet(trade.dull, table)[0] for table in tables])
        for name, model in models.items():
            yield line(name, model, trade, tables, dull, not arguments.quick)


def line(
    name: str,
    model: Model,
    trade: Trade,
    tables: tuple[Table, ...],
    dull: dict[str, float],
    with_grid: bool,
) -> Line:
    """Measure and print one estimator on one table, drawn and split by several seeds."""
    start = time.perf_counter()
    default, warned = measured(model, {}, trade, tables)
    spent = (time.perf_counter() - start) / len(tables)
    found = {"default": default}
    for change in model.grid if with_grid else ():
        label = ", ".join(f"{key}={value!r}" for key, value in change.items())
        found[label] = measured(model, change, trade, tables)[0]
    best, rival = best_of(found, trade, tables[0]), best_of(dull, trade, tables[0])
    above = trade.better(default, dull[rival], tables[0])
    regret = trade.better(found[best], default, tables[0]) if with_grid else np.nan
    cells = (
        name,
        f"{tables[0].name}, {tables[0].form}",
        *(f"{found['default']:.3f}", f"{found[best]:.3f}", best),
        *(f"{dull[rival]:.3f}", rival, f"{above:+.1f}"),
        *(f"{regret:.1f}", f"{spent:.1f}", warned),
    )
    print(f"| {' | '.join(cells)} |".replace("nan", "–"), flush=True)
    return Line(name, above, regret, warned)


def measured(
    model: Model, change: dict[str, Any], trade: Trade, tables: tuple[Table, ...]
) -> tuple[float, str]:
    """The mean figure over the draws of a table, and the kinds of warnings and errors."""
    figures, kinds = [], set()
    for table in tables:
        estimator = seeded(model.make(table), table.seed).set_params(**change)
        try:
            figure, warned = quiet(trade.measure, estimator, table)
        except (ValueError, RuntimeError) as error:
            figure, warned = np.nan, {type(error).__name__}
        figures.append(figure)
        kinds |= warned
    return float(np.mean(figures)), ", ".join(sorted(kinds))


def quiet(function: Any, *arguments: Any) -> tuple[Any, set[str]]:
    """The result of a call, and the kinds of the warnings that it gave."""
    with warnings.catch_warnings(record=True) as given:
        warnings.simplefilter("always")
        result = function(*arguments)
    return result, {warning.category.__name__ for warning in given}


def seeded(estimator: Any, seed: int) -> Any:
    """The estimator with a seed, on the CPU, where it has such parameters."""
    wanted = {"random_state": seed, "device": "cpu"}
    known = estimator.get_params(deep=False)
    return estimator.set_params(**{key: wanted[key] for key in wanted if key in known})


def best_of(figures: dict[str, float], trade: Trade, table: Table) -> str:
    """The name of the best figure, the first if all are NaN."""
    best = next(iter(figures))
    for name, figure in figures.items():
        if np.isnan(figures[best]) or trade.better(figure, figures[best], table) > 0:
            best = name
    return best


def mean_of(parts: list[dict[str, float]]) -> dict[str, float]:
    """The mean of each figure."""
    return {key: float(np.mean([part[key] for part in parts])) for key in parts[0]}


def summarise(found: list[Line]) -> None:
    """Print for each estimator, and for all, how often it is below the dull answer, and regrets."""
    rows = []
    for name in [*dict.fromkeys(line.estimator for line in found), "all"]:
        lines = [line for line in found if name in (line.estimator, "all")]
        below = [line for line in lines if not line.above_dull >= -CLEARLY]
        regrets = [line.regret for line in lines if not np.isnan(line.regret)]
        figures = (float(np.median(regrets)), max(regrets)) if regrets else ("–", "–")
        silent = sum(not line.warned for line in below)
        rows.append((name, len(lines), len(below), silent, *figures))
    print_table(
        f"Defaults more than {CLEARLY:g} % below the dull answer, and regrets in %",
        ["estimator", "tables", "below dull", "without a warning", "median regret", "largest"],
        rows,
    )
