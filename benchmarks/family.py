"""Cost of each autoencoder relative to the plain one, and of convolutions to a plain loop."""

import argparse
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import nn

from skdeepunsup import (
    Autoencoder,
    ContractiveAutoencoder,
    DenoisingAutoencoder,
    SparseAutoencoder,
    VariationalAutoencoder,
)
from skdeepunsup.reconstruction.modules.regularizers import CRITIC_WIDTHS

from .data import synthetic_bits
from .products import Product, fast, repeat
from .timing import print_table, race

N_ROWS, N_EPOCHS, BATCH = 4_096, 10, 128
D, H, CODE = 784, 256, 32
IMAGE, CHANNELS = (28, 28), (16, 32)
Layers = Sequence[tuple[int, int]]
"""Inputs and outputs of the layers that run once more than in the plain autoencoder."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``python -m benchmarks family``."""
    parser.add_argument("--repetitions", type=int, default=7, help="timed rounds (default 7)")


def run(arguments: argparse.Namespace) -> None:
    """Print the tables."""
    X = synthetic_bits(N_ROWS)
    shared: dict[str, Any] = {
        "batch_size": BATCH,
        "max_iter": N_EPOCHS,
        "early_stopping": False,
        "n_iter_no_change": N_EPOCHS,
        "device": "cpu",
        "random_state": 0,
    }
    one = {"n_components": H, "hidden_layer_sizes": (), **shared}
    compare(f"{D}-{H}", Autoencoder(**one), one_layer(one), X, arguments.repetitions)
    deep = {"n_components": CODE, "hidden_layer_sizes": (H,), **shared}
    compare(f"{D}-{H}-{CODE}", Autoencoder(**deep), two_layers(deep), X, arguments.repetitions)
    convolutions(X, shared, arguments.repetitions)


def one_layer(one: dict[str, Any]) -> dict[str, tuple[Any, Layers]]:
    """Models with one layer, each with the layers that it runs beside those of the plain one."""
    return {
        "contractive, closed form": (ContractiveAutoencoder(tied_weights=False, **one), ()),
        **{
            f"sparse, {way}": (SparseAutoencoder(sparsity=way, **one), ())
            for way in ("kl", "l1", "running-mean")
        },
        "sparse, top-k, with dead units": (SparseAutoencoder(sparsity="top-k", **one), [(H, D)]),
        **{
            f"denoising, {noise}": (DenoisingAutoencoder(corruption=noise, **one), ())
            for noise in ("masking", "salt-and-pepper", "gaussian")
        },
        "missing entries": (Autoencoder(missing="mask", **one), ()),
    }


def two_layers(deep: dict[str, Any]) -> dict[str, tuple[Any, Layers]]:
    """Models with two layers, each with the layers that it runs beside those of the plain one."""
    wider = [(H, CODE)]  # the encoder returns variances as well
    critic = [*zip((CODE, *CRITIC_WIDTHS), (*CRITIC_WIDTHS, 1), strict=True)]
    bernoulli = {"likelihood": "bernoulli", **deep}
    decoder = [(CODE, H), (H, D)]
    return {
        "denoising, masking": (DenoisingAutoencoder(**deep), ()),
        "dropout": (Autoencoder(dropout=0.2, **deep), ()),
        "contractive, by draws": (
            ContractiveAutoencoder(activation="relu", tied_weights=False, **deep),
            [(D, H), (H, CODE)],
        ),
        "variational, gaussian": (VariationalAutoencoder(**deep), wider),
        "variational, bernoulli": (VariationalAutoencoder(**bernoulli), wider),
        "variational, bernoulli, resample": (
            VariationalAutoencoder(resample=True, **bernoulli),
            wider,
        ),
        "β-VAE": (VariationalAutoencoder(beta=4, **deep), wider),
        "TC-VAE": (VariationalAutoencoder(beta=4, regularizer="tc", **deep), wider),
        "DIP-VAE": (VariationalAutoencoder(beta=4, regularizer="dip", **deep), wider),
        "FactorVAE": (
            VariationalAutoencoder(beta=4, regularizer="factor", **deep),
            [*wider, *critic, *critic, *critic],
        ),
        "5 importance samples": (
            VariationalAutoencoder(n_importance_samples=5, **deep),
            [*wider, *(4 * decoder)],
        ),
    }


