"""The data of the benchmarks."""

import csv
import gzip
import os
import sys
from collections.abc import Callable, Sequence
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.datasets import fetch_openml

VARIABLE = "SKDEEPUNSUP_DATA"
KEYS = ("x_train", "y_train", "x_test", "y_test")
MNIST_DENSITY = 0.13
"""Mean grey level of MNIST, the share of ones when it is binarised."""


def is_set() -> bool:
    """Whether ``SKDEEPUNSUP_DATA`` names a folder."""
    return bool(os.environ.get(VARIABLE))


def load_mnist() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """MNIST as bytes: 60,000 training images with labels, and 10,000 for testing.

    Read from ``mnist.npz`` in the folder that the environment variable ``SKDEEPUNSUP_DATA`` names
    (arrays ``x_train``, ``y_train``, ``x_test``, ``y_test``), or from OpenML if it is not set;
    scikit-learn caches the latter.
    """
    if os.environ.get(VARIABLE):
        x_train, y_train, x_test, y_test = _read("mnist.npz", lambda z: [z[key] for key in KEYS])
    else:
        x_train, y_train, x_test, y_test = _from_openml()
    return x_train.reshape(len(x_train), -1), y_train, x_test.reshape(len(x_test), -1), y_test


def load_binary_density(name: str) -> tuple[np.ndarray, ...]:
    """Training, validation and test bits of one set of the Density-Estimation-Datasets.

    From ``binary_density.npz``: bit-packed ``<name>_train``, ``_valid``, ``_test``, columns
    ``<name>_d``. The sets are at https://github.com/UCLA-StarAI/Density-Estimation-Datasets.
    """

    def unpack(z: Any) -> tuple[np.ndarray, ...]:
        parts = (z[f"{name}_{part}"] for part in ("train", "valid", "test"))
        return tuple(np.unpackbits(part, axis=1)[:, : int(z[f"{name}_d"])] for part in parts)

    return tuple(bits.astype(np.float32) for bits in _read("binary_density.npz", unpack))


def load_frey_faces() -> np.ndarray:
    """1,965 grey images of 28 × 20 pixels of one face, as bytes: ``frey_faces.npz``, ``images``."""
    return _read("frey_faces.npz", lambda z: z["images"])


