"""Log-mel spectrograms of waveforms, as rows for a model, and waveforms from spectrograms."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils import Tags, check_array, gen_batches
from sklearn.utils.validation import check_is_fitted

from .._caller import all_or_nothing
from .._finite import finite
from .._parameters import check_integer, check_real
from .._sound import warn_of_integers
from .._validation import as_host_array, check_codes, check_rows, output_dtype, to_dense
from .griffin_lim import griffin_lim
from .mel import between_centres, mel_edges, mel_filters, spectrum_of
from .short_time import ShortTime

ROWS = 8
"""Waveforms whose spectra are in memory at a time: few, which stay in the cache."""

MAX_LEVEL = 700.0
"""Highest level in dB: the samples of louder sounds would overflow float32."""


class LogMel(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """Log-mel spectrograms of waveforms of equal length, and waveforms from such spectrograms.

    A frame of a spectrogram holds the loudness around one moment, in decibels, in each of several
    frequency bands, spaced like pitch as the ear perceives it. A row of the result holds all frames
    of a waveform and is an image of shape ``image_shape_``. ``inverse_transform`` turns rows that a
    model has reconstructed or sampled into sound.

    Parameters
    ----------
    sample_rate : float, default=8000.0
        Samples per second.
    window_length : int, default=256
        Samples in a frame, at least 4.
    hop_length : int, default=64
        Samples from one frame to the next, at most half of ``window_length``. With a quarter or
        less, ``inverse_transform`` sounds best; with a half, there are half as many features as
        with a quarter.
    n_mels : int, default=40
        Number of bands.
    f_min : float, default=0.0
        Lower edge of the lowest band, in Hz.
    f_max : float, default=None
        Upper edge of the highest band, in Hz; None takes half of ``sample_rate``.
    floor : float, default=-80.0
        Lowest level, in dB, from -300 to 0; anything softer counts as silence. A tone of amplitude
        1 has a level of about 0.
    n_iter : int, default=32
        Steps of the search for phases in ``inverse_transform``.

    Attributes
    ----------
    image_shape_ : tuple of int
        Numbers of frames and bands, to pass to convolutional models as ``image_shape``.
    mel_filters_ : ndarray of shape (n_mels, n_bins)
        Weight of each bin of a spectrum in each band.
    n_features_in_ : int
        Features seen in ``fit``. They are the samples of a waveform.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Their names, where they had any.

    Raises
    ------
    ValueError
        If rows are shorter than half a window, ``f_max`` is above half of ``sample_rate``, or there
        are so many bands that one of them contains no bin.

    See Also
    --------
    scipy.signal.ShortTimeFFT : Short-time spectra.
    skdeepunsup.metrics.si_sdr : Similarity of two waveforms, whatever their loudness.

    Notes
    -----
    With S the short-time spectrum in bins k, from Hann windows scaled so that a tone of amplitude 1
    has ``|S| = 1``, and M the ``mel_filters_``, triangles of height 1 with centres evenly spaced in
    mels,

        ``z = 10 log₁₀ max(Σₖ Mₖ |Sₖ|², 10^(floor / 10))``.

    Frames begin before the first sample and end after the last, so that every sample is in equally
    many frames.

    ``inverse_transform`` computes smooth power spectra with the given band energies
    (Richardson–Lucy), and phases by the fast Griffin–Lim algorithm. It is deterministic. The phases
    of the original are lost: the result sounds like it, but its samples differ. If the original is
    available, as in denoising, ``filter`` keeps its phases.

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
        """Compute the filters, which depend on the length of the waveforms, not on their values.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame, Tensor} of shape (n_samples, n_times)
            Waveforms, one per row.
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
            warn_of_integers(X)
            n_times = X.shape[1]
            if n_times < math.ceil(self.window_length / 2):
                raise ValueError(
                    f"window_length == {self.window_length}, but waveforms have n_features = "
                    f"{n_times} samples: give longer ones, or a window at most twice as long."
                )
            hann = 1 - np.cos(2 * np.pi * np.arange(self.window_length) / self.window_length)
            self._stft = ShortTime(2 * hann / hann.sum(), self.hop_length, self.sample_rate)
            if self.n_mels > 2 * (n_bins := len(self._stft.f)):  # a bin lies in two bands
                raise ValueError(
                    f"n_mels == {self.n_mels}, but there are {n_bins} bins: lower n_mels or raise "
                    f"window_length, which is {self.window_length}."
                )
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
            self.image_shape_ = (self._stft.p_num(n_times), int(self.n_mels))
            self.mel_filters_ = filters
        return self

    def transform(self, X: Any) -> np.ndarray:
        """Compute the log-mel spectrograms of waveforms.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame, Tensor} of shape (n_samples, n_times)
            Waveforms, one per row.

        Returns
        -------
        ndarray of shape (n_samples, n_frames * n_mels)
            Levels in dB, at least ``floor``; float32 for float32 input, else float64.
            ``reshape(-1, *image_shape_)`` gives images.
        """
        check_is_fitted(self)
        X = check_rows(self, X, reset=False)
        warn_of_integers(X)
        return self._by_parts(self._levels, self._n_features_out, X)

    def inverse_transform(self, X: Any) -> np.ndarray:
        """Compute waveforms with given log-mel spectrograms.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame, Tensor} of shape (n_samples, n_frames * n_mels)
            Levels in dB, as ``transform`` returns them; levels up to ``floor`` are silence.

        Returns
        -------
        ndarray of shape (n_samples, n_times)
            Waveforms; float32 for float32 input, else float64. Every call gives the same.

        Raises
        ------
        ValueError
            If a level is above 700 dB.
        """
        check_is_fitted(self)
        Z = check_codes(X, self._n_features_out, type(self).__name__)
        if (loudest := Z.max()) > MAX_LEVEL:
            raise ValueError(
                f"X has a level of {loudest:.4g} dB, but at most {MAX_LEVEL:.0f} can be made "
                "sound: clip it, for instance at the highest level of the training rows."
            )
        return self._by_parts(self._sounds, self.n_features_in_, Z)

    def filter(self, X: Any, gains: Any) -> np.ndarray:
        """Amplify or attenuate bands of waveforms, frame by frame, and keep their phases.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame, Tensor} of shape (n_samples, n_times)
            Waveforms, one per row.
        gains : array-like of shape (n_samples, n_frames * n_mels)
            Factors of the amplitude of each band in each frame, at least 0. Between the centres of
            bands they are interpolated linearly in frequency.

        Returns
        -------
        ndarray of shape (n_samples, n_times)
            Waveforms; float32 for float32 input, else float64. Gains of 1 leave them unchanged.

        Raises
        ------
        ValueError
            If a gain is negative, or the gains do not have the shape of ``transform(X)``.

        Notes
        -----
        With C the interpolation, S the short-time spectrum, F⁺ the least-squares inverse of the
        transform and g the gains, the result is F⁺[(g C) ∘ S].

        Given an estimate Z of the log-mel spectrograms without noise, the result has nearly these
        levels with ``gains = 10 ** ((Z - transform(X)) / 20)``, where neighbouring gains are
        similar. The squares of these gains are those of the Wiener filter: with them, the result is
        nearer to the sound without noise, but softer.
        """
        check_is_fitted(self)
        X = check_rows(self, X, reset=False)
        warn_of_integers(X)
        gains = check_array(as_host_array(gains), dtype="numeric", input_name="gains")
        if gains.shape != (X.shape[0], self._n_features_out):
            raise ValueError(
                f"gains has shape {gains.shape}, but transform(X) has "
                f"{(X.shape[0], self._n_features_out)}: give one gain for each of its entries."
            )
        if gains.min() < 0:
            raise ValueError(
                f"gains has {gains.min():.4g}, but a gain is a factor of at least 0; convert "
                "levels in dB by 10 ** (dB / 20)."
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
        """Width of a row: frames times bands."""
        return math.prod(self.image_shape_)

    def _check_parameters(self) -> float:
        """Check the parameters, and return the upper edge of the highest band in Hz."""
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
        """Apply a function to ``ROWS`` rows at a time, in float64; its results have ``width``."""
        result = np.empty((rows[0].shape[0], width), dtype=output_dtype(rows[0]))
        for part in gen_batches(len(result), ROWS):
            asked = [to_dense(given[part]) for given in rows]
            with np.errstate(over="ignore", invalid="ignore"):
                made = function(*asked)
                result[part] = made.reshape(len(made), width)
            finite(result[part], asked[0], part.start)
        return result

    def _levels(self, x: np.ndarray) -> np.ndarray:
        """Levels z of waveforms, shape (n, n_frames, n_mels)."""
        power = np.square(np.abs(self._stft.stft(x))).swapaxes(1, 2)
        return 10 * np.log10(np.maximum(power @ self.mel_filters_.T, 10 ** (self._silence / 10)))

    def _sounds(self, z: np.ndarray) -> np.ndarray:
        """Waveforms from flattened levels z, shape (n, n_frames · n_mels)."""
        energies = np.where(z > self._silence, 10 ** (z / 10), 0).reshape(-1, *self.image_shape_)
        A = np.sqrt(spectrum_of(energies, self.mel_filters_)).swapaxes(1, 2)
        return griffin_lim(A, self._stft, self.n_features_in_, self._n_steps)

    def _filtered(self, x: np.ndarray, gains: np.ndarray) -> np.ndarray:
        """F⁺[(g C) ∘ S], with S the spectrum of waveforms x and g the gains."""
        per_bin = gains.reshape(-1, *self.image_shape_) @ self._gain_filters
        return self._stft.istft(self._stft.stft(x) * per_bin.swapaxes(1, 2), x.shape[1])
