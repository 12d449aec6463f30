"""MovieLens 100k: films that a user likes, predicted from others; popularity is the baseline.

The defaults of the models were chosen on further splits of the known part of seed 0.
"""

import argparse
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.sparse as sp
from sklearn.base import clone

from skdeepunsup import EASE, EntrySplit, ImplicitVAE
from skdeepunsup.metrics import ndcg_at_k, recall_at_k

from .data import load_movielens
from .likelihood import parse_setting
from .timing import print_table, seconds, settings

K = 20


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``python -m benchmarks implicit``."""
    parser.add_argument("--seeds", type=int, default=5, help="of split and fit (default 5)")
    parser.add_argument("--set", nargs="*", default=[], metavar="NAME=VALUE", help="of the VAEs")
    parser.add_argument("--n-threads", type=int, default=1, help="(default 1)")


def run(arguments: argparse.Namespace) -> None:
    """Print the table."""
    train, test = load_movielens(1)
    liked = sp.csr_array(np.nan_to_num(np.fmax(train, test)) >= 4, dtype=np.float64)
    changes = dict(map(parse_setting, arguments.set))
    models: dict[str, Callable[[int], Any]] = {"popularity": lambda seed: Popularity()}
    for template in (
        EASE(),
        ImplicitVAE(device="cpu", **changes),
        ImplicitVAE(variational=False, device="cpu", **changes),
    ):
        models[settings(template)] = lambda seed, template=template: _seeded(template, seed)
    rows = []
    for name, make in models.items():
        figures = []
        for seed in range(arguments.seeds):
            known, wanted = next(EntrySplit(1, random_state=seed).pairs(liked))
            model = make(seed)
            spent = seconds(lambda model=model, known=known: model.fit(known))
            items, _ = model.recommend(known, K)
            figures.append((recall_at_k(wanted, items), ndcg_at_k(wanted, items), spent))
        recall, gain, times = np.array(figures).T
        rows.append((name, _with_spread(recall), _with_spread(gain), float(np.median(times))))
    print_table(
        f"MovieLens 100k, {liked.nnz:,} ratings of at least 4, a fifth of each user's held out: "
        f"means and standard deviations over {arguments.seeds} seeds of split and fit, from 0",
        ["model", f"recall@{K}", f"nDCG@{K}", "fit seconds"],
        rows,
    )


class Popularity:
    """Recommends the most popular items that are new to a user."""

    def fit(self, known: sp.csr_array) -> None:
        """Count the interactions of each item."""
        self.counts = known.sum(axis=0)

    def recommend(self, known: sp.csr_array, k: int) -> tuple[np.ndarray, np.ndarray]:
        """The ``k`` most popular items that are new to each user, and their counts."""
        counts = np.where(known.toarray(), -1, self.counts)
        items = np.argsort(-counts, axis=1, kind="stable")[:, :k]
        return items, np.take_along_axis(counts, items, 1)


def _seeded(template: Any, seed: int) -> Any:
    """A copy of ``template`` with ``seed``, if it is random."""
    model = clone(template)
    return model.set_params(random_state=seed) if "random_state" in model.get_params() else model


def _with_spread(figures: np.ndarray) -> str:
    return f"{figures.mean():.3f} ± {figures.std(ddof=1):.3f}"
