"""Any transformer that can be undone as a compressor: of rounded codes, by how often they are."""

import math
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp
from scipy.ndimage import gaussian_filter1d
from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
    clone,
)
from sklearn.exceptions import NotFittedError
from sklearn.utils import Tags, get_tags
from sklearn.utils.validation import check_is_fitted

from ..._caller import all_or_nothing
from ..._optional import optional
from ..._parameters import check_real
from ..._validation import as_host_array, check_codes, check_rows, to_dense
from .bits_back import seed
from .byte_stream import DTYPES, ByteStream, damaged
from .fingerprint import fingerprint

MOVED_ROWS = 500
"""Training rows whose codes are moved to see what that does to their reconstructions."""
MOVE = 0.1
"""How far, in standard deviations of the component."""
MOST_LEVELS = 2**16
NARROWEST = 0.1
"""Width of a kernel, in steps, below which it is that of a single level."""
SEED_WORDS = 2


class Levels(NamedTuple):
    """The whole numbers that a quantised component takes, and how often it does."""

    low: int
    probabilities: np.ndarray


class LossyCompressor(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """Compressor that keeps the code of each row alone, and rounds it.

    Each component of the code is rounded to a grid so fine that all of them cost the same squared
    error of the reconstruction, which is what ``step`` sets. Few bytes then are a matter of few
    components, of a coarse step, and of how well the codes are predicted by how often each level
    was seen in ``fit``.

    Parameters
    ----------
    estimator : estimator
        Any transformer that has ``inverse_transform``: the models of this package, or PCA. Fitted,
        it is used as it is; otherwise a clone is fitted to the rows of ``fit``. Cloning, as a
        search does, forgets a fit, unless it is within a ``sklearn.frozen.FrozenEstimator``.
    step : float, default=0.5
        Of the grid, in units of the reconstruction: rounding a component moves it by step / √12 in
        the root of the mean square, summed over features.

    Attributes
    ----------
    estimator_ : estimator
        The fitted transformer.
    steps_ : ndarray of shape (n_components,)
        Steps of the components, Δⱼ = step / √sⱼ, where sⱼ is the mean squared change of the
        reconstruction per unit of component j. 0 where it changes nothing: it is then not kept.
    centers_ : ndarray of shape (n_components,)
        Means of the components, where a level is.
    n_features_in_ : int
        Features seen in ``fit``.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Their names, where they had any.

    Raises
    ------
    ValueError
        If the transformer makes codes, or ``inverse_transform`` rows, that are not finite.
    ImportError
        From ``compress``, ``decompress`` and ``bits_per_dimension``, if constriction is not
        installed, which the extra ``compression`` brings.

    See Also
    --------
    LosslessCompressor : That gives back the rows themselves.

    Notes
    -----
    The rounded codes come back exactly, on any machine; the reconstruction is what the estimator
    there makes of them. Codes outside the range seen in ``fit`` are taken for its ends.

    Whether the estimator is the one that compressed is judged by all that it was given and has
    learned: numbers, strings, arrays, modules, estimators, containers of these, and of functions
    the name and the code. What a function finds outside its own code, and the state of objects of
    other classes, is not seen.

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
    >>> len(data) < X[1000:].size / 8  # a bit for each grey level
    True
    >>> compressor.decompress(data).shape
    (797, 64)
    """

    def __init__(self, estimator: Any, *, step: float = 0.5) -> None:
        self.estimator = estimator
        self.step = step

    def fit(self, X: Any, y: Any = None) -> "LossyCompressor":
        """Fit the transformer, unless it is fitted, and learn how its codes lie.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame, Tensor} of shape (n_samples, n_features)
            Training data, as the transformer takes them.
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
        with all_or_nothing(self):
            X = self._checked(X, reset=True)
            self.estimator_ = self.estimator
            try:
                check_is_fitted(self.estimator)
            except NotFittedError:
                self.estimator_ = clone(self.estimator).fit(X)
            codes = self._codes(X)
            self.centers_ = codes.mean(0, dtype=np.float64)
            with np.errstate(divide="ignore"):
                steps = self.step / np.sqrt(self._sensitivity(codes))
            self.steps_ = np.where(np.isinf(steps), 0.0, steps)
            self._levels = [
                _levels(j, column, step, self.step)
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
            What ``compress`` keeps of the rows.
        """
        codes = self._codes(self._checked(X))
        return self._values(self._indices(codes), codes.dtype)

    def inverse_transform(self, X: Any) -> np.ndarray:
        """Compute the rows of codes.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_components)
            Codes.

        Returns
        -------
        ndarray of shape (n_samples, n_features)
            What the transformer makes of them.
        """
        check_is_fitted(self)
        Z = check_codes(X, len(self.steps_), type(self).__name__)
        return np.asarray(self.estimator_.inverse_transform(Z))

    def compress(self, X: Any) -> bytes:
        """Turn rows into bytes.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame, Tensor} of shape (n_samples, n_features)
            Data.

        Returns
        -------
        bytes
            Their rounded codes, which ``decompress`` makes rows of.
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
            self._encode(indices),
        )
        return stream.to_bytes()

    def decompress(self, data: bytes) -> np.ndarray:
        """Turn bytes back into rows.

        Parameters
        ----------
        data : bytes
            What ``compress`` gave.

        Returns
        -------
        ndarray of shape (n_samples, n_features)
            What the transformer makes of the rounded codes.

        Raises
        ------
        ValueError
            If ``data`` is no such stream, of another version, cut short, damaged, continued, or
            made by another model; each is told apart.
        """
        check_is_fitted(self)
        stream = ByteStream.from_bytes(data, type(self).__name__)
        stream.check_origin(self._fingerprint(), fingerprint())
        n_rows, n_components = stream.shape
        if n_rows < 1 or n_components != len(self.steps_):
            raise damaged()
        indices = self._decode(stream.payload, n_rows)
        stream.check_content(fingerprint(indices))
        return self.inverse_transform(self._values(indices, stream.dtype))

    def bits_per_dimension(self, X: Any) -> float:
        """Compute how many bits an entry takes, by compressing the rows.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame, Tensor} of shape (n_samples, n_features)
            Data.

        Returns
        -------
        float
            Bits of the stream for each entry of ``X``, without the header.
        """
        indices = self._indices(self._codes(self._checked(X)))
        n_words = len(self._encode(indices)) - SEED_WORDS
        return 32 * n_words / (len(indices) * self.n_features_in_)

    def score(self, X: Any, y: Any = None) -> float:
        """Compute minus the squared error of what comes back.

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
        return -float(np.nansum(np.square(back - X), axis=1).mean())

    @property
    def _n_features_out(self) -> int:
        return len(self.steps_)

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "_levels")

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        if hasattr(self.estimator, "__sklearn_tags__"):  # else there will be an error in fit
            tags.input_tags = get_tags(self.estimator).input_tags
        return tags

    def _checked(self, X: Any, reset: bool = False) -> Any:
        """``X`` as the transformer takes it, names and all."""
        if not reset:
            check_is_fitted(self)
        X = as_host_array(X)
        check_rows(self, X, reset=reset)
        return X

    def _codes(self, X: Any) -> np.ndarray:
        """Codes as float32 where they are, else as float64."""
        codes = self.estimator_.transform(X)
        codes = to_dense(codes) if sp.issparse(codes) else np.asarray(codes)
        codes = codes if codes.dtype == np.float32 else to_dense(codes)
        wrong = ~np.isfinite(codes)
        if wrong.any():
            row, j = np.argwhere(wrong)[0]
            raise ValueError(
                f"estimator makes {codes[row, j]} of component {j} in row {row}, which has no "
                "level; fill what is missing, for instance by sklearn.impute.SimpleImputer."
            )
        return codes

    def _sensitivity(self, codes: np.ndarray) -> np.ndarray:
        """The mean squared change of the reconstruction per unit of each component."""
        n = min(len(codes), MOVED_ROWS)
        some = codes[np.arange(n) * len(codes) // n]
        at_rest = np.asarray(self.estimator_.inverse_transform(some), dtype=np.float64)
        sensitivity = np.empty(codes.shape[1])
        for j, scale in enumerate(codes.std(0, dtype=np.float64)):
            moved = some.copy()
            moved[:, j] += MOVE * scale or MOVE
            back = np.asarray(self.estimator_.inverse_transform(moved), dtype=np.float64)
            distance = (moved[:, j] - some[:, j]).mean(dtype=np.float64)
            sensitivity[j] = np.square(back - at_rest).sum(1).mean() / distance**2
            if not np.isfinite(sensitivity[j]):
                raise ValueError(
                    f"inverse_transform of estimator makes rows that are not finite, where "
                    f"component {j} moves by {distance:.3g}; use another."
                )
        return sensitivity

    def _indices(self, codes: np.ndarray) -> np.ndarray:
        """The level of each component, of those seen in ``fit`` the nearest."""
        steps = np.where(self.steps_ > 0, self.steps_, np.inf)
        levels = np.rint((codes - self.centers_) / steps)
        low = np.array([part.low for part in self._levels])
        high = low + [len(part.probabilities) - 1 for part in self._levels]
        return np.clip(levels, low, high).astype("<i4")

    def _values(self, indices: np.ndarray, dtype: np.dtype) -> np.ndarray:
        """The codes of levels."""
        return (self.centers_ + self.steps_ * indices).astype(dtype)

    def _fingerprint(self) -> bytes:
        return fingerprint(
            self.estimator_, self.steps_, self.centers_, [tuple(part) for part in self._levels]
        )

    def _encode(self, indices: np.ndarray) -> np.ndarray:
        coder, models = self._coder(seed(SEED_WORDS))
        for column, model, part in reversed(
            list(zip(indices.T, models, self._levels, strict=True))
        ):
            coder.encode_reverse(np.ascontiguousarray(column - part.low, np.int32), model)
        return coder.get_compressed()

    def _decode(self, words: np.ndarray, n_rows: int) -> np.ndarray:
        least = -sum(math.log2(part.probabilities.max()) for part in self._levels)
        if 0.9 * n_rows * least > 32 * len(words):  # before room is made for so many rows
            raise damaged()
        try:
            coder, models = self._coder(words)
        except ValueError as error:
            raise damaged() from error
        columns = [
            coder.decode(model, n_rows) + part.low
            for model, part in zip(models, self._levels, strict=True)
        ]
        if not np.array_equal(coder.get_compressed(), seed(SEED_WORDS)):
            raise damaged()
        return np.stack(columns, axis=1).astype("<i4")

    def _coder(self, words: np.ndarray) -> tuple[Any, list[Any]]:
        """A stack of bits, and the distribution of each component's levels."""
        stream = optional("constriction", extra="compression", user=type(self).__name__).stream
        categorical = stream.model.Categorical
        models = [categorical(part.probabilities, perfect=False) for part in self._levels]
        return stream.stack.AnsCoder(words), models


def _levels(j: int, column: np.ndarray, step: float, asked: float) -> Levels:
    """How often component ``j``, less its centre, is rounded to each level, smoothed.

    By a normal kernel of the width of Silverman's rule, and half a row at each level.
    """
    if step == 0:
        return Levels(0, np.array([1 - 2.0**-16, 2.0**-16]))
    low, high = np.rint(column.min() / step), np.rint(column.max() / step)
    if high - low >= MOST_LEVELS:
        raise ValueError(
            f"step == {asked} makes {high - low + 1:.0f} levels of component {j}, of at most "
            f"{MOST_LEVELS}; raise it."
        )
    levels = np.rint(column / step).astype(np.int64) - int(low)
    counts = np.bincount(levels, minlength=2).astype(np.float64)
    spread = min(column.std(), np.subtract(*np.quantile(column, [0.75, 0.25])) / 1.349)
    width = 0.9 * spread * len(column) ** -0.2 / step
    if width > NARROWEST:
        counts = gaussian_filter1d(counts, width, mode="constant")
    return Levels(int(low), (counts + 0.5) / (counts + 0.5).sum())
