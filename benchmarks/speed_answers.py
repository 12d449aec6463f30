"""Races of what fitted models answer: codes, a single row's, draws, and annealing."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
import sklearn.neural_network
import torch
from sklearn.decomposition import PCA
from sklearn.neural_network import MLPRegressor

from skdeepunsup import Autoencoder, BernoulliRBM, VariationalAutoencoder
from skdeepunsup._random import Stream
from skdeepunsup.energy.likelihood.partition import anneal
from skdeepunsup.energy.machines.restricted import RestrictedBoltzmannMachine

from .data import synthetic_bits
from .products import Kernel, fast, forward_products, layers_of, mm, repeat
from .races import Case, Table

N_FEATURES, WIDTH = 784, 256
DEEP = (784, 500, 250, 30)
"""Widths of the deep encoder."""
N_ROWS, FITTED_ROWS = 20_000, 2_000
N_CALLS = 50
"""Calls with one row, in a timing."""
DRAWN, SWEEPS = 500, 50
"""Rows drawn from a machine, and sweeps of each chain."""
ANNEALED_WIDTHS, ANNEALED_CHAINS, ANNEALED_TEMPERATURES = (784, 500), 100, 300


def tables(device: str) -> Iterator[Table]:
    """Answers on a device."""
    yield Table(f"transform of {N_ROWS:,} rows, float32", "row", codes(device))
    yield Table(f"One row through {'-'.join(map(str, DEEP))}", "call", single_rows(device))
    yield Table("sample", "row", draws(device))
    yield Table(f"Annealing {ANNEALED_CHAINS} chains of an RBM", "temperature", annealing(device))


def codes(device: str) -> Iterator[Case]:
    """Codes of many rows."""
    X = synthetic_bits(N_ROWS, N_FEATURES)
    few, d = X[:FITTED_ROWS], N_FEATURES
    rbm = {"n_components": WIDTH, "batch_size": 100, "n_iter": 1, "random_state": 0}
    ours = {
        "BernoulliRBM": BernoulliRBM(device=device, **rbm),
        "Autoencoder": Autoencoder(WIDTH, hidden_layer_sizes=(), **_once(device)),
    }
    theirs = {
        "scikit-learn's RBM, CPU": sklearn.neural_network.BernoulliRBM(**rbm),
        "PCA, CPU": PCA(WIDTH, random_state=0),
    }
    shallow = {name: partial(m.fit(few).transform, X) for name, m in (ours | theirs).items()}
    yield Case(f"{d}-{WIDTH}", N_ROWS, shallow | _products([(d, WIDTH)], device))
    deep = {
        "Autoencoder": partial(deep_encoder(device).fit(few).transform, X),
        "PCA, CPU": partial(PCA(DEEP[-1], random_state=0).fit(few).transform, X),
    }
    yield Case("-".join(map(str, DEEP)), N_ROWS, deep | _products(layers_of(DEEP)[:3], device))


def _products(layers: list[tuple[int, int]], device: str) -> dict[str, Callable[[], Any]]:
    return {"products": partial(repeat, 1, forward_products(layers, N_ROWS, mm, device))}


def single_rows(device: str) -> Iterator[Case]:
    """The code of one row, beside a prediction of the same layers."""
    bits = synthetic_bits(FITTED_ROWS, N_FEATURES)
    for dtype in (np.float32, np.float64):
        X = bits.astype(dtype)
        ours = deep_encoder(device).fit(X)
        regressor = MLPRegressor(
            hidden_layer_sizes=DEEP[1:-1], max_iter=1, batch_size=100, random_state=0
        )
        regressor.fit(X, X[:, : DEEP[-1]])
        contestants = {
            "Autoencoder.transform": partial(_each, ours.transform, X[:1]),
            "MLPRegressor.predict, CPU": partial(_each, regressor.predict, X[:1]),
        }
        yield Case(np.dtype(dtype).name, N_CALLS, contestants)


def deep_encoder(device: str) -> Autoencoder:
    """An autoencoder of `DEEP` that is fitted at once."""
    return Autoencoder(DEEP[-1], hidden_layer_sizes=DEEP[1:-1], **_once(device))


def draws(device: str) -> Iterator[Case]:
    """Rows drawn by Gibbs sampling and by a decoder."""
    X = synthetic_bits(FITTED_ROWS, N_FEATURES)
    d, h = N_FEATURES, WIDTH
    rbm = BernoulliRBM(h, batch_size=100, n_iter=1, device=device, random_state=0).fit(X)
    sweep = forward_products([(d, h), (h, d)], DRAWN, mm, device)
    yield Case(
        f"BernoulliRBM {d}-{h}, {DRAWN} chains of {SWEEPS} sweeps",
        DRAWN,
        {
            "ours": partial(rbm.sample, DRAWN, n_steps=SWEEPS, random_state=0),
            "products": partial(repeat, SWEEPS, sweep),
        },
    )
    *hidden, code = DEEP[1:]
    vae = VariationalAutoencoder(code, hidden_layer_sizes=tuple(hidden), **_once(device)).fit(X)
    decoder = layers_of(DEEP)[len(DEEP) - 1 :]
    yield Case(
        f"VariationalAutoencoder {'-'.join(map(str, DEEP[::-1]))}, {N_ROWS:,} rows",
        N_ROWS,
        {"ours": partial(vae.sample, N_ROWS, random_state=0)} | _products(decoder, device),
    )


def annealing(device: str) -> Iterator[Case]:
    """Annealed importance sampling beside the two products of a temperature."""
    n_visible, n_hidden = ANNEALED_WIDTHS
    generator = torch.Generator().manual_seed(0)
    machine = RestrictedBoltzmannMachine(n_visible, n_hidden)
    for parameter in machine.parameters():
        parameter.data.normal_(0, 0.1, generator=generator)
    machine.to(device)
    betas = torch.linspace(0, 1, ANNEALED_TEMPERATURES + 1, dtype=torch.float64)

    def ours() -> None:
        stream, path = Stream(0, device), machine.path()
        with torch.no_grad():
            anneal(path, path.base_state(ANNEALED_CHAINS, stream), betas, stream)

    def products(kernel: Kernel) -> Callable[[], None]:
        v = torch.randn(ANNEALED_CHAINS, n_visible, device=device)
        h = torch.randn(ANNEALED_CHAINS, n_hidden, device=device)
        two = [kernel(v, machine.W), kernel(h, machine.W.T)]
        return partial(repeat, ANNEALED_TEMPERATURES, two)

    contestants = {"ours": ours, "products": products(mm)}
    if device == "cpu":
        contestants["fast products"] = products(fast)
    yield Case(f"{n_visible}-{n_hidden}", ANNEALED_TEMPERATURES, contestants)


def _each(function: Callable[[np.ndarray], Any], row: np.ndarray) -> None:
    for _ in range(N_CALLS):
        function(row)


def _once(device: str) -> dict[str, Any]:
    return {"max_iter": 1, "early_stopping": False, "device": device, "random_state": 0}
