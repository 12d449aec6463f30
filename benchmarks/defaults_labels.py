"""Models beside labels: codes for a classifier, fine-tuned networks, and clusters."""

from dataclasses import replace
from typing import Any

import numpy as np
from sklearn.cluster import KMeans
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.metrics import adjusted_rand_score, r2_score
from sklearn.neural_network import BernoulliRBM as PlainRBM
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skdeepunsup import (
    BernoulliRBM,
    DeepBeliefNetwork,
    DeepBoltzmannMachine,
    DeepEmbeddedClustering,
    FineTunedClassifier,
    FineTunedRegressor,
    VariationalDeepEmbedding,
)

from .defaults_tables import AS_IT_COMES, LABELLED, STANDARDISED, UNIT, Table, tables
from .defaults_trade import Model, Trade, points, share

NETWORK: tuple[dict[str, Any], ...] = (
    {"hidden_layer_sizes": (64,)},
    {"learning_rate": 0.005},
    {"early_stopping": True},
    {"max_iter": 20},
)


def labelled(names: list[str]) -> list[str]:
    """The tables that have classes."""
    return [name for name in names if name in LABELLED]


def accuracy(model: Any, table: Table) -> float:
    """Share of test rows whose class is right."""
    return float(model.fit(table.train, table.y_train).score(table.test, table.y_test))


def accuracy_by_code(model: Any, table: Table) -> float:
    """Share of test rows whose class is right by logistic regression of the code."""
    return accuracy(make_pipeline(model, LogisticRegression(max_iter=1000)), table)


def majority(table: Table) -> float:
    """Share of test rows that have the most frequent class of the training rows."""
    classes, counts = np.unique(table.y_train, return_counts=True)
    return float((table.y_test == classes[counts.argmax()]).mean())


def plain_codes(table: Table) -> dict[str, float]:
    """The most frequent class, and the code of scikit-learn's BernoulliRBM."""
    plain = accuracy_by_code(PlainRBM(random_state=table.seed), table)
    return {"majority": majority(table), "scikit-learn": plain}


def logistic(table: Table) -> dict[str, float]:
    """The most frequent class, and logistic regression of standardised features."""
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    return {"majority": majority(table), "logistic": accuracy(model, table)}


def ridge(table: Table) -> dict[str, float]:
    """The mean, and ridge regression of standardised features."""
    model = make_pipeline(StandardScaler(), RidgeCV(np.logspace(-2, 3, 11)))
    return {"mean": 0.0, "ridge": explained_target(model, table)}


def explained_target(model: Any, table: Table) -> float:
    """Share of the targets' variance that is predicted for test rows."""
    predicted = model.fit(table.train, table.y_train).predict(table.test)
    return float(r2_score(table.y_test, predicted, multioutput="variance_weighted"))


def one_number(names: list[str], n_rows: int, seed: int) -> Any:
    """The progression of diabetes, and of other tables the last feature from the others."""
    numbers = [name for name in names if name != "mnist"]
    for table in tables(numbers, (AS_IT_COMES, STANDARDISED), n_rows, seed):
        yield table if table.name == "diabetes" else predicting(table, slice(-1, None), single=True)


def predicting(table: Table, target: slice, single: bool = False) -> Table:
    """A table whose target are some of its features, given the others."""
    others = np.ones(table.train.shape[1], dtype=bool)
    others[target] = False
    targets = [part[:, ~others] for part in (table.train, table.test)]
    y_train, y_test = (y[:, 0] for y in targets) if single else targets
    return replace(table.with_columns(others), y_train=y_train, y_test=y_test)


def agreement(model: Any, table: Table) -> float:
    """Adjusted Rand index of clusters and classes, of all rows."""
    X, y = np.vstack([table.train, table.test]), np.append(table.y_train, table.y_test)
    return float(adjusted_rand_score(y, model.fit_predict(X)))


def k_means(table: Table) -> dict[str, float]:
    """k-means with as many clusters as there are classes, of the same rows."""
    model = KMeans(n_classes(table), n_init=10, random_state=table.seed)
    return {"k-means": agreement(model, table)}


def n_classes(table: Table) -> int:
    """How many classes there are."""
    return len(np.unique(table.y_train))


DIVIDED: tuple[dict[str, Any], ...] = (
    {"learning_rate": 0.002},
    {"max_iter": 100},
    {"batch_size": 32},
)
BINARY_CODES = Trade(
    "accuracy of logistic regression of the code; per cent are percentage points",
    lambda names, n_rows, seed: tables(labelled(names), (UNIT,), n_rows, seed),
    {
        "BernoulliRBM": Model(lambda t: BernoulliRBM(), ({"n_iter": 100}, {"n_chains": 100})),
        "DeepBeliefNetwork": Model(
            lambda t: DeepBeliefNetwork(), ({"n_chains": 100}, {"hidden_layer_sizes": (128, 128)})
        ),
        "DeepBoltzmannMachine": Model(
            lambda t: DeepBoltzmannMachine(),
            ({"n_chains": 100}, {"hidden_layer_sizes": (128, 128)}),
        ),
    },
    accuracy_by_code,
    plain_codes,
    points,
)
CLASSIFIERS = Trade(
    "accuracy; per cent are percentage points",
    lambda names, n_rows, seed: tables(labelled(names), (AS_IT_COMES, STANDARDISED), n_rows, seed),
    {"FineTunedClassifier": Model(lambda t: FineTunedClassifier(), NETWORK)},
    accuracy,
    logistic,
    points,
)
REGRESSORS = Trade(
    "share of a number's variance that is predicted, in diabetes its progression, else the last "
    "feature; per cent of the larger",
    one_number,
    {"FineTunedRegressor": Model(lambda t: FineTunedRegressor(), NETWORK)},
    explained_target,
    ridge,
    share,
)
CLUSTERERS = Trade(
    "adjusted Rand index of clusters, as many as there are classes, and the classes; per cent are "
    "hundredths",
    CLASSIFIERS.tables,
    {
        "DeepEmbeddedClustering": Model(lambda t: DeepEmbeddedClustering(n_classes(t)), DIVIDED),
        "VariationalDeepEmbedding": Model(
            lambda t: VariationalDeepEmbedding(n_classes(t)), DIVIDED
        ),
    },
    agreement,
    k_means,
    points,
)
