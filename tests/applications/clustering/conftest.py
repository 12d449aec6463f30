"""Rows that the tests of clusterers share."""

import pytest

from tests.applications.clustering.models import blobs


@pytest.fixture
def X():
    return blobs()[0]


@pytest.fixture
def y():
    return blobs()[1]
