"""Missing entries, other halves of rows, unusual rows, and drawn rows, beside simple answers."""

from dataclasses import replace
from typing import Any

import numpy as np
from sklearn.covariance import LedoitWolf
from sklearn.ensemble import IsolationForest
from sklearn.experimental import enable_iterative_imputer  # noqa: F401
from sklearn.impute import IterativeImputer, SimpleImputer
from sklearn.metrics import pairwise_distances, roc_auc_score
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skdeepunsup import (
    GAN,
    BiGAN,
    EncoderDecoder,
    GaussianRBM,
    GenerativeImputer,
    OutlierDetector,
    VariationalAutoencoder,
)

from .data import is_set, load_adbench
from .defaults_labels import explained_target, labelled, predicting, ridge
from .defaults_tables import AS_IT_COMES, STANDARDISED, Table, formed, tables
from .defaults_trade import Model, Trade, error, fewer_points, points, share

BOTH = (AS_IT_COMES, STANDARDISED)
MISSING = 0.2
"""Share of the entries that imputers fill in."""
RARE = 0.05
"""How many rows of other classes there are beside those of the most frequent class."""
HALVED = ("digits", "breast_cancer", "mnist")
"""Tables whose second half of the features is predicted from the first."""
N_DRAWN = 1000
"""Most rows that are drawn and compared."""


def not_images(names: list[str], n_rows: int, seed: int) -> Any:
    """Tables of at most 64 features; regressions of each of more take long."""
    return tables([name for name in names if name != "mnist"], BOTH, n_rows, seed)


def imputing_error(model: Any, table: Table) -> float:
    """Root mean squared error of entries missing at random, each in its feature's deviations."""
    lost = np.random.default_rng(table.seed).random(table.train.shape) < MISSING
    filled = model.fit_transform(np.where(lost, np.nan, table.train))
    return float(np.sqrt(np.square((filled - table.train) / deviations(table))[lost].mean()))


def deviations(table: Table) -> np.ndarray:
    """Standard deviations of the features; 1 for those that do not vary."""
    deviation = table.train.std(0)
    return np.where(deviation > 0, deviation, 1)


def plain_imputers(table: Table) -> dict[str, float]:
    """Means of features, and regressions of each feature on the others."""
    return {
        "means": imputing_error(SimpleImputer(), table),
        "IterativeImputer": imputing_error(IterativeImputer(random_state=table.seed), table),
    }


