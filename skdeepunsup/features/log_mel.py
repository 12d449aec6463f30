"""Waveforms as pictures that a model can learn and draw, and back again."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.signal import ShortTimeFFT
from scipy.signal.windows import hann
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils import Tags, check_array, gen_batches
from sklearn.utils.validation import check_is_fitted

from .._caller import all_or_nothing, warn
from .._parameters import check_integer, check_real
from .._validation import (
    as_host_array,
    check_codes,
    check_rows,
    output_dtype,
    to_dense,
    value_range,
)
from .griffin_lim import griffin_lim
from .mel import between_centres, mel_edges, mel_filters, spectrum_of

ROWS = 32
"""Waveforms whose spectra are held at a time."""
MAX_LEVEL = 700.0
"""In dB: samples of louder sounds would be beyond float32."""

LOUD = 1000.0
"""An amplitude that no waveform within [-1, 1] has: integers, most likely."""


class LogMel(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """Log-mel spectrograms of waveforms of one length, and waveforms with given spectrograms.

    A frame tells how loud the sound is around one moment in each of some bands, in decibels; the
    bands are spaced as the ear spaces them. A row of the result holds all frames of one waveform
    and is an image of ``image_shape_``. What a model makes of such rows, ``inverse_transform`` lets
    be heard.

    Parameters
    ----------
    sample_rate : float, default=8000.0
        Samples per second.
    window_length : int, default=256
        Samples that a frame looks at, at least 4.
    hop_length : int, default=64
        Samples from one frame to the next, at most half of ``window_length``. A quarter or less
        sounds best on the way back; a half makes half as many features.
    n_mels : int, default=40
        Bands.
    f_min : float, default=0.0
        Where the lowest band begins, in Hz.
    f_max : float, default=None
        Where the highest band ends, in Hz; None stands for half of ``sample_rate``.
    floor : float, default=-80.0
        Level below which all is silence, in dB, from -300 to 0. A tone of amplitude 1 has about 0.
    n_iter : int, default=32
        Steps of the search for phases in ``inverse_transform``.

    Attributes
    ----------
    image_shape_ : tuple of int
        Frames and bands: the ``image_shape`` of convolutional models.
    mel_filters_ : ndarray of shape (n_mels, n_bins)
        How much each bin of a spectrum counts in each band.
    n_features_in_ : int
        Features seen in ``fit``. They are the samples of a waveform.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Their names, where they had any.

    Raises
    ------
    ValueError
        If rows are shorter than half a window, ``f_max`` is above half of ``sample_rate``, or there
        are so many bands that one of them has no bin.

    See Also
    --------
    scipy.signal.ShortTimeFFT : The short-time spectra.
    skdeepunsup.metrics.si_sdr : How near a waveform is to another, whatever its loudness.

    Notes
    -----
    With Hann windows that a tone of amplitude 1 leaves at 1, S the short-time spectrum of bins k,
    and M the ``mel_filters_``, triangles of height 1 whose centres lie evenly in mels,

        ``z = 10 log₁₀ max(Σₖ Mₖ |Sₖ|², 10^(floor / 10))``.

    Frames begin before the first sample and end after the last, so that each sample is heard as
    often as any other.

    ``inverse_transform`` looks for smooth power spectra with these band energies (Richardson–Lucy),
    and for phases by the fast Griffin–Lim algorithm. It draws nothing at random. The phases of the
    original are lost: the result sounds like it, and its samples differ. Where the original is at
    hand, as in denoising, ``filter`` keeps its phases.

    References
    ----------
    Griffin, D. and Lim, J., "Signal estimation from modified short-time Fourier transform", IEEE
    Transactions on Acoustics, Speech and Signal Processing 32, 1984.

    Perraudin, N., Balazs, P. and Søndergaard, P. L., "A fast Griffin-Lim algorithm", WASPAA 2013.

    Examples
    --------
    >>> import numpy as np
    >>> from skdeepunsup import LogMel
    >>> t = np.arange(4000) / 8000
    >>> X = [np.sin(2 * np.pi * f * t) for f in (440, 880)]
    >>> log_mel = LogMel().fit(X)
    >>> log_mel.image_shape_
    (66, 40)
    >>> Z = log_mel.transform(X)
    >>> Z.reshape(2, 66, 40)[:, 30].argmax(axis=1)  # the loudest band
    array([10, 17])
    >>> log_mel.inverse_transform(Z).shape
    (2, 4000)
    """

    def __init__(
        self,
        sample_rate: float = 8000.0,
        *,
        window_length: int = 256,
        hop_length: int = 64,
        n_mels: int = 40,
        f_min: float = 0.0,
        f_max: float | None = None,
        floor: float = -80.0,
        n_iter: int = 32,
    ) -> None:
        self.sample_rate = sample_rate
        self.window_length = window_length
        self.hop_length = hop_length
        self.n_mels = n_mels
        self.f_min = f_min
        self.f_max = f_max
        self.floor = floor
        self.n_iter = n_iter

    def fit(self, X: Any, y: Any = None) -> "LogMel":
        """Note the length of the waveforms and make the filters; nothing else of ``X`` counts.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame, Tensor} of shape (n_samples, n_times)
            Waveforms, one a row.
        y : Ignored
            Present for API consistency.

        Returns
        -------
        self : object
            The fitted estimator.
        """
        f_max = self._check_parameters()
        with all_or_nothing(self):
            X = check_rows(self, X, reset=True)
            low, high = value_range(X)
            if max(-low, high) > LOUD:
                warn(
                    f"X ranges from {low:.4g} to {high:.4g}, but levels count from waveforms "
                    "within [-1, 1]: divide integers of 16 bits by 32768.",
                )
            n_times = X.shape[1]
            if n_times < math.ceil(self.window_length / 2):
                raise ValueError(
                    f"window_length == {self.window_length}, but waveforms have n_features = "
                    f"{n_times} samples: give longer ones, or a window at most twice as long."
                )
            window = hann(self.window_length, sym=False)
            self._stft = ShortTimeFFT(2 * window / window.sum(), self.hop_length, self.sample_rate)
            edges = mel_edges(self.n_mels, self.f_min, f_max)
            filters = mel_filters(edges, self._stft.f)
            if empty := int((filters.sum(1) == 0).sum()):
                raise ValueError(
                    f"n_mels == {self.n_mels}, but {empty} of these bands lie between bins, which "
                    f"are {self._stft.delta_f:.4g} Hz apart: lower n_mels or raise window_length, "
                    f"which is {self.window_length}."
                )
            self._gain_filters = between_centres(edges, self._stft.f)
            self._silence = float(self.floor)
            self._n_steps = int(self.n_iter)
            self.image_shape_ = (int(self._stft.p_num(n_times)), int(self.n_mels))
            self.mel_filters_ = filters
        return self

    def transform(self, X: Any) -> np.ndarray:
        """Compute the log-mel spectrograms of waveforms.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame, Tensor} of shape (n_samples, n_times)
            Waveforms, one a row.

        Returns
        -------
        ndarray of shape (n_samples, n_frames * n_mels)
            Levels in dB, none below ``floor``; float32 for float32 input, else float64.
            ``reshape(-1, *image_shape_)`` makes them images.
        """
        check_is_fitted(self)
        X = check_rows(self, X, reset=False)
        return self._by_parts(self._levels, self._n_features_out, X)

    def inverse_transform(self, X: Any) -> np.ndarray:
        """Make waveforms with given log-mel spectrograms.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame, Tensor} of shape (n_samples, n_frames * n_mels)
            Levels in dB, as ``transform`` returns them; at ``floor`` and below is silence.

        Returns
        -------
        ndarray of shape (n_samples, n_times)
            Waveforms; float32 for float32 input, else float64. The same at every call.

        Raises
        ------
        ValueError
            If a level is above 700 dB.
        """
        check_is_fitted(self)
        Z = check_codes(X, self._n_features_out, type(self).__name__)
        if (loudest := Z.max()) > MAX_LEVEL:
            raise ValueError(
                f"X has a level of {loudest:.4g} dB, but {MAX_LEVEL:.0f} at most can be made "
                "sound: clip it, for instance at the loudest level of the training rows."
            )
        return self._by_parts(self._sounds, self.n_features_in_, Z)

    def filter(self, X: Any, gains: Any) -> np.ndarray:
        """Make bands of waveforms louder or softer, frame by frame, and keep their phases.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame, Tensor} of shape (n_samples, n_times)
            Waveforms, one a row.
        gains : array-like of shape (n_samples, n_frames * n_mels)
            By what the amplitude of each band of each frame is multiplied, at least 0. Between the
            centres of bands they are interpolated linearly in frequency.

        Returns
        -------
        ndarray of shape (n_samples, n_times)
            Waveforms; float32 for float32 input, else float64. Gains of 1 leave them as they are.

        Raises
        ------
        ValueError
            If a gain is negative, or their shape is not that of ``transform(X)``.

        Notes
        -----
        With C the interpolation, S the short-time spectrum, F⁺ the least-squares inverse of its
        transform and g the gains, the result is F⁺[(g C) ∘ S].

        Given Z, an estimate of the log-mel spectrograms without noise, ``gains = 10 ** ((Z -
        transform(X)) / 20)`` gives nearly these levels to the result, where neighbouring gains are
        alike. Their squares are the gains of the Wiener filter: with them the result comes nearer
        to the sound without noise, and is softer.
        """
        check_is_fitted(self)
        X = check_rows(self, X, reset=False)
        gains = check_array(as_host_array(gains), dtype="numeric", input_name="gains")
        if gains.shape != (X.shape[0], self._n_features_out):
            raise ValueError(
                f"gains has shape {gains.shape}, but transform(X) has "
                f"{(X.shape[0], self._n_features_out)}: give one gain for each of its entries."
            )
        if gains.min() < 0:
            raise ValueError(
                f"gains has {gains.min():.4g}, but amplitudes are multiplied by at least 0; of a "
                "level in dB it is 10 ** (dB / 20)."
            )
        return self._by_parts(self._filtered, self.n_features_in_, X, gains)

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "mel_filters_")

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags

    @property
    def _n_features_out(self) -> int:
        """Width of a flattened image."""
        return math.prod(self.image_shape_)

    def _check_parameters(self) -> float:
        """Return the frequency where the highest band ends."""
        check_real("sample_rate", self.sample_rate, 0, boundaries="neither")
        check_integer("window_length", self.window_length, 4)
        for name in ("hop_length", "n_mels"):
            check_integer(name, getattr(self, name), 1)
        check_integer("n_iter", self.n_iter, 0)
        if self.hop_length > self.window_length // 2:
            raise ValueError(
                f"hop_length == {self.hop_length}, must be at most half of window_length == "
                f"{self.window_length}: frames have to overlap for the way back."
            )
        check_real("floor", self.floor, -300, 0)
        check_real("f_min", self.f_min, 0)
        f_max = self.sample_rate / 2 if self.f_max is None else self.f_max
        check_real("f_max", f_max, 0, boundaries="neither")
        if f_max > self.sample_rate / 2:
            raise ValueError(
                f"f_max == {f_max}, must be at most half of sample_rate == {self.sample_rate}: "
                "there are no higher frequencies."
            )
        if not self.f_min < f_max:
            raise ValueError(f"f_min == {self.f_min}, must be less than f_max == {f_max}.")
        return float(f_max)

    def _by_parts(self, function: Callable[..., np.ndarray], width: int, *rows: Any) -> np.ndarray:
        """The rows of ``width`` that a function makes of some rows at a time, in float64."""
        result = np.empty((rows[0].shape[0], width), dtype=output_dtype(rows[0]))
        for part in gen_batches(len(result), ROWS):
            made = function(*(to_dense(given[part]) for given in rows))
            result[part] = made.reshape(len(made), width)
        return result

    def _levels(self, x: np.ndarray) -> np.ndarray:
        """z, of shape (n, n_frames, n_mels)."""
        power = np.square(np.abs(self._stft.stft(x))).swapaxes(1, 2)
        return 10 * np.log10(np.maximum(power @ self.mel_filters_.T, 10 ** (self._silence / 10)))

    def _sounds(self, z: np.ndarray) -> np.ndarray:
        """Waveforms of levels, flattened."""
        energies = np.where(z > self._silence, 10 ** (z / 10), 0).reshape(-1, *self.image_shape_)
        A = np.sqrt(spectrum_of(energies, self.mel_filters_)).swapaxes(1, 2)
        return griffin_lim(A, self._stft, self.n_features_in_, self._n_steps)

    def _filtered(self, x: np.ndarray, gains: np.ndarray) -> np.ndarray:
        """F⁺[(g C) ∘ S]."""
        per_bin = gains.reshape(-1, *self.image_shape_) @ self._gain_filters
        return self._stft.istft(self._stft.stft(x) * per_bin.swapaxes(1, 2), k1=x.shape[1])
