"""The signal-to-distortion ratio that does not mind loudness."""

import numpy as np
import pytest

from skdeepunsup.metrics import si_sdr


@pytest.fixture
def sounds():
    return np.random.default_rng(0).normal(size=(2, 20, 500))


def test_it_is_the_ratio_of_the_reference_and_what_is_orthogonal_to_it(sounds):
    s, noise = sounds
    noise -= (noise * s).sum(1, keepdims=True) / np.square(s).sum(1, keepdims=True) * s
    expected = 10 * np.log10(np.square(s).sum(1) / np.square(0.1 * noise).sum(1))
    np.testing.assert_allclose(si_sdr(s, s + 0.1 * noise), expected, rtol=1e-10)


def test_it_is_a_function_of_the_angle_alone(sounds):
    s, x = sounds
    cosine = (s * x).sum(1) / np.linalg.norm(s, axis=1) / np.linalg.norm(x, axis=1)
    expected = 10 * np.log10(cosine**2 / (1 - cosine**2))
    np.testing.assert_allclose(si_sdr(s, x), expected, rtol=1e-10)
    np.testing.assert_allclose(si_sdr(3 * s, -0.01 * x), expected, rtol=1e-10)
    np.testing.assert_allclose(si_sdr(x, s), expected, rtol=1e-10)


def test_the_two_ends():
    s = np.array([[1.0, 0, 1, 0]])
    assert si_sdr(s, 2 * s) == np.inf
    assert si_sdr(s, s[:, ::-1]) == -np.inf
    assert si_sdr(s, 0 * s) == -np.inf


@pytest.mark.parametrize("loudness", [1e-170, 1e-300, 1e170, 1e300])
def test_no_loudness_is_too_little_or_too_much(sounds, loudness):
    s, x = sounds
    expected = si_sdr(s, x)
    np.testing.assert_allclose(si_sdr(loudness * s, x), expected, rtol=1e-10)
    np.testing.assert_allclose(si_sdr(s, loudness * x), expected, rtol=1e-10)


def test_silence_is_no_reference():
    with pytest.raises(ValueError, match="reference is silent in row 1"):
        si_sdr([[1, 2], [0, 0]], [[1, 2], [1, 2]])


def test_shapes_differ():
    with pytest.raises(ValueError, match=r"reference has shape \(1, 2\), but estimate \(1, 3\)"):
        si_sdr([[1, 2]], [[1, 2, 3]])
