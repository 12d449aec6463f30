"""A variational autoencoder as a compressor that loses nothing."""

from typing import Any

import numpy as np
import scipy.sparse as sp
from sklearn.base import BaseEstimator
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

from ..._caller import all_or_nothing
from ..._optional import optional
from ..._validation import as_host_array, check_rows
from ...base.encoders import fitted_encoder, models_of, names_of, take_input_tags
from ...reconstruction import VariationalAutoencoder
from .bits_back import BitsBack
from .byte_stream import DTYPES, ByteStream, damaged
from .fingerprint import fingerprint

PROBE_ROWS = 4


class LosslessCompressor(BaseEstimator):
    """Compressor of rows of discrete entries, by the density of a variational autoencoder.

    Rows become bytes, and the bytes the same rows: however unlikely the model finds them, they then
    only take more room. In the mean over many rows like those of the fit, a row takes minus the
    model's bound on its log-likelihood: the better the model, the smaller the bytes.

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
        The fitted model. Whoever decompresses needs the same, for instance from a pickle.
    n_features_in_ : int
        Features seen in ``fit``.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Their names, where they had any.

    Raises
    ------
    ValueError
        If the model's likelihood is "gaussian": a density gives no single row a probability.
    ImportError
        If constriction is not installed, which the extra ``compression`` brings.

    See Also
    --------
    LossyCompressor : For real values, or fewer bytes.

    Notes
    -----
    The networks run in float64 on the CPU, in one thread, which ``torch.set_num_threads`` sets for
    as long. Another processor or another version of torch may round otherwise, and then cannot
    decompress: it says so, and never returns other rows.

    The first row takes about a byte for each component, and some twenty, more than those that
    follow, which borrow bits from it. 65 bytes are header and checksums.

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
    >>> len(data) < X[1000:].size / 8 / 2  # half of what packed bits take
    True
    >>> np.array_equal(compressor.decompress(data), X[1000:])
    True
    """

    def __init__(self, model: Any) -> None:
        self.model = model

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
        if likelihood == "gaussian":
            raise ValueError(
                "model has likelihood='gaussian', a density, which gives no row a probability and "
                "hence no length in bits; use 'bernoulli' for bits, 'categorical' for codes, "
                "'beta-binomial' for grey levels, or a LossyCompressor."
            )
        optional("constriction", extra="compression", user=type(self).__name__)  # before a long fit
        with all_or_nothing(self):
            X = check_rows(self, X, reset=True)
            self.model_ = models_of(
                fitted_encoder("model", self.model, X, None, None, names_of(self))
            )[0]
        return self

    def compress(self, X: Any) -> bytes:
        """Turn rows into bytes.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame, Tensor} of shape (n_samples, n_features)
            Data of entries 0 and 1, or 0 … K − 1, of any dtype.

        Returns
        -------
        bytes
            The rows, which ``decompress`` gives back.

        Raises
        ------
        ValueError
            If an entry is none of the model's, or modules of your own draw noise in eval mode.
        """
        dtype, symbols = self._symbols(X)
        coder = self._coder()
        computed = arithmetic(coder)
        if arithmetic(coder) != computed:
            raise ValueError(
                "the networks of model give other outputs at each call, and no such model can "
                "decompress; let them draw nothing in eval mode."
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
        """Turn bytes back into rows.

        Parameters
        ----------
        data : bytes
            What ``compress`` gave.

        Returns
        -------
        ndarray of shape (n_samples, n_features)
            The rows, in the dtype that they had, or that holds all columns of a table, where that
            is a boolean, integer or float of NumPy; else in float64. Dense, and −0.0 as 0.0.

        Raises
        ------
        ValueError
            If ``data`` is no such stream, of another version, cut short, damaged, continued, made
            by another model, or made on a machine that computes differently; each is told apart.
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
        """Compute how many bits an entry takes, by compressing the rows.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame, Tensor} of shape (n_samples, n_features)
            Data, as ``compress`` takes them.

        Returns
        -------
        float
            Bits of the stream for each entry, without the header and the bits that the first row
            borrows, which more rows do not make more.
        """
        _, symbols = self._symbols(X)
        return self._coder().encode(symbols)[1] / symbols.size

    def score(self, X: Any, y: Any = None) -> float:
        """Compute minus the bits that an entry takes.

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
        """The narrowest for 0 … K − 1."""
        return np.min_scalar_type(self.model_.module_.observation.n_categories - 1)

    def _symbols(self, X: Any) -> tuple[np.dtype, np.ndarray]:
        """The dtype in which rows are to come back, and their entries in the narrowest."""
        check_is_fitted(self)
        given, X = as_host_array(X), check_rows(self, X, reset=False)
        # Entries that are stored twice are summed, and only then checked.
        values = X.toarray() if sp.issparse(X) else X
        top = self.model_.module_.observation.n_categories - 1
        wrong = (values < 0) | (values > top) | (values != np.floor(values))
        if wrong.any():
            raise ValueError(
                f"X has {values[wrong][0]}, but the likelihood "
                f"{self.model_.module_.arguments['likelihood']!r} of the model has whole numbers "
                f"from 0 to {top} only."
            )
        return _stored_dtype(given, X.dtype), values.astype(self._symbol_dtype())


def _stored_dtype(given: Any, checked: np.dtype) -> np.dtype:
    """The dtype that rows had as they were given; of rows that had none, what they have now."""
    dtypes = getattr(given, "dtypes", None)  # of a table's columns
    kinds: set[Any] = {getattr(given, "dtype", None)} if dtypes is None else set(dtypes)
    if not all(isinstance(kind, np.dtype) for kind in kinds):
        return checked
    dtype = kinds.pop() if len(kinds) == 1 else np.result_type(*kinds)
    return dtype if dtype.str in DTYPES else checked


def arithmetic(coder: BitsBack) -> bytes:
    """A digest of what this machine makes of fixed rows."""
    i, j = np.indices((PROBE_ROWS, coder.module.n_features))
    return fingerprint(coder.encode((7 * i + 3 * j) % coder.observation.n_categories)[0])
