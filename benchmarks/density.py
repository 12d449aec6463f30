"""Test log-likelihood of the energy models on small binary data sets."""

import argparse
from functools import partial
from typing import Any

from sklearn import clone

from skdeepunsup import (
    BernoulliRBM,
    BoltzmannMachine,
    DeepBeliefNetwork,
    DeepBoltzmannMachine,
)
from skdeepunsup.energy.likelihood.partition import kept_log_partition

from .data import load_binary_density
from .timing import print_table, seconds, settings

SETS = ("nltcs", "plants", "accidents")
SHARED = {"batch_size": 100, "n_chains": 100, "device": "cpu"}
MODELS: dict[str, Any] = {
    "rbm": BernoulliRBM(32, learning_rate=0.2, n_iter=200, averaging=0.999, **SHARED),
    "bm": BoltzmannMachine(0, learning_rate=0.1, n_iter=50, averaging=0.999, **SHARED),
    "dbn": DeepBeliefNetwork(
        (32, 69), learning_rate=0.2, n_iter=200, averaging=0.999, fine_tuning="up-down", **SHARED
    ),
    "dbm": DeepBoltzmannMachine(
        (32, 32), pretraining_iter=0, learning_rate=0.1, n_iter=200, averaging=0.999, **SHARED
    ),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``python -m benchmarks density``."""
    parser.add_argument("--sets", nargs="*", choices=SETS, default=SETS, help="(default all)")
    parser.add_argument("--models", nargs="*", choices=MODELS, default=list(MODELS))
    parser.add_argument("--seed", type=int, default=0, help="of fits and annealing (default 0)")


def run(arguments: argparse.Namespace) -> None:
    """Print the settings, then a table of each set."""
    for name in arguments.models:
        print(f"{name}: {settings(MODELS[name])}")
    for data in arguments.sets:
        train, valid, test = load_binary_density(data)
        rows = []
        for name in arguments.models:
            model = clone(MODELS[name]).set_params(random_state=arguments.seed)
            spent = seconds(partial(model.fit, train))
            log_z = model.log_partition()
            better = kept_log_partition(model._normalized) - log_z.value
            score = model.score(test) + better
            shift = (log_z.value - log_z.upper, log_z.value - log_z.lower)
            interval = " ".join(f"{score + s:.3f}" for s in shift)
            figures = (f"{model.score(valid) + better:.3f}", f"{score:.3f}", interval)
            rows.append((name, f"{spent:.0f}", *figures))
            print(f"{data} {rows[-1]}", flush=True)
        print_table(
            f"{data}, {len(train)} rows of {train.shape[1]} bits: mean log-likelihood in nats "
            f"(bounds for dbn and dbm), with the bracket of log Z; seed {arguments.seed}",
            ["model", "fit seconds", "validation", "test", "from to"],
            rows,
        )
