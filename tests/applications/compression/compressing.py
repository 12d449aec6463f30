"""What the tests of both compressors share."""

import re

import numpy as np

from skdeepunsup import LosslessCompressor, VariationalAutoencoder

COMPLAINTS = (
    "is not a stream",
    "is a stream of version",
    "is cut short",
    "is damaged",
    "bytes after its end",
    "was made by another model",
    "was made by a LossyCompressor",
    "was made by a LosslessCompressor",
    "on a machine that computes differently",
    "does not decompress",
)
ANY_COMPLAINT = "^data (has \\d+ )?(" + "|".join(map(re.escape, COMPLAINTS)) + ")"

DTYPES = {2: "?bBhHiIlLqQefd", 127: "bBhHiIlLqQefd", 255: "BhHiIlLqQefd", 999: "hHiIlLqQefd"}
"""Dtypes, by the largest level that they hold exactly."""


def tiny(likelihood, n_features, n_categories=None, n_components=2):
    """A compressor of a model that has hardly learned."""
    model = VariationalAutoencoder(
        n_components,
        hidden_layer_sizes=(3,),
        likelihood=likelihood,
        n_categories=n_categories,
        max_iter=1,
        random_state=0,
    )
    X = np.random.default_rng(0).integers(0, 2, (10, n_features))
    return LosslessCompressor(model).fit(X)


def tiny_compressors():
    """Compressors with every likelihood, of few and of many features and levels."""
    return [
        tiny("bernoulli", 1),
        tiny("bernoulli", 9, n_components=5),
        tiny("categorical", 3, 2),
        tiny("categorical", 5, 11, n_components=1),
        tiny("beta-binomial", 2, 2),
        tiny("beta-binomial", 7, 256, n_components=4),
        tiny("beta-binomial", 1, 500),
    ]


def random_rows(compressor, rng):
    """Rows of any number, dtype, and kind: constant, rare, even; in any layout."""
    top = compressor.model_.module_.observation.n_categories - 1
    shape = (int(rng.integers(1, 2 ** rng.integers(1, 6))), compressor.n_features_in_)
    kind = rng.integers(4)
    if kind == 0:
        X = np.full(shape, rng.integers(0, top + 1))
    elif kind == 1:
        X = np.where(rng.random(shape) < 0.1, rng.integers(0, top + 1, shape), 0)
    else:
        X = rng.integers(0, top + 1, shape)
    kinds = next(kinds for most, kinds in DTYPES.items() if top <= most or most == 999)
    dtype = np.dtype(str(rng.choice(list(kinds if top > 1 else DTYPES[2]))))
    X = X.astype(dtype.newbyteorder(str(rng.choice(["<", ">"]))))
    return np.asfortranarray(X) if rng.random() < 0.2 else X


def assert_identical(found, X):
    """Assert that dtype, shape and bytes are equal."""
    assert found.dtype == X.dtype and found.dtype.str == X.dtype.str
    assert found.shape == X.shape
    assert found.tobytes() == X.tobytes()
