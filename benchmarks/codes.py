"""One-layer codes of MNIST by plain, denoising and contractive autoencoders: errors of a linear
classifier of the digits, and after fine-tuning."""

import argparse
from typing import Any

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from skdeepunsup import BernoulliRBM, ContractiveAutoencoder, DenoisingAutoencoder
from skdeepunsup._random import Stream
from skdeepunsup._rows import ResidentRows
from skdeepunsup.networks import dense, initialize
from skdeepunsup.training import GradientDescent, Schedule, train

from .data import load_mnist
from .likelihood import parse_setting
from .timing import print_table, seconds, settings

N_VALIDATION = 10_000
PUBLISHED = {"contractive": 1.14, "denoising": 1.18, "RBM": 1.30, "plain": 1.78}
"""Rifai et al. 2011: error after fine-tuning, in per cent, with 1,000 units."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``python -m benchmarks codes``."""
    parser.add_argument("--units", type=int, default=1000, help="(default 1,000)")
    parser.add_argument("--epochs", type=int, default=30, help="of each fit (default 30)")
    parser.add_argument("--contraction", type=float, default=0.1, help="λ (default 0.1)")
    parser.add_argument("--corruption", type=float, default=0.3, help="share masked (default 0.3)")
    parser.add_argument(
        "--set", nargs="*", default=[], metavar="NAME=VALUE", help="of the autoencoders"
    )
    parser.add_argument("--seed", type=int, default=0, help="of all fits (default 0)")
    parser.add_argument("--n-threads", type=int, default=1, help="(default 1)")


def run(arguments: argparse.Namespace) -> None:
    """Fit each model to grey levels in [0, 1]; print the two errors."""
    x_train, y_train, x_test, y_test = load_mnist()
    x_train, x_test = x_train / np.float32(255), x_test / np.float32(255)
    shared: dict[str, Any] = {
        "activation": "logistic",
        "loss": "bernoulli",
        "tied_weights": True,
        "batch_size": 100,
        "max_iter": arguments.epochs,
        "device": "cpu",
        "random_state": arguments.seed,
    } | dict(map(parse_setting, arguments.set))
    rbm = {"batch_size": 100, "learning_rate": 0.05, "n_iter": arguments.epochs}
    contractive, units = ContractiveAutoencoder, arguments.units
    models: dict[str, Any] = {
        "none": None,
        "plain": contractive(units, contraction=0.0, **shared),
        "denoising": DenoisingAutoencoder(units, corruption_level=arguments.corruption, **shared),
        "contractive": contractive(units, contraction=arguments.contraction, **shared),
        "RBM": BernoulliRBM(units, random_state=arguments.seed, **rbm),
    }
    rows = []
    for name, model in models.items():
        spent, probe, W, b = 0.0, "", None, None
        if model is not None:
            print(settings(model), flush=True)
            spent = seconds(lambda model=model: model.fit(x_train))
            probe = f"{linear_error(model, x_train, y_train, x_test, y_test):.2f}"
            W, b = first_layer(model)
        error, epochs = fine_tuned_error(
            W, b, units, arguments.epochs, x_train, y_train, x_test, y_test, arguments.seed
        )
        published = f"{PUBLISHED[name]:.2f}" if name in PUBLISHED else ""
        rows.append((name, spent, probe, f"{error:.2f}", published, epochs))
        print(rows[-1], flush=True)
    print_table(
        f"MNIST, {units:,} logistic units, seed {arguments.seed}: errors on 10,000 test images in "
        f"per cent; fine-tuned on 50,000 rows, the epoch chosen on {N_VALIDATION:,} others",
        ["code", "fit seconds", "linear", "fine-tuned", "published", "best epoch"],
        rows,
    )


def first_layer(model: Any) -> tuple[np.ndarray, np.ndarray]:
    """Weights (n_units, n_features) and biases of the code."""
    if isinstance(model, BernoulliRBM):
        return model.components_, model.intercept_hidden_
    return model.components_, model.module_.encoder[0].bias.detach().numpy()


def linear_error(model: Any, x_train: Any, y_train: Any, x_test: Any, y_test: Any) -> float:
    """Test error of a logistic regression on the codes, in per cent."""
    probe = LogisticRegression(C=0.1, max_iter=200, tol=1e-3).fit(model.transform(x_train), y_train)
    return 100 * (1 - probe.score(model.transform(x_test), y_test))


class Classifier(nn.Module):
    """One hidden layer and ten logits; the last column of the rows is the label."""

    def __init__(self, n_features: int, n_units: int) -> None:
        super().__init__()
        self.network = dense((n_features, n_units, 10), "logistic")

    def losses(self, rows: Tensor, stream: Stream) -> dict[str, Tensor]:
        """The cross-entropy of each row."""
        logits = self.network(rows[:, :-1])
        return {"error": cross_entropy(logits, rows[:, -1].long(), reduction="none")}


def fine_tuned_error(
    W: Any,
    b: Any,
    n_units: int,
    n_epochs: int,
    x_train: np.ndarray,
    y_train: np.ndarray,
    x_test: np.ndarray,
    y_test: np.ndarray,
    seed: int,
) -> tuple[float, int]:
    """Test error, in per cent, of a network fine-tuned from the code's weights, and its epochs."""
    stream = Stream(seed)
    module = Classifier(x_train.shape[1], n_units)
    initialize(module.network, stream)
    if W is not None:
        with torch.no_grad():
            module.network[0].weight.copy_(torch.from_numpy(np.asarray(W)))
            module.network[0].bias.copy_(torch.from_numpy(np.asarray(b)))
    rows = torch.from_numpy(np.column_stack([x_train, y_train]).astype(np.float32))
    optimizer = torch.optim.Adam(module.parameters(), lr=1e-3, fused=True)
    history: dict[str, list[float]] = {}
    train(
        GradientDescent(module, optimizer, stream),
        ResidentRows(rows[N_VALIDATION:]),
        Schedule(n_epochs, 100, validation_fraction=0.1, patience=n_epochs),
        stream,
        history=history,
        held_out=ResidentRows(rows[:N_VALIDATION]),
    )
    with torch.inference_mode():
        found = module.network(torch.from_numpy(x_test)).argmax(1).numpy()
    return 100 * float((found != y_test).mean()), int(np.argmin(history["validation_loss"])) + 1
