"""Lossless compression by a variational autoencoder."""

from typing import Any

import numpy as np
import scipy.sparse as sp
from sklearn.base import BaseEstimator
from sklearn.callback import with_callbacks
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

from ..._fingerprint import fingerprint
from ..._optional import optional
from ..._parameters import is_option
from ..._validation import as_host_array, check_rows
from ...base.checkpoint import TakesCheckpoints, checkpointed
from ...base.encoders import fitted_encoder, models_of, names_of, take_input_tags
from ...reconstruction import VariationalAutoencoder
from .bits_back import BitsBack
from .byte_stream import DTYPES, ByteStream, damaged

PROBE_ROWS = 4


class LosslessCompressor(TakesCheckpoints, BaseEstimator):
    """Lossless compressor of rows of discrete entries, by the density of a variational autoencoder.

    Rows become bytes, and the bytes become the same rows again; rows that are unlikely under the
    model only take more bytes. On average over many rows like those of ``fit``, a row takes minus
    the model's bound on its log-likelihood: the better the model, the fewer bytes.

    Parameters
    ----------
    model : VariationalAutoencoder
        With the likelihood "bernoulli" for entries 0 and 1, "categorical" for codes, or
        "beta-binomial" for grey levels, both from 0 to K − 1. Fitted, it is used as it is;
        otherwise a clone is fitted to the rows of ``fit``. Cloning, as a search does, forgets a
        fit, unless the model is within a ``sklearn.frozen.FrozenEstimator``.

    Attributes
    ----------
    model_ : VariationalAutoencoder
        The fitted model. Decompression needs the same model, for instance from a pickle.
    n_features_in_ : int
        Features seen in ``fit``.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Their names, where they had any.

    Raises
    ------
    ValueError
        If the model's likelihood is "gaussian": a density does not give rows a probability.
    ImportError
        If constriction is not installed; the extra ``compression`` installs it.

    See Also
    --------
    LossyCompressor : For real values, or fewer bytes.

    Notes
    -----
    The networks run in float64 on the CPU, in one thread: ``torch.set_num_threads`` is set to 1
    meanwhile. Another processor or another version of torch may round differently; decompression
    there raises an error, and never returns other rows.

    The first row takes about twenty bytes and a byte per component more than the rows after it,
    which reuse these bits. Header and checksums take 65 bytes. Rows that hold fewer bits than their
    codes reuse them later, up to 128 of them at a time: 12 bits by 16 components start about 2 kB
    longer, which thousands of rows make up for. Fewer components then cost less.

    References
    ----------
    Frey, B. J. and Hinton, G. E., "Efficient stochastic source coding and an application to a
    Bayesian network source model", The Computer Journal 40, 1997.

    Townsend, J., Bird, T. and Barber, D., "Practical lossless compression with latent variables
    using bits back coding", ICLR 2019.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.datasets import load_digits
    >>> from skdeepunsup import LosslessCompressor, VariationalAutoencoder
    >>> X = (load_digits().data > 7).astype("uint8")
    >>> model = VariationalAutoencoder(8, likelihood="bernoulli", max_iter=20, random_state=0)
    >>> compressor = LosslessCompressor(model).fit(X[:1000])
    >>> data = compressor.compress(X[1000:])
    >>> len(data) < X[1000:].size / 8 / 2  # half the size of packed bits
    True
    >>> np.array_equal(compressor.decompress(data), X[1000:])
    True
    """

    def __init__(self, model: Any) -> None:
        self.model = model

    @with_callbacks
    def fit(self, X: Any, y: Any = None) -> "LosslessCompressor":
        """Fit the model, unless it is fitted.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame, Tensor} of shape (n_samples, n_features)
            Training data.
        y : Ignored
            Present for API consistency.

        Returns
        -------
        self : object
            The fitted estimator.
        """
        model, *others = models_of(self.model)
        if others or not isinstance(model, VariationalAutoencoder):
            raise TypeError(f"model == {self.model!r}, must be a VariationalAutoencoder, alone.")
        fitted = getattr(model, "module_", None)
        likelihood = model.likelihood if fitted is None else fitted.arguments["likelihood"]
        if is_option(likelihood, "gaussian"):
            raise ValueError(
                "model has likelihood='gaussian', a density, which gives rows no probability and "
                "so no length in bits; use 'bernoulli' for bits, 'categorical' for codes, "
                "'beta-binomial' for grey levels, or a LossyCompressor."
            )
        optional("constriction", extra="compression", user=type(self).__name__)  # before a long fit
        with self._composite_fit(X, y):
            X = check_rows(self, X, reset=True)
            with checkpointed(self, {"X": X}):
                model = fitted_encoder("model", self.model, X, None, None, names_of(self))
            self.model_ = models_of(model)[0]
        return self

    def compress(self, X: Any) -> bytes:
        """Compress rows to bytes.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame, Tensor} of shape (n_samples, n_features)
            Data of entries 0 and 1, or 0 … K − 1, of any dtype.

        Returns
        -------
        bytes
            The compressed rows, for ``decompress``.

        Raises
        ------
        ValueError
            If the model has no such entries, or user-defined modules draw noise in eval mode.
        """
        dtype, symbols = self._symbols(X)
        coder = self._coder()
        computed = arithmetic(coder)
        if arithmetic(coder) != computed:
            raise ValueError(
                "the networks of model give different outputs at each call, so nothing could be "
                "decompressed; let them draw no random numbers in eval mode."
            )
        stream = ByteStream(
            type(self).__name__,
            dtype,
            symbols.shape,
            self._fingerprint(),
            computed,
            fingerprint(symbols),
            coder.encode(symbols)[0],
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
            The rows, in their original dtype, or the common dtype of the columns of a table, if it
            is a boolean, integer or float of NumPy; else in float64. Dense, with −0.0 as 0.0.

        Raises
        ------
        ValueError
            If ``data`` is not such a stream, has another version, is cut short, damaged or too
            long, was made by another model, or on a machine that computes differently; the message
            says which.
        """
        check_is_fitted(self)
        stream = ByteStream.from_bytes(data, type(self).__name__)
        coder = self._coder()
        stream.check_origin(self._fingerprint(), arithmetic(coder))
        n_rows, n_columns = stream.shape
        if n_rows < 1 or n_columns != self.n_features_in_:
            raise damaged()
        symbols = coder.decode(stream.payload, n_rows).astype(self._symbol_dtype())
        stream.check_content(fingerprint(symbols))
        return symbols.astype(stream.dtype)

    def bits_per_dimension(self, X: Any) -> float:
        """Compute the number of bits per entry, by compressing the rows.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame, Tensor} of shape (n_samples, n_features)
            Data, as ``compress`` takes them.

        Returns
        -------
        float
            Bits of the stream per entry, without the header and the initial bits of the first rows,
            whose number does not grow with that of rows.
        """
        _, symbols = self._symbols(X)
        return self._coder().encode(symbols)[1] / symbols.size

    def score(self, X: Any, y: Any = None) -> float:
        """Compute minus the number of bits per entry.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame, Tensor} of shape (n_samples, n_features)
            Data, as ``compress`` takes them.
        y : Ignored
            Present for API consistency.

        Returns
        -------
        float
            Minus ``bits_per_dimension(X)``.
        """
        return -self.bits_per_dimension(X)

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "model_")

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        take_input_tags(tags, self.model)
        tags.input_tags.allow_nan = False
        return tags

    def _coder(self) -> BitsBack:
        return BitsBack(self.model_.module_, type(self).__name__)

    def _fingerprint(self) -> bytes:
        return fingerprint(self.model_.module_)

    def _symbol_dtype(self) -> np.dtype:
        """The smallest dtype that holds 0 … K − 1."""
        return np.min_scalar_type(self.model_.module_.observation.n_categories - 1)

    def _symbols(self, X: Any) -> tuple[np.dtype, np.ndarray]:
        """Check rows; return the dtype to restore, and the entries in the smallest dtype."""
        check_is_fitted(self)
        given, X = as_host_array(X), check_rows(self, X, reset=False)
        # toarray sums duplicate entries, which are checked only then.
        values = X.toarray() if sp.issparse(X) else X
        top = self.model_.module_.observation.n_categories - 1
        wrong = (values < 0) | (values > top) | (values != np.floor(values))
        if wrong.any():
            raise ValueError(
                f"X has {values[wrong][0]}, but the likelihood "
                f"{self.model_.module_.arguments['likelihood']!r} of the model only has integers "
                f"from 0 to {top}."
            )
        return _stored_dtype(given, X.dtype), values.astype(self._symbol_dtype())


def _stored_dtype(given: Any, checked: np.dtype) -> np.dtype:
    """The dtype of the rows as they were given, if it can be restored, else of checked ones."""
    dtypes = getattr(given, "dtypes", None)  # of a table's columns
    kinds: set[Any] = {getattr(given, "dtype", None)} if dtypes is None else set(dtypes)
    if not all(isinstance(kind, np.dtype) for kind in kinds):
        return checked
    dtype = kinds.pop() if len(kinds) == 1 else np.result_type(*kinds)
    return dtype if dtype.str in DTYPES else checked


def arithmetic(coder: BitsBack) -> bytes:
    """A fingerprint of the words that this machine encodes fixed rows to."""
    i, j = np.indices((PROBE_ROWS, coder.module.n_features))
    return fingerprint(coder.encode((7 * i + 3 * j) % coder.observation.n_categories)[0])
