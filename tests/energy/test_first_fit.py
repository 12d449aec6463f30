"""The first fit, at the defaults, on ordinary tables."""

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_wine
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import KBinsDiscretizer, MinMaxScaler

from skdeepunsup import (
    BernoulliRBM,
    CategoricalRBM,
    DeepBeliefNetwork,
    DeepBoltzmannMachine,
)

MODELS = [
    BernoulliRBM(random_state=0),
    BernoulliRBM(hidden_units="relu", random_state=0),
    DeepBeliefNetwork(random_state=0),
]


def accuracy(scaler, model, load):
    X, y = load(return_X_y=True)
    pipeline = make_pipeline(scaler, model, LogisticRegression(max_iter=1000))
    return cross_val_score(pipeline, X, y, cv=3).mean()


@pytest.mark.parametrize("model", MODELS, ids=lambda m: type(m).__name__)
@pytest.mark.parametrize(
    ("load", "least"), [(load_breast_cancer, 0.90), (load_wine, 0.80)], ids=["cancer", "wine"]
)
def test_a_code_of_a_small_table_tells_its_classes(model, load, least):
    """From weights near 0, the code was the same for all rows: .63 and .39."""
    assert accuracy(MinMaxScaler(), model, load) >= least


@pytest.mark.parametrize("pretraining_iter", [None, 0])
def test_a_code_two_layers_up_tells_the_classes(pretraining_iter):
    """It was the same for all rows."""
    model = DeepBoltzmannMachine((64, 32), pretraining_iter=pretraining_iter, random_state=0)
    assert accuracy(MinMaxScaler(), model, load_breast_cancer) >= 0.75


@pytest.mark.parametrize("persistent", [False, True])
def test_a_code_of_categories_tells_the_classes(persistent):
    model = CategoricalRBM(persistent=persistent, random_state=0)
    bins = KBinsDiscretizer(4, encode="ordinal", quantile_method="averaged_inverted_cdf")
    assert accuracy(bins, model, load_wine) >= 0.93  # .90 from weights near 0


@pytest.mark.parametrize("n_iter", [10, 50, pytest.param(200, marks=pytest.mark.slow)])
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
