"""The variational autoencoder of sequences as an estimator."""

from typing import Any, Self

import numpy as np
from sklearn.callback import with_callbacks
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

from .._categories import check_categories, count_categories
from .._parameters import (
    check_descent,
    check_integer,
    check_option,
    check_real,
    check_rows_fit,
    descent_schedule,
)
from .._random import Stream
from .._rows import Rows, drawn_rows
from ..base.transformer import DeepTransformer
from ..training import PACES, Adam, GradientDescent, Schedule
from .modules.sequence import SequenceModule
from .modules.variational import ACTIVE_VARIANCE


class SequenceVAE(DeepTransformer):
    """Variational autoencoder of sequences: each symbol is drawn given those before it and a code.

    Rows are sequences of codes 0 … K − 1, padded with 0 at the end to one length, as
    `SelfiesVectorizer` returns them for molecules. A recurrent network draws a sequence given its
    continuous code, and another one infers the code. Training raises a lower bound on log p(x).

    Parameters
    ----------
    n_components : int, default=32
        Width of the code.
    n_categories : int, default=None
        Number of categories, K; None takes one more than the largest code in ``fit``.
    embedding_size : int, default=32
        Width of the vector that is learned for each symbol.
    hidden_size : int, default=128
        Width of the decoder's state; the encoder reads in both directions, with half of it in each.
    word_dropout : float, default=0.0
        Share of the symbols, in [0, 1), that the decoder does not see when it predicts later ones,
        drawn at each update. It must then use the code, which it may otherwise ignore.
    beta : float, default=1.0
        Weight of KL(q(z | x) ‖ p(z)); 1 is the plain bound. Less gives better reconstructions and
        worse samples.
    kl_warmup : int, default=0
        Epochs over which the weight of the KL term grows linearly to its full value. This hinders
        units from collapsing before the decoder can use them.
    free_bits : float, default=0.25
        Nats of KL that each component has free: below, its mean over a batch costs nothing less.
        With 0 the likelihood is mostly better, but the decoder ignores the code.
    learning_rate : float, default=3e-3
        Learning rate of Adam.
    learning_rate_schedule : {"linear", "constant"}, default="linear"
        "linear" keeps the rate over the first half of the fit and lowers it to 1 % over the second.
        The halves are those of ``max_iter``, where a fit without ``early_stopping`` ends.
    batch_size : int, default=64
        Rows per update.
    max_iter : int, default=100
        Maximum number of epochs.
    early_stopping : bool, default=False
        Whether to hold out rows, stop when their loss no longer improves, and keep the parameters
        of this call's best epoch. Otherwise the training loss decides when to stop, and the last
        parameters are kept. The loss of held-out rows is minus the bound, with β = 1 whatever
        ``beta``. Both begin after the warm-up.
    validation_fraction : float, default=0.1
        Share of the rows held out for ``early_stopping``.
    n_iter_no_change : int, default=30
        Epochs without improvement after which training stops. The loss is noisy here.
    tol : float, default=1e-4
        Smallest improvement that counts, relative to the loss.
    warm_start : bool, default=False
        Whether ``fit`` goes on from where the last one ended, the optimiser's state included.
    device : str, default="auto"
        Where to compute: "cpu", "cuda", "mps", or "auto" for the first of the last two that is
        available, else "cpu".
    precision : {"float32", "bfloat16", "float64"}, default="float32"
        Precision of the products in training; parameters and answers stay at least float32.
    verbose : int, default=0
        Whether to print a line for each epoch.
    random_state : int, RandomState instance or None, default=None
        Seeds all that is random in ``fit``.

    Attributes
    ----------
    n_active_units_ : int
        Components in use: those whose posterior mean has a variance above 0.01 over the training
        rows (500 of them, spread over all). The others have collapsed to the prior.
    module_ : SequenceModule
        Encoder and decoder.
    history_ : dict of lists
        An entry an epoch: ``"loss"``, the sum of ``"reconstruction"`` (−log p(x | z)), ``"kl"`` and
        ``"regularization"``, which is what ``beta``, the warm-up and free bits add;
        ``"active_units"``; of held-out rows ``"validation_loss"``, minus the bound, and its parts,
        NaN where there are none.
    n_iter_ : int
        Epochs run.
    n_features_in_ : int
        Features seen in ``fit``. They are the places of a sequence.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Their names, where they had any.

    Raises
    ------
    ValueError
        If the data are not codes.

    See Also
    --------
    SelfiesVectorizer : Molecules as such sequences, and back.
    VariationalAutoencoder : With features that are independent given the code.

    Notes
    -----
    The likelihood is that of the symbols of a sequence and of its end; the padding is then certain.
    A 0 before another code is a code like any other. So every possible row has a probability, and
    these sum to 1.

    References
    ----------
    Bowman, S. R. et al., "Generating sentences from a continuous space", CoNLL 2016.

    Gómez-Bombarelli, R. et al., "Automatic chemical design using a data-driven continuous
    representation of molecules", ACS Central Science 4, 2018.

    Examples
    --------
    >>> import numpy as np
    >>> from skdeepunsup import SequenceVAE
    >>> rng = np.random.default_rng(0)
    >>> lengths = rng.integers(1, 8, 500)
    >>> X = np.array([([1, 2] * 4)[:n] + [3] + [0] * (7 - n) for n in lengths])
    >>> options = {"free_bits": 0.5, "learning_rate": 0.01, "max_iter": 25}
    >>> model = SequenceVAE(2, hidden_size=32, **options, random_state=0).fit(X)
    >>> known = {tuple(row) for row in X}
    >>> drawn = [tuple(row) for row in model.sample(1000, random_state=0)]
    >>> sum(row in known for row in drawn) > 950
    True
    >>> model.score(X) > -2.1  # log 7 is 1.95
    True
    """

    _module_class = SequenceModule

    def __init__(
        self,
        n_components: int = 32,
        *,
        n_categories: int | None = None,
        embedding_size: int = 32,
        hidden_size: int = 128,
        word_dropout: float = 0.0,
        beta: float = 1.0,
        kl_warmup: int = 0,
        free_bits: float = 0.25,
        learning_rate: float = 3e-3,
        learning_rate_schedule: str = "linear",
        batch_size: int = 64,
        max_iter: int = 100,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 30,
        tol: float = 1e-4,
        warm_start: bool = False,
        device: str = "auto",
        precision: str = "float32",
        verbose: int = 0,
        random_state: Any = None,
    ) -> None:
        self.n_components = n_components
        self.n_categories = n_categories
        self.embedding_size = embedding_size
        self.hidden_size = hidden_size
        self.word_dropout = word_dropout
        self.beta = beta
        self.kl_warmup = kl_warmup
        self.free_bits = free_bits
        self.learning_rate = learning_rate
        self.learning_rate_schedule = learning_rate_schedule
        self.batch_size = batch_size
        self.max_iter = max_iter
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.warm_start = warm_start
        self.device = device
        self.precision = precision
        self.verbose = verbose
        self.random_state = random_state

    @with_callbacks
    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> Self:
        """Fit the model to ``X``.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame, Tensor} of shape (n_samples, n_features)
            Sequences of codes, padded by 0.
        y : Ignored
            Present for API consistency.
        sample_weight : array-like of shape (n_samples,), default=None
            How much each row counts, on any scale; None lets all count alike. Rows of weight 0 are
            left out.

        Returns
        -------
        self : object
            The fitted estimator.

        Notes
        -----
        Ctrl-C ends a fit with what its finished epochs learned, and a ConvergenceWarning;
        within another fit, a search or a Pipeline it is passed on.
        """
        return self._fit(X, y, sample_weight=sample_weight)

    def partial_fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> Self:
        """Go on with one pass over ``X``, from where the last call or the fit ended.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame, Tensor} of shape (n_samples, n_features)
            Sequences of codes, or a part of them.
        y : Ignored
            Present for API consistency.
        sample_weight : array-like of shape (n_samples,), default=None
            How much each row counts, beside the others of this call. Nothing is held out.

        Returns
        -------
        self : object
            The fitted estimator.
        """
        return self._partial_fit(X, sample_weight=sample_weight)

    @property
    def n_active_units_(self) -> int:
        """Number of components in use."""
        check_is_fitted(self)
        return int((self._module.code_variance > ACTIVE_VARIANCE).sum())

    def score_samples(self, X: Any, *, n_samples: int = 100, out: Any = None) -> Any:
        """Estimate the log-likelihood of each row by importance sampling from q(z | x).

        The estimate is a lower bound in expectation, tighter with more samples; weights are summed
        in float64.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame, Tensor} of shape (n_samples, n_features)
            Sequences of codes, padded by 0.
        n_samples : int, default=100
            Draws of z for each row, from the same noise for all rows and calls.
        out : array, default=None
            Array of the answers' shape to write them into, a part at a time, such as a memory map,
            an HDF5 dataset or a zarr array; it is returned. None makes an array.

        Returns
        -------
        ndarray of shape (n_samples,)
            log p(x) in nats.

        Raises
        ------
        ValueError
            If the data are not codes.
        """
        check_is_fitted(self)
        check_integer("n_samples", n_samples, 1)
        return self._answer(
            self._checked(X),
            lambda module: lambda x: module.log_likelihood(x, n_samples, Stream(0, x.device)),
            out=out,
        )

    def sample(
        self, n_samples: int = 1, *, temperature: float = 1.0, random_state: Any = None
    ) -> np.ndarray:
        """Draw rows from the model: z from p(z), then symbol after symbol from p(x | z).

        Parameters
        ----------
        n_samples : int, default=1
            Rows to draw.
        temperature : float, default=1.0
            Divisor of the logits of each symbol; less than 1 prefers likely symbols.
        random_state : int, RandomState instance or None, default=None
            Seeds the sampling; None takes NumPy's global state.

        Returns
        -------
        ndarray of shape (n_samples, n_features)
            Sequences of codes, padded by 0, as float64.
        """
        check_is_fitted(self)
        check_rows_fit("n_samples", n_samples, self.n_features_in_)
        check_real("temperature", temperature, 0, boundaries="neither")
        module: SequenceModule = self._module
        stream = Stream(random_state, module.warmth.device)
        return drawn_rows(
            lambda part: module.sample(part.stop - part.start, temperature, stream),
            n_samples,
            self.n_features_in_,
        )

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.categorical = True
        tags.input_tags.positive_only = True
        return tags

    def _check_parameters(self) -> None:
        if self.n_categories is not None:
            check_integer("n_categories", self.n_categories, 2)
        for name in ("n_components", "embedding_size", "hidden_size"):
            check_integer(name, getattr(self, name), 1)
        check_real("word_dropout", self.word_dropout, 0, 1, "left")
        check_real("beta", self.beta, 0)
        check_integer("kl_warmup", self.kl_warmup, 0)
        check_real("free_bits", self.free_bits, 0)
        schedule = self.learning_rate_schedule
        check_option("learning_rate_schedule", schedule, PACES)
        check_descent(self)

    def _check_values(self, X: Any, training: bool) -> None:
        fitted = {} if training else self._module.arguments
        check_categories(X, fitted.get("n_categories", self.n_categories), self)

    def _schedule(self) -> Schedule:
        before = self.n_iter_ if self.warm_start and self.__sklearn_is_fitted__() else 0
        return Schedule(warmup=max(0, self.kl_warmup - 1 - before), **descent_schedule(self))

    def _module_arguments(self, rows: Rows, fitted: dict[str, Any] | None) -> dict[str, Any]:
        K = self.n_categories
        return {
            "n_features": rows.n_features,
            "n_categories": (
                count_categories(rows, (fitted or {}).get("n_categories")) if K is None else int(K)
            ),
            "n_components": int(self.n_components),
            "embedding_size": int(self.embedding_size),
            "hidden_size": int(self.hidden_size),
            "word_dropout": float(self.word_dropout),
            "beta": float(self.beta),
            "kl_warmup": int(self.kl_warmup),
            "free_bits": float(self.free_bits),
        }

    def _initialize(self, module: SequenceModule, rows: Rows, stream: Stream) -> None:
        module.initialize(stream)

    def _objective(self, module: SequenceModule, stream: Stream) -> GradientDescent:
        optimizer = Adam((module.parameters(), self.learning_rate))
        return GradientDescent(
            module,
            optimizer,
            stream,
            self._autocast_dtype(),
            pace=PACES[self.learning_rate_schedule],
            before_epoch=module.begin_epoch,
            monitor=module.monitor,
        )
