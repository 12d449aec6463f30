"""scikit-learn's own checks, all of them, for every recommender."""

import pytest

from tests.checks import SPARSE, with_checks
from tests.estimators import FURTHER_RECOMMENDERS, RECOMMENDERS


def expected_failures(estimator):
    """What asks ``predict`` for one number a row."""
    return dict.fromkeys(SPARSE, "predict completes a matrix: it gives a row for a row")


# scikit-learn's bits are ratings that are all equal here.
equal_ratings = pytest.mark.filterwarnings("ignore:all .* ratings in X are")


@equal_ratings
@with_checks(RECOMMENDERS, expected_failed_checks=expected_failures)
def test_every_check_passes(estimator, check):
    check(estimator)


@equal_ratings
@pytest.mark.nightly("the kind passes these checks in `make test`")
@with_checks(FURTHER_RECOMMENDERS, expected_failed_checks=expected_failures)
def test_every_check_passes_with_other_settings(estimator, check):
    check(estimator)
