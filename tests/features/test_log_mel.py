"""Log-mel spectrograms: what they tell of known sounds, and sounds made of them."""

import re

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.base import clone
from sklearn.pipeline import make_pipeline

from skdeepunsup import Autoencoder, LogMel
from skdeepunsup.features.griffin_lim import griffin_lim, with_phases_of
from skdeepunsup.features.mel import (
    between_centres,
    hertz,
    mel,
    mel_edges,
    mel_filters,
    spectrum_of,
)
from skdeepunsup.metrics import si_sdr

RATE = 8000.0
N_TIMES = 2000
TIMES = np.arange(N_TIMES) / RATE
BIN = RATE / 256
"""Distance of two bins of the default window, in Hz."""


def tone(f, amplitude=1.0):
    return amplitude * np.sin(2 * np.pi * f * TIMES)


@pytest.fixture(scope="module")
def sounds():
    """A tone, a rising chirp, and noise that comes and goes."""
    noise = np.random.default_rng(0).normal(size=N_TIMES) * np.sin(9 * TIMES) ** 2
    chirp = np.sin(2 * np.pi * (300 + 3000 * TIMES) * TIMES)
    X = np.array([tone(700, 0.5), 0.5 * chirp, 0.1 * noise])
    X.flags.writeable = False
    return X


@pytest.fixture(scope="module")
def log_mel(sounds):
    return LogMel().fit(sounds)


def bands(log_mel, X):
    """Energies of the frames that lie within the waveforms as wholes: (n, frames, bands)."""
    images = log_mel.transform(X).reshape(-1, *log_mel.image_shape_)
    return 10 ** (images[:, 3:-4] / 10)


def test_mel_and_hertz_are_inverse_and_1000_hz_are_1000_mel():
    f = np.linspace(0, 8000, 50)
    np.testing.assert_allclose(hertz(np.array([mel(x) for x in f])), f, atol=1e-9)
    assert mel(1000) == pytest.approx(1000, abs=0.05)


def test_filters_share_out_each_frequency_between_the_outer_centres():
    f, edges = np.linspace(0, 4000, 1001), mel_edges(20, 200, 3500)
    M = mel_filters(edges, f)
    inside = (f >= edges[1]) & (f <= edges[-2])
    np.testing.assert_allclose(M.sum(0)[inside], 1)
    assert (M >= 0).all() and (M.sum(0) < 1 + 1e-12).all()
    assert (M[:, (f < 200) | (f > 3500)] == 0).all()
    np.testing.assert_allclose(np.diff([mel(edge) for edge in edges]), (mel(3500) - mel(200)) / 21)
    np.testing.assert_allclose(np.diag(mel_filters(edges, edges[1:-1])), 1)


def test_gains_between_centres_are_shares_of_the_filters():
    f, edges = np.linspace(0, 4000, 1001), mel_edges(20, 200, 3500)
    C = between_centres(edges, f)
    inside = (f >= edges[1]) & (f <= edges[-2])
    np.testing.assert_allclose(C.sum(0), 1)
    np.testing.assert_allclose(C[:, inside], mel_filters(edges, f)[:, inside], atol=1e-12)


@pytest.mark.parametrize(("k", "amplitude"), [(16, 1.0), (40, 0.1), (100, 2.0)])
def test_a_tone_has_its_square_times_one_and_a_half(log_mel, k, amplitude):
    # A Hann window spreads the tone of a bin to its neighbours, at half its amplitude each.
    energies = bands(log_mel, [tone(k * BIN, amplitude)]).sum(-1)
    np.testing.assert_allclose(energies, 1.5 * amplitude**2, atol=40e-8)


def test_noise_has_the_power_of_the_window(log_mel):
    noise = np.random.default_rng(0).normal(size=(200, N_TIMES))
    energies = bands(log_mel, noise)
    window = np.hanning(257)[:-1]
    expected = np.square(window).sum() / (window.sum() / 2) ** 2 * log_mel.mel_filters_.sum(1)
    mean = energies.mean((0, 1))
    # Frames that overlap tell the same: the error is that of 200 waveforms.
    error = energies.mean(1).std(0) / np.sqrt(200)
    assert (np.abs(mean - expected) < 4 * error).all()


def test_louder_by_a_factor_is_more_by_a_term(log_mel, sounds):
    soft, loud = log_mel.transform(sounds), log_mel.transform(-10 * sounds)
    above_floor = soft > -80
    np.testing.assert_allclose(loud[above_floor], soft[above_floor] + 20, rtol=1e-9)


