"""Recognises waveforms that are still the integers of a file."""

from typing import Any

import numpy as np
import scipy.sparse as sp

from ._caller import warn
from ._validation import value_range

LOUD = 1000.0
"""Waveforms with larger amplitudes are probably integers, not scaled to [-1, 1]."""

OF_BYTES = "bytes (8 bits) have their silence at 128: pass (X - 128.0) / 128"


def warn_of_integers(X: Any, name: str = "X", *, of_any_scale: bool = False) -> None:
    """Warn if waveforms are integers, which count from another silence or in other units.

    Parameters
    ----------
    X : ndarray or sparse matrix of shape (n_samples, n_times)
        Checked waveforms, in the dtype that they were given in.
    name : str, default="X"
        Their name, for the warning.
    of_any_scale : bool, default=False
        Whether the scale does not matter, so that bytes alone are warned of.
    """
    low, high = value_range(X)
    loudest = max(-low, high)
    if _are_bytes(X, low, high):
        remedy = OF_BYTES
    elif of_any_scale or not (loudest > LOUD or (X.dtype in (np.int8, np.int16) and loudest > 1)):
        return
    elif X.dtype == np.int8:
        remedy = "divide integers of 8 bits by 128"
    elif loudest > 32768:
        remedy = "divide integers of 32 bits by 2147483648, of 24 bits by 8388608"
    else:
        remedy = "divide integers of 16 bits by 32768"
    warn(
        f"{name} ranges from {low:.4g} to {high:.4g}, but waveforms lie within [-1, 1]: {remedy}.",
    )


def _are_bytes(X: Any, low: float, high: float) -> bool:
    """Whether ``X`` holds unsigned bytes, perhaps as numbers of another type."""
    if X.dtype == np.uint8:
        return high > 1
    if sp.issparse(X) or not (low >= 0 and 100 < high <= 255):
        return False
    return bool((np.floor(X) == X).all())
