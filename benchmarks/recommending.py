"""MovieLens 100k: a CategoricalRBM completes the ratings, beside the dull baselines."""

import argparse

import numpy as np

from skdeepunsup import CategoricalRBM

from .data import load_movielens
from .timing import print_table, seconds, settings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``python -m benchmarks recommending``."""
    parser.add_argument("--fold", type=int, default=1, help="of the five (default 1)")
    parser.add_argument("--seed", type=int, default=0, help="of the fits (default 0)")


def run(arguments: argparse.Namespace) -> None:
    """Print the table."""
    train, test = load_movielens(arguments.fold)
    rbm = CategoricalRBM(
        50,
        n_categories=5,
        learning_rate=0.01,
        batch_size=20,
        n_iter=50,
        weight_decay=0.03,
        device="cpu",
        random_state=arguments.seed,
    )
    models = {
        "user mean": lambda: np.broadcast_to(_row_means(train)[:, None], train.shape),
        "item mean": lambda: np.broadcast_to(_row_means(train.T), train.shape),
        "matrix factorisation": lambda: factorised(train, arguments.seed),
        f"{settings(rbm)}, a row an item": lambda: (
            1 + rbm.fit(train.T - 1).reconstruct(train.T - 1).T
        ),
    }
    rows = []
    for name, predict in models.items():
        predictions: list[np.ndarray] = []
        spent = seconds(lambda predict=predict, keep=predictions: keep.append(predict()))
        rows.append((name, f"{spent:.0f}", f"{_rmse(predictions[0], test):.4f}"))
    print_table(
        f"MovieLens 100k, fold {arguments.fold}: root mean squared error of the "
        f"{np.isfinite(test).sum():,} test ratings, seed {arguments.seed}",
        ["model", "seconds", "RMSE"],
        rows,
    )


def _rmse(predicted: np.ndarray, ratings: np.ndarray) -> float:
    error = (np.clip(predicted, 1, 5) - ratings)[np.isfinite(ratings)]
    return float(np.sqrt((error**2).mean()))


def _row_means(ratings: np.ndarray) -> np.ndarray:
    """The mean rating of each row, of all where a row has none."""
    seen = np.isfinite(ratings)
    sums = np.where(seen, ratings, 0).sum(1)
    return np.where(seen.any(1), sums / np.maximum(seen.sum(1), 1), np.nanmean(ratings))


def factorised(ratings: np.ndarray, seed: int, n_factors: int = 10) -> np.ndarray:
    """r ≈ μ + bᵤ + bᵢ + pᵤᵀqᵢ, by alternating ridge regressions on the rated entries.

    A column of ones on either side makes the biases factors like the others. The penalty grows
    with the ratings of a row (Zhou et al., "Large-scale parallel collaborative filtering for the
    Netflix prize", 2008); 0.1 and 10 factors did best here among some.
    """
    penalty, n_sweeps = 0.1, 15
    rng, mean, seen = np.random.default_rng(seed), np.nanmean(ratings), np.isfinite(ratings)
    residual = np.where(seen, ratings - mean, 0)
    P = 0.1 * rng.normal(size=(ratings.shape[0], n_factors + 2))
    Q = 0.1 * rng.normal(size=(ratings.shape[1], n_factors + 2))
    for _ in range(n_sweeps):
        for A, B, r, mask, own in ((P, Q, residual, seen, 0), (Q, P, residual.T, seen.T, 1)):
            B[:, own] = 1  # against which A's own bias stands
            for i, there in enumerate(mask):
                design = B[there]
                gram = design.T @ design + penalty * max(1, there.sum()) * np.eye(n_factors + 2)
                A[i] = np.linalg.solve(gram, design.T @ r[i, there])
    P[:, 1] = 1
    return mean + P @ Q.T
