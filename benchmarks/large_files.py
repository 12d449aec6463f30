"""Memory and speed of fitting, transforming and scoring a mapped file larger than memory.

The file is sparse: a block of rows is real in every gigabyte, the rest are holes, which read as
zeros. Peak memory is what belongs to the process alone (RssAnon) and pages of files that it has
mapped (RssFile), sampled while a step runs.
"""

import argparse
import shutil
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from skdeepunsup import Autoencoder, BernoulliRBM

from .data import synthetic_bits
from .timing import print_table, seconds

N_FEATURES = 784
REAL_ROWS = 10_000
GIGABYTE, MEGABYTE = 1e9, 1e6
MODELS = {
    "Autoencoder(8)": Autoencoder(
        8, hidden_layer_sizes=(), batch_size=1000, max_iter=1, device="cpu", random_state=0
    ),
    "BernoulliRBM(8)": BernoulliRBM(8, batch_size=1000, n_iter=1, device="cpu", random_state=0),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``python -m benchmarks large_files``."""
    parser.add_argument("--gigabytes", type=float, default=1, help="size of the file (default 1)")
    parser.add_argument("--models", nargs="+", choices=MODELS, default=list(MODELS))
    parser.add_argument("--folder", help="where to write the file (default: the temporary folder)")


def run(arguments: argparse.Namespace) -> None:
    """Print the table."""
    if resident() is None:
        print("\nlarge_files: skipped, since this system does not tell memory in /proc")
        return
    n_rows = max(1, int(arguments.gigabytes * GIGABYTE / (4 * N_FEATURES)))
    with tempfile.TemporaryDirectory(dir=arguments.folder) as name:
        folder = Path(name)
        if shutil.disk_usage(folder).free < 4 * 16 * n_rows + GIGABYTE:
            print(f"\nlarge_files: skipped, since {folder} is too full; give another --folder")
            return
        X = sparse_file(folder / "X.npy", n_rows)
        print_table(
            f"{n_rows:,} rows of {N_FEATURES} in float32, {X.nbytes / GIGABYTE:.1f} GB mapped",
            ["model", "step", "seconds", "rows a second", "peak MB of its own", "of mapped files"],
            (row for name in arguments.models for row in steps(name, X, folder)),
        )


def sparse_file(path: Path, n_rows: int) -> Any:
    """A mapped .npy file of bits, real in a block of every gigabyte, and holes between."""
    X = np.lib.format.open_memmap(path, "w+", np.float32, (n_rows, N_FEATURES))
    every = int(GIGABYTE / (4 * N_FEATURES))
    for start in range(0, n_rows, every):
        X[start : start + REAL_ROWS] = synthetic_bits(
            min(REAL_ROWS, n_rows - start), N_FEATURES, seed=start
        )
    X.flush()
    del X
    return np.load(path, mmap_mode="r")


def steps(name: str, X: Any, folder: Path) -> Any:
    """Fit, transform into a file and score, each with its time and its peaks of memory."""
    model = MODELS[name]

    def transform() -> None:
        shape = (len(X), 8)
        codes = np.lib.format.open_memmap(folder / "codes.npy", "w+", np.float32, shape)
        model.transform(X, out=codes)

    def score() -> None:
        model.score(X)

    for step in (lambda: model.fit(X), transform, score):
        time, own, mapped = watched(step)
        label = "fit, one epoch" if step not in (transform, score) else step.__name__
        yield name, label, time, len(X) / time, own / MEGABYTE, mapped / MEGABYTE


def watched(step: Callable[[], Any]) -> tuple[float, float, float]:
    """Seconds of a step, and the largest memory of its own and of mapped files meanwhile."""
    peaks, over = [0, 0], threading.Event()

    def look() -> None:
        while not over.wait(0.02):
            peaks[:] = map(max, peaks, resident() or (0, 0))

    watching = threading.Thread(target=look)
    watching.start()
    try:
        time = seconds(step)
    finally:
        over.set()
        watching.join()
    return time, *map(max, peaks, resident() or (0, 0))  # type: ignore[return-value]


def resident() -> tuple[int, int] | None:
    """Bytes in memory that belong to no file, and to mapped files; None where it is not told."""
    path = Path("/proc/self/status")
    if not path.exists():
        return None
    lines = (line.split() for line in path.read_text().splitlines())
    sizes = {words[0]: 1024 * int(words[1]) for words in lines if words and "Rss" in words[0]}
    return sizes["RssAnon:"], sizes["RssFile:"]
