"""scikit-learn's own checks, all of them, for every estimator built on a model."""

import pytest
from sklearn.base import clone

from skdeepunsup import (
    Autoencoder,
    DeepEmbeddedClustering,
    DenoisingAutoencoder,
    EncoderDecoder,
    OutlierDetector,
)
from skdeepunsup.applications.clustering.base import DeepClusterer
from skdeepunsup.applications.fine_tuning.base import FineTunedModel
from skdeepunsup.base.encoders import models_of
from tests.checks import EQUIVALENCE, SPARSE, compares_weights, with_checks
from tests.estimators import APPLICATIONS, FURTHER_APPLICATIONS

OF_OTHER_N_CLUSTERS = (
    "check_dont_overwrite_parameters",
    "check_fit2d_1feature",
    "check_fit2d_predict1d",
    "check_methods_sample_order_invariance",
    "check_methods_subset_invariance",
)


def expected_failures(estimator):
    """The checks that ask for what is not meant, each with the reason."""
    failures = {}
    if isinstance(estimator, FineTunedModel | EncoderDecoder):
        failures |= dict.fromkeys(EQUIVALENCE, inequivalence(estimator))
    if isinstance(estimator, DeepClusterer):
        reason = "of sparse rows, whatever has predict_proba is taken for a classifier"
        failures |= dict.fromkeys(SPARSE, reason)
    if isinstance(estimator, DeepEmbeddedClustering) and estimator.init != "k-means":
        reason = "n_clusters is set anew, and that of init is not"
        failures |= dict.fromkeys(OF_OTHER_N_CLUSTERS, reason)
    return {name: reason for name, reason in failures.items() if reason}


def inequivalence(estimator):
    """Why a row of weight 2 is not the same as two rows; None where it is."""
    models = inner_models(estimator)
    reasons = {
        "each row draws noise of its own": any(
            isinstance(model, DenoisingAutoencoder) for model in models[:1]
        ),
        "Adam divides first gradients of biases, which are rounding, by themselves": any(
            type(model) is Autoencoder for model in models[:1]
        ),
        "each row draws dropout of its own": estimator.dropout != 0,
        "other rows are held out": estimator.early_stopping,
        "an energy knows of no weights but 0": any(hasattr(m, "free_energy") for m in models)
        or any(hasattr(m, "fine_tuning") for m in models),
    }
    return next((reason for reason, holds in reasons.items() if holds), None)


def inner_models(estimator):
    """The models within that are fitted to the rows."""
    return models_of(estimator._encoder()) if isinstance(estimator, FineTunedModel) else []


def passes(check, estimator):
    if compares_weights(check):
        estimator = clone(estimator).set_params(precision="float64")
        for model in inner_models(estimator):
            model.set_params(precision="float64")
    check(estimator)


@with_checks(APPLICATIONS, expected_failed_checks=expected_failures)
def test_every_check_passes(estimator, check):
    passes(check, estimator)


@pytest.mark.nightly("the kind passes these checks in `make test`")
@with_checks(FURTHER_APPLICATIONS, expected_failed_checks=expected_failures)
def test_every_check_passes_with_other_settings(estimator, check):
    passes(check, estimator)


@pytest.mark.nightly("a check takes up to six seconds; the kind passes it in `make test`")
@with_checks(
    [DeepEmbeddedClustering(), EncoderDecoder(batch_size=1000), OutlierDetector()],
    expected_failed_checks=expected_failures,
)
def test_every_check_passes_with_defaults(estimator, check):
    passes(check, estimator)
