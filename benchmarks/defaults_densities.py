"""Densities and probabilities of held-out rows, beside independent features and normal rows."""

from typing import Any

import numpy as np
from sklearn.covariance import LedoitWolf
from sklearn.decomposition import PCA

from skdeepunsup import (
    BernoulliRBM,
    BoltzmannMachine,
    CategoricalRBM,
    DeepBoltzmannMachine,
    GaussianRBM,
    VariationalAutoencoder,
)

from .defaults_tables import AS_IT_COMES, BITS, QUARTERS, STANDARDISED, Table, tables
from .defaults_trade import Model, Trade, nats

RARE = 0.05
"""Features that have one value in all rows but this share have no density to speak of."""
ANNEALING: dict[str, Any] = {"n_temperatures": 200, "n_chains": 50}
FLOOR = 1e-9
"""Least variance of principal components' noise, where they explain everything."""
LONGER = {"n_iter": 100}
CHAINS = {"n_chains": 100}


def spread_out(names: list[str], n_rows: int, seed: int) -> Any:
    """Tables as they come and standardised, of the features that vary."""
    for table in tables(names, (AS_IT_COMES, STANDARDISED), n_rows, seed):
        commonest = np.median(table.train, axis=0)
        yield table.with_columns((table.train != commonest).mean(0) > RARE)


def of_bits(names: list[str], n_rows: int, seed: int) -> Any:
    """Tables as bits, above the median or not, of the features whose bits vary.

    Without MNIST: a BoltzmannMachine updates its 784 features one after the other.
    """
    for table in tables([name for name in names if name != "mnist"], (BITS,), n_rows, seed):
        yield table.with_columns(np.abs(table.train.mean(0) - 0.5) < 0.5 - RARE)


def of_categories(names: list[str], n_rows: int, seed: int) -> Any:
    """Tables as quarters of the training rows, 0 to 3."""
    yield from tables(names, (QUARTERS,), n_rows, seed)


def density(model: Any, table: Table) -> float:
    """Mean log-density of a test row, in nats, as if features were standardised."""
    return float(model.fit(table.train).score(table.test)) + log_scales(table)


def machine_density(model: Any, table: Table) -> float:
    """The same of a machine, whose log Z is found by a short annealing."""
    return probability(model, table) + log_scales(table)


def probability(model: Any, table: Table) -> float:
    """Mean log-probability of a test row, in nats: −F(v) − log Z, or a bound on it."""
    model.fit(table.train)
    log_z = model.log_partition(**ANNEALING).value
    return float(-model.free_energy(table.test).mean() - log_z)


def log_scales(table: Table) -> float:
    """Σ log of the features' standard deviations: log-densities in other units differ by it."""
    return float(np.log(table.train.std(0)).sum())


def standard(table: Table) -> tuple[np.ndarray, np.ndarray]:
    """Training and test rows, standardised."""
    mean, scale = table.train.mean(0), table.train.std(0)
    return (table.train - mean) / scale, (table.test - mean) / scale


def independent_normals(table: Table) -> float:
    """Nats of independent normal features."""
    _, Z = standard(table)
    return float(-0.5 * (Z**2 + np.log(2 * np.pi)).sum(1).mean())


def probabilistic_pca(table: Table) -> dict[str, float]:
    """Independent normal features, and probabilistic PCA as wide as the code."""
    train, test = standard(table)
    pca = PCA(table.width).fit(train)
    pca.noise_variance_ = max(pca.noise_variance_, FLOOR)
    return {"independent": independent_normals(table), "pPCA": float(pca.score(test))}


def one_normal(table: Table) -> dict[str, float]:
    """Independent normal features, and one normal distribution with all covariances (shrunk)."""
    train, test = standard(table)
    full = LedoitWolf().fit(train)
    offsets = test - full.location_
    distances = np.einsum("ij,jk,ik->i", offsets, full.precision_, offsets)
    log_det = np.linalg.slogdet(2 * np.pi * full.covariance_)[1]
    return {
        "independent": independent_normals(table),
        "one normal": float(-0.5 * (distances.mean() + log_det)),
    }


def independent(table: Table) -> dict[str, float]:
    """Independent features: the frequencies of their values, with one row of each added."""
    values = np.arange(table.train.max() + 1)
    counts = 1 + (table.train == values[:, None, None]).sum(1)
    logs = np.log(counts / counts.sum(0))
    chosen = np.take_along_axis(logs, table.test.astype(int), 0)
    return {"independent": float(chosen.sum(1).mean())}


VARIATIONAL = Trade(
    "nats of a test row with standardised features; per cent are hundredths of a nat a value",
    spread_out,
    {
        "VariationalAutoencoder": Model(
            lambda t: VariationalAutoencoder(t.width),
            (
                {"hidden_layer_sizes": ()},
                {"hidden_layer_sizes": (256, 128)},
                {"noise_scale": "shared"},
                {"learning_rate": 0.003},
                {"max_iter": 1000, "n_iter_no_change": 100},
            ),
        )
    },
    density,
    probabilistic_pca,
    nats,
)
GAUSSIAN = Trade(
    VARIATIONAL.figure,
    spread_out,
    {
        "GaussianRBM": Model(
            lambda t: GaussianRBM(), (LONGER, CHAINS, {"n_components": 64}, {"weight_decay": 0.01})
        )
    },
    machine_density,
    one_normal,
    nats,
)
BINARY = Trade(
    "nats of a test row of bits (of a DeepBoltzmannMachine a bound); per cent are hundredths of a "
    "nat a bit",
    of_bits,
    {
        "BernoulliRBM": Model(
            lambda t: BernoulliRBM(), (LONGER, CHAINS, {"n_components": 64}, {"weight_decay": 0.01})
        ),
        "BoltzmannMachine": Model(
            lambda t: BoltzmannMachine(), (CHAINS, {"n_components": 0}, {"weight_decay": 0.01})
        ),
        "DeepBoltzmannMachine": Model(
            lambda t: DeepBoltzmannMachine(),
            (CHAINS, {"hidden_layer_sizes": (64, 64)}, {"pretraining_iter": 0}),
        ),
    },
    probability,
    independent,
    nats,
)
CATEGORICAL = Trade(
    "nats of a test row of quarters; per cent are hundredths of a nat a value",
    of_categories,
    {
        "CategoricalRBM": Model(
            lambda t: CategoricalRBM(n_categories=4),
            (LONGER, CHAINS | {"persistent": True}, {"n_components": 64}, {"weight_decay": 0.01}),
        )
    },
    probability,
    independent,
    nats,
)
