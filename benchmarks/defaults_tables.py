"""Ordinary tables in the forms that models are given them in, split into training and test rows."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sklearn import datasets
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from .data import is_set, load_csv, load_mnist

TEST_SHARE = 0.3
AS_IT_COMES, STANDARDISED, UNIT, BITS, QUARTERS = FORMS = (
    "as it comes",
    "standardised",
    "[0, 1]",
    "bits",
    "quarters",
)


@dataclass(frozen=True)
class Table:
    """Training and test rows.

    Parameters
    ----------
    name, form : str
    train, test : ndarray of shape (n_rows, n_features)
    y_train, y_test : ndarray
        Classes, or what else the trade predicts.
    seed : int
        Of the split and of the fits.
    """

    name: str
    form: str
    train: np.ndarray
    test: np.ndarray
    y_train: Any
    y_test: Any
    seed: int

    @property
    def width(self) -> int:
        """Width of a code: a third of the features, from 2 to 8."""
        return min(8, max(2, self.train.shape[1] // 3))

    def with_columns(self, columns: np.ndarray) -> "Table":
        """A table of some of the columns."""
        return replace(self, train=self.train[:, columns], test=self.test[:, columns])


def blobs(return_X_y: bool) -> tuple[np.ndarray, np.ndarray]:
    """Five normal clusters in ten dimensions."""
    return datasets.make_blobs(1000, n_features=10, centers=5, random_state=0)


PENGUINS = "bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g"
TITANIC = "pclass", "age", "sibsp", "parch", "fare"
LABELLED: dict[str, Any] = {
    "iris": lambda: datasets.load_iris(return_X_y=True),
    "wine": lambda: datasets.load_wine(return_X_y=True),
    "breast_cancer": lambda: datasets.load_breast_cancer(return_X_y=True),
    "digits": lambda: datasets.load_digits(return_X_y=True),
    "blobs": lambda: blobs(return_X_y=True),
    "penguins": lambda: load_csv("penguins", PENGUINS, "species"),
    "titanic": lambda: load_csv("titanic", TITANIC, "survived"),
    "mnist": lambda: tuple(part[:5000] for part in load_mnist()[:2]),
}
"""By name: functions that return rows and their classes."""
TABLES: dict[str, Any] = LABELLED | {"diabetes": lambda: datasets.load_diabetes(return_X_y=True)}
FROM_FOLDER = ("penguins", "titanic", "mnist")
"""Tables that scikit-learn does not contain."""


def tables(names: list[str], forms: tuple[str, ...], n_rows: int, seed: int) -> Iterator[Table]:
    """The named tables of at most ``n_rows`` rows, in each of the forms."""
    for name in TABLES:
        if name in names and (name not in FROM_FOLDER or is_set()):
            for form in forms:
                yield table(name, form, n_rows, seed)


def table(name: str, form: str, n_rows: int, seed: int) -> Table:
    """A table of at most ``n_rows`` rows in a form, without features that do not vary."""
    X, y = TABLES[name]()
    ids = np.random.default_rng(seed).permutation(len(X))[:n_rows]
    train, test = train_test_split(ids, test_size=TEST_SHARE, random_state=seed)
    X = X[:, X[train].std(0) > 0]
    rows = formed(X[train], X[test], form)
    return Table(name, form, *rows, y[train], y[test], seed)


def formed(train: np.ndarray, test: np.ndarray, form: str) -> tuple[np.ndarray, np.ndarray]:
    """Rows in a form whose constants are those of the training rows."""
    if form == AS_IT_COMES:
        return train, test
    if form == BITS:
        return tuple((part > np.median(train, axis=0)).astype(float) for part in (train, test))
    if form == QUARTERS:
        cuts = np.quantile(train, [0.25, 0.5, 0.75], axis=0)
        return tuple((part > cuts[:, None]).sum(0) for part in (train, test))
    scaler = StandardScaler() if form == STANDARDISED else MinMaxScaler(clip=True)
    return scaler.fit_transform(train), scaler.transform(test)