def halves(names: list[str], n_rows: int, seed: int) -> Any:
    """Tables whose second half is the target."""
    for table in tables([name for name in names if name in HALVED], BOTH, n_rows, seed):
        yield predicting(table, slice(table.train.shape[1] // 2, None))


def regressions(table: Table) -> dict[str, float]:
    """Means, ridge regression, and a network of scikit-learn at its defaults."""
    network = make_pipeline(StandardScaler(), MLPRegressor(random_state=table.seed))
    return ridge(table) | {"MLPRegressor": explained_target(network, table)}


def with_outliers(names: list[str], n_rows: int, seed: int) -> Any:
    """The most frequent class with a few rows of others, and tables of ADBench; all are fitted."""
    for table in tables(labelled(names), (AS_IT_COMES,), n_rows, seed):
        X, y = np.vstack([table.train, table.test]), np.append(table.y_train, table.y_test)
        classes, counts = np.unique(y, return_counts=True)
        usual = y == classes[counts.argmax()]
        others = np.flatnonzero(~usual)[: max(3, int(RARE * usual.sum()))]
        ids = np.append(np.flatnonzero(usual), others)
        yield from in_both_forms(replace(table, train=X[ids], y_train=~usual[ids]))
    for name in ADBENCH:
        if name in names and is_set():
            X, y = load_adbench(name)
            ids = np.random.default_rng(seed).permutation(len(X))[:n_rows]
            yield from in_both_forms(Table(name, AS_IT_COMES, X[ids], X[ids], y[ids], None, seed))


ADBENCH = ("cardio", "thyroid")


def in_both_forms(table: Table) -> Any:
    """A table whose training rows are also its test rows, as it comes and standardised."""
    for form in BOTH:
        rows, _ = formed(table.train, table.train, form)
        yield replace(table, form=form, train=rows, test=rows)


def area(model: Any, table: Table) -> float:
    """Area under the ROC curve of the scores of all rows, fitted without labels."""
    return float(roc_auc_score(table.y_train, -model.fit(table.train).score_samples(table.train)))


def forest(table: Table) -> dict[str, float]:
    """Chance, and an isolation forest."""
    return {"chance": 0.5, "forest": area(IsolationForest(random_state=table.seed), table)}


def drawn_distance(model: Any, table: Table) -> float:
    """Distance of rows that a model draws and the test rows."""
    model.fit(table.train)
    return distance(np.asarray(model.sample(N_DRAWN, random_state=table.seed), float), table)


def drawn_normally(table: Table) -> dict[str, float]:
    """Distance of rows drawn from one normal distribution with all covariances (shrunk)."""
    deviation, mean = deviations(table), table.train.mean(0)
    full = LedoitWolf().fit((table.train - mean) / deviation)
    rng = np.random.default_rng(table.seed)
    rows = rng.multivariate_normal(full.location_, full.covariance_, N_DRAWN, check_valid="ignore")
    return {"one normal": distance(mean + deviation * rows, table)}


def distance(drawn: np.ndarray, table: Table) -> float:
    """√H of drawn rows x and test rows y, with features divided by their deviations.

    H = 1 − (E‖x − x′‖ + E‖y − y′‖) / (2 E‖x − y‖) is 0 for equal distributions and 1 for points
    that are apart (the coefficient of Székely and Rizzo, "Energy statistics", 2013), here over
    pairs of different rows; estimates below 0 count as 0.
    """
    x, y = drawn / deviations(table), table.test[:N_DRAWN] / deviations(table)
    within = sum(pairwise_distances(part).sum() / (len(part) * (len(part) - 1)) for part in (x, y))
    return float(np.sqrt(max(0, 1 - within / (2 * pairwise_distances(x, y).mean()))))


GAMES: tuple[dict[str, Any], ...] = (
    {"max_iter": 800},
    {"learning_rate": 0.0003},
    {"batch_size": 16},
)
IMPUTERS = Trade(
    f"root mean squared error of entries, {MISSING:.0%} missing at random, in standard deviations; "
    "per cent of the smaller",
    not_images,
    {
        "GenerativeImputer": Model(
            lambda t: GenerativeImputer(),
            (
                {"model": VariationalAutoencoder(8, missing="mask", dropout=0.1)},
                {"model": VariationalAutoencoder(4, missing="mask")},
                {"model": GaussianRBM(64)},
            ),
        )
    },
    imputing_error,
    plain_imputers,
    error,
)
HALVES = Trade(
    "share of the variance of the second half of the features that the first half predicts; per "
    "cent of the larger",
    halves,
    {
        "EncoderDecoder": Model(
            lambda t: EncoderDecoder(),
            (
                {"hidden_layer_sizes": ()},
                {"dropout": 0.0},
                {"n_components": 16},
                {"early_stopping": True},
                {"learning_rate": 0.003},
            ),
        )
    },
    explained_target,
    regressions,
    share,
)
OUTLIERS = Trade(
    "area under the ROC curve of outliers, rows of other classes; per cent are hundredths",
    with_outliers,
    {
        "OutlierDetector": Model(
            lambda t: OutlierDetector(),
            (
                {"n_estimators": 10, "max_samples": 100},
                {"model": GaussianRBM(50)},
                {"model": VariationalAutoencoder(4)},
            ),
        )
    },
    area,
    forest,
    points,
)
GENERATORS = Trade(
    "distance √H of drawn rows and test rows, from 0 to 1; per cent are hundredths",
    lambda names, n_rows, seed: tables(names, BOTH, n_rows, seed),
    {"GAN": Model(lambda t: GAN(), GAMES), "BiGAN": Model(lambda t: BiGAN(), GAMES)},
    drawn_distance,
    drawn_normally,
    fewer_points,
)
