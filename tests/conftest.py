"""What every test shares."""

import pytest
import torch
from sklearn.datasets import load_digits

# Spinning threads ruin fits as small as these.
torch.set_num_threads(1)


def pytest_runtest_setup(item):
    if item.get_closest_marker("gpu") and not (
        torch.cuda.is_available() or torch.backends.mps.is_available()
    ):
        pytest.skip("no accelerator")


@pytest.fixture(scope="session")
def digits():
    """1797 images of 8 × 8 grey levels, scaled to [0, 1]; read-only, since all tests share it."""
    X = load_digits().data / 16
    X.flags.writeable = False
    return X
