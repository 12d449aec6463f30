"""Rounded codes as bits: each component is coded by how often its levels occurred in ``fit``."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp
from scipy.ndimage import gaussian_filter1d

from ..._caller import warn
from ..._optional import optional
from ..._scaling import feature_deviations
from .bits_back import seed
from .byte_stream import damaged

MOST_LEVELS = 2**16
"""Most levels of a component."""

NARROWEST = 0.1
"""Kernels that are narrower than this, in steps, would not reach the next level."""

SEED_WORDS = 2
"""Initial words of the coder's stack."""


class Levels(NamedTuple):
    """The integers that a rounded component takes, and their probabilities.

    Attributes
    ----------
    low : int
        The lowest level; the others are the integers that follow.
    probabilities : ndarray of shape (n_levels,)
        Probability of each level.
    """

    low: int
    probabilities: np.ndarray


def estimated_levels(j: int, column: np.ndarray, step: float, asked: float) -> Levels:
    """Estimate the distribution of the levels of component ``j``, given its centred values.

    The frequencies are smoothed by a normal kernel with the width of Silverman's rule, and half a
    row is added to each level. ``asked`` is the parameter ``step`` of the estimator, for the error.
    """
    if step == 0:
        return Levels(0, np.array([1 - 2.0**-16, 2.0**-16]))
    low, high = np.rint(column.min() / step), np.rint(column.max() / step)
    if high - low >= MOST_LEVELS:
        raise ValueError(
            f"step == {asked} makes {high - low + 1:.0f} levels of component {j}, but at most "
            f"{MOST_LEVELS} can be coded; raise it."
        )
    levels = np.rint(column / step).astype(np.int64) - int(low)
    counts = np.bincount(levels, minlength=2).astype(np.float64)
    spread = min(column.std(), np.subtract(*np.quantile(column, [0.75, 0.25])) / 1.349)
    width = 0.9 * spread * len(column) ** -0.2 / step
    if width > NARROWEST:
        counts = gaussian_filter1d(counts, width, mode="constant")
    return Levels(int(low), (counts + 0.5) / (counts + 0.5).sum())


class LevelCoder:
    """Codes rows of levels, component by component, with asymmetric numeral systems.

    Parameters
    ----------
    levels : sequence of Levels
        Distribution of each component.
    user : str
        Name of the class that needs this, for the error if the coder is not installed.
    """

    def __init__(self, levels: Sequence[Levels], user: str) -> None:
        stream = optional("constriction", extra="compression", user=user).stream
        categorical = stream.model.Categorical
        self.levels = levels
        self.models = [categorical(part.probabilities, perfect=False) for part in levels]
        self.coder = stream.stack.AnsCoder

    def encode(self, indices: np.ndarray) -> np.ndarray:
        """Encode levels, shape (n_rows, n_components), to words."""
        coder = self.coder(seed(SEED_WORDS))
        for column, model, part in reversed(
            list(zip(indices.T, self.models, self.levels, strict=True))
        ):
            coder.encode_reverse(np.ascontiguousarray(column - part.low, np.int32), model)
        return coder.get_compressed()

    def decode(self, words: np.ndarray, n_rows: int) -> np.ndarray:
        """Decode ``n_rows`` rows of levels from words; raise if the words are not those of rows."""
        least = -sum(math.log2(part.probabilities.max()) for part in self.levels)
        if 0.9 * n_rows * least > 32 * len(words):  # before memory for so many rows is allocated
            raise damaged()
        try:
            coder = self.coder(words)
        except ValueError as error:
            raise damaged() from error
        columns = [
            coder.decode(model, n_rows) + part.low
            for model, part in zip(self.models, self.levels, strict=True)
        ]
        if not np.array_equal(coder.get_compressed(), seed(SEED_WORDS)):
            raise damaged()
        return np.stack(columns, axis=1).astype("<i4")


COARSE = 4.0
"""So many times the rows' deviation is a step that hardly any code survives."""


def warn_if_coarse(step: float, X: Any) -> None:
    """Warn if ``step`` is so large beside the rows' deviation that their codes hardly differ."""
    rows = X.tocsr() if sp.issparse(X) else np.asarray(X, dtype=np.float64)  # frames, too
    deviation = float(np.sqrt(np.square(feature_deviations(rows, None)).sum()))
    if 0 < COARSE * deviation < step:
        warn(
            f"step == {step}, but the rows deviate from their mean by {deviation:.2g} in all, in "
            f"the same units: most of them become the same code. Set step to {deviation / 4:.1g}, "
            "say."
        )
