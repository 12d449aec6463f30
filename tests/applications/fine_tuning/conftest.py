"""Rows and labels that the tests of fine-tuned models share."""

import pytest

from tests.applications.fine_tuning.models import counts_of, few_bits


@pytest.fixture
def X():
    return few_bits()


@pytest.fixture
def y(X):
    return counts_of(X)
