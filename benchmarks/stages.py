"""Fits with a learning rate that falls in stages, by ``warm_start``."""

import argparse
import time
from collections.abc import Iterator
from typing import Any

import numpy as np


def add_rates(parser: argparse.ArgumentParser, default: str) -> None:
    """Add the option ``--rates``."""
    parser.add_argument(
        "--rates",
        nargs="*",
        default=default.split(),
        metavar="RATE:EPOCHS",
        help=f"learning rates of Adam, each for so many epochs (default {default})",
    )


def stages(model: Any, X: np.ndarray, rates: list[str]) -> Iterator[tuple[float, float]]:
    """Fit ``model`` at each rate in turn; yield the rate and the seconds it took."""
    for stage in rates:
        rate, epochs = stage.split(":")
        model.set_params(
            warm_start=True,
            learning_rate=float(rate),
            max_iter=int(epochs),
            n_iter_no_change=int(epochs),
        )
        start = time.perf_counter()
        model.fit(X)
        yield float(rate), time.perf_counter() - start
