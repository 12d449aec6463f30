"""Races of fits: beside scikit-learn, loops as in tutorials, and the matrix products alone."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import sklearn.neural_network

from skdeepunsup import Autoencoder, BernoulliRBM, VariationalAutoencoder

from . import speed_plain as plain
from .data import synthetic_bits
from .products import (
    bfloat16_is_faster,
    fast,
    layers_of,
    mm,
    network_products,
    rbm_products,
    repeat,
)
from .races import Case, Table

RBM_WIDTHS = 784, 256
RBM_SIZES = ((10, 2_000), (100, 10_000), (500, 10_000))
"""Batch size and rows of each RBM's epoch."""
BFLOAT16_BATCH = 500
AUTOENCODER_SIZES = (((784, 32), 32), ((784, 128, 16), 128), ((784, 500, 250, 30), 128))
"""Widths from input to code, and batch size."""
VAE_SIZES = (((784, 512, 16), 128),)
ROWS, EPOCHS = 4_096, 5
"""Of the autoencoders."""


def tables(device: str) -> Iterator[Table]:
    """Fits on a device."""
    yield Table(
        "BernoulliRBM.fit, one epoch, a chain for each row of a batch", "update", rbms(device)
    )
    yield Table(f"Autoencoder.fit, {EPOCHS} epochs", "update", autoencoders(device))
    yield Table(f"VariationalAutoencoder.fit, {EPOCHS} epochs", "update", vaes(device))


def rbms(device: str) -> Iterator[Case]:
    """One epoch of persistent contrastive divergence."""
    d, h = RBM_WIDTHS
    for batch, n_rows in RBM_SIZES:
        X, n_updates = synthetic_bits(n_rows, d), n_rows // batch
        parameters: dict[str, Any] = {
            "n_components": h,
            "learning_rate": 0.05,
            "batch_size": batch,
            "n_iter": 1,
            "random_state": 0,
        }
        ours = BernoulliRBM(**parameters, n_chains=batch, device=device)
        theirs = sklearn.neural_network.BernoulliRBM(**parameters)  # its chains are as many
        contestants: dict[str, Callable[[], Any]] = {"ours": partial(ours.fit, X)}
        if batch == BFLOAT16_BATCH and bfloat16_is_faster(batch, d, h, device):
            half = BernoulliRBM(**parameters, n_chains=batch, device=device, precision="bfloat16")
            contestants["ours, bfloat16"] = partial(half.fit, X)
        contestants |= {
            "scikit-learn, CPU": partial(theirs.fit, X),
            "plain loop": partial(plain.rbm, X, h, batch, device),
            "products": partial(repeat, n_updates, rbm_products(d, h, batch, mm, device)),
        }
        if device == "cpu":
            products = rbm_products(d, h, batch, fast)
            contestants["fast products"] = partial(repeat, n_updates, products)
        yield Case(f"{d}-{h}, batch {batch}", n_updates, contestants)


def autoencoders(device: str) -> Iterator[Case]:
    """Some epochs of Adam on symmetric autoencoders."""
    for widths, batch in AUTOENCODER_SIZES:
        ours = Autoencoder(widths[-1], hidden_layer_sizes=widths[1:-1], **_brief(batch, device))
        yield _descent(ours, plain.autoencoder, widths, layers_of(widths), batch, device)


def vaes(device: str) -> Iterator[Case]:
    """Some epochs of Adam on variational autoencoders; the encoder also returns variances."""
    for widths, batch in VAE_SIZES:
        *hidden, n_components = widths
        ours = VariationalAutoencoder(
            n_components, hidden_layer_sizes=hidden[1:], **_brief(batch, device)
        )
        encoder = layers_of((*hidden, 2 * n_components))[: len(hidden)]
        layers = [*encoder, *layers_of(widths)[len(hidden) :]]
        yield _descent(ours, plain.vae, widths, layers, batch, device)


def _brief(batch: int, device: str) -> dict[str, Any]:
    return {
        "batch_size": batch,
        "max_iter": EPOCHS,
        "early_stopping": False,
        "n_iter_no_change": EPOCHS,
        "device": device,
        "random_state": 0,
    }


def _descent(
    ours: Any,
    loop: Callable[..., Any],
    widths: Sequence[int],
    layers: Sequence[tuple[int, int]],
    batch: int,
    device: str,
) -> Case:
    X = synthetic_bits(ROWS, widths[0])
    n_updates = EPOCHS * (ROWS // batch)
    contestants: dict[str, Callable[[], Any]] = {
        "ours": partial(ours.fit, X),
        "DataLoader loop": partial(loop, X, widths, batch, EPOCHS, device),
        "products": partial(repeat, n_updates, network_products(layers, batch, mm, device)),
    }
    if device == "cpu":
        products = network_products(layers, batch, fast)
        contestants["fast products"] = partial(repeat, n_updates, products)
    return Case(f"{'-'.join(map(str, widths))}, batch {batch}", n_updates, contestants)