def compare(
    shape: str,
    plain: Any,
    others: dict[str, tuple[Any, Layers]],
    X: np.ndarray,
    n_repetitions: int,
) -> None:
    """Time fits; a layer that runs once more costs three products: forward, and two gradients."""
    n_updates = N_EPOCHS * N_ROWS // BATCH
    rows = [
        ("plain", 1e6 / n_updates * race({"": partial(plain.fit, X)}, 2).median(""), "", "", "")
    ]
    for name, (model, layers) in others.items():
        timings = race(
            {
                "plain": partial(plain.fit, X),
                "model": partial(model.fit, X),
                "products": partial(repeat, n_updates, extra_products(layers)),
            },
            n_repetitions,
        )
        model_s, plain_s, extra_s = (timings.seconds[k] for k in ("model", "plain", "products"))
        cost = float(np.median(model_s / plain_s))
        beside = float(np.median(model_s / (plain_s + extra_s))) if layers else ""
        per_update = 1e6 / n_updates * timings.median("model")
        rows.append((name, per_update, cost, 3 * len(layers), beside))
    print_table(
        f"Autoencoders {shape}, batches of {BATCH}: microseconds per update, the cost beside the "
        "plain one of the same shape, and beside it with the matrix products of its own",
        ["model", "µs", "÷ plain", "own products", "÷ (plain + own products)"],
        rows,
    )


def extra_products(layers: Layers) -> list[Product]:
    """Products of each layer: forward, gradients of weights and inputs, by the package's kernel."""
    products = []
    for n_inputs, n_outputs in layers:
        x, W = torch.randn(BATCH, n_inputs), torch.randn(n_outputs, n_inputs)
        dy = torch.randn(BATCH, n_outputs)
        products += [fast(x, W.T), fast(dy.T, x), fast(dy, W)]
    return products


def convolutions(X: np.ndarray, shared: dict[str, Any], n_repetitions: int) -> None:
    """A convolutional fit, and the same layers trained as in tutorials."""
    ours = Autoencoder(CODE, image_shape=IMAGE, hidden_layer_sizes=CHANNELS, **shared)
    n_updates = N_EPOCHS * N_ROWS // BATCH
    timings = race(
        {"ours": partial(ours.fit, X), "plain": partial(plain_convolutions, X)}, n_repetitions
    )
    print_table(
        f"Convolutional Autoencoder {IMAGE[0]} × {IMAGE[1]}, channels {CHANNELS}, code {CODE}: "
        "microseconds per update, beside the same layers in a plain PyTorch loop",
        ["ours", "plain loop", "ours ÷ plain loop"],
        [
            (
                1e6 / n_updates * timings.median("ours"),
                1e6 / n_updates * timings.median("plain"),
                timings.speed("ours", "plain"),
            )
        ],
    )


def plain_convolutions(X: np.ndarray) -> nn.Module:
    """Train the same layers on shuffled slices of one tensor."""
    torch.manual_seed(0)
    a, b = CHANNELS
    network = nn.Sequential(
        nn.Conv2d(1, a, 3, stride=2, padding=1),
        nn.ReLU(),
        nn.Conv2d(a, b, 3, stride=2, padding=1),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(b * 49, CODE),
        nn.Linear(CODE, b * 49),
        nn.ReLU(),
        nn.Unflatten(1, (b, 7, 7)),
        nn.ConvTranspose2d(b, a, 4, stride=2, padding=1),
        nn.ReLU(),
        nn.ConvTranspose2d(a, 1, 4, stride=2, padding=1),
    )
    optimizer = torch.optim.Adam(network.parameters())
    images = torch.from_numpy(X).view(-1, 1, *IMAGE)
    for _ in range(N_EPOCHS):
        for ids in torch.randperm(len(images)).split(BATCH):
            x = images[ids]
            optimizer.zero_grad()
            (network(x) - x).square().sum((1, 2, 3)).mean().backward()
            optimizer.step()
    return network
