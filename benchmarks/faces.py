"""Frey faces: the density of a GaussianRBM, compared with PCA and factor analysis."""

import argparse
from functools import partial

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.decomposition import PCA, FactorAnalysis
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

from skdeepunsup import GaussianRBM

from .data import load_frey_faces
from .timing import print_table, seconds, settings

N_TEST = 365
IMAGE = 28, 20


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``python -m benchmarks faces``."""
    parser.add_argument("--seed", type=int, default=0, help="of split, fit and samples (default 0)")
    parser.add_argument("--n-iter", type=int, default=200, help="epochs (default 200)")
    parser.add_argument("--figure", help="write test faces, reconstructions and samples here")


def run(arguments: argparse.Namespace) -> None:
    """Print the table, and draw the figure if a file is given."""
    images = load_frey_faces().reshape(-1, IMAGE[0] * IMAGE[1]).astype(np.float32)
    train, test = train_test_split(images, test_size=N_TEST, random_state=arguments.seed)
    scaler = StandardScaler().fit(train)
    train, test = scaler.transform(train), scaler.transform(test)
    rbm = GaussianRBM(
        200,
        learning_rate=0.01,
        batch_size=100,
        n_iter=arguments.n_iter,
        device="cpu",
        random_state=arguments.seed,
    )
    models: dict[str, BaseEstimator] = {
        "PCA, 16 components": PCA(16, random_state=0),
        "factor analysis, 16 factors": FactorAnalysis(16, random_state=0),
    }
    rows = [("one Gaussian a pixel", "0.0", f"{_independent(train, test):.1f}", "", "")]
    for name, model in models.items():
        spent = seconds(partial(model.fit, train))
        rows.append((name, f"{spent:.1f}", f"{model.score(test):.1f}", "", ""))
    spent = seconds(partial(rbm.fit, train))
    log_z = rbm.log_partition("ais", n_temperatures=20_000, n_chains=100)
    free = -rbm.free_energy(test).mean()
    figures = (f"{free - z:.1f}" for z in (log_z.value, log_z.upper, log_z.lower))
    rows.append((settings(rbm), f"{spent:.1f}", *figures))
    print_table(
        f"Frey faces, {len(train)} training rows of standardised pixels: mean log density in nats "
        f"of {N_TEST} test rows; the interval is that of log Z (effective sample size "
        f"{log_z.effective_sample_size:.0f} of 100), seed {arguments.seed}",
        ["model", "fit seconds", "log density", "lower", "upper"],
        rows,
    )
    if arguments.figure:
        _draw(arguments, rbm, scaler, test)


def _independent(train: np.ndarray, test: np.ndarray) -> float:
    """Mean log density of the rows under independent Gaussians."""
    mean, variance = train.mean(0), train.var(0)
    return float(
        -0.5 * ((test - mean) ** 2 / variance + np.log(2 * np.pi * variance)).sum(1).mean()
    )


def _draw(
    arguments: argparse.Namespace, rbm: GaussianRBM, scaler: StandardScaler, test: np.ndarray
) -> None:
    """Draw test faces, their reconstructions, and samples without pixel noise."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    drawn = rbm.sample(12, n_steps=2_000, random_state=arguments.seed)
    lines = {
        "test faces": test[:12],
        "reconstructions": rbm.reconstruct(test[:12]),
        "samples, E[v | h]": rbm.reconstruct(drawn),
    }
    figure, axes = plt.subplots(3, 12, figsize=(10, 4), layout="constrained")
    for (name, rows), line in zip(lines.items(), axes, strict=True):
        for row, ax in zip(scaler.inverse_transform(rows), line, strict=True):
            ax.imshow(row.reshape(IMAGE), cmap="gray", vmin=0, vmax=255)
            ax.set(xticks=[], yticks=[])
        line[0].set_ylabel(name)
    figure.savefig(arguments.figure, dpi=100)
