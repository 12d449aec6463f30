"""Where the benchmarks' data come from."""

import os
import sys
from pathlib import Path

import numpy as np
from sklearn.datasets import fetch_openml

VARIABLE = "SKDEEPUNSUP_DATA"
KEYS = ("x_train", "y_train", "x_test", "y_test")
MNIST_DENSITY = 0.13
"""Mean grey level of MNIST: the share of ones when it is made binary."""


def load_mnist() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """MNIST as bytes: 60,000 training images and their labels, 10,000 of both for testing.

    They come from ``mnist.npz`` in the folder that the environment variable ``SKDEEPUNSUP_DATA``
    names (arrays ``x_train``, ``y_train``, ``x_test``, ``y_test``), or from OpenML where it is not
    set; then scikit-learn keeps them for the next time.
    """
    folder = os.environ.get(VARIABLE)
    x_train, y_train, x_test, y_test = _from_folder(Path(folder)) if folder else _from_openml()
    return x_train.reshape(len(x_train), -1), y_train, x_test.reshape(len(x_test), -1), y_test


def synthetic_bits(n_rows: int, n_features: int = 784, seed: int = 0) -> np.ndarray:
    """Independent bits, float32, as many of them ones as in MNIST."""
    random = np.random.default_rng(seed).random((n_rows, n_features), dtype=np.float32)
    return (random < MNIST_DENSITY).astype(np.float32)


def _from_folder(folder: Path) -> tuple[np.ndarray, ...]:
    try:
        with np.load(folder / "mnist.npz") as arrays:
            return tuple(arrays[key] for key in KEYS)
    except (OSError, ValueError, KeyError) as error:
        sys.exit(
            f"{VARIABLE} names {folder}, but no mnist.npz with {', '.join(KEYS)} can be read there "
            f"({error}): put one there, or unset {VARIABLE} to take MNIST from OpenML."
        )


def _from_openml() -> tuple[np.ndarray, ...]:
    try:
        X, y = fetch_openml("mnist_784", version=1, return_X_y=True, as_frame=False)
    except (OSError, ValueError) as error:
        sys.exit(
            f"MNIST cannot be had from OpenML ({error}): go online once, or set {VARIABLE} to a "
            f"folder with an mnist.npz of the arrays {', '.join(KEYS)}."
        )
    X, y = X.astype(np.uint8), y.astype(np.uint8)
    return X[:60_000], y[:60_000], X[60_000:], y[60_000:]
