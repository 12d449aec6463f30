"""The deep autoencoder 784-1000-500-250-30 of 2006 on MNIST, with and without pre-training."""

import argparse
from typing import Any

import numpy as np
from sklearn.decomposition import PCA

from skdeepunsup import Autoencoder, DeepBeliefNetwork
from skdeepunsup.metrics import reconstruction_error

from .data import load_mnist
from .likelihood import parse_setting
from .stages import add_rates, stages
from .timing import print_table, seconds, settings

WIDTHS = (1000, 500, 250, 30)
PUBLISHED = {"deep autoencoder": 3.00, "logistic PCA": 8.01, "PCA": 13.87}
"""Hinton and Salakhutdinov 2006: squared error of a test image."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``python -m benchmarks deep_autoencoder``."""
    parser.add_argument(
        "--start",
        choices=("dbn", "random"),
        default="dbn",
        help="where training starts (default dbn)",
    )
    add_rates(parser, "1e-3:60 3e-4:40 1e-4:40")
    parser.add_argument("--pretraining-iter", type=int, default=10, help="for each layer (10)")
    parser.add_argument(
        "--set", nargs="*", default=[], metavar="NAME=VALUE", help="parameters of the autoencoder"
    )
    parser.add_argument("--seed", type=int, default=0, help="of all fits (default 0)")
    parser.add_argument("--n-threads", type=int, default=1, help="(default 1)")


def run(arguments: argparse.Namespace) -> None:
    """Fit on grey levels in [0, 1]; print squared errors of the test images."""
    x_train, _, x_test, _ = load_mnist()
    train, test = x_train / np.float32(255), x_test / np.float32(255)
    shared: dict[str, Any] = {
        "batch_size": 100,
        "early_stopping": False,
        "device": "cpu",
        "random_state": arguments.seed,
    } | dict(map(parse_setting, arguments.set))
    widths = "-".join(map(str, WIDTHS))
    rows = []

    def report(name: str, model: Any, seconds: float) -> None:
        errors = (reconstruction_error(model, part).mean() for part in (test, train[: len(test)]))
        rows.append((name, *map(float, errors), seconds))
        print(rows[-1], flush=True)

    pca = PCA(WIDTHS[-1], random_state=0)
    report(f"PCA {WIDTHS[-1]}", pca, seconds(lambda: pca.fit(train)))
    if arguments.start == "dbn":
        dbn = DeepBeliefNetwork(
            WIDTHS,
            batch_size=100,
            n_iter=arguments.pretraining_iter,
            device="cpu",
            random_state=arguments.seed,
        )
        report(f"DBN {widths}", dbn, seconds(lambda: dbn.fit(train)))
        model = Autoencoder(pretrained=dbn, **shared)
    else:
        model = Autoencoder(
            WIDTHS[-1], hidden_layer_sizes=WIDTHS[:-1], **({"activation": "relu"} | shared)
        )
    print(f"\n{settings(model)}", flush=True)
    total = 0.0
    for rate, spent in stages(model, train, arguments.rates):
        total += spent
        report(f"autoencoder {widths}, {model.n_iter_} epochs, rate {rate:g}", model, total)
    print_table(
        f"MNIST, squared error of an image, mean of {len(test):,} images; seed {arguments.seed}; "
        f"published {PUBLISHED}",
        ["model", "test error", "training error", "fit seconds"],
        rows,
    )
