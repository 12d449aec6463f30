"""Counts that no machine can do are refused by name, in every estimator, method and function."""

import inspect

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted

from skdeepunsup import (
    Autoencoder,
    BernoulliRBM,
    EntrySplit,
    RatingAutoencoder,
    RatingRBM,
    compare_reducers,
    metrics,
    recommending_scorer,
)
from skdeepunsup._parameters import memory
from tests.estimators import EVERY_KIND, VECTORIZERS

UNCOUNTABLE = [2**31, 2**63, 10**30]
"""Beyond 32 bits, beyond 64 bits, beyond double precision."""

UNBOUNDED = {"verbose"}
"""Integers that count nothing."""

every_kind = pytest.mark.parametrize(
    "estimator", [*EVERY_KIND, *VECTORIZERS], ids=lambda e: type(e).__name__
)


def rows(estimator):
    """Bits; as ratings ones and twos, as molecules a few."""
    if type(estimator).__name__ == "SelfiesVectorizer":
        return ["CCO", "CC"]
    bits = (np.random.default_rng(0).random((50, 6)) < 0.4).astype(np.float64)
    return bits + isinstance(estimator, RatingRBM | RatingAutoencoder)


def labels(X):
    return np.arange(len(X)) % 2


def numbers_of(function, kind):
    """Names of the parameters that are annotated as ``kind``."""
    parameters = inspect.signature(function).parameters.values()
    return [p.name for p in parameters if kind in str(p.annotation).replace("'", " ").split()]


@every_kind
def test_a_parameter_that_counts_too_far_is_named(estimator):
    X = rows(estimator)
    for name in set(numbers_of(type(estimator).__init__, "int")) - UNBOUNDED:
        for value in UNCOUNTABLE:
            model = clone(estimator).set_params(**{name: value})
            with pytest.raises(ValueError, match=f"{name} == {value}"):
                model.fit(X, labels(X))
            with pytest.raises(NotFittedError):
                check_is_fitted(model)


@every_kind
def test_what_is_missing_is_no_number(estimator):
    X = rows(estimator)
    numbers = {"int", "float"}
    named = [set(numbers_of(type(estimator).__init__, kind)) for kind in numbers]
    for name in set().union(*named) - UNBOUNDED:
        model = clone(estimator).set_params(**{name: pd.NA})
        with pytest.raises((TypeError, ValueError), match=name):
            model.fit(X, labels(X))


@every_kind
def test_numpy_s_floats_are_floats(estimator):
    X = rows(estimator)
    floats = {k: v for k, v in estimator.get_params(deep=False).items() if type(v) is float}
    same = {k: np.float32(v) for k, v in floats.items()}
    check_is_fitted(clone(estimator).set_params(**same).fit(X, labels(X)))


@every_kind
def test_a_seed_that_is_none_is_named(estimator):
    X = rows(estimator)
    if "random_state" in estimator.get_params(deep=False):
        for seed in ("a", -1, 2**63):
            model = clone(estimator).set_params(random_state=seed)
            with pytest.raises(ValueError, match=f"random_state == '?{seed}"):
                model.fit(X, labels(X))


@every_kind
def test_an_argument_that_counts_too_far_is_named(estimator):
    X = rows(estimator)
    model = clone(estimator).fit(X, labels(X))
    public = [name for name in dir(model) if not name.startswith("_") and hasattr(model, name)]
    for method in filter(lambda name: inspect.ismethod(getattr(model, name)), public):
        for name in numbers_of(getattr(model, method), "int"):
            given = {"X": X, "v": X, "cluster": 0}
            taken = inspect.signature(getattr(model, method)).parameters
            given = {key: value for key, value in given.items() if key in taken}
            for value in UNCOUNTABLE:
                arguments = given | {name: value} | ({"method": "ais"} if "method" in taken else {})
                with pytest.raises(ValueError, match=f"{name} == {value}"):
                    getattr(model, method)(**arguments)


ROWS = np.random.default_rng(0).normal(size=(20, 3))
FUNCTIONS = {
    "n_bins": lambda n: metrics.mutual_information_gap(ROWS, labels(ROWS)[:, None], n_bins=n),
    "n_estimators": lambda n: metrics.dci(ROWS, np.c_[labels(ROWS), labels(ROWS)], n_estimators=n),
    "n_neighbors": lambda n: metrics.precision_recall(ROWS, ROWS, n_neighbors=n),
    "k": lambda n: recommending_scorer(k=n),
    "n_splits": lambda n: list(EntrySplit(n).split(ROWS)),
}


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("value", UNCOUNTABLE)
def test_a_function_s_count_too_far_is_named(name, value):
    with pytest.raises(ValueError, match=f"{name} == {value}"):
        FUNCTIONS[name](value)


def test_neighbours_of_a_comparison_are_counted():
    for value in UNCOUNTABLE:
        with pytest.raises(ValueError, match=f"n_neighbors == {value}"):
            compare_reducers({"own": Autoencoder(2)}, ROWS, n_neighbors=value)


TOO_WIDE = [
    (Autoencoder(10**9), "GiB of this machine: lower n_components == 1000000000"),
    (Autoencoder(10**8, random_state=2**31), "GiB of this machine: lower n_components == 10{8} or"),
    (Autoencoder(2, hidden_layer_sizes=(10**9,)), r"GiB .*lower hidden_layer_sizes == \(10{9},\)"),
    (BernoulliRBM(2, n_chains=10**9), r"n_chains == 1000000000 needs \d+ GiB"),
]


@pytest.mark.skipif(memory() > 2**40, reason="a machine of so much memory can do it")
@pytest.mark.parametrize(("model", "message"), TOO_WIDE)
def test_a_model_larger_than_the_machine_is_refused(model, message):
    with pytest.raises(ValueError, match=message):
        model.fit(rows(model))


@pytest.mark.skipif(memory() > 2**40, reason="a machine of so much memory can do it")
def test_draws_larger_than_the_machine_are_refused():
    model = BernoulliRBM(2, n_iter=1).fit(rows(BernoulliRBM))
    with pytest.raises(ValueError, match=r"n_samples == 2000000000 needs .* GiB"):
        model.sample(2 * 10**9)
    with pytest.raises(ValueError, match=r"n_draws == 2000000000 needs .* GiB"):
        model.impute(np.full((1, 6), np.nan), n_draws=2 * 10**9)
