"""MNIST with 100, 1,000 and all labels: pre-trained networks, and networks from scratch."""

import argparse
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline

from skdeepunsup import DeepBeliefNetwork, DenoisingAutoencoder, FineTunedClassifier

from .data import load_mnist
from .timing import print_table, settings, timed

WIDTHS = (500, 500)
FEW = (100, 1000)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``python -m benchmarks fine_tuning``."""
    parser.add_argument(
        "--seeds", type=int, nargs="+", default=[0, 1, 2], help="of the fits (default 0 1 2)"
    )
    parser.add_argument(
        "--n-all", type=int, default=1, help="of these seeds also with all labels (default 1)"
    )


def run(arguments: argparse.Namespace) -> None:
    """Print the table."""
    x_train, y_train, x_test, y_test = load_mnist()
    x_train, x_test = (np.float32(x) / 255 for x in (x_train, x_test))
    errors: dict[tuple[str, int], list[float]] = {}
    spent: dict[tuple[str, int], list[float]] = {}
    learning: dict[str, list[float]] = {}
    for place, seed in enumerate(arguments.seeds):
        chosen = {n: some_of_each(y_train, n, seed) for n in FEW}
        if place < arguments.n_all:
            chosen[len(y_train)] = np.arange(len(y_train))
        for name, encoder in encoders(seed).items():
            if encoder is not None:
                _, took = timed(encoder.fit, x_train)
                learning.setdefault(name, []).append(took)
            for n, ids in chosen.items():
                model = classifier(encoder, n, seed)
                _, took = timed(model.fit, x_train[ids], y_train[ids])
                error = 100 * (1 - model.score(x_test, y_test))
                errors.setdefault((name, n), []).append(error)
                spent.setdefault((name, n), []).append(took)
                print(f"seed {seed}, {name}, {n:,} labels: {error:.2f} %, {took:.0f} s", flush=True)
    counts = sorted({n for _, n in errors})
    rows = [
        (
            name,
            f"{np.median(learning[name]):.0f}" if name in learning else "",
            *(f"{_figure(errors[name, n])} ({np.median(spent[name, n]):.0f} s)" for n in counts),
        )
        for name in encoders(0)
    ]
    print("Fine-tuned by", *(settings(classifier("…", n, 0)) for n in counts), sep="\n- ")
    print_table(
        f"MNIST, nets 784-{WIDTHS[0]}-{WIDTHS[1]}-10: test error in %, mean and spread over seeds "
        f"{arguments.seeds} (with all labels, the first {arguments.n_all} of them); seconds of the "
        "pre-training on all 60,000 images, and in brackets of the training with labels",
        ["began as", "pre-training", *(f"{n:,} labels" for n in counts)],
        rows,
    )


def encoders(seed: int) -> dict[str, Any]:
    """By name: the pre-trained encoder of a network; None for scikit-learn's from scratch."""
    shared: dict[str, Any] = {"batch_size": 100, "device": "cpu", "random_state": seed}
    dbn = DeepBeliefNetwork(WIDTHS, n_iter=15, **shared)
    first = DenoisingAutoencoder(WIDTHS[0], loss="bernoulli", max_iter=12, **shared)
    second = DenoisingAutoencoder(WIDTHS[1], max_iter=12, **shared)

    def drawn(activation: str) -> Any:
        """A stack whose negligible learning rate keeps the initial weights."""
        parameters = shared | {"activation": activation, "learning_rate": 1e-12, "max_iter": 1}
        return make_pipeline(*(DenoisingAutoencoder(n, **parameters) for n in WIDTHS))

    return {
        _name(dbn): dbn,
        f"{_name(first)} and, of its codes, {_name(second)}": make_pipeline(first, second),
        "random weights, logistic units": drawn("logistic"),
        "random weights, gelu units": drawn("gelu"),
        f"MLPClassifier({WIDTHS}) of scikit-learn": None,
    }


def _figure(found: list[float]) -> str:
    """A mean and, for several seeds, the standard deviation, as text."""
    spread = f" ± {np.std(found, ddof=1):.2f}" if len(found) > 1 else ""
    return f"{np.mean(found):.2f}{spread}"


def _name(model: Any) -> str:
    """A name of the model that is the same for all seeds."""
    return settings(clone(model).set_params(random_state=None))


def classifier(encoder: Any, n_labels: int, seed: int) -> Any:
    """The classifier; with fewer labels, it trains for more epochs in smaller batches."""
    if encoder is None:
        return MLPClassifier(WIDTHS, random_state=seed)
    many = n_labels > max(FEW)
    return FineTunedClassifier(
        encoder,
        dropout=0.5,
        learning_rate_schedule="linear" if many else "constant",
        batch_size=128 if many else 32,
        max_iter=25 if many else 100,
        device="cpu",
        random_state=seed,
    )


def some_of_each(y: np.ndarray, n: int, seed: int) -> np.ndarray:
    """``n`` random rows, with equally many of each class."""
    rng = np.random.default_rng(seed)
    classes = np.unique(y)
    of_each = n // len(classes)
    return np.concatenate([rng.permutation(np.flatnonzero(y == k))[:of_each] for k in classes])
