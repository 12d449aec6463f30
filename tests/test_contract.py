"""scikit-learn's own checks, all of them, for every public estimator."""

import inspect

import pytest
from sklearn.base import BaseEstimator, clone
from sklearn.utils.estimator_checks import parametrize_with_checks

import skdeepunsup
from skdeepunsup import (
    GAN,
    BiGAN,
    ContractiveAutoencoder,
    DenoisingAutoencoder,
    SequenceVAE,
    VariationalAutoencoder,
)
from skdeepunsup.energy.likelihood import partition
from tests.applications.estimators import APPLICATIONS, VECTORIZERS
from tests.applications.recommending.test_contract import RECOMMENDERS
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


EQUIVALENCE = (
    "check_sample_weight_equivalence_on_dense_data",
    "check_sample_weight_equivalence_on_sparse_data",
)


def expected_failures(estimator):
    """Where a row of weight 2 is not the same as two rows: once more, noise is not the same."""
    params = estimator.get_params()
    reasons = {
        "each row draws noise of its own": isinstance(
            estimator, DenoisingAutoencoder | VariationalAutoencoder | SequenceVAE | GAN | BiGAN
        ),
        "each row draws dropout of its own": params.get("dropout"),
        "each row is projected at random": isinstance(estimator, ContractiveAutoencoder)
        and params["hidden_layer_sizes"],
        "other rows are held out": params.get("early_stopping"),
        "the running mean remembers so many rows": params.get("sparsity") == "running-mean",
    }
    reason = next((reason for reason, holds in reasons.items() if holds), None)
    return dict.fromkeys(EQUIVALENCE, reason) if reason else {}


def passes(check, estimator):
    if check.func.__name__.startswith("check_sample_weight_equivalence"):
        # Equal but for rounding, which in float32 is coarser than the check.
        estimator = clone(estimator).set_params(precision="float64")
    check(estimator)


@OUTSIDE
@parametrize_with_checks(
    [*ESTIMATORS, *VARIANTS], expected_failed_checks=expected_failures, xfail_strict=True
)
def test_every_check_passes(estimator, check):
    passes(check, estimator)


@OUTSIDE
@parametrize_with_checks(
    [type(e)() for e in ESTIMATORS], expected_failed_checks=expected_failures, xfail_strict=True
)
def test_every_check_passes_with_defaults(estimator, check):
    passes(check, estimator)


def test_every_public_estimator_is_checked():
    public = [getattr(skdeepunsup, name) for name in skdeepunsup.__all__]
    kinds = {k for k in public if inspect.isclass(k) and issubclass(k, BaseEstimator)}
    assert kinds == {type(e) for e in [*ESTIMATORS, *APPLICATIONS, *RECOMMENDERS, *VECTORIZERS]}


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda e: type(e).__name__)
def test_shared_parameters_are_there(estimator):
    shared = {"learning_rate", "batch_size", "device", "precision", "verbose", "random_state"}
    assert shared <= set(clone(estimator).get_params())
    assert {"n_components", "hidden_layer_sizes"} & set(clone(estimator).get_params())
