"""Autoencoders beside principal components: how much of held-out rows comes back from a code.

Codes of sparse, denoising and contractive autoencoders are as wide as by default: more comes back
from them than from a few principal components, or something is wrong.
"""

from typing import Any

import numpy as np
from sklearn.decomposition import PCA

from skdeepunsup import (
    Autoencoder,
    ContractiveAutoencoder,
    DenoisingAutoencoder,
    SparseAutoencoder,
)

from .defaults_tables import AS_IT_COMES, STANDARDISED, Table, tables
from .defaults_trade import Model, Trade, share

MASKED = 0.3
"""Share of the entries that denoising autoencoders have to restore."""
GRID: tuple[dict[str, Any], ...] = (
    {"hidden_layer_sizes": ()},
    {"hidden_layer_sizes": (128,)},
    {"hidden_layer_sizes": (128, 64)},
    {"learning_rate": 0.003},
    {"early_stopping": False},
    {"max_iter": 1000, "n_iter_no_change": 50},
)


def all_tables(names: list[str], n_rows: int, seed: int) -> Any:
    """Each table as it comes and standardised."""
    return tables(names, (AS_IT_COMES, STANDARDISED), n_rows, seed)


def explained(model: Any, table: Table) -> float:
    """Share of the variance of test rows, about the means of the training rows, that comes back."""
    model.fit(table.train)
    return returned(model, table.test, table)


def restored(model: Any, table: Table) -> float:
    """The share that comes back from rows with masked entries."""
    model.fit(table.train)
    return returned(model, masked(table), table)


def returned(model: Any, given: np.ndarray, table: Table) -> float:
    """1 − ‖x − x̂‖² / ‖x − mean‖², summed over test rows x and what comes back of the given."""
    back = model.inverse_transform(model.transform(given))
    test = table.test.astype(float)
    return float(1 - np.square(test - back).sum() / np.square(test - table.train.mean(0)).sum())


def masked(table: Table) -> np.ndarray:
    """Test rows, some of whose entries are the feature's mean."""
    lost = np.random.default_rng(table.seed).random(table.test.shape) < MASKED
    return np.where(lost, table.train.mean(0), table.test)


def components(table: Table) -> dict[str, float]:
    """The mean row, and principal components, as many as the code is wide."""
    return {"mean row": 0.0, "PCA": explained(PCA(table.width), table)}


def components_of_masked(table: Table) -> dict[str, float]:
    """The mean row, and principal components of the masked rows."""
    return {"mean row": 0.0, "PCA": restored(PCA(table.width), table)}


CODES = Trade(
    "share of the variance of test rows that comes back from the code; per cent of the larger",
    all_tables,
    {
        "Autoencoder": Model(lambda t: Autoencoder(t.width), GRID),
        "ContractiveAutoencoder": Model(lambda t: ContractiveAutoencoder(), GRID),
        "SparseAutoencoder": Model(lambda t: SparseAutoencoder(), (*GRID, {"sparsity": "l1"})),
    },
    explained,
    components,
    share,
)
DENOISERS = Trade(
    f"share of the variance of test rows that is restored where {MASKED:.0%} of the entries are "
    "replaced by means; per cent of the larger",
    all_tables,
    {"DenoisingAutoencoder": Model(lambda t: DenoisingAutoencoder(), GRID)},
    restored,
    components_of_masked,
    share,
)
