"""What tests of compression share."""

import numpy as np
import pytest

from skdeepunsup import LosslessCompressor, VariationalAutoencoder


@pytest.fixture(scope="session")
def grey(digits):
    """Levels 0 … 16 of the digits, and a compressor of them."""
    X = (16 * digits).astype(np.uint8)
    model = VariationalAutoencoder(
        8, likelihood="beta-binomial", n_categories=17, max_iter=20, random_state=0
    )
    return X, LosslessCompressor(model).fit(X[:1000])
