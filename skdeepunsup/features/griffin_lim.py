"""The Griffin-Lim algorithm: a waveform from the magnitudes of its short-time spectrum alone."""

import numpy as np

from .short_time import ShortTime

SILENT = 1e-290
"""A modulus below this has no phase: A divided by it could overflow."""


def griffin_lim(
    A: np.ndarray, stft: ShortTime, n_times: int, n_iter: int, momentum: float = 0.99
) -> np.ndarray:
    """Waveforms x, (n, n_times), with short-time spectra of magnitudes near A, (n, bins, frames).

    With F the short-time transform, F⁺ its least-squares inverse and A∠c = A c / |c|,

        tₙ = F F⁺ A∠cₙ₋₁,  cₙ = tₙ + α (tₙ − tₙ₋₁),  x = F⁺ A∠c,

    where the phases of c₀ make each bin a steady tone. With ``momentum`` α = 0, ‖|F x| − A‖ never
    increases; with α near 1 it ends lower.

    D. Griffin, J. Lim, "Signal estimation from modified short-time Fourier transform", IEEE
    Transactions on Acoustics, Speech and Signal Processing 32, 1984; N. Perraudin, P. Balazs,
    P. L. Søndergaard, "A fast Griffin-Lim algorithm", WASPAA 2013.
    """
    c = np.broadcast_to(steady_tones(stft, A.shape[-1]), A.shape)
    before = None
    for _ in range(n_iter):
        t = stft.stft(stft.istft(with_phases_of(c, A), n_times))
        c = t if before is None else t + momentum * (t - before)
        before = t
    return stft.istft(with_phases_of(c, A), n_times)


def steady_tones(stft: ShortTime, n_frames: int) -> np.ndarray:
    """exp(2πi f t), shape (n_bins, n_frames): f is a bin's frequency, t a frame's time."""
    t = np.arange(n_frames) * stft.delta_t
    return np.exp(2j * np.pi * np.outer(stft.f, t))


def with_phases_of(c: np.ndarray, A: np.ndarray) -> np.ndarray:
    """A∠c = A c / |c|, and A where c is 0."""
    modulus = np.abs(c)
    silent = modulus < SILENT
    modulus[silent] = 1
    turned = c * (A / modulus)
    turned[silent] = A[silent]
    return turned
