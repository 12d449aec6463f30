"""scikit-learn's own checks, all of them, for every public estimator."""

import inspect

import pytest
from sklearn.base import BaseEstimator, clone
from sklearn.utils.estimator_checks import parametrize_with_checks

import skdeepunsup
from skdeepunsup.energy import partition
from tests.estimators import ESTIMATORS, VARIANTS

# The checks feed an RBM normal deviates; it says what it thinks of them.
OUTSIDE = pytest.mark.filterwarnings(
    "ignore:(BernoulliRBM|BoltzmannMachine|DeepBeliefNetwork|DeepBoltzmannMachine) models values in"
)


@pytest.fixture(autouse=True)
def _hasty_log_partition(monkeypatch):
    """The checks compare scores with each other, not with the truth."""
    monkeypatch.setattr(partition, "DEFAULT_TEMPERATURES", 20)
    monkeypatch.setattr(partition, "DEFAULT_CHAINS", 10)


@OUTSIDE
@parametrize_with_checks([*ESTIMATORS, *VARIANTS], xfail_strict=True)
def test_every_check_passes(estimator, check):
    check(estimator)


@OUTSIDE
@parametrize_with_checks([type(e)() for e in ESTIMATORS], xfail_strict=True)
def test_every_check_passes_with_defaults(estimator, check):
    check(estimator)


def test_every_public_estimator_is_checked():
    public = [getattr(skdeepunsup, name) for name in skdeepunsup.__all__]
    kinds = {k for k in public if inspect.isclass(k) and issubclass(k, BaseEstimator)}
    assert kinds == {type(e) for e in ESTIMATORS}


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda e: type(e).__name__)
def test_shared_parameters_are_there(estimator):
    shared = {"learning_rate", "batch_size", "device", "precision", "verbose", "random_state"}
    assert shared <= set(clone(estimator).get_params())
    assert {"n_components", "hidden_layer_sizes"} & set(clone(estimator).get_params())
