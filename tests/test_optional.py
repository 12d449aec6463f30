"""Packages that an extra brings."""

import math
import sys

import pytest

from skdeepunsup._optional import optional


def test_what_is_there_is_imported():
    assert optional("math", extra="plot", user="Someone") is math


def test_what_is_not_there_is_an_error_that_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "rdkit.Chem", None)
    message = r"^Someone needs rdkit: pip install 'skdeepunsup\[molecules\]'\.$"
    with pytest.raises(ImportError, match=message):
        optional("rdkit.Chem", extra="molecules", user="Someone")
