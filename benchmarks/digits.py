"""Held-out reconstruction error of PCA and of autoencoders with the same code width, on digits."""

import argparse
import time

import numpy as np
from sklearn.base import TransformerMixin
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.model_selection import train_test_split

from skdeepunsup import Autoencoder

from .timing import print_table

CODE_WIDTHS = (2, 4, 8)
N_TEST = 397
MAX_ITER, BATCH_SIZE = 150, 32


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``python -m benchmarks digits``."""
    parser.add_argument("--seed", type=int, default=0, help="of split and fits (default 0)")


def run(arguments: argparse.Namespace) -> None:
    """Print the table."""
    seed = arguments.seed
    train, test = train_test_split(load_digits().data / 16, test_size=N_TEST, random_state=seed)
    rows = []
    for width in CODE_WIDTHS:
        pca_error, _ = _error_and_seconds(PCA(width), train, test)
        for name, model in _models(width, seed).items():
            error, seconds = _error_and_seconds(model, train, test)
            rows.append((name, width, error, error / pca_error, seconds))
    print_table(
        f"Digits, {len(train)} training rows: squared error of {N_TEST} held-out rows; "
        f"{MAX_ITER} epochs of batches of {BATCH_SIZE}, seed {seed}",
        ["model", "code", "error per row", "÷ PCA", "fit seconds"],
        rows,
    )


def _models(width: int, seed: int) -> dict[str, TransformerMixin]:
    shared = {
        "n_components": width,
        "batch_size": BATCH_SIZE,
        "max_iter": MAX_ITER,
        "early_stopping": False,
        "device": "cpu",
        "random_state": seed,
    }
    return {
        "PCA": PCA(width),
        "linear autoencoder": Autoencoder(hidden_layer_sizes=(), **shared),
        "autoencoder 128-64": Autoencoder(hidden_layer_sizes=(128, 64), **shared),
    }


def _error_and_seconds(
    model: TransformerMixin, train: np.ndarray, test: np.ndarray
) -> tuple[float, float]:
    """Mean squared error of a test row, summed over features, and the seconds of the fit."""
    start = time.perf_counter()
    model.fit(train)
    seconds = time.perf_counter() - start
    reconstructed = model.inverse_transform(model.transform(test))
    return float(np.square(test - reconstructed).sum(1).mean()), seconds
