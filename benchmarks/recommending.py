"""MovieLens 100k: errors of models on the five published folds, compared with baselines."""

import argparse
from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.base import clone

from skdeepunsup import CategoricalRBM, RatingAutoencoder, RatingRBM

from .data import load_movielens
from .timing import print_table, settings, timed

FOLDS = (1, 2, 3, 4, 5)
Predict = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""Predicts ratings of pairs of user and film, from the matrix of known ratings."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``python -m benchmarks recommending``."""
    parser.add_argument("--seed", type=int, default=0, help="of the fits (default 0)")


def run(arguments: argparse.Namespace) -> None:
    """Print both tables."""
    seed = arguments.seed
    folds = [load_movielens(fold) for fold in FOLDS]
    rows = []
    for name, predict in contestants(seed).items():
        errors, spent = [], []
        for train, test in folds:
            pairs = np.argwhere(np.isfinite(test))
            predicted, took = timed(predict, train, pairs)
            spent.append(took)
            errors.append(rmse(predicted, test[tuple(pairs.T)]))
        figures = [f"{error:.4f}" for error in [np.mean(errors), *errors]]
        rows.append((name, *figures, f"{np.median(spent):.1f}"))
        print(*rows[-1], sep="  ", flush=True)
    print_table(
        "MovieLens 100k: root mean squared error of the 20,000 test ratings of each fold, "
        f"seed {seed}; seconds of a fold",
        ["model", "mean", *(f"u{fold}" for fold in FOLDS), "seconds"],
        rows,
    )
    _print_unseen_users(seed)


def contestants(seed: int) -> dict[str, Predict]:
    """Methods that complete a matrix of users by films, by name."""
    over_items = CategoricalRBM(
        50,
        n_categories=5,
        learning_rate=0.01,
        batch_size=20,
        n_iter=50,
        weight_decay=0.03,
        device="cpu",
        random_state=seed,
    )
    return {
        "user mean": lambda X, pairs: row_means(X)[pairs[:, 0]],
        "item mean": lambda X, pairs: row_means(X.T)[pairs[:, 1]],
        "matrix factorisation": lambda X, pairs: factorised(X, seed)[tuple(pairs.T)],
        "SVD of scikit-surprise": lambda X, pairs: surprised("SVD", X, pairs, seed),
        "SVD++ of scikit-surprise": lambda X, pairs: surprised("SVDpp", X, pairs, seed),
        f"{settings(over_items)}, a row an item": lambda X, pairs: (
            1 + clone(over_items).fit(X.T - 1).reconstruct(X.T - 1).T[tuple(pairs.T)]
        ),
    } | {settings(model): _predicting(model) for model in recommenders(seed)}


def recommenders(seed: int) -> list[Any]:
    """The recommenders of this package."""
    return [
        RatingRBM(device="cpu", random_state=seed),
        RatingAutoencoder(view="users", device="cpu", random_state=seed),
        RatingAutoencoder(device="cpu", random_state=seed),
    ]


def _predicting(model: Any) -> Predict:
    return lambda X, pairs: clone(model).fit(X).predict(X, pairs)


def surprised(name: str, ratings: np.ndarray, pairs: np.ndarray, seed: int) -> np.ndarray:
    """A model of scikit-surprise (N. Hug, JOSS 5, 2020) at its defaults; NaN where it is missing.

    ``pip install -c constraints.txt scikit-surprise`` installs it.
    """
    try:
        import surprise
    except ImportError:
        return np.full(len(pairs), np.nan)
    users, items = np.nonzero(np.isfinite(ratings))
    known = [(u, i, float(ratings[u, i]), None) for u, i in zip(users, items, strict=True)]
    data = surprise.Dataset(surprise.Reader(rating_scale=(1, 5))).construct_trainset(known)
    model = getattr(surprise, name)(random_state=seed).fit(data)
    return np.array([model.predict(user, item).est for user, item in pairs])


def _print_unseen_users(seed: int) -> None:
    """Print errors for held-out users, a fifth of all, given four fifths of their ratings."""
    train, test = load_movielens(1)
    ratings = np.where(np.isnan(train), test, train)
    rng = np.random.default_rng(seed)
    unseen = rng.permutation(len(ratings)) < len(ratings) // 5
    hidden = unseen[:, None] & (rng.random(ratings.shape) < 0.2)
    known, wanted = np.where(hidden, np.nan, ratings), np.where(hidden, ratings, np.nan)
    rows = []
    for model in recommenders(seed):
        seen = clone(model).fit(known).predict(known)
        folded = clone(model).fit(known[~unseen]).predict(known[unseen])
        errors = rmse(seen, wanted), rmse(folded, wanted[unseen])
        rows.append((settings(model), *(f"{error:.4f}" for error in errors)))
    print_table(
        f"Users never seen: RMSE of {np.isfinite(wanted).sum():,} ratings of {unseen.sum()} users, "
        f"from their other ratings, which were there in training or are folded in; seed {seed}",
        ["model", "there in training", "folded in"],
        rows,
    )


def rmse(predicted: np.ndarray, ratings: np.ndarray) -> float:
    error = (np.clip(predicted, 1, 5) - ratings)[np.isfinite(ratings)]
    return float(np.sqrt((error**2).mean()))


def row_means(ratings: np.ndarray) -> np.ndarray:
    """The mean rating of each row, or of all rows if a row has none."""
    seen = np.isfinite(ratings)
    sums = np.where(seen, ratings, 0).sum(1)
    return np.where(seen.any(1), sums / np.maximum(seen.sum(1), 1), np.nanmean(ratings))


def factorised(ratings: np.ndarray, seed: int, n_factors: int = 10) -> np.ndarray:
    """r ≈ μ + bᵤ + bᵢ + pᵤᵀqᵢ, by alternating ridge regressions on the rated entries.

    A column of ones in both factors makes the biases factors like the others. The penalty grows
    with the number of ratings of a row (Zhou et al., "Large-scale parallel collaborative filtering
    for the Netflix prize", 2008); 0.1 and 10 factors were the best of a few tried here.
    """
    penalty, n_sweeps = 0.1, 15
    rng, mean, seen = np.random.default_rng(seed), np.nanmean(ratings), np.isfinite(ratings)
    residual = np.where(seen, ratings - mean, 0)
    P = 0.1 * rng.normal(size=(ratings.shape[0], n_factors + 2))
    Q = 0.1 * rng.normal(size=(ratings.shape[1], n_factors + 2))
    for _ in range(n_sweeps):
        for A, B, r, mask, own in ((P, Q, residual, seen, 0), (Q, P, residual.T, seen.T, 1)):
            B[:, own] = 1  # the factor that multiplies A's bias
            for i, there in enumerate(mask):
                design = B[there]
                gram = design.T @ design + penalty * max(1, there.sum()) * np.eye(n_factors + 2)
                A[i] = np.linalg.solve(gram, design.T @ r[i, there])
    P[:, 1] = 1
    return mean + P @ Q.T
