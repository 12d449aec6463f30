"""Nine tables of ADBench: outliers by a GaussianRBM's free energy, and by simple detectors."""

import argparse
from typing import Any

import numpy as np
from scipy.stats import rankdata
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.ensemble import IsolationForest
from sklearn.metrics import roc_auc_score
from sklearn.neighbors import NearestNeighbors
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skdeepunsup import OutlierDetector

from .data import load_adbench
from .timing import print_table, settings, timed

NAMES = (
    "breastw",
    "cardio",
    "Ionosphere",
    "mammography",
    "musk",
    "optdigits",
    "satellite",
    "shuttle",
    "thyroid",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``python -m benchmarks outliers``."""
    seeds = [10, 11, 12, 13, 14]
    parser.add_argument("--seeds", type=int, nargs="+", default=seeds, help=f"(default {seeds})")


def run(arguments: argparse.Namespace) -> None:
    """Print the table."""
    results: dict[str, Any] = {}
    for name in NAMES:
        X, y = load_adbench(name)
        for detector, scored in detectors().items():
            found: list[float] = []
            spent = 0.0
            for seed in arguments.seeds:
                scores, took = timed(scored, X, seed)
                spent += took
                found.append(float(roc_auc_score(y, scores)))
            results.setdefault(detector, []).append((np.mean(found), np.std(found, ddof=1), spent))
        print(name, *(f"{figures[-1][0]:.3f}" for figures in results.values()), flush=True)
    means = np.array([[area for area, _, _ in figures] for figures in results.values()])
    ranks = rankdata(-means, axis=0).mean(1)
    rows = [
        (
            detector,
            f"{rank:.2f}",
            f"{np.mean([area for area, _, _ in figures]):.3f}",
            *(f"{area:.3f} ± {spread:.3f}" for area, spread, _ in figures),
            f"{sum(spent for *_, spent in figures) / len(arguments.seeds):.1f}",
        )
        for (detector, figures), rank in zip(results.items(), ranks, strict=True)
    ]
    print_table(
        "ADBench, fitted to all rows without labels and scored on them: ROC-AUC, mean and spread "
        f"over seeds {arguments.seeds}; mean rank; seconds of a fit and scores of all nine",
        ["detector", "rank", "mean", *NAMES, "seconds"],
        rows,
    )


def detectors() -> dict[str, Any]:
    """Functions that score all rows, higher for outliers, by name."""
    ours = OutlierDetector(n_estimators=10, max_samples=128)
    return {
        "IsolationForest()": lambda X, seed: (
            -IsolationForest(random_state=seed).fit(X).score_samples(X)
        ),
        "PCA, squared standardised scores": lambda X, seed: principal(X),
        "KNN, distance of the 5th": lambda X, seed: nearest(X),
        f"arcsinh of StandardScaler, {settings(ours)}": lambda X, seed: unusual(ours, X, seed),
    }


def principal(X: np.ndarray) -> np.ndarray:
    """Σ z² over the principal components z of standardised features, scaled to variance 1."""
    Z = make_pipeline(StandardScaler(), PCA(whiten=True)).fit_transform(X)
    return (Z**2).sum(1)


def nearest(X: np.ndarray) -> np.ndarray:
    """Distance to the fifth nearest other row, with standardised features."""
    Z = StandardScaler().fit_transform(X)
    return NearestNeighbors(n_neighbors=5).fit(Z).kneighbors()[0][:, -1]


def unusual(detector: OutlierDetector, X: np.ndarray, seed: int) -> np.ndarray:
    """Scores of OutlierDetector, for standardised features with compressed tails."""
    Z = np.arcsinh(StandardScaler().fit_transform(X))
    return -clone(detector).set_params(random_state=seed).fit(Z).score_samples(Z)
