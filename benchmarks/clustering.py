"""MNIST and Fashion-MNIST: deep embedded clustering, and k-means of pixels and of codes."""

import argparse
import math
from typing import Any

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment
from sklearn.cluster import KMeans
from sklearn.metrics import confusion_matrix
from torch import Tensor
from torch.nn.functional import affine_grid, grid_sample

from skdeepunsup import DeepEmbeddedClustering, DenoisingAutoencoder

from .data import load_fashion_mnist, load_mnist
from .timing import print_table, settings, timed

IMAGES: dict[str, Any] = {"MNIST": load_mnist, "Fashion-MNIST": load_fashion_mnist}
SIDE = 28
TURN, SHIFT = 10, 2
"""Largest rotation in degrees, and largest shift in pixels."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``python -m benchmarks clustering``."""
    seeds = [0, 1, 2, 3, 4]
    parser.add_argument("--seeds", type=int, nargs="+", default=seeds, help=f"(default {seeds})")
    names = list(IMAGES)
    parser.add_argument("--images", nargs="+", choices=names, default=names, help="(default both)")


def run(arguments: argparse.Namespace) -> None:
    """Print a table for each set of images."""
    print(
        f"The code: {settings(encoder(0))}\n"
        "Clusters: DeepEmbeddedClustering(10, max_iter=10, tol=0); "
        f"images are moved by up to {SHIFT} pixels and turned by up to {TURN} degrees"
    )
    for name in arguments.images:
        X, y = IMAGES[name]()[:2]
        X = np.float32(X) / 255
        results: dict[str, list[tuple[float, float]]] = {}
        for seed in arguments.seeds:
            for model, (labels, spent) in clustered(X, seed).items():
                results.setdefault(model, []).append((100 * accuracy(y, labels), spent))
                print(f"{name}, seed {seed}, {model}: {results[model][-1]}", flush=True)
        rows = []
        for model, found in results.items():
            figures, spent = np.array(found).T
            mean, spread = f"{figures.mean():.1f}", f"{figures.std(ddof=1):.1f}"
            rows.append((model, f"{np.median(spent):.0f}", mean, spread, f"{figures.min():.1f}"))
        print_table(
            f"{name}, its 60,000 training images: share of the images, in %, in the cluster that "
            f"their class is matched with; mean, standard deviation and lowest of seeds "
            f"{arguments.seeds}; seconds beside those of the code",
            ["model", "seconds", "accuracy", "spread", "lowest"],
            rows,
        )


def clustered(X: np.ndarray, seed: int) -> dict[str, tuple[np.ndarray, float]]:
    """By name: the cluster of each row, and the seconds, without those of the code."""
    k_means = KMeans(10, n_init=3, random_state=seed)
    code, spent = timed(encoder(seed).fit, X)
    print(f"seed {seed}, the code: {spent:.0f} s", flush=True)
    shared: dict[str, Any] = {"max_iter": 10, "tol": 0, "device": "cpu", "random_state": seed}
    deep = DeepEmbeddedClustering(10, code, **shared)
    alike = {"init": "equal-mixture", "augmentation": shifted_and_turned}
    ours = DeepEmbeddedClustering(10, code, **shared, **alike)
    return {
        "k-means of pixels, best of 3": timed(k_means.fit_predict, X),
        "k-means of the code, best of 3": timed(k_means.fit_predict, code.transform(X)),
        "DeepEmbeddedClustering": timed(deep.fit_predict, X),
        "the same, init='equal-mixture', augmentation": timed(ours.fit_predict, X),
    }


def encoder(seed: int) -> DenoisingAutoencoder:
    """The encoder, which learns to undo shifts and rotations."""
    return DenoisingAutoencoder(
        10,
        hidden_layer_sizes=(500, 500),
        activation="relu",
        code_activation="identity",
        corruption=shifted_and_turned,
        batch_size=256,
        max_iter=10,
        device="cpu",
        random_state=seed,
    )


def shifted_and_turned(x: Tensor, generator: torch.Generator) -> Tensor:
    """Shift each image by up to two pixels, and rotate it by up to ten degrees."""
    n = len(x)
    angle = (2 * torch.rand(n, generator=generator) - 1) * math.radians(TURN)
    shift = (2 * torch.rand(n, 2, 1, generator=generator) - 1) * SHIFT / (SIDE / 2)
    rotation = torch.stack([angle.cos(), -angle.sin(), angle.sin(), angle.cos()], 1)
    affine = torch.cat([rotation.view(n, 2, 2), shift], 2)
    grid = affine_grid(affine, [n, 1, SIDE, SIDE], align_corners=False)
    return grid_sample(x.view(n, 1, SIDE, SIDE), grid, align_corners=False).view(n, -1)


def accuracy(y: np.ndarray, labels: np.ndarray) -> float:
    """Share of rows whose cluster is matched with their class, by the best one-to-one matching."""
    counts = confusion_matrix(y, labels)
    return float(counts[linear_sum_assignment(-counts)].sum() / len(y))
