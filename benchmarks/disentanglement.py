"""Disentanglement of VAE codes on reconstructed dSprites, over several seeds."""

import argparse
from typing import Any

import numpy as np

from skdeepunsup import VariationalAutoencoder
from skdeepunsup.metrics import dci, mutual_information_gap

from .data import load_dsprites
from .likelihood import parse_setting
from .timing import print_table, seconds, settings

FACTORS = ("shape", "scale", "orientation", "x", "y")
MODELS: dict[str, dict[str, Any]] = {
    "VAE": {},
    "beta-VAE": {"beta": 4.0},
    "TC-VAE": {"beta": 6.0, "regularizer": "tc"},
}
N_TEST = 10_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``python -m benchmarks disentanglement``."""
    parser.add_argument("--models", nargs="*", choices=MODELS, default=["beta-VAE", "TC-VAE"])
    parser.add_argument("--seeds", type=int, default=5, help="fits of each model (default 5)")
    parser.add_argument("--rows", type=int, default=50_000, help="to train on (default 50,000)")
    parser.add_argument(
        "--set", nargs="*", default=[], metavar="NAME=VALUE", help="parameters of all models"
    )
    parser.add_argument("--n-threads", type=int, default=1, help="(default 1)")


def run(arguments: argparse.Namespace) -> None:
    """Print the gap of each fit, and their mean and spread; images are halved in size."""
    images, factors = load_dsprites(arguments.rows + N_TEST, seed=0)
    images = images.reshape(-1, 32, 2, 32, 2).mean(axis=(2, 4)).reshape(-1, 1024)
    train, test, wanted = images[:-N_TEST], images[-N_TEST:], factors[-N_TEST:]
    shared: dict[str, Any] = {
        "hidden_layer_sizes": (256, 256),
        "likelihood": "bernoulli",
        "batch_size": 64,
        "max_iter": 30,
        "early_stopping": False,
        "n_iter_no_change": 30,
        "device": "cpu",
    } | dict(map(parse_setting, arguments.set))
    rows, summary = [], []
    for name in arguments.models:
        figures = []
        for seed in range(arguments.seeds):
            model = VariationalAutoencoder(10, random_state=seed, **MODELS[name], **shared)
            if seed == 0:
                print(settings(model), flush=True)
            spent = seconds(lambda model=model: model.fit(train))
            codes = model.transform(test)
            scores = dci(codes, wanted, random_state=0)
            figures.append((mutual_information_gap(codes, wanted), *scores))
            bound = float(model.score_samples(test, n_samples=1).mean())
            rows.append((name, seed, *figures[-1], bound, model.n_active_units_))
            print(rows[-1], f"{spent:.0f} s", flush=True)
            rows[-1] += (spent,)
        means, spreads = np.mean(figures, axis=0), np.std(figures, axis=0)
        summary.append((name, *(f"{m:.3f} ± {s:.3f}" for m, s in zip(means, spreads, strict=True))))
    columns = ["MIG", "D", "C", "I"]
    title = f"{len(train):,} training rows, {N_TEST:,} test rows of {len(FACTORS)} factors"
    print_table(
        f"Reconstructed dSprites at 32 × 32 pixels, {title}: mutual information gap; "
        "disentanglement, completeness, informativeness; bound in nats",
        ["model", "seed", *columns, "bound", "active units", "fit seconds"],
        rows,
    )
    print_table(
        f"Mean ± standard deviation over {arguments.seeds} seeds", ["model", *columns], summary
    )
