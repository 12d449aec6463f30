"""What does not grow with the rows: a tiny fit, the import, a pickle; and wide, sparse rows."""

import os
import pickle
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp
import sklearn.neural_network
from sklearn.neural_network import MLPRegressor

from skdeepunsup import Autoencoder, BernoulliRBM, VariationalAutoencoder

from . import memory
from .races import Case, Table
from .timing import Cost, print_table

TINY = (100, 10)
"""Rows and features of a fit that is all fixed costs."""
WIDE, NARROW, STORED, SPARSE_ROWS = 50_000, 1_000, 20, 2_000
"""Columns of the sparse rows, entries of each, and rows."""
IMPORTS = {
    "skdeepunsup": "import skdeepunsup",
    "torch, scikit-learn": "import torch, sklearn.neural_network",
}
N_IMPORTS = 3


def tables() -> Iterator[Table]:
    """Fits that are races too, on the CPU."""
    yield Table(f"{TINY[0]} × {TINY[1]}, one epoch", "fit", tiny_fits())
    yield Table(f"One epoch of CSR rows, {STORED} entries each", "row", sparse_fits())


def tiny_fits() -> Iterator[Case]:
    """One epoch of next to nothing, beside scikit-learn's network."""
    X = (np.random.default_rng(0).random(TINY) < 0.5).astype(np.float64)
    theirs = MLPRegressor(hidden_layer_sizes=(3,), max_iter=1, batch_size=32, random_state=0)
    once: dict[str, Any] = {"device": "cpu", "batch_size": 32, "random_state": 0}
    descent = once | {"max_iter": 1, "early_stopping": False}
    for ours in (
        Autoencoder(3, hidden_layer_sizes=(), **descent),
        VariationalAutoencoder(3, hidden_layer_sizes=(), **descent),
        BernoulliRBM(3, n_iter=1, **once),
    ):
        yield Case(
            type(ours).__name__,
            1,
            {
                "ours": partial(ours.fit, X),
                "MLPRegressor": partial(theirs.fit, X, X),
            },
        )


def sparse_fits() -> Iterator[Case]:
    """The same entries in many columns and in few; the first is the one of many."""
    for name, model in memory.WIDE.items():
        contestants = {
            f"{columns:,} columns": partial(model.fit, sparse_rows(columns))
            for columns in (WIDE, NARROW)
        }
        yield Case(name, SPARSE_ROWS, contestants)


def sparse_rows(n_columns: int) -> sp.csr_array:
    """Rows with `STORED` ones each, in random columns."""
    rng = np.random.default_rng(0)
    columns = [rng.choice(n_columns, STORED, replace=False) for _ in range(SPARSE_ROWS)]
    starts = STORED * np.arange(SPARSE_ROWS + 1)
    ones = np.ones(STORED * SPARSE_ROWS, dtype=np.float32)
    return sp.csr_array((ones, np.concatenate(columns), starts), shape=(SPARSE_ROWS, n_columns))


def print_sparse_memory() -> None:
    """Print what a fit to the wide rows adds to the memory in use, beside their own size."""
    if memory.anonymous_memory("self") is None:
        print("\nmemory of sparse fits: skipped, since this system does not tell it in /proc")
        return
    X = sparse_rows(WIDE)
    size = (X.data.nbytes + X.indices.nbytes + X.indptr.nbytes) / memory.MEGABYTE
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / memory.INPUTS["CSR"]
        sp.save_npz(path, X, compressed=False)
        rows = [(name, size, memory.peak_of_fit(name, path)[2]) for name in memory.WIDE]
    print_table(
        f"Memory that a fit to {SPARSE_ROWS:,} CSR rows of {WIDE:,} columns adds, in MB",
        ["fit", "the matrix", "added"],
        rows,
    )


def print_imports() -> None:
    """Print the time of an import in a process of its own, beside that of what it is built on."""
    costs: dict[str, list[Cost]] = {name: [] for name in IMPORTS}
    for _ in range(N_IMPORTS):
        for name, statement in IMPORTS.items():
            costs[name].append(_process(statement))
    rows = [(name, *map(float, np.median(each, axis=0))) for name, each in costs.items()]
    print_table("Import, in seconds of a process", ["import", "wall", "CPU"], rows)


def print_pickle() -> None:
    """Print the size of a pickled machine of 3 units and 10, beside scikit-learn's."""
    X = (np.random.default_rng(0).random((20, 3)) < 0.5).astype(np.float64)
    machines = {
        "BernoulliRBM": BernoulliRBM(10, n_iter=1, random_state=0),
        "scikit-learn's": sklearn.neural_network.BernoulliRBM(10, n_iter=1, random_state=0),
    }
    rows = [(name, len(pickle.dumps(each.fit(X)))) for name, each in machines.items()]
    print_table("A pickled RBM 3-10, in bytes", ["estimator", "bytes"], rows)


def _process(statement: str) -> Cost:
    """What a process of Python costs that runs one statement."""
    wall, before = time.perf_counter(), os.times()
    subprocess.run([sys.executable, "-c", statement], check=True)
    after = os.times()
    cpu = after.children_user + after.children_system
    return Cost(time.perf_counter() - wall, cpu - before.children_user - before.children_system)
