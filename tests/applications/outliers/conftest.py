"""Rows that the tests of outlier detectors share."""

import pytest

from tests.applications.outliers.models import bits_of_a_cause, rows_of_a_cause


@pytest.fixture
def X():
    return rows_of_a_cause()


@pytest.fixture
def bits():
    return bits_of_a_cause()
