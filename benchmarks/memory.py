"""Peak memory of a fit to data outside memory (memory-mapped) or sparse."""

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import scipy.sparse as sp

from skdeepunsup import Autoencoder, BernoulliRBM, ImplicitVAE

from .data import synthetic_bits
from .timing import limit_threads, print_table

N_FEATURES = 784
BLOCK_ROWS = 10_000
MEGABYTE = 1e6
ESTIMATORS = {
    "BernoulliRBM": BernoulliRBM(64, batch_size=1000, n_iter=1, device="cpu", random_state=0),
    "Autoencoder": Autoencoder(
        32,
        hidden_layer_sizes=(),
        batch_size=1000,
        max_iter=1,
        early_stopping=False,
        device="cpu",
        random_state=0,
    ),
}
WIDE = {
    "Autoencoder(64)": Autoencoder(
        64,
        hidden_layer_sizes=(),
        batch_size=100,
        max_iter=1,
        early_stopping=False,
        device="cpu",
        random_state=0,
    ),
    "ImplicitVAE(64)": ImplicitVAE(64, batch_size=100, max_iter=1, device="cpu", random_state=0),
}
"""Fits to sparse rows of many columns, which ``python -m benchmarks speed`` measures."""
INPUTS = {"memory-mapped": "X.npy", "CSR": "X.npz"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``python -m benchmarks memory``."""
    parser.add_argument("--rows", type=int, default=500_000, help="rows of 784 (default 500,000)")


def run(arguments: argparse.Namespace) -> None:
    """Print the table."""
    if anonymous_memory("self") is None:
        print("\nmemory: skipped, since this system does not tell it in /proc")
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if shutil.disk_usage(folder).free < 8 * N_FEATURES * arguments.rows:
            print(f"\nmemory: skipped, since {folder} is too full; set TMPDIR to another folder")
            return
        sizes = write_inputs(folder, arguments.rows)
        rows = [
            (estimator, kind, sizes[kind] / MEGABYTE, *peak_of_fit(estimator, folder / file))
            for estimator in ESTIMATORS
            for kind, file in INPUTS.items()
        ]
    print_table(
        f"Memory of a fit on {arguments.rows:,} rows of {N_FEATURES}, in MB that no file backs",
        ["estimator", "input", "input's size", "before fit", "peak", "added by fit", "seconds"],
        rows,
    )
    print("Before the fit: Python, the libraries, and the CSR matrix, which is in memory.")


def write_inputs(folder: Path, n_rows: int) -> dict[str, int]:
    """Write the same rows as a dense and a sparse file, in blocks; return their sizes in bytes."""
    shape = (n_rows, N_FEATURES)
    X = np.lib.format.open_memmap(folder / INPUTS["memory-mapped"], "w+", np.float32, shape)
    blocks = []
    for start in range(0, n_rows, BLOCK_ROWS):
        block = synthetic_bits(min(BLOCK_ROWS, n_rows - start), N_FEATURES, seed=start)
        X[start : start + len(block)] = block
        blocks.append(sp.csr_array(block))
    X.flush()
    sparse = sp.vstack(blocks, format="csr")
    sp.save_npz(folder / INPUTS["CSR"], sparse, compressed=False)
    sparse_size = sparse.data.nbytes + sparse.indices.nbytes + sparse.indptr.nbytes
    return {"memory-mapped": X.nbytes, "CSR": sparse_size}


def peak_of_fit(estimator: str, path: Path) -> tuple[float, float, float, float]:
    """MB before a fit and at its peak, in a separate process, their difference, and the seconds."""
    command = [sys.executable, "-m", "benchmarks.memory", estimator, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        process.stdout.readline()  # ready
        before = peak = anonymous_memory(process.pid) or 0
        start = time.perf_counter()
        process.stdin.close()  # go
        while process.poll() is None:
            peak = max(peak, anonymous_memory(process.pid) or 0)
            time.sleep(0.005)
        seconds = time.perf_counter() - start
    if process.returncode != 0:
        raise subprocess.CalledProcessError(process.returncode, command)
    return before / MEGABYTE, peak / MEGABYTE, (peak - before) / MEGABYTE, seconds


def anonymous_memory(process: int | str) -> int | None:
    """Bytes in memory that belong to no file, or None if the system does not report them."""
    try:
        status = Path(f"/proc/{process}/status").read_text()
    except OSError:
        return None
    sizes = [line.split()[1] for line in status.splitlines() if line.startswith("RssAnon:")]
    return 1024 * int(sizes[0]) if sizes else None


def fit_when_told(estimator: str, path: Path) -> None:
    """Open the data, report it on standard output, wait for the end of standard input, and fit.

    A first fit to few rows makes the libraries load everything they need.
    """
    X = np.load(path, mmap_mode="r") if path.suffix == ".npy" else sp.load_npz(path)
    model = (ESTIMATORS | WIDE)[estimator]
    model.fit(X[:1000])
    print("ready", flush=True)
    sys.stdin.read()
    model.fit(X)


if __name__ == "__main__":
    limit_threads(1)
    fit_when_told(sys.argv[1], Path(sys.argv[2]))
