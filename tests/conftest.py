"""What every test shares."""

import sys

import pytest
import torch
from sklearn.datasets import load_digits

from skdeepunsup.energy.likelihood import partition
from tests import tiers

# Spinning threads ruin fits as small as these.
torch.set_num_threads(1)


def pytest_report_header(config):
    return tiers.account() if config.option.markexpr == "quick" else None


def pytest_ignore_collect(collection_path, config):
    """`make quick` does not even import the files that it leaves out."""
    if config.option.markexpr != "quick" or collection_path.is_dir():
        return None
    return collection_path not in tiers.quick_files() or None


@pytest.hookimpl(tryfirst=True)  # before those that `-m` leaves out are
def pytest_collection_modifyitems(items):
    for item in items:
        if tiers.is_quick(item):
            item.add_marker("quick")


def pytest_runtest_setup(item):
    if item.get_closest_marker("gpu") and not (
        torch.cuda.is_available() or torch.backends.mps.is_available()
    ):
        pytest.skip("no accelerator")


@pytest.fixture(autouse=True)
def closed_figures():
    """Matplotlib warns of many open figures, of whatever tests a worker happened to run."""
    yield
    if pyplot := sys.modules.get("matplotlib.pyplot"):
        pyplot.close("all")


@pytest.fixture
def hasty_log_partition(monkeypatch):
    """Annealing in few steps: far from the truth by default, but one seed is one answer."""
    monkeypatch.setattr(partition, "DEFAULT_TEMPERATURES", 20)
    monkeypatch.setattr(partition, "DEFAULT_CHAINS", 10)


@pytest.fixture(scope="session")
def digits():
    """1797 images of 8 × 8 grey levels, scaled to [0, 1]; read-only, since all tests share it."""
    X = load_digits().data / 16
    X.flags.writeable = False
    return X
