"""Lossy compression by any transformer that can decode: its rounded codes are stored."""

import copy
from typing import Any

import numpy as np
import scipy.sparse as sp
from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
    clone,
)
from sklearn.callback import with_callbacks
from sklearn.exceptions import NotFittedError
from sklearn.utils import Tags, get_tags
from sklearn.utils.validation import check_is_fitted

from ..._fingerprint import fingerprint
from ..._finite import finite_score
from ..._parameters import check_real
from ..._sources import as_array
from ..._validation import as_host_array, check_codes, check_rows, to_dense
from ...base.checkpoint import TakesCheckpoints, checkpointed
from .byte_stream import DTYPES, ByteStream, damaged
from .levels import SEED_WORDS, LevelCoder, estimated_levels, warn_if_coarse

MOVED_ROWS = 500
"""Training rows whose codes are changed to measure the effect on their reconstructions."""

MOVE = 0.1
"""Size of this change, in standard deviations of the component."""


class LossyCompressor(
    TakesCheckpoints, ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator
):
    """Compressor that stores the rounded code of each row.

    Each component of the code is rounded to a grid. The grids are such that rounding each component
    adds the same squared error to the reconstruction, which ``step`` sets. The number of bytes
    depends on the number of components, on ``step``, and on how well the frequencies of the levels
    in ``fit`` predict the codes.

    Parameters
    ----------
    estimator : estimator
        Any transformer that has ``inverse_transform``: the models of this package, or PCA. Fitted,
        it is used as it is; otherwise a clone is fitted to the rows of ``fit``. Cloning, as a
        search does, forgets a fit, unless it is within a ``sklearn.frozen.FrozenEstimator``.
    step : float, default=0.5
        Step of the grids, in units of the reconstruction: rounding a component changes it by
        step / √12 (the root of the mean squared change, summed over features).

    Attributes
    ----------
    estimator_ : estimator
        The fitted transformer.
    steps_ : ndarray of shape (n_components,)
        Steps of the components, Δⱼ = step / √sⱼ, where sⱼ is the mean squared change of the
        reconstruction per unit of component j. 0 for a component without effect, which is not
        stored.
    centers_ : ndarray of shape (n_components,)
        Means of the components, which are the levels 0.
    n_features_in_ : int
        Features seen in ``fit``.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Their names, where they had any.

    Raises
    ------
    ValueError
        If the transformer returns codes, or its ``inverse_transform`` rows, that are not finite.
    ImportError
        From ``compress``, ``decompress`` and ``bits_per_dimension``, if constriction is not
        installed; the extra ``compression`` installs it.

    See Also
    --------
    LosslessCompressor : Restores the rows exactly.

    Notes
    -----
    The rounded codes are restored exactly, on any machine, and decoded by the estimator there.
    Codes outside the range in ``fit`` are clipped to it.

    ``decompress`` checks that the estimator is the one that compressed, by its parameters and
    fitted attributes: numbers, strings, arrays, modules, estimators, containers of these, and the
    names and code of functions. Variables that a function uses from outside, and the state of
    objects of other classes, are not checked.

    References
    ----------
    Goyal, V. K., "Theoretical foundations of transform coding", IEEE Signal Processing Magazine 18,
    2001.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from skdeepunsup import Autoencoder, LossyCompressor
    >>> X = load_digits().data / 16
    >>> model = Autoencoder(16, hidden_layer_sizes=(128,), max_iter=20, random_state=0)
    >>> compressor = LossyCompressor(model, step=0.3).fit(X[:1000])
    >>> data = compressor.compress(X[1000:])
    >>> len(data) < X[1000:].size / 8  # less than one bit per pixel
    True
    >>> compressor.decompress(data).shape
    (797, 64)
    """

    def __init__(self, estimator: Any, *, step: float = 0.5) -> None:
        self.estimator = estimator
        self.step = step

    @with_callbacks
    def fit(self, X: Any, y: Any = None) -> "LossyCompressor":
        """Fit the transformer, unless it is fitted, and estimate the distribution of its codes.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame, Tensor} of shape (n_samples, n_features)
            Training data that the transformer accepts.
        y : Ignored
            Present for API consistency.

        Returns
        -------
        self : object
            The fitted estimator.
        """
        check_real("step", self.step, 0, boundaries="neither")
        for method in ("fit", "transform", "inverse_transform"):
            if not hasattr(self.estimator, method):
                raise TypeError(
                    f"estimator == {self.estimator!r}, must be a transformer with transform and "
                    f"inverse_transform; it has no {method}."
                )
        # The estimator's own overflows: what they spoil is found in its codes.
        with self._composite_fit(X, y), np.errstate(over="ignore", invalid="ignore"):
            X = self._checked(X, reset=True)
            self.estimator_ = self.estimator
            try:
                check_is_fitted(self.estimator)
            except NotFittedError:
                with checkpointed(self, {"X": X}):
                    self.estimator_ = clone(self.estimator).fit(copy.deepcopy(X))
            codes = self._codes(X)
            self.centers_ = codes.mean(0, dtype=np.float64)
            with np.errstate(divide="ignore"):
                steps = self.step / np.sqrt(self._sensitivity(codes))
            self.steps_ = np.where(np.isinf(steps), 0.0, steps)
            warn_if_coarse(self.step, X)
            self._levels = [
                estimated_levels(j, column, step, self.step)
                for j, (column, step) in enumerate(
                    zip(codes.T - self.centers_[:, None], self.steps_, strict=True)
                )
            ]
        return self

    def transform(self, X: Any) -> np.ndarray:
        """Compute the rounded code of each row.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame, Tensor} of shape (n_samples, n_features)
            Data.

        Returns
        -------
        ndarray of shape (n_samples, n_components)
            Rounded codes, which ``compress`` stores.
        """
        codes = self._codes(self._checked(X))
        return self._values(self._indices(codes), codes.dtype)

    def inverse_transform(self, X: Any) -> np.ndarray:
        """Decode codes to rows.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_components)
            Codes.

        Returns
        -------
        ndarray of shape (n_samples, n_features)
            Rows from the transformer's ``inverse_transform``.
        """
        check_is_fitted(self)
        Z = check_codes(X, len(self.steps_), type(self).__name__)
        return self._decoded(Z)

    def compress(self, X: Any) -> bytes:
        """Compress rows to bytes.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame, Tensor} of shape (n_samples, n_features)
            Data.

        Returns
        -------
        bytes
            Their rounded codes, for ``decompress``.
        """
        codes = self._codes(self._checked(X))
        indices = self._indices(codes)
        stream = ByteStream(
            type(self).__name__,
            codes.dtype if codes.dtype.str in DTYPES else np.dtype(np.float64),
            indices.shape,
            self._fingerprint(),
            fingerprint(),
            fingerprint(indices),
            self._coder().encode(indices),
        )
        return stream.to_bytes()

    def decompress(self, data: bytes) -> np.ndarray:
        """Decompress bytes to rows.

        Parameters
        ----------
        data : bytes
            The result of ``compress``.

        Returns
        -------
        ndarray of shape (n_samples, n_features)
            Rows that the transformer decodes from the rounded codes.

        Raises
        ------
        ValueError
            If ``data`` is not such a stream, has another version, is cut short, damaged or too
            long, or was made by another model; the message says which.
        """
        check_is_fitted(self)
        stream = ByteStream.from_bytes(data, type(self).__name__)
        stream.check_origin(self._fingerprint(), fingerprint())
        n_rows, n_components = stream.shape
        if n_rows < 1 or n_components != len(self.steps_):
            raise damaged()
        indices = self._coder().decode(stream.payload, n_rows)
        stream.check_content(fingerprint(indices))
        return self.inverse_transform(self._values(indices, stream.dtype))

    def bits_per_dimension(self, X: Any) -> float:
        """Compute the number of bits per entry, by compressing the rows.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame, Tensor} of shape (n_samples, n_features)
            Data.

        Returns
        -------
        float
            Bits of the stream per entry of ``X``, without the header.
        """
        indices = self._indices(self._codes(self._checked(X)))
        n_words = len(self._coder().encode(indices)) - SEED_WORDS
        return 32 * n_words / (len(indices) * self.n_features_in_)

    def score(self, X: Any, y: Any = None) -> float:
        """Compute minus the squared error of the decoded rows.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame, Tensor} of shape (n_samples, n_features)
            Data.
        y : Ignored
            Present for API consistency.

        Returns
        -------
        float
            Minus the mean over rows of the error, summed over features.
        """
        back = self.inverse_transform(self.transform(X))
        X = to_dense(check_rows(self, X, reset=False))
        return -finite_score(lambda: np.nansum(np.square(back - X), axis=1).mean())

    @property
    def _n_features_out(self) -> int:
        return len(self.steps_)

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "_levels")

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        if hasattr(self.estimator, "__sklearn_tags__"):  # otherwise fit raises an error
            tags.input_tags = get_tags(self.estimator).input_tags
        return tags

    def _checked(self, X: Any, reset: bool = False) -> Any:
        """Check ``X``, and return it with its feature names, if any, for the transformer."""
        if not reset:
            check_is_fitted(self)
        X = as_array(as_host_array(X))
        check_rows(self, X, reset=reset)
        return X

    def _codes(self, X: Any) -> np.ndarray:
        """Codes of rows, as float32 if the transformer returns that, else as float64."""
        # Copies here and below: a transformer with copy=False writes to what it is given.
        codes = self.estimator_.transform(copy.deepcopy(X))
        codes = to_dense(codes) if sp.issparse(codes) else np.asarray(codes)
        codes = codes if codes.dtype == np.float32 else to_dense(codes)
        wrong = ~np.isfinite(codes)
        if wrong.any():
            row, j = np.argwhere(wrong)[0]
            raise ValueError(
                f"estimator returns {codes[row, j]} as component {j} of row {row}, which cannot be "
                "rounded; fill missing entries, for instance by sklearn.impute.SimpleImputer, and "
                "scale X where its squares are beyond float64."
            )
        return codes

    def _decoded(self, codes: np.ndarray) -> np.ndarray:
        """Rows of codes."""
        return np.asarray(self.estimator_.inverse_transform(codes.copy()))

    def _sensitivity(self, codes: np.ndarray) -> np.ndarray:
        """The mean squared change of the reconstruction per unit of each component."""
        n = min(len(codes), MOVED_ROWS)
        some = codes[np.arange(n) * len(codes) // n]
        at_rest = self._decoded(some).astype(np.float64)
        sensitivity = np.empty(codes.shape[1])
        for j, scale in enumerate(codes.std(0, dtype=np.float64)):
            moved = some.copy()
            moved[:, j] += MOVE * scale or MOVE
            back = self._decoded(moved).astype(np.float64)
            distance = (moved[:, j] - some[:, j]).mean(dtype=np.float64)
            sensitivity[j] = np.square(back - at_rest).sum(1).mean() / distance**2
            if not np.isfinite(sensitivity[j]):
                raise ValueError(
                    f"inverse_transform of estimator returns rows that are not finite if component "
                    f"{j} changes by {distance:.3g}; use another estimator."
                )
        return sensitivity

    def _indices(self, codes: np.ndarray) -> np.ndarray:
        """The nearest level of each component, among those in the range in ``fit``."""
        steps = np.where(self.steps_ > 0, self.steps_, np.inf)
        with np.errstate(over="ignore"):  # beyond the range of fit, as any that are far
            levels = np.rint((codes - self.centers_) / steps)
        low = np.array([part.low for part in self._levels])
        high = low + [len(part.probabilities) - 1 for part in self._levels]
        return np.clip(levels, low, high).astype("<i4")

    def _values(self, indices: np.ndarray, dtype: np.dtype) -> np.ndarray:
        """The codes of given levels."""
        return (self.centers_ + self.steps_ * indices).astype(dtype)

    def _fingerprint(self) -> bytes:
        return fingerprint(
            self.estimator_, self.steps_, self.centers_, [tuple(part) for part in self._levels]
        )

    def _coder(self) -> LevelCoder:
        return LevelCoder(self._levels, type(self).__name__)
