"""Test log-likelihood of variational autoencoders on MNIST, binarised again in each epoch."""

import argparse
import time
from typing import Any

import numpy as np

from skdeepunsup import VariationalAutoencoder

from .data import load_mnist
from .likelihood import fixed_bits, parse_setting
from .stages import add_rates, stages
from .timing import print_table, settings

PUBLISHED = {1: -86.76, 50: -84.78}
"""Burda et al. 2015, by the number of importance samples in training; 5,000 in the estimate."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``python -m benchmarks variational``."""
    parser.add_argument("--samples", type=int, default=5000, help="of the estimate (default 5,000)")
    parser.add_argument("--test-rows", type=int, default=10_000, help="(default all, 10,000)")
    add_rates(parser, "1e-3:100 3e-4:100 1e-4:100")
    parser.add_argument(
        "--set", nargs="*", default=[], metavar="NAME=VALUE", help="parameters of the model"
    )
    parser.add_argument("--seed", type=int, default=0, help="of fit and test bits (default 0)")
    parser.add_argument("--n-threads", type=int, default=1, help="(default 1)")


def run(arguments: argparse.Namespace) -> None:
    """Fit on grey levels, print the settings and the log-likelihoods."""
    x_train, _, x_test, _ = load_mnist()
    grey = x_train / np.float32(255)
    bits = fixed_bits(x_test[: arguments.test_rows], arguments.seed)
    parameters: dict[str, Any] = {
        "hidden_layer_sizes": (200, 200),
        "activation": "tanh",
        "likelihood": "bernoulli",
        "resample": True,
        "batch_size": 100,
        "early_stopping": False,
        "device": "cpu",
        "random_state": arguments.seed,
    } | dict(map(parse_setting, arguments.set))
    model = VariationalAutoencoder(50, **parameters)
    rows = []
    for rate, seconds in stages(model, grey, arguments.rates):
        bound, likelihood = (
            float(model.score_samples(bits[:1000], n_samples=n).mean()) for n in (1, 100)
        )
        rows.append((model.n_iter_, f"{rate:g}", seconds, bound, likelihood, model.n_active_units_))
        print(rows[-1], flush=True)
    print(f"\n{settings(model)}")
    print_table(
        "First 1,000 test rows after so many epochs in all, in nats; seconds of each stage",
        ["epochs", "rate", "seconds", "1 sample", "100 samples", "active units"],
        rows,
    )
    start = time.perf_counter()
    scores = model.score_samples(bits, n_samples=arguments.samples)
    error = scores.std() / np.sqrt(len(scores))
    print_table(
        f"Mean log-likelihood of {len(bits):,} test rows in nats, {arguments.samples:,} importance "
        f"samples, seed {arguments.seed}, in {time.perf_counter() - start:.0f} s",
        ["importance samples in training", "log-likelihood", "standard error", "published"],
        [
            (
                model.n_importance_samples,
                f"{scores.mean():.2f}",
                f"{error:.2f}",
                str(PUBLISHED.get(model.n_importance_samples, "")),
            )
        ],
    )
