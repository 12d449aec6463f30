"""The first fit, at the defaults, on ordinary tables."""

from functools import cache

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_iris, load_wine
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import KBinsDiscretizer, MinMaxScaler, StandardScaler, scale

from skdeepunsup import (
    BernoulliRBM,
    CategoricalRBM,
    DeepBeliefNetwork,
    DeepBoltzmannMachine,
    GaussianRBM,
)

LONG = pytest.param(200, marks=pytest.mark.nightly("10 seconds; fewer passes are in `make test`"))
"""Of the passes after which the faults of old were worst."""

MODELS = [
    BernoulliRBM(random_state=0),
    BernoulliRBM(hidden_units="relu", random_state=0),
    DeepBeliefNetwork(random_state=0),
]


def accuracy(scaler, model, load):
    X, y = load(return_X_y=True)
    pipeline = make_pipeline(scaler, model, LogisticRegression(max_iter=1000))
    return cross_val_score(pipeline, X, y, cv=3).mean()


@pytest.mark.parametrize(
    ("load", "least", "model"),
    [(load_wine, 0.80, model) for model in MODELS]
    + [
        (load_breast_cancer, 0.90, MODELS[0]),
        pytest.param(
            *(load_breast_cancer, 0.90, MODELS[1]),
            marks=pytest.mark.nightly("7 seconds; relu on wine is in `make test`"),
        ),
        (load_breast_cancer, 0.90, MODELS[2]),
    ],
    ids=lambda v: str(v) if isinstance(v, float) else getattr(v, "__name__", type(v).__name__),
)
def test_a_code_of_a_small_table_tells_its_classes(load, least, model):
    """From weights near 0, the code was the same for all rows: .63 and .39."""
    assert accuracy(MinMaxScaler(), model, load) >= least


@pytest.mark.filterwarnings("ignore:The code hardly varies")
@pytest.mark.parametrize("pretraining_iter", [None, 0])
@pytest.mark.parametrize(
    ("load", "least"), [(load_breast_cancer, 0.93), (load_wine, 0.90)], ids=["cancer", "wine"]
)
def test_a_code_two_layers_up_tells_the_classes(load, least, pretraining_iter):
    """It was the same for all rows; now it varies little, so that it is standardised."""
    model = DeepBoltzmannMachine((64, 32), pretraining_iter=pretraining_iter, random_state=0)
    scaled = make_pipeline(model, StandardScaler())
    assert accuracy(MinMaxScaler(), scaled, load) >= least


@pytest.mark.parametrize("pretraining_iter", [None, 0])
def test_a_deep_machine_starts_near_independent_features(pretraining_iter):
    """Mean field missed wide layers with large weights by tens of nats: bits of wine −26.5."""
    X = load_wine().data
    X = (np.median(X, axis=0) < X).astype(float)
    model = DeepBoltzmannMachine(n_iter=3, pretraining_iter=pretraining_iter, random_state=0).fit(X)
    bound = -model.free_energy(X).mean() - model.log_partition(n_temperatures=50).value
    p = X.mean(0)
    independent = (p * np.log(p) + (1 - p) * np.log1p(-p)).sum()
    assert bound > independent - 0.5


@pytest.mark.parametrize(
    "persistent",
    [False, pytest.param(True, marks=pytest.mark.nightly("12 seconds; CD is in `make test`"))],
)
def test_a_code_of_categories_tells_the_classes(persistent):
    model = CategoricalRBM(persistent=persistent, random_state=0)
    bins = KBinsDiscretizer(4, encode="ordinal", quantile_method="averaged_inverted_cdf")
    assert accuracy(bins, model, load_wine) >= 0.93  # .90 from weights near 0


@pytest.mark.parametrize("n_iter", [10, 50, LONG])
def test_patterns_of_bits_do_not_fall_apart_the_longer_they_are_learned(n_iter):
    """Five patterns of 30 bits, 3 % flipped: ten chains ended at −11.9; the truth is −5.5."""
    rng = np.random.default_rng(0)
    patterns = rng.random((5, 30)) < 0.5
    seen, unseen = (
        (patterns[rng.integers(5, size=1000)] ^ (rng.random((1000, 30)) < 0.03)).astype(float)
        for _ in range(2)
    )
    machine = BernoulliRBM(12, n_iter=n_iter, random_state=0).fit(seen)
    assert machine.score(unseen) >= -7


def mixed_tables():
    """Standardised tables on which chains stop to cross if variances run to nothing."""
    rng = np.random.default_rng(0)
    normals = rng.normal(size=(600, 3))
    clusters = np.where(rng.random(600) < 0.5, 7.5, -7.5)[:, None] + rng.normal(size=(600, 2))
    return {
        "bit": scale(np.c_[rng.random(600) < 0.5, normals]),
        "one-hot": scale(np.c_[np.eye(3)[rng.integers(3, size=600)], normals]),
        "clusters": scale(clusters),
    }


@pytest.mark.parametrize("n_iter", [30, LONG])
@pytest.mark.parametrize("table", mixed_tables())
def test_gaussian_units_hold_on_bits_dummies_and_clusters(table, n_iter):
    """They fell to −127, −370 and −496 nats after 200 passes, while the loss fell."""
    X = mixed_tables()[table]
    independent = -0.5 * (1 + np.log(2 * np.pi)) * X.shape[1]
    assert GaussianRBM(8, n_iter=n_iter, random_state=0).fit(X).score(X) > independent + 0.5


@cache
def score_after(n_first):
    """After a pass over so many rows of iris, and a hundred over all."""
    Z = scale(load_iris().data)
    order = np.random.default_rng(0).permutation(len(Z))
    model = GaussianRBM(8, random_state=0).partial_fit(Z[order[:n_first]])
    for _ in range(100):
        model.partial_fit(Z)
    return model.score(Z)


@pytest.mark.parametrize("n_first", [1, 2])
def test_few_rows_first_do_not_hold_learning_down(n_first):
    assert score_after(n_first) > score_after(20) - 0.5


def test_the_floor_of_a_variance_follows_the_units_of_its_feature():
    X = scale(load_iris().data)
    scales = np.array([1e-2, 1.0, 1e2, 1e3])
    plain = GaussianRBM(4, n_iter=20, random_state=0).fit(X)
    other = GaussianRBM(4, n_iter=20, random_state=0).fit(X * scales)
    expected = plain.score(X) - np.log(scales).sum()
    assert other.score(X * scales) == pytest.approx(expected, abs=0.1)
