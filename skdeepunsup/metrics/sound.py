"""Metrics of waveforms."""

from typing import Any

import numpy as np
from sklearn.utils import check_array

from .._sound import warn_of_integers


def si_sdr(reference: Any, estimate: Any) -> np.ndarray:
    """Compute the scale-invariant signal-to-distortion ratio of each waveform, in dB.

    With s the reference, x the estimate and a = ⟨x, s⟩ / ‖s‖², it is
    10 log₁₀(‖a s‖² / ‖x − a s‖²): the energy of the reference in the estimate over that of the
    rest, whatever the loudness of either.

    Parameters
    ----------
    reference : array-like of shape (n_samples, n_times)
        Target waveforms, one per row.
    estimate : array-like of shape (n_samples, n_times)
        Waveforms to judge.

    Returns
    -------
    ndarray of shape (n_samples,)
        Decibels, higher is better: infinite, or above 300 by rounding, where an estimate is a
        multiple of its reference; minus infinity where the two are orthogonal or the estimate is
        silent.

    Raises
    ------
    ValueError
        If a reference is silent, or the shapes differ.

    Notes
    -----
    The means are not subtracted: a constant offset counts as sound, that of bytes (8 bits), whose
    silence is at 128, with a warning.

    References
    ----------
    Le Roux, J., Wisdom, S., Erdogan, H. and Hershey, J. R., "SDR: half-baked or well done?",
    ICASSP 2019.

    Examples
    --------
    >>> from skdeepunsup.metrics import si_sdr
    >>> si_sdr([[1, 1, 1, 1]], [[3, 3, 3, 1]])  # ‖a s‖² = 25, ‖x − a s‖² = 3
    array([9.208...])
    """
    s, x = (
        check_array(sound, dtype="numeric", input_name=name)
        for sound, name in ((reference, "reference"), (estimate, "estimate"))
    )
    warn_of_integers(s, "reference", of_any_scale=True)
    warn_of_integers(x, "estimate", of_any_scale=True)
    s, x = s.astype(np.float64), x.astype(np.float64)
    if s.shape != x.shape:
        raise ValueError(f"reference has shape {s.shape}, but estimate {x.shape}.")
    s, x = _at_full_level(s), _at_full_level(x)
    if not (audible := s.any(axis=1)).all():
        row = int(audible.argmin())
        raise ValueError(f"reference is silent in row {row}: leave such rows out.")
    signal = ((x * s).sum(axis=1) / np.square(s).sum(axis=1))[:, None] * s
    kept, lost = np.square(signal).sum(axis=1), np.square(x - signal).sum(axis=1)
    with np.errstate(divide="ignore"):
        return 10 * (np.log10(kept) - np.log10(np.where(kept > 0, lost, 1)))


def _at_full_level(x: np.ndarray) -> np.ndarray:
    """Scale each waveform so that its largest sample is 1 or -1, so that no square overflows."""
    peak = np.abs(x).max(axis=1, keepdims=True)
    return x / np.where(peak > 0, peak, 1)
