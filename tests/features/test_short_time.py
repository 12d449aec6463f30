"""The short-time transform is SciPy's, for all waveforms at once."""

import numpy as np
import pytest
from scipy.signal import ShortTimeFFT
from scipy.signal.windows import hann

from skdeepunsup.features.short_time import ShortTime

SIZES = [(256, 64), (256, 128), (200, 50), (9, 2), (4, 2), (4, 1), (101, 50), (64, 13)]


@pytest.mark.parametrize(("m", "h"), SIZES)
@pytest.mark.parametrize("n_times", [0, 1, 2, 3, 63, 64, 65, 500])
@pytest.mark.parametrize("periodic", [True, False])
def test_spectra_and_sounds_are_those_of_scipy(m, h, n_times, periodic):
    n_times += -(-m // 2)  # SciPy takes no less
    window = hann(m, sym=not periodic) if periodic else hann(m, sym=False) + 0.1
    ours, theirs = ShortTime(window, h, 8000.0), ShortTimeFFT(window, h, 8000.0)
    x = np.random.default_rng(0).normal(size=(3, n_times))
    S = theirs.stft(x)
    assert ours.p_num(n_times) == theirs.p_num(n_times)
    np.testing.assert_allclose(ours.stft(x), S, atol=1e-12)
    np.testing.assert_allclose(ours.f, theirs.f)
    assert (ours.delta_f, ours.delta_t) == pytest.approx((theirs.delta_f, theirs.delta_t))
    other = S * np.exp(1j * np.random.default_rng(1).normal(size=S.shape))
    np.testing.assert_allclose(
        ours.istft(other, n_times), theirs.istft(other, k1=n_times), atol=1e-10
    )
    np.testing.assert_allclose(ours.istft(S, n_times), x, atol=1e-10)
