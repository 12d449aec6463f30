"""Test log-likelihood of an RBM on MNIST, by annealed importance sampling; takes minutes."""

import argparse
import time
from typing import Any

import numpy as np
from sklearn import clone, config_context

from skdeepunsup import BernoulliRBM

from .data import load_mnist
from .timing import print_table, seconds

PARAMETERS = {
    "n_components": (500, "hidden units"),
    "n_iter": (200, "epochs"),
    "batch_size": (100, "rows of one update"),
    "n_chains": (100, "persistent chains"),
    "cd_steps": (1, "Gibbs sweeps before an update"),
    "learning_rate": (0.05, "constant for half the epochs, then linear to 1 %%"),
    "momentum": (0.0, "of the updates"),
    "weight_decay": (0.0, "of the weights"),
    "precision": ("float32", "of the products"),
}
"""Of the estimator: default here, meaning."""
SETTINGS = {
    "ais_temperatures": (10_000, "steps of the annealing"),
    "ais_chains": (500, "runs of the annealing"),
    "seed": (0, "of fit, test bits and annealing"),
    "n_threads": (1, "threads"),
}
"""Of the benchmark: default, meaning."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``python -m benchmarks likelihood``."""
    for name, (default, meaning) in (PARAMETERS | SETTINGS).items():
        parser.add_argument(
            f"--{name.replace('_', '-')}",
            type=type(default),
            default=default,
            help=f"{meaning} (%(default)s)",
        )
    parser.add_argument(
        "--minutes",
        type=float,
        help="in place of --n-iter: as many epochs as fit into this time, by the time of a first",
    )


def run(arguments: argparse.Namespace) -> None:
    """Fit on grey levels, print the settings and the log-likelihoods."""
    x_train, _, x_test, _ = load_mnist()
    grey = x_train / np.float32(255)
    rbm = BernoulliRBM(
        resample=True,
        device="cpu",
        random_state=arguments.seed,
        **{name: getattr(arguments, name) for name in PARAMETERS},
    )
    if arguments.minutes is not None:
        rbm.set_params(n_iter=epochs_within(rbm, grey, 60 * arguments.minutes))
    with config_context(print_changed_only=False):
        print(f"\n{rbm!r}", flush=True)

    fit_seconds = seconds(lambda: rbm.fit(grey))
    print(f"fitted to {len(grey):,} MNIST images in {fit_seconds:.0f} s", flush=True)
    ais_seconds, log_z = _annealed(rbm, arguments)
    print(
        f"log Z = {log_z.value:.2f} in [{log_z.lower:.2f}, {log_z.upper:.2f}] by "
        f"{arguments.ais_chains} runs of {arguments.ais_temperatures:,} temperatures, seed "
        f"{arguments.seed}, in {ais_seconds:.0f} s"
    )

    rows = []
    for name, images in (("test", x_test), ("first of train", x_train[: len(x_test)])):
        unnormalized = -rbm.free_energy(fixed_bits(images, arguments.seed)).mean()
        bounds = (log_z.value, log_z.upper, log_z.lower)
        rows.append((name, len(images), *(f"{unnormalized - bound:.2f}" for bound in bounds)))
    print_table(
        f"Mean log-likelihood in nats of one Bernoulli draw of the images, seed {arguments.seed}; "
        "the interval is that of log Z",
        ["images", "rows", "log-likelihood", "lower", "upper"],
        rows,
    )


def _annealed(rbm: BernoulliRBM, arguments: argparse.Namespace) -> tuple[float, Any]:
    """Seconds of annealed importance sampling, and the log Z it gives."""
    start = time.perf_counter()
    log_z = rbm.log_partition(
        "ais",
        n_temperatures=arguments.ais_temperatures,
        n_chains=arguments.ais_chains,
        random_state=arguments.seed,
    )
    return time.perf_counter() - start, log_z


def fixed_bits(images: np.ndarray, seed: int) -> np.ndarray:
    """One Bernoulli draw of images of bytes, the same for the same seed."""
    random = np.random.default_rng(seed).random(images.shape)
    return (255 * random < images).astype(np.float32)


def epochs_within(rbm: BernoulliRBM, X: np.ndarray, limit: float) -> int:
    """How many epochs of a fit take ``limit`` seconds, going by one; at least one."""
    once = clone(rbm).set_params(n_iter=1)
    return max(1, int(limit / seconds(lambda: once.fit(X))))
