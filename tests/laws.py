"""For whom the laws of all models hold, and the rows they are tried on.

A law is a function under `each_kind`, which runs it for one instance of each kind, or `every`, for
all their settings too. A new model joins by its line in its trade's `estimators.py`.
"""

import pickle
from functools import cache

import numpy as np
import pytest
from sklearn.base import clone

from tests.estimators import ESTIMATORS, LIMITED, VARIANTS

every = pytest.mark.parametrize("estimator", [*ESTIMATORS, *VARIANTS, *LIMITED], ids=repr)
each_kind = pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda e: type(e).__name__)
# Of laws that take many fits or answers, every setting is for the night.
every_at_night = pytest.mark.parametrize(
    "estimator",
    [
        *ESTIMATORS,
        *(
            pytest.param(estimator, marks=pytest.mark.nightly("the kind obeys it in `make test`"))
            for estimator in (*VARIANTS, *LIMITED)
        ),
    ],
    ids=repr,
)

N, D = 50, 6


def holds_rows_out(estimator):
    return getattr(estimator, "early_stopping", True) and estimator.validation_fraction > 0


def epochs_of_a_pass(estimator, stages_left=None):
    """What ``partial_fit`` adds to the history: an entry for each stage of the fit."""
    return estimator._schedule().one_pass(stages_left).n_epochs


def outputs(model, X):
    return model.transform(X), model.reconstruct(X), model.score_samples(X)


def assert_same(a, b, **tolerance):
    for left, right in zip(a, b, strict=True):
        np.testing.assert_allclose(left, right, **({"rtol": 0, "atol": 0} | tolerance))


def clone_fitted(model):
    return pickle.loads(pickle.dumps(model))


def few_bits():
    return (np.random.default_rng(0).random((N, D)) < 0.4).astype(np.float64)


@cache
def fitted(estimator):
    """The model of few bits, fitted once for all laws that only ask it."""
    return clone(estimator).fit(few_bits())
