"""Rules for an RBM's chains, compared by the exact log-likelihood after training."""

import argparse
from functools import partial

import numpy as np

from skdeepunsup import BernoulliRBM

from .data import load_binary_density
from .timing import print_table, seconds

RULES = {
    "PCD-1": {},
    "PCD-5": {"cd_steps": 5},
    "CD-1": {"persistent": False},
    "tempering, 5 temperatures": {"n_temperatures": 5},
    "averaging, constant rate": {"averaging": 0.999, "learning_rate_schedule": "constant"},
    "tempering and averaging": {
        "n_temperatures": 5,
        "averaging": 0.999,
        "learning_rate_schedule": "constant",
    },
}
N_EPOCHS = 50


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``python -m benchmarks rules``."""
    parser.add_argument("--seeds", type=int, default=3, help="of data and fits (default 3)")


def run(arguments: argparse.Namespace) -> None:
    """Print the tables."""
    seeds = range(arguments.seeds)
    sets = [far_modes(seed) for seed in seeds]
    best = [f"{limit:.2f}" for _, _, limit in sets]
    _table(
        f"Eight far modes in 40 bits; the source itself scores {', '.join(best)}",
        BernoulliRBM(16, batch_size=50, n_chains=50),
        [(train, test) for train, test, _ in sets],
    )
    train, _, test = load_binary_density("nltcs")
    _table(
        "nltcs",
        BernoulliRBM(16, batch_size=100, n_chains=100),
        [(train, test)] * len(seeds),
    )


def _table(title: str, rbm: BernoulliRBM, sets: list[tuple[np.ndarray, np.ndarray]]) -> None:
    """Print the results of each rule on each set; the seed is the set's number."""
    rows = []
    for name, rule in RULES.items():
        scores, spent = [], []
        for seed, (train, test) in enumerate(sets):
            rbm.set_params(**RESET | rule, n_iter=N_EPOCHS, device="cpu", random_state=seed)
            spent.append(seconds(partial(rbm.fit, train)))
            scores.append(rbm.score(test))
        rows.append((name, f"{np.mean(spent):.1f}", *(f"{score:.3f}" for score in scores)))
    print_table(
        f"{title}: exact test log-likelihood in nats, {rbm.n_components} hidden units, "
        f"{N_EPOCHS} epochs, batches and chains of {rbm.batch_size}",
        ["rule", "seconds", *(f"seed {seed}" for seed in range(len(sets)))],
        rows,
    )


RESET = {
    name: BernoulliRBM().get_params()[name] for name in set().union(*(r for r in RULES.values()))
}


def far_modes(seed: int) -> tuple[np.ndarray, np.ndarray, float]:
    """4,000 rows of eight random patterns of 40 bits, 2 % of them flipped, and a test set.

    The third result is the mean log-likelihood of the test rows under the true distribution.
    """
    n_rows, n_bits, n_modes, noise = 4_000, 40, 8, 0.02
    rng = np.random.default_rng(seed)
    patterns, weights = rng.random((n_modes, n_bits)) < 0.5, rng.dirichlet(np.ones(n_modes))

    def draw() -> np.ndarray:
        return patterns[rng.choice(n_modes, n_rows, p=weights)] ^ (
            rng.random((n_rows, n_bits)) < noise
        )

    train, test = draw(), draw()
    flips = (test[:, None] != patterns).sum(2)
    likelihoods = (weights * noise**flips * (1 - noise) ** (n_bits - flips)).sum(1)
    return train.astype(np.float32), test.astype(np.float32), float(np.log(likelihoods).mean())
