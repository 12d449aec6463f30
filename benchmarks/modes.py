"""Modes covered by GANs with default settings: eight Gaussians on a ring, 25 on a grid."""

import argparse
from typing import Any

import numpy as np
from scipy.spatial.distance import cdist

from skdeepunsup import GAN

from .likelihood import parse_setting
from .timing import print_table, seconds, settings

N_ROWS, N_SAMPLES = 20_000, 10_000
ANGLES = 2 * np.pi * np.arange(8) / 8
DATA = {
    "ring of 8": (2.0 * np.c_[np.cos(ANGLES), np.sin(ANGLES)], 0.02),
    "grid of 25": (np.stack(np.meshgrid(*2 * [np.arange(-4.0, 5, 2)]), -1).reshape(-1, 2), 0.05),
}
"""Centres of the Gaussians, and their standard deviation, by name."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``python -m benchmarks modes``."""
    parser.add_argument("--losses", nargs="*", default=["non-saturating", "wasserstein"])
    parser.add_argument("--set", nargs="*", default=[], metavar="NAME=VALUE", help="of the GANs")
    parser.add_argument("--seeds", type=int, default=5, help="of data, fit and samples (default 5)")
    parser.add_argument("--n-threads", type=int, default=1, help="(default 1)")


def run(arguments: argparse.Namespace) -> None:
    """Fit each to new rows; count the modes covered, and the samples near a mode."""
    changes = dict(map(parse_setting, arguments.set))
    rows = []
    for name, (centers, sigma) in DATA.items():
        for loss in arguments.losses:
            fits = []
            for seed in range(arguments.seeds):
                model = GAN(loss=loss, device="cpu", random_state=seed, **changes)
                X = mixture(centers, sigma, N_ROWS, seed)
                spent = seconds(lambda model=model, X=X: model.fit(X))
                samples = model.sample(N_SAMPLES, random_state=seed)
                fits.append((*modes_and_share(samples, centers, sigma), spent))
                print(name, settings(model), fits[-1], flush=True)
            modes, shares, times = map(np.array, zip(*fits, strict=True))
            good = int(np.sum((modes == len(centers)) & (shares >= 0.9)))
            rows.append(
                (
                    name,
                    loss,
                    f"{good} of {len(fits)}",
                    f"{modes.min()} of {len(centers)}",
                    *(f"{100 * share:.1f}" for share in (shares.min(), np.median(shares))),
                    float(np.median(times)),
                )
            )
    print_table(
        f"GANs fitted to {N_ROWS:,} rows, {arguments.seeds} seeds: how many found all modes and "
        f"put 90 % of {N_SAMPLES:,} samples within four standard deviations of one; a mode is "
        "found if a fifth of its due share falls there",
        ["data", "loss", "good", "fewest modes", "least %", "median %", "fit seconds"],
        rows,
    )


def mixture(centers: np.ndarray, sigma: float, n: int, seed: int) -> np.ndarray:
    """Rows drawn from Gaussians with equal probabilities."""
    rng = np.random.default_rng(seed)
    return centers[rng.integers(len(centers), size=n)] + sigma * rng.normal(size=(n, 2))


def modes_and_share(samples: np.ndarray, centers: np.ndarray, sigma: float) -> tuple[int, Any]:
    """Number of modes covered, and share of samples within 4 σ of a mode."""
    distances = cdist(samples, centers)
    near = distances.min(axis=1) < 4 * sigma
    counts = np.bincount(distances.argmin(axis=1)[near], minlength=len(centers))
    return int((counts >= 0.2 * len(samples) / len(centers)).sum()), float(near.mean())
