"""Speed of fit and transform, relative to scikit-learn, a DataLoader loop and matrix products."""

import argparse
from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise

import numpy as np
import sklearn.neural_network
import torch
from sklearn.decomposition import PCA
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from skdeepunsup import Autoencoder, BernoulliRBM
from skdeepunsup._products import chosen_kernels
from skdeepunsup._random import Stream
from skdeepunsup.energy.likelihood.partition import anneal
from skdeepunsup.energy.machines.restricted import RestrictedBoltzmannMachine

from .data import synthetic_bits
from .products import (
    Kernel,
    autoencoder_products,
    bfloat16_is_faster,
    fast,
    mm,
    rbm_products,
    repeat,
)
from .timing import Timings, print_table, race

RBM_WIDTHS = 784, 256
RBM_SIZES = ((10, 2_000), (100, 10_000), (500, 10_000))
"""Batch size and rows of each RBM's epoch."""
BFLOAT16_BATCH = 500
AUTOENCODER_SIZES = (((784, 32), 32), ((784, 128, 16), 128), ((784, 500, 250, 30), 128))
"""Widths from input to code, and batch size."""
AUTOENCODER_ROWS, AUTOENCODER_EPOCHS = 4_096, 5
TRANSFORM_ROWS = 20_000
ANNEALED_WIDTHS, ANNEALED_CHAINS, ANNEALED_TEMPERATURES = (784, 500), 100, 300


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``python -m benchmarks speed``."""
    parser.add_argument("--repetitions", type=int, default=7, help="timed rounds (default 7)")


def run(arguments: argparse.Namespace) -> None:
    """Print the three tables."""
    rbm_fit(arguments.repetitions)
    autoencoder_fit(arguments.repetitions)
    print(
        "products: only the matrix products of the textbook update, by torch.mm. fast products:\n"
        "the same by the kernel that the package takes for each (oneDNN's for large ones where a\n"
        "processor has AVX-512). With it, and with the data and the chains of an RBM stacked into\n"
        "one product, a fit can be faster than its products by torch.mm."
    )
    transform(arguments.repetitions)
    annealing(arguments.repetitions)
    measured = chosen_kernels()
    print("kernels, measured for products up to n × d × h:" if measured else "kernel: torch's own")
    for shapes, kernel in measured.items():
        print(f"{shapes}: {kernel}")


def rbm_fit(n_repetitions: int) -> None:
    """One epoch of persistent contrastive divergence, with a chain for each row of a batch."""
    others = ("scikit-learn", "products", "fast products")
    rows = []
    for batch, n_rows in RBM_SIZES:
        precisions = ["float32"]
        if batch == BFLOAT16_BATCH and bfloat16_is_faster(batch, *RBM_WIDTHS):
            precisions.append("bfloat16")
        timings = _race_rbms(batch, n_rows, precisions, n_repetitions)
        for precision in precisions:
            figures = _per_update_and_speeds(timings, precision, others, n_rows // batch)
            rows.append((batch, precision, *figures))
    widths = "-".join(map(str, RBM_WIDTHS))
    print_table(
        f"BernoulliRBM({widths}).fit, one epoch: microseconds per update, and speed ratios",
        ["batch", "precision", "ours", *others, *(f"ours ÷ {name}" for name in others)],
        rows,
    )


def autoencoder_fit(n_repetitions: int) -> None:
    """Some epochs of Adam on a symmetric autoencoder."""
    others = ("DataLoader loop", "products", "fast products")
    X = synthetic_bits(AUTOENCODER_ROWS)
    rows = []
    for widths, batch in AUTOENCODER_SIZES:
        ours = Autoencoder(
            widths[-1],
            hidden_layer_sizes=widths[1:-1],
            batch_size=batch,
            max_iter=AUTOENCODER_EPOCHS,
            early_stopping=False,
            n_iter_no_change=AUTOENCODER_EPOCHS,
            device="cpu",
            random_state=0,
        )
        n_updates = AUTOENCODER_EPOCHS * AUTOENCODER_ROWS // batch
        timings = race(
            {
                "ours": partial(ours.fit, X),
                "DataLoader loop": partial(dataloader_loop, X, widths, batch, AUTOENCODER_EPOCHS),
                "products": partial(repeat, n_updates, autoencoder_products(widths, batch, mm)),
                "fast products": partial(
                    repeat, n_updates, autoencoder_products(widths, batch, fast)
                ),
            },
            n_repetitions,
        )
        figures = _per_update_and_speeds(timings, "ours", others, n_updates)
        rows.append(("-".join(map(str, widths)), batch, *figures))
    print_table(
        f"Autoencoder.fit, {AUTOENCODER_EPOCHS} epochs: microseconds per update, and speed ratios",
        ["widths", "batch", "ours", *others, *(f"ours ÷ {name}" for name in others)],
        rows,
    )


def transform(n_repetitions: int) -> None:
    """Rows per second of fitted estimators."""
    X = synthetic_bits(TRANSFORM_ROWS)
    n_features, width = RBM_WIDTHS
    rbm = {"n_components": width, "batch_size": 100, "n_iter": 1, "random_state": 0}
    once = {"max_iter": 1, "early_stopping": False, "device": "cpu", "random_state": 0}
    deep = Autoencoder(30, hidden_layer_sizes=(500, 250), **once)
    estimators = {
        f"PCA, {n_features}-{width}": PCA(width, random_state=0),
        f"scikit-learn's RBM, {n_features}-{width}": sklearn.neural_network.BernoulliRBM(**rbm),
        f"BernoulliRBM, {n_features}-{width}": BernoulliRBM(device="cpu", **rbm),
        f"Autoencoder, {n_features}-{width}": Autoencoder(width, hidden_layer_sizes=(), **once),
        f"Autoencoder, {n_features}-500-250-30": deep,
    }
    contestants = {
        name: partial(estimator.fit(X[:2_000]).transform, X)
        for name, estimator in estimators.items()
    }
    timings = race(contestants, n_repetitions)
    pca = next(iter(estimators))
    rows = [
        (name, TRANSFORM_ROWS / timings.median(name), timings.speed(name, pca))
        for name in estimators
    ]
    print_table(
        f"transform of {TRANSFORM_ROWS:,} rows, float32",
        ["estimator", "rows/s", "speed ÷ PCA"],
        rows,
    )


def annealing(n_repetitions: int) -> None:
    """Annealed importance sampling: the cost of a temperature, relative to its two products."""
    n_visible, n_hidden = ANNEALED_WIDTHS
    generator = torch.Generator().manual_seed(0)
    machine = RestrictedBoltzmannMachine(n_visible, n_hidden)
    for parameter in machine.parameters():
        parameter.data.normal_(0, 0.1, generator=generator)
    betas = torch.linspace(0, 1, ANNEALED_TEMPERATURES + 1, dtype=torch.float64)

    def ours() -> None:
        stream, path = Stream(0), machine.path()
        with torch.no_grad():
            anneal(path, path.base_state(ANNEALED_CHAINS, stream), betas, stream)

    def products(kernel: Kernel) -> Callable[[], None]:
        v = torch.randn(ANNEALED_CHAINS, n_visible)
        h = torch.randn(ANNEALED_CHAINS, n_hidden)
        two = [kernel(v, machine.W), kernel(h, machine.W.T)]
        return partial(repeat, ANNEALED_TEMPERATURES, two)

    contestants = {"ours": ours, "products": products(mm), "fast products": products(fast)}
    timings = race(contestants, n_repetitions)
    others = ("products", "fast products")
    figures = _per_update_and_speeds(timings, "ours", others, ANNEALED_TEMPERATURES)
    print_table(
        f"Annealing {ANNEALED_CHAINS} chains of an RBM {n_visible}-{n_hidden}: microseconds a "
        "temperature, and speed ratios",
        ["ours", *others, *(f"ours ÷ {name}" for name in others)],
        [figures],
    )


def dataloader_loop(X: np.ndarray, widths: Sequence[int], batch: int, n_epochs: int) -> nn.Module:
    """Train the same autoencoder as in tutorials."""
    torch.manual_seed(0)
    layers: list[nn.Module] = []
    for half in (widths, widths[::-1]):
        for n_inputs, n_outputs in pairwise(half):
            layers += [nn.Linear(n_inputs, n_outputs), nn.ReLU()]
        layers.pop()  # the code and the output are affine
    network = nn.Sequential(*layers)
    loader = DataLoader(TensorDataset(torch.from_numpy(X)), batch_size=batch, shuffle=True)
    optimizer = torch.optim.Adam(network.parameters())
    loss_function = nn.MSELoss()
    for _ in range(n_epochs):
        for (x,) in loader:
            optimizer.zero_grad()
            loss_function(network(x), x).backward()
            optimizer.step()
    return network


def _race_rbms(batch: int, n_rows: int, precisions: Sequence[str], n_repetitions: int) -> Timings:
    """Time one epoch of each; ours is named by its precision."""
    X, n_updates = synthetic_bits(n_rows, RBM_WIDTHS[0]), n_rows // batch
    parameters = {
        "n_components": RBM_WIDTHS[1],
        "learning_rate": 0.05,
        "batch_size": batch,
        "n_iter": 1,
        "random_state": 0,
    }
    alike = parameters | {"n_chains": batch, "device": "cpu"}  # scikit-learn's chains are as many
    ours = {
        precision: partial(BernoulliRBM(precision=precision, **alike).fit, X)
        for precision in precisions
    }
    others = {
        "scikit-learn": partial(sklearn.neural_network.BernoulliRBM(**parameters).fit, X),
        "products": partial(repeat, n_updates, rbm_products(*RBM_WIDTHS, batch, mm)),
        "fast products": partial(repeat, n_updates, rbm_products(*RBM_WIDTHS, batch, fast)),
    }
    return race(ours | others, n_repetitions)


def _per_update_and_speeds(
    timings: Timings, ours: str, others: Sequence[str], n_updates: int
) -> list[float]:
    """Microseconds per update of all contestants, and our speed relative to each of the others."""
    microseconds = [1e6 / n_updates * timings.median(name) for name in (ours, *others)]
    return microseconds + [timings.speed(ours, name) for name in others]
