"""What `make quick` runs: a part of `make test`, which is all but what is marked nightly.

- scikit-learn's checks and the laws for the first estimator of each family and trade, and for
  those whose own file was touched,
- the arithmetic: files that fit nothing, or next to nothing,
- the tests of what the last commit or the working tree touched: tests/a/test_b.py and
  tests/a/test_b_*.py for skdeepunsup/a/b.py, or all of tests/a/test_*.py where there are no such
  files. A change that sweeps through the whole package is for `make test`.

Tests marked slow or nightly are left out of it.
"""

import inspect
import subprocess
from functools import cache
from pathlib import Path

import pytest

from tests.estimators import EVERY_KIND, FIRST_OF_EACH

TESTS = Path(__file__).parent
ROOT = TESTS.parent
PACKAGE = ROOT / "skdeepunsup"

ARITHMETIC = (
    "formulas/test_*.py",
    "energy/base/test_*.py",
    "energy/machines/test_*.py",
    "energy/units/test_*.py",
    "adversarial/learning/test_*.py",
    "networks/test_*.py",
    "training/test_*.py",
    "metrics/test_*.py",
    "test_import.py",
    "test_parameters.py",
    "test_products.py",
    "test_random.py",
    "test_rows.py",
    "test_tiers.py",
    "test_validation.py",
    "test_validation_*.py",
)


SWEEP = 12
"""More touched files of package and tests than this are a sweep."""


@cache
def changed() -> set[Path]:
    """The files that the last commit or the working tree changed; none without a history."""
    changes = ("diff --name-only HEAD~1", "ls-files --others --exclude-standard")
    names = set()
    for change in changes:
        git = subprocess.run(["git", *change.split()], cwd=ROOT, capture_output=True, text=True)
        names |= set(git.stdout.splitlines())
    files = {ROOT / name for name in names if name.endswith(".py")}
    return {file for file in files if TESTS in file.parents or PACKAGE in file.parents}


def touched() -> set[Path]:
    """The files whose tests are quick ones."""
    return changed() if len(changed()) <= SWEEP else set()


def account() -> str:
    """A line on what `make quick` makes of the changes."""
    if len(changed()) > SWEEP:
        return f"quick: {len(changed())} changed files are too many; `make test` tests them"
    return f"quick: with the tests of {len(changed())} changed files"


def tests_of(path: Path) -> set[Path]:
    """The files of tests that mirror one of the package; a file of tests is its own."""
    if path.is_relative_to(TESTS):
        return {path} if path.name.startswith("test_") else set()
    folder = TESTS / path.parent.relative_to(PACKAGE)
    stem = path.stem.lstrip("_")
    mirrors = {*folder.glob(f"test_{stem}.py"), *folder.glob(f"test_{stem}_*.py")}
    if mirrors or folder == TESTS:
        return mirrors
    return set(folder.glob("test_*.py"))


def run_for_every_estimator(path: Path) -> bool:
    """Whether it is a file of checks or laws."""
    return path.name == "test_contract.py" or path.name.startswith("test_laws")


@cache
def quick_files() -> set[Path]:
    """Whose tests are quick ones; of checks and laws those of some estimators."""
    arithmetic = (file for name in ARITHMETIC for file in TESTS.glob(name))
    shared = filter(run_for_every_estimator, TESTS.rglob("test_*.py"))
    return set().union(arithmetic, shared, touched(), *map(tests_of, touched()))


@cache
def quick_estimators() -> set[int]:
    """The ids of those that checks and laws run for."""
    own_file_touched = [e for e in EVERY_KIND if Path(inspect.getfile(type(e))) in touched()]
    return {id(estimator) for estimator in [*FIRST_OF_EACH, *own_file_touched]}


def is_quick(item: pytest.Item) -> bool:
    if item.get_closest_marker("nightly") or item.get_closest_marker("slow"):
        return False
    if item.path not in quick_files():
        return False
    parameters = item.callspec.params if hasattr(item, "callspec") else {}
    if run_for_every_estimator(item.path) and "estimator" in parameters:
        return id(parameters["estimator"]) in quick_estimators()
    return True