def test_later_by_a_hop_is_one_frame_later(log_mel, sounds):
    later = np.roll(sounds, 64, axis=1)
    np.testing.assert_allclose(bands(log_mel, later)[:, 1:], bands(log_mel, sounds)[:, :-1])


def test_nothing_is_below_the_floor_and_silence_is_at_it():
    log_mel = LogMel(floor=-50).fit(np.zeros((1, N_TIMES)))
    assert (log_mel.transform(np.zeros((2, N_TIMES))) == -50).all()
    Z = log_mel.transform([tone(500)])
    assert Z.min() == -50 < Z.max()
    assert (log_mel.inverse_transform(np.full((2, Z.shape[1]), [[-50], [-60]])) == 0).all()


def test_gains_of_one_leave_all_as_it_is(sounds):
    log_mel = LogMel(f_min=300, f_max=3000, window_length=200, hop_length=50).fit(sounds)
    ones = np.ones((3, np.prod(log_mel.image_shape_)))
    np.testing.assert_allclose(log_mel.filter(sounds, ones), sounds, atol=1e-12)
    np.testing.assert_allclose(log_mel.filter(sounds, 3 * ones), 3 * sounds, atol=1e-12)


def test_filtering_is_linear_in_the_gains_and_in_the_sounds(log_mel, sounds):
    g, h = np.random.default_rng(0).random((2, 3, np.prod(log_mel.image_shape_)))
    filtered = log_mel.filter
    np.testing.assert_allclose(
        filtered(sounds, g + 2 * h), filtered(sounds, g) + 2 * filtered(sounds, h), atol=1e-12
    )
    np.testing.assert_allclose(
        filtered(sounds + sounds[::-1], g),
        filtered(sounds, g) + filtered(sounds[::-1], g),
        atol=1e-12,
    )


def test_a_filter_takes_one_tone_from_another(log_mel):
    low, high = tone(16 * BIN), tone(96 * BIN)
    centres = mel_edges(40, 0, 4000)[1:-1]
    gains = np.broadcast_to(centres < 1500, log_mel.image_shape_).astype(float)
    (kept,) = log_mel.filter([low + high], gains.reshape(1, -1))
    # Frames that reach beyond the ends contain a cut tone, which spreads over all bins.
    np.testing.assert_allclose(kept[256:-256], low[256:-256], atol=1e-12)


def test_a_spectrum_has_the_energies_it_was_made_for():
    rng = np.random.default_rng(0)
    M = mel_filters(mel_edges(10, 0, 4000), np.linspace(0, 4000, 65))
    e = rng.exponential(size=(5, 65)) @ M.T

    def divergence(n_iter):
        fit = spectrum_of(e, M, n_iter) @ M.T
        return (e * np.log(e / fit) - e + fit).sum(1)

    found = np.array([divergence(n) for n in (0, 1, 2, 5, 10, 30, 100)])
    assert (np.diff(found, axis=0) < 0).all()
    assert (spectrum_of(e, M) >= 0).all()
    assert (found[-1] < 1e-3 * found[0]).all()  # e is of a spectrum, so that 0 can be reached
    assert (spectrum_of(0 * e, M) == 0).all()


def magnitudes(log_mel, X):
    return np.abs(log_mel._stft.stft(X))


def misfit(log_mel, x, A):
    """‖|F x| − A‖ of each row, over bins of either sign."""
    twice = np.full((A.shape[1], 1), 2.0)
    twice[[0, -1]] = 1
    return np.sqrt((twice * np.square(magnitudes(log_mel, x) - A)).sum((1, 2)))


@pytest.mark.parametrize("made_up", [False, True])
def test_plain_griffin_lim_never_gets_worse(log_mel, sounds, made_up):
    A = magnitudes(log_mel, sounds)
    if made_up:
        A = np.random.default_rng(0).exponential(size=A.shape)
    found = [
        misfit(log_mel, griffin_lim(A, log_mel._stft, N_TIMES, n, momentum=0), A)
        for n in (0, 1, 2, 3, 10, 30)
    ]
    assert (np.diff(found, axis=0) <= 1e-12 * found[0]).all()
    fast = misfit(log_mel, griffin_lim(A, log_mel._stft, N_TIMES, 30), A)
    assert (fast < found[-1]).all()


