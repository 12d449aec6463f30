"""What a fit is of: digests of an estimator's class and parameters, of its data, and versions."""

import hashlib
import sys
from types import NoneType
from typing import Any

import numpy as np
import scipy.sparse as sp
import sklearn
import torch
from sklearn.base import BaseEstimator

from ._fingerprint import fingerprint
from ._sliced import Sliced
from ._sources import is_memory_mapped

SHORT = 60
"""Letters of a value that is told as it is, and not by a digest."""

SAMPLED_ROWS = 4096
"""Rows of a memory-mapped array that its digest is of, spread over all."""

RUNS, RUN_ROWS = 64, 64
"""Runs of neighbours, and rows of each, that the digest of a source is of, beside its means."""


def parameters(estimator: BaseEstimator) -> dict[str, str]:
    """The parameters of an estimator that change its fit, as text."""
    values = estimator.get_params(deep=False)
    return {name: text(value) for name, value in values.items() if name != "verbose"}


def versions() -> dict[str, str]:
    """Versions of what computes a fit."""
    own = sys.modules[__package__]  # no import: it is above all floors
    return {
        "skdeepunsup": str(own.__version__),
        "torch": torch.__version__,
        "numpy": np.__version__,
        "scikit-learn": sklearn.__version__,
    }


def text(value: Any) -> str:
    """A value as text that is the same in another process: itself if it is plain, or a digest."""
    if isinstance(value, np.ndarray | Sliced) or sp.issparse(value):
        return of_array(value)
    if isinstance(value, np.random.RandomState):
        value = value.get_state(legacy=False)
    shown = repr(value)
    plain = isinstance(value, NoneType | bool | int | float | str | tuple | list)
    if plain and len(shown) <= SHORT and " at 0x" not in shown:
        return shown
    return f"{type(value).__name__} {fingerprint(value).hex()}"


def of_array(X: Any) -> str:
    """Kind, shape and digest of an array or a sparse matrix.

    Every byte counts, but of memory-mapped arrays, which may be larger than the memory, rows spread
    over all are read; so it is of what gives rows by slices, whose means, known already, count too.
    """
    if isinstance(X, Sliced):
        starts = np.linspace(0, max(0, len(X) - RUN_ROWS), RUNS).astype(int)
        runs = np.concatenate([X.read(start, start + RUN_ROWS) for start in starts.tolist()])
        survey = X.survey()
        return f"{X.dtype} {X.shape} {fingerprint(runs, survey.counts, survey.means).hex()}"
    if sp.issparse(X) or X.dtype.hasobject:
        return f"{X.dtype} {X.shape} {fingerprint(X).hex()}"
    rows = X
    if is_memory_mapped(X):
        rows = X[:: max(1, len(X) // SAMPLED_ROWS)]
    content = np.ascontiguousarray(rows).reshape(-1).view(np.uint8)
    return f"{X.dtype} {X.shape} {_checksum(content)}"


def _checksum(content: np.ndarray) -> str:
    """A digest of bytes at the speed of the memory: every word counts, in its place mod 8191."""
    if content.size < 2**20:
        return hashlib.blake2b(content.data, digest_size=8).hexdigest()
    # Sums of words along both sides of a table find what any change of a few of them does.
    n = content.size // (8 * 8191) * 8191
    words, rest = content[: 8 * n].view(np.uint64).reshape(-1, 8191), content[8 * n :]
    sides = (np.add.reduce(words, axis=0), np.add.reduce(words, axis=1))
    whole = hashlib.blake2b(rest.data, digest_size=8)
    for side in sides:
        whole.update(np.ascontiguousarray(side).data)
    return whole.hexdigest()
