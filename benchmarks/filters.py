"""Filters of noise that learn nothing, for the benchmark of speech."""

from collections.abc import Callable

import numpy as np
from scipy.signal import ShortTimeFFT, wiener


def local(size: int) -> Callable[..., np.ndarray]:
    """SciPy's Wiener filter in the time domain."""

    def clean(S: np.ndarray, N: np.ndarray) -> np.ndarray:
        with np.errstate(divide="ignore", invalid="ignore"):  # silence
            return np.nan_to_num([wiener(row, size) for row in S + N])

    return clean


def spectral_filters(stft: ShortTimeFFT, told: bool) -> list[Callable[..., np.ndarray]]:
    """Spectral filters, from which the best one is chosen."""
    overs = (1, 1.5, 2, 3) if told else (2, 4, 6, 9, 13)
    return [
        spectral(stft, told, over, memory)
        for over in overs
        for memory in (0.6, 0.8, 0.9, 0.95, 0.98)
    ]


def spectral(
    stft: ShortTimeFFT, told: bool, over: float, memory: float
) -> Callable[..., np.ndarray]:
    """Wiener gains ξ / (1 + ξ) of each bin, with the signal-to-noise ratio ξ estimated by frame.

    The noise is ``over`` times its mean spectrum if that is given, else times the level that each
    bin has in at most a fifth of the frames. A share ``memory`` of ξ comes from the result of the
    previous frame (Ephraim and Malah 1984).
    """

    def clean(S: np.ndarray, N: np.ndarray) -> np.ndarray:
        mixed = stft.stft(S + N)
        power = np.square(np.abs(mixed))
        if told:
            noise = np.square(np.abs(stft.stft(N))).mean(2, keepdims=True)
        else:
            noise = np.quantile(power, 0.2, axis=2, keepdims=True)
        ratio = power / (over * noise + 1e-12)
        before = np.zeros(ratio.shape[:2])
        for t in range(ratio.shape[2]):
            prior = memory * before + (1 - memory) * np.maximum(ratio[:, :, t] - 1, 0)
            share = np.maximum(prior / (1 + prior), 0.05)
            before = share**2 * ratio[:, :, t]
            mixed[:, :, t] *= share
        return stft.istft(mixed, k1=S.shape[1])

    return clean