def test_magnitudes_with_their_own_phases_are_the_sound(log_mel, sounds):
    S = log_mel._stft.stft(sounds)
    np.testing.assert_allclose(with_phases_of(S, np.abs(S)), S, atol=1e-12)
    assert (with_phases_of(np.zeros(2, complex), np.ones(2)) == 1).all()


def test_the_way_back_keeps_what_the_search_keeps(log_mel, sounds):
    # √(Σₖ Mₖ sₖ²) is a norm of s, and the weights of a bin sum to 1 at most: so the bands of two
    # sounds differ by no more than their magnitudes do. And the magnitudes were made for the bands.
    Z = log_mel.transform(sounds)
    back = log_mel.inverse_transform(Z)
    e = np.where(Z > -80, 10 ** (Z / 10), 0).reshape(3, *log_mel.image_shape_)
    p = spectrum_of(e, log_mel.mel_filters_)
    wrong = np.linalg.norm(magnitudes(log_mel, back) - np.sqrt(p).swapaxes(1, 2), axis=(1, 2))
    unfit = np.linalg.norm(np.sqrt(p @ log_mel.mel_filters_.T) - np.sqrt(e), axis=(1, 2))
    again = 10 ** (log_mel.transform(back).reshape(e.shape) / 20)
    differ = np.linalg.norm(again - np.sqrt(np.maximum(e, 1e-8)), axis=(1, 2))
    assert (differ <= wrong + unfit + 1e-4 * np.sqrt(e[0].size)).all()
    assert (differ < 0.2 * np.sqrt(e.sum((1, 2)))).all()


def test_answers_are_the_same_at_every_call_and_in_any_company(log_mel, sounds):
    many = np.tile(sounds, (15, 1))  # more than are held at a time
    Z = log_mel.transform(many)
    back = log_mel.inverse_transform(Z)
    np.testing.assert_array_equal(back, log_mel.inverse_transform(Z))
    for i in (0, 1, 2, 32):
        np.testing.assert_allclose(log_mel.transform(many[[i]])[0], Z[i], rtol=1e-12)
        np.testing.assert_allclose(log_mel.inverse_transform(Z[[i]])[0], back[i], atol=1e-9)
    np.testing.assert_allclose(back[42:], back[:3], atol=1e-9)


@pytest.mark.filterwarnings("ignore:X ranges from")
def test_other_arrays_of_the_same_sounds(log_mel, sounds):
    Z = log_mel.transform(sounds)
    np.testing.assert_allclose(log_mel.transform(sp.csr_array(sounds)), Z)
    single = log_mel.transform(sounds.astype(np.float32))
    assert single.dtype == log_mel.inverse_transform(single).dtype == np.float32
    np.testing.assert_allclose(single, Z, atol=0.01)
    whole = np.round(sounds * 32768).astype(np.int16)
    np.testing.assert_allclose(
        log_mel.transform(whole), log_mel.transform(whole / 32768.0 * 32768.0)
    )


def test_names_of_the_result(log_mel):
    names = log_mel.get_feature_names_out()
    assert len(names) == np.prod(log_mel.image_shape_) and names[1] == "logmel1"


def test_a_convolutional_model_takes_its_images(sounds):
    log_mel = LogMel(hop_length=128, n_mels=16).fit(sounds)
    model = Autoencoder(2, image_shape=log_mel.image_shape_, max_iter=2, random_state=0)
    pipeline = make_pipeline(log_mel, model).fit(sounds)
    assert pipeline.inverse_transform(pipeline.transform(sounds)).shape == sounds.shape


@pytest.mark.parametrize(
    ("parameters", "complaint"),
    [
        ({"sample_rate": 0}, "sample_rate == 0"),
        ({"window_length": 3}, "window_length == 3"),
        ({"window_length": 4001}, r"window_length == 4001, but waveforms have n_features = 2000"),
        ({"hop_length": 0}, "hop_length == 0"),
        ({"hop_length": 129}, "hop_length == 129, must be at most half of window_length == 256"),
        ({"n_mels": 0}, "n_mels == 0"),
        ({"n_mels": 100}, "n_mels == 100, but .* of these bands lie between bins"),
        ({"f_min": -1}, "f_min == -1"),
        ({"f_max": 4001}, "f_max == 4001, must be at most half of sample_rate == 8000"),
        ({"f_min": 500, "f_max": 400}, "f_min == 500, must be less than f_max == 400"),
        ({"floor": -301}, "floor == -301"),
        ({"floor": 50}, "floor == 50"),
        ({"n_iter": -1}, "n_iter == -1"),
    ],
)
def test_bad_parameters_are_named(sounds, parameters, complaint):
    with pytest.raises(ValueError, match=complaint):
        LogMel(**parameters).fit(sounds)