def load_dsprites(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """``n`` images of dSprites, drawn without replacement, and their factors.

    The images are rows of 4,096 zeros and ones, float32; the factors are integer classes of shape,
    scale, orientation, x and y. From ``load_dsprites(n, seed)`` of a ``load.py`` next to the data,
    which returns images of 64 × 64 pixels and six classes of each, the first being the colour.
    """
    images, classes = _read("load.py", lambda loaders: loaders.load_dsprites(n, seed), _import)
    return images.reshape(len(images), -1).astype(np.float32), classes[:, 1:]


def load_movielens(fold: int) -> tuple[np.ndarray, np.ndarray]:
    """Training and test ratings of a fold of MovieLens 100k: users by films, NaN where unrated.

    From ``ml-100k/u1.base`` and the like, as GroupLens publishes them.
    """
    parts = []
    for part in ("base", "test"):
        user, film, rating = _read(f"ml-100k/u{fold}.{part}", lambda a: a, np.loadtxt).T[:3]
        matrix = np.full((943, 1682), np.nan, dtype=np.float32)
        matrix[user.astype(int) - 1, film.astype(int) - 1] = rating
        parts.append(matrix)
    return parts[0], parts[1]


def load_adbench(name: str) -> tuple[np.ndarray, np.ndarray]:
    """A table of ADBench, float64, and the anomalies: ``adbench/<number>_<name>.npz``.

    The tables are at https://github.com/Minqi824/ADBench.
    """
    paths = sorted(Path(os.environ.get(VARIABLE, "")).glob(f"adbench/*_{name}.npz"))
    path = f"adbench/{paths[0].name if paths else name + '.npz'}"
    return _read(path, lambda z: (z["X"].astype(np.float64), z["y"].astype(int)))


def load_csv(name: str, numbers: Sequence[str], label: str) -> tuple[np.ndarray, np.ndarray]:
    """Some columns of ``tables/<name>.csv``, float64, and a column of labels, as text.

    Rows in which one of them is empty are left out. "penguins" and "titanic" are the tables of
    https://github.com/mwaskom/seaborn-data.
    """

    def read(path: Path) -> list[dict[str, str]]:
        with path.open(newline="") as file:
            return list(csv.DictReader(file))

    def take(lines: list[dict[str, str]]) -> tuple[np.ndarray, np.ndarray]:
        whole = [line for line in lines if all(line[key] for key in (*numbers, label))]
        X = np.array([[float(line[key]) for key in numbers] for line in whole])
        return X, np.array([line[label] for line in whole])

    return _read(f"tables/{name}.csv", take, read)


def load_fashion_mnist() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Fashion-MNIST as bytes, in the form of ``load_mnist``, from ``fashion_mnist.npz``."""
    x_train, y_train, x_test, y_test = _read(
        "fashion_mnist.npz", lambda z: [z[key] for key in KEYS]
    )
    return x_train.reshape(len(x_train), -1), y_train, x_test.reshape(len(x_test), -1), y_test


def load_molecules(name: str) -> np.ndarray:
    """SMILES of the molecules of "qm9" or "zinc": ``<name>_smiles.txt.gz``, one per line."""
    return _read(
        f"{name}_smiles.txt.gz", np.array, lambda path: gzip.open(path, "rt").read().split()
    )


def load_spoken_digits(length: int) -> dict[str, np.ndarray]:
    """The Free Spoken Digit Dataset: 3,000 clips at 8 kHz, by six speakers.

    ``"X"`` has them as rows of ``length`` samples in [-1, 1], float32, cut or padded with silence;
    ``"digit"``, ``"speaker"`` and ``"index"`` give for each the digit, the speaker, and the number
    of the recording among 50: the first five are for testing. From ``fsdd.npz``: ``audio``, all
    clips concatenated, ``offsets``, where each begins, and those three. The set is at
    https://github.com/Jakobovski/free-spoken-digit-dataset.
    """
    names = ("audio", "offsets", "digit", "speaker", "index")
    audio, offsets, *marks = _read("fsdd.npz", lambda z: [z[name] for name in names])
    X = np.zeros((len(offsets) - 1, length), dtype=np.float32)
    for row, start, end in zip(X, offsets[:-1], offsets[1:], strict=True):
        clip = audio[start : min(end, start + length)]
        row[: len(clip)] = clip / 32768
    return {"X": X} | dict(zip(names[2:], marks, strict=True))


def synthetic_bits(n_rows: int, n_features: int = 784, seed: int = 0) -> np.ndarray:
    """Independent bits, float32, with the same share of ones as MNIST."""
    random = np.random.default_rng(seed).random((n_rows, n_features), dtype=np.float32)
    return (random < MNIST_DENSITY).astype(np.float32)


def _read(name: str, take: Callable[[Any], Any], load: Callable[[Any], Any] = np.load) -> Any:
    """Load a file in the folder that the variable names, and return what ``take`` extracts."""
    folder = os.environ.get(VARIABLE)
    if not folder:
        sys.exit(f"{name} is needed: set {VARIABLE} to the folder where it is.")
    try:
        return take(load(Path(folder) / name))
    except (OSError, ValueError, KeyError, AttributeError) as error:
        sys.exit(
            f"{VARIABLE} names {folder}, but no valid {name} can be read there ({error}); "
            "python -m pydoc benchmarks.data says what is expected."
        )


def _import(path: Path) -> Any:
    """The module in a file."""
    spec = spec_from_file_location(f"skdeepunsup_data_{path.stem}", path)
    assert spec is not None and spec.loader is not None  # a .py file has both
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _from_openml() -> tuple[np.ndarray, ...]:
    try:
        X, y = fetch_openml("mnist_784", version=1, return_X_y=True, as_frame=False)
    except (OSError, ValueError) as error:
        sys.exit(
            f"MNIST cannot be loaded from OpenML ({error}): go online once, or set {VARIABLE} to a "
            f"folder with an mnist.npz of the arrays {', '.join(KEYS)}."
        )
    X, y = X.astype(np.uint8), y.astype(np.uint8)
    return X[:60_000], y[:60_000], X[60_000:], y[60_000:]
