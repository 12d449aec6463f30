"""A trade: estimators that one figure judges, and by how many per cent one figure beats another."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from .defaults_tables import Table

Scale = Callable[[float, float, Table], float]
"""By how many per cent the first figure is better than the second, on a table."""


@dataclass(frozen=True)
class Model:
    """An estimator with the settings that its default is compared with.

    Parameters
    ----------
    make : function of a Table
        Returns the estimator at its defaults, but for the width of a code or the number of
        clusters, which have no default that fits every table.
    grid : tuple of dict
        Each changes some parameters of the default.
    """

    make: Callable[[Table], Any]
    grid: tuple[dict[str, Any], ...]


@dataclass(frozen=True)
class Trade:
    """Estimators that one figure judges.

    Parameters
    ----------
    figure : str
        What is measured, and what the per cent mean.
    tables : function of a list of names, a number of rows and a seed
        The tables that are for these estimators.
    models : dict of str to Model
    measure : function of an estimator and a Table
        Fits the estimator and returns its figure.
    dull : function of a Table
        Figures of the simple answers, by name; the best of them is what a model has to beat.
    better : function of two figures and a Table
        See `Scale`.
    """

    figure: str
    tables: Callable[[list[str], int, int], Iterable[Table]]
    models: dict[str, Model]
    measure: Callable[[Any, Table], float]
    dull: Callable[[Table], dict[str, float]]
    better: Scale


def share(figure: float, other: float, table: Table) -> float:
    """Of shares of a variance or of a gain: the difference in per cent of the larger.

    Shares below .05 count as .05: where there is next to nothing to explain, small differences mean
    nothing.
    """
    return 100 * (figure - other) / max(figure, other, 0.05)


def points(figure: float, other: float, table: Table) -> float:
    """Of accuracies, areas and agreements, which end at 1: the difference in percentage points."""
    return 100 * (figure - other)


def fewer_points(figure: float, other: float, table: Table) -> float:
    """Of distances between 0 and 1: the difference in percentage points."""
    return 100 * (other - figure)


def nats(figure: float, other: float, table: Table) -> float:
    """Of nats a row: the difference in hundredths of a nat a value.

    So by how many per cent the geometric mean of the likelihoods of a value is higher.
    """
    return 100 * (figure - other) / table.train.shape[1]


def error(figure: float, other: float, table: Table) -> float:
    """Of errors: by how many per cent the other is larger."""
    return 100 * (other / figure - 1)
