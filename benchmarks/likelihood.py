"""Test log-likelihood of an RBM, a DBN or a DBM on MNIST, by annealed importance sampling."""

import argparse
import ast
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn import clone

from skdeepunsup import BernoulliRBM, DeepBeliefNetwork, DeepBoltzmannMachine
from skdeepunsup.energy.likelihood.partition import kept_log_partition

from .data import load_mnist
from .timing import print_table, seconds, settings

MODELS: dict[str, Any] = {
    "rbm": BernoulliRBM(
        500,
        learning_rate=0.05,
        batch_size=100,
        n_iter=380,
        weight_decay=1e-4,
        resample=True,
    ),
    "dbn": DeepBeliefNetwork((500, 500), batch_size=100, resample=True),
    "dbm": DeepBoltzmannMachine(
        (500, 1000),
        batch_size=100,
        pretraining_iter=0,
        n_iter=90,
        averaging=0.999,
        resample=True,
    ),
}
PUBLISHED = {"rbm": -86.34, "dbn": -84.55, "dbm": -84.62}
"""RBM, DBN of two layers: Salakhutdinov and Murray 2008; DBM: Salakhutdinov and Hinton 2009."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``python -m benchmarks likelihood``."""
    parser.add_argument("--model", choices=MODELS, default="rbm", help="(default rbm)")
    parser.add_argument(
        "--set", nargs="*", default=[], metavar="NAME=VALUE", help="parameters of the model"
    )
    parser.add_argument(
        "--minutes",
        type=float,
        help="in place of n_iter: as many epochs as fit into this time, by the time of a first",
    )
    parser.add_argument("--ais-temperatures", type=int, default=10_000, help="(default 10,000)")
    parser.add_argument("--ais-chains", type=int, default=100, help="(default 100)")
    parser.add_argument("--seed", type=int, default=0, help="of fit, test bits and annealing (0)")
    parser.add_argument("--n-threads", type=int, default=1, help="(default 1)")


def run(arguments: argparse.Namespace) -> None:
    """Fit on grey levels, print the settings and the log-likelihoods."""
    x_train, _, x_test, _ = load_mnist()
    grey = x_train / np.float32(255)
    model = clone(MODELS[arguments.model]).set_params(device="cpu", random_state=arguments.seed)
    model.set_params(**dict(map(parse_setting, arguments.set)))
    if arguments.minutes is not None:
        model.set_params(n_iter=epochs_within(model, grey, 60 * arguments.minutes))
    print(f"\n{settings(model)}", flush=True)

    fit_seconds = seconds(lambda: model.fit(grey))
    print(f"fitted to {len(grey):,} MNIST images in {fit_seconds:.0f} s", flush=True)
    start = time.perf_counter()
    log_z = model.log_partition(
        "ais",
        n_temperatures=arguments.ais_temperatures,
        n_chains=arguments.ais_chains,
        random_state=arguments.seed,
    )
    print(
        f"{log_z!r} by {arguments.ais_chains} runs of {arguments.ais_temperatures:,} temperatures "
        f"and back, seed {arguments.seed}, in {time.perf_counter() - start:.0f} s",
        flush=True,
    )
    unnormalized = unnormalized_score(model)
    rows = []
    for name, images in (("test", x_test), ("first of train", x_train[: len(x_test)])):
        mean = unnormalized(fixed_bits(images, arguments.seed))
        figures = (f"{mean - bound:.2f}" for bound in (log_z.value, log_z.upper, log_z.lower))
        rows.append((name, len(images), *figures))
    kind = "log-likelihood" if arguments.model == "rbm" else "lower bound of the log-likelihood"
    print_table(
        f"Mean {kind} in nats of one Bernoulli draw of the images, seed {arguments.seed}; the "
        f"interval is that of log Z; published {PUBLISHED[arguments.model]}",
        ["images", "rows", kind, "lower", "upper"],
        rows,
    )


def unnormalized_score(model: Any) -> Callable[[np.ndarray], float]:
    """The mean score of rows without log Z, which another annealing estimates."""
    if hasattr(model, "free_energy"):
        return lambda X: float(-model.free_energy(X).mean())
    kept = kept_log_partition(model._normalized)  # which the score subtracts
    return lambda X: float(model.score_samples(X).mean() + kept)


def parse_setting(text: str) -> tuple[str, Any]:
    """Parse NAME=VALUE into a name and a Python value."""
    name, _, value = text.partition("=")
    try:
        return name, ast.literal_eval(value)
    except (ValueError, SyntaxError):
        return name, value


def fixed_bits(images: np.ndarray, seed: int) -> np.ndarray:
    """Binarise images of bytes by one Bernoulli draw, the same for the same seed."""
    random = np.random.default_rng(seed).random(images.shape)
    return (255 * random < images).astype(np.float32)


def epochs_within(model: Any, X: np.ndarray, limit: float) -> int:
    """Number of epochs that take ``limit`` seconds, estimated from one epoch; at least one."""
    once = clone(model).set_params(n_iter=1)
    return max(1, int(limit / seconds(lambda: once.fit(X))))