def test_a_failed_fit_leaves_the_last_one(sounds):
    log_mel = LogMel().fit(sounds)
    before = log_mel.transform(sounds)
    with pytest.raises(ValueError, match="n_mels"):
        log_mel.set_params(n_mels=100).fit(sounds)
    np.testing.assert_array_equal(log_mel.transform(sounds), before)


@pytest.mark.parametrize(
    ("gains", "complaint"),
    [
        (lambda shape: np.ones((3, shape[1] - 1)), "gains has shape"),
        (lambda shape: np.ones((1, shape[1])), "gains has shape"),
        (lambda shape: np.full((3, shape[1]), -6.0), r"gains has -6, .* by 10 \*\* \(dB / 20\)"),
        (lambda shape: np.full((3, shape[1]), np.nan), "gains contains NaN"),
    ],
)
def test_bad_gains_are_named(log_mel, sounds, gains, complaint):
    with pytest.raises(ValueError, match=complaint):
        log_mel.filter(sounds, gains(log_mel.transform(sounds).shape))


def test_spectrograms_of_another_length_are_refused(log_mel):
    with pytest.raises(ValueError, match=r"X has 40 columns, but codes of this LogMel have"):
        log_mel.inverse_transform(np.zeros((1, 40)))


def test_levels_beyond_all_sounds_are_refused(log_mel):
    Z = np.zeros((2, np.prod(log_mel.image_shape_)))
    Z[1, 7] = 4000
    with pytest.raises(ValueError, match="X has a level of 4000 dB, but at most 700"):
        log_mel.inverse_transform(Z)
    Z[1, 7] = 700
    assert np.isfinite(log_mel.inverse_transform(Z.astype(np.float32))).all()


def test_samples_of_integers_are_warned_of():
    X = (20_000 * np.random.default_rng(0).uniform(-1, 1, (2, 2000))).astype(np.int16)
    with pytest.warns(UserWarning, match="divide integers of 16 bits by 32768"):
        LogMel().fit(X)


BYTES = np.array([128, 255, 128, 1] * 250, dtype=np.uint8)[None].repeat(2, 0)
INTEGERS = {
    "uint8": (BYTES, "silence at 128: pass (X - 128.0) / 128"),
    "uint8 as floats": (BYTES.astype(float), "silence at 128: pass (X - 128.0) / 128"),
    "int8": ((BYTES - 128.0).astype(np.int8), "divide integers of 8 bits by 128"),
    "soft int16": ((BYTES - 128.0).astype(np.int16), "divide integers of 16 bits by 32768"),
    "int16": (((BYTES - 128.0) * 256).astype(np.int16), "divide integers of 16 bits by 32768"),
    "int32": (((BYTES - 128.0) * 2**24).astype(np.int32), "of 32 bits by 2147483648"),
}


@pytest.mark.parametrize("name", INTEGERS)
def test_integers_are_warned_of_at_every_door(name):
    X, advice = INTEGERS[name]
    log_mel = LogMel().fit(np.zeros(X.shape))
    gains = np.ones((len(X), np.prod(log_mel.image_shape_)))
    doors = [clone(log_mel).fit, log_mel.transform, lambda X: log_mel.filter(X, gains)]
    if "uint8" in name:
        doors += [lambda X: si_sdr(X, X), lambda X: si_sdr(X - 128.0, X)]
    for door in doors:
        with pytest.warns(UserWarning, match=re.escape(advice)) as caught:
            door(X)
        assert caught[0].filename == __file__


def test_bytes_are_right_as_they_are_advised():
    sound = np.sin(np.arange(1000) * 0.5)[None]
    X = np.round(128 + 127 * sound).astype(np.uint8)
    advised = (X - 128.0) / 128
    loud = LogMel(floor=-40)  # steps of a byte make noise at about -55 dB
    np.testing.assert_allclose(loud.fit_transform(advised), loud.fit_transform(sound), atol=2)
    assert si_sdr(sound, advised)[0] > 40


def test_sounds_are_no_integers():
    for X in (np.zeros((1, 500), np.uint8), np.eye(2, 500, dtype=bool), 3 * np.ones((1, 500))):
        LogMel().fit(X).transform(X)
