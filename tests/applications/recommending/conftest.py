"""Ratings that the tests of recommenders share; some files have others."""

import pytest

from tests.applications.recommending.models import ratings


@pytest.fixture
def X():
    return ratings()[0]
