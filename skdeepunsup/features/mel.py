"""The mel scale of pitch, filters evenly spaced on it, and a spectrum from its mel energies."""

import numpy as np

TINY = np.finfo(np.float64).tiny


def mel(f: float) -> float:
    """mel(f) = 2595 log₁₀(1 + f / 700), for a frequency f in Hz.

    D. O'Shaughnessy, "Speech communication: human and machine", Addison-Wesley 1987.
    """
    return float(2595 * np.log10(1 + f / 700))


def hertz(m: np.ndarray) -> np.ndarray:
    """Frequencies in Hz from mels: the inverse of ``mel``, 700 (10^(m / 2595) − 1)."""
    return 700 * (10 ** (m / 2595) - 1)


def mel_edges(n_mels: int, f_min: float, f_max: float) -> np.ndarray:
    """``n_mels + 2`` frequencies from ``f_min`` to ``f_max``, evenly spaced in mels."""
    return hertz(np.linspace(mel(f_min), mel(f_max), n_mels + 2))


def mel_filters(edges: np.ndarray, f: np.ndarray) -> np.ndarray:
    """Triangular filters M, shape (n_mels, n_bins), at the frequencies ``f`` of the bins.

    Filter i rises from 0 at edge i to 1 at edge i + 1, its centre, and falls to 0 at edge i + 2.
    Between the first and the last centre, the filters sum to 1 at every frequency.
    """
    return np.stack(
        [np.interp(f, edges[i : i + 3], [0, 1, 0], left=0, right=0) for i in range(len(edges) - 2)]
    )


def between_centres(edges: np.ndarray, f: np.ndarray) -> np.ndarray:
    """Interpolation C, shape (n_mels, n_bins), of gains g of bands to gains g C of bins.

    g C is linear between the centres of the bands and constant beyond them. The columns of C sum to
    1; between the first and the last centre, C equals the filters M.
    """
    centres = edges[1:-1]
    return np.stack([np.interp(f, centres, unit) for unit in np.eye(len(centres))])


def spectrum_of(e: np.ndarray, M: np.ndarray, n_iter: int = 30) -> np.ndarray:
    """A smooth spectrum p ≥ 0, (…, n_bins), with p Mᵀ ≈ e for given mel energies e, (…, n_mels).

    With fewer filters than bins, many p fit. Each Richardson-Lucy step

        p ← p ∘ [(e / p Mᵀ) M] / 1ᵀM

    lowers the Kullback–Leibler divergence of p Mᵀ from e, in which quiet bands count as much as
    loud ones. It starts at p = (e / M1) M / 1ᵀM, so p stays as smooth as e allows.

    W. H. Richardson, "Bayesian-based iterative method of image restoration", Journal of the Optical
    Society of America 62, 1972; L. B. Lucy, "An iterative technique for the rectification of
    observed distributions", Astronomical Journal 79, 1974.
    """
    total = np.maximum(M.sum(0), TINY)
    p = (e / M.sum(1)) @ M / total
    for _ in range(n_iter):
        p *= (e / np.maximum(p @ M.T, TINY)) @ M / total
    return p
