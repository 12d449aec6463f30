"""The mel scale: filters as wide as the ear's, what they hear of a spectrum, and the way back."""

import numpy as np

TINY = np.finfo(np.float64).tiny


def mel(f: float) -> float:
    """mel(f) = 2595 log₁₀(1 + f / 700) of a frequency in Hz.

    D. O'Shaughnessy, "Speech communication: human and machine", Addison-Wesley 1987.
    """
    return float(2595 * np.log10(1 + f / 700))


def hertz(m: np.ndarray) -> np.ndarray:
    """The frequencies of mels, in Hz: the inverse of ``mel``."""
    return 700 * (10 ** (m / 2595) - 1)


def mel_edges(n_mels: int, f_min: float, f_max: float) -> np.ndarray:
    """``n_mels + 2`` frequencies from ``f_min`` to ``f_max``, evenly spaced in mels."""
    return hertz(np.linspace(mel(f_min), mel(f_max), n_mels + 2))


def mel_filters(edges: np.ndarray, f: np.ndarray) -> np.ndarray:
    """M, of shape (n_mels, n_bins): filter i rises from edge i to 1 at i + 1, and falls to i + 2.

    Between the first and the last centre they sum to 1 at every frequency.
    """
    return np.stack(
        [np.interp(f, edges[i : i + 3], [0, 1, 0], left=0, right=0) for i in range(len(edges) - 2)]
    )


def between_centres(edges: np.ndarray, f: np.ndarray) -> np.ndarray:
    """C, of shape (n_mels, n_bins): g C is linear between the centres of g, and constant beyond.

    Its columns sum to 1; between the first and the last centre it is M.
    """
    centres = edges[1:-1]
    return np.stack([np.interp(f, centres, unit) for unit in np.eye(len(centres))])


def spectrum_of(e: np.ndarray, M: np.ndarray, n_iter: int = 30) -> np.ndarray:
    """A smooth p ≥ 0 with p Mᵀ ≈ e, of shape (…, n_bins), given mel energies (…, n_mels).

    Fewer filters than bins leave many such p. Each step

        p ← p ∘ [(e / p Mᵀ) M] / 1ᵀM

    lowers the Kullback–Leibler divergence of p Mᵀ from e, in which quiet bands count as loud ones
    do; beginning at p = (e / M1) M / 1ᵀM, it stays as smooth as e lets it.

    W. H. Richardson, "Bayesian-based iterative method of image restoration", Journal of the Optical
    Society of America 62, 1972; L. B. Lucy, "An iterative technique for the rectification of
    observed distributions", Astronomical Journal 79, 1974.
    """
    heard = np.maximum(M.sum(0), TINY)
    p = (e / M.sum(1)) @ M / heard
    for _ in range(n_iter):
        p *= (e / np.maximum(p @ M.T, TINY)) @ M / heard
    return p
