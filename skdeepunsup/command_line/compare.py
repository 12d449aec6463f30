"""The command ``compare``: read a file, scale it, compare models, print and draw the results."""

import argparse
import shutil
import textwrap
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.preprocessing import MinMaxScaler

from .._reducers import Fold, split_rows
from .._replacing import replacing
from ..comparison import compare_reducers
from ..inspection import ReducerComparisonDisplay
from .models import MODELS, n_epochs
from .progress import progress
from .reading import Data, UnusableError, read_data
from .report import Table, format_legend, format_table, summarize, write_csv

DEFAULT_WIDTHS = (2, 8, 32)
N_NEIGHBORS = 5


def compare(options: argparse.Namespace) -> None:
    """Run the command."""
    data = _scale(read_data(options.file, options.target))
    folds = _split(data, options.cv, options.random_state)
    n_train = min(len(train) for train, _ in folds)
    widths = _widths(options.n_components, data.X.shape[1], n_train)
    names = [name for name in MODELS if name in options.models]  # PCA first, the reference
    settings = (n_epochs(n_train, data.X.shape[1]), options.random_state, n_train)
    reducers = {name: [MODELS[name](width, *settings) for width in widths] for name in names}
    print(
        f"{data.name}: {data.X.shape[0]} rows of {data.X.shape[1]} features scaled to [0, 1], "
        f"{len(folds)} folds\n",
        flush=True,
    )
    try:
        table = _compare(reducers, data, folds)
    except ValueError as error:  # a model rejects the data
        raise UnusableError(f"{data.name}: {str(error).splitlines()[0]}") from error
    estimators = table.pop("estimator")
    print(f"{format_table(table)}\n\n{format_legend(table)}")
    if sentence := summarize(table):
        print(f"\n{_wrap(sentence)}")
    if options.out is not None:
        try:
            write_csv(table, options.out / "comparison.csv")
            print(f"\nTable:  {options.out / 'comparison.csv'}")
            _draw(options.out / "comparison.png", table, estimators, data, folds[0][1])
        except OSError as error:
            raise UnusableError(f"--out {options.out}: {error}; name another folder.") from error


def _scale(data: Data) -> Data:
    """Scale the data to [0, 1]: each column by its range, images by one range for all pixels."""
    if (data.X.min(axis=0) == data.X.max(axis=0)).all():
        raise UnusableError(f"{data.name}: all rows are equal, so there is nothing to compare.")
    if data.image_shape is None:
        X = MinMaxScaler(clip=True).fit_transform(data.X)
    else:
        X = (data.X - data.X.min()) / (data.X.max() - data.X.min())
    return data._replace(X=X.astype(np.float32))


def _split(data: Data, cv: int, random_state: int) -> list[Fold]:
    n_rows = len(data.X)
    if n_rows < 3 * cv:
        raise UnusableError(
            f"{data.name}: has {n_rows} rows, but --cv {cv} needs at least {3 * cv}; give more "
            "rows, or lower --cv."
        )
    return split_rows(cv, data.X, data.y, random_state)


def _widths(asked: list[int] | None, n_features: int, n_train: int) -> list[int]:
    """The code widths asked for, or the default ones that the data are large enough for."""
    limit = min(n_features, n_train)
    if asked is None:
        return [width for width in DEFAULT_WIDTHS if width <= limit] or [1]
    if max(asked) > limit:
        found = f"{n_features} features" if limit == n_features else f"{n_train} rows to fit to"
        raise UnusableError(
            f"--n-components {max(asked)}: the data have {found}, and a code cannot be wider; "
            f"give at most {limit}."
        )
    return sorted(set(asked))


def _compare(reducers: dict[str, list[Any]], data: Data, folds: list[Fold]) -> Table:
    """Compare the reducers, one at a time, to show progress."""
    n_neighbors = min(N_NEIGHBORS, (min(len(test) for _, test in folds) - 1) // 2)
    steps = [(name, reducer) for name, models in reducers.items() for reducer in models]
    table: Table = {}
    with progress(len(steps)) as begin:
        for name, reducer in steps:
            begin(f"{name}, code {reducer.n_components}")
            row = compare_reducers(
                {name: reducer},
                data.X,
                data.y,
                cv=folds,
                n_neighbors=n_neighbors,
                return_estimator=True,
            )
            for key, values in row.items():
                table.setdefault(key, []).extend(values)
    return table


def _draw(path: Path, table: Table, estimators: list[Any], data: Data, held_out: Any) -> None:
    """Draw and save the figure: the errors of the table, and codes and images of the first fold."""
    try:
        import matplotlib
    except ImportError:
        print("Figure: not drawn, since it needs matplotlib: pip install 'skdeepunsup[plot]'.")
        return
    matplotlib.use("agg")  # figures go to files only
    reducers: dict[str, list[Any]] = {}
    for name, fitted in zip(table["name"], estimators, strict=True):
        reducers.setdefault(name, []).append(fitted[0])
    display = ReducerComparisonDisplay.from_estimators(
        reducers,
        data.X[held_out],
        None if data.y is None else data.y[held_out],
        reconstruction_error=table["reconstruction_error"],
        image_shape=data.image_shape,
    )
    with replacing(path) as file:
        display.figure_.savefig(file, format="png", dpi=150)
    print(f"Figure: {path}")


def _wrap(text: str) -> str:
    return textwrap.fill(text, min(100, shutil.get_terminal_size((100, 24)).columns))
