"""The variational autoencoder of interactions as an estimator."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
import scipy.sparse as sp
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.callback import with_callbacks

from ..._parameters import (
    check_boolean,
    check_descent,
    check_integer,
    check_option,
    check_real,
    check_sizes,
    descent_schedule,
)
from ..._random import Stream
from ..._rows import Rows
from ..._unused import NEEDS_LAYER, IdleOptions
from ..._validation import to_array
from ...base.fit import TrainingData
from ...networks import ACTIVATIONS, initialize
from ...networks.sparse import lay_by_columns
from ...reconstruction.learning.sampled_ends import SampledEnds, check_sampled, columns_to_sample
from ...training import Adam, GradientDescent, Schedule
from .base import ImplicitRecommender
from .implicit_descent import ImplicitDescent, SampledImplicitDescent
from .implicit_module import ImplicitModule
from .written import WrittenRecommender


class ImplicitVAE(
    ClassNamePrefixFeaturesOutMixin, TransformerMixin, ImplicitRecommender, WrittenRecommender
):
    """Variational autoencoder of interactions, such as items that users liked, viewed or bought.

    A user's interactions are modelled as draws from a distribution over all items, decoded from a
    code. The encoder, which receives only some of the interactions in training, infers the code of
    any user, new or not; the decoded distribution ranks the items.

    Parameters
    ----------
    n_components : int, default=200
        Width of the code.
    hidden_layer_sizes : sequence of int, default=()
        Widths of the encoder's hidden layers, from the features to the code; the decoder mirrors
        them. A layer such as (600,) may help where users are many; where they are few, it overfits.
    variational : bool, default=True
        Whether codes are drawn from a posterior that is regularised by a prior; otherwise the model
        is a denoising autoencoder, and ``beta`` and ``kl_warmup`` are not used.
    beta : float, default=0.2
        Weight of the KL divergence between posterior and prior. 1 gives a proper bound on the
        likelihood, but smaller values rank better.
    kl_warmup : int, default=20
        Epochs over which the weight of the KL term grows linearly to its full value.
    corruption_level : float, default=0.5
        Share of the interactions that are hidden from the encoder at each update, in [0, 1).
    activation : {"identity", "logistic", "tanh", "relu", "elu", "gelu", "silu"}, default="tanh"
        Activation of the hidden layers. Where the model is not variational, the code has it too.
    learning_rate : float, default=1e-3
        Learning rate of Adam.
    weight_decay : float, default=1.0
        Each update shrinks all parameters by this times ``learning_rate``. Fewer users need more of
        it.
    n_sampled : int, default=None
        Items that are drawn for each update, beside those of its users: the softmax's sum over all
        other items is estimated from them, and an update takes a time that does not depend on the
        number of items. As many as there are make it exact. None stands for 1000 where there are
        more than 10,000 items, else for all.
    batch_size : int, default=100
        Users per update.
    max_iter : int, default=100
        Maximum number of epochs.
    early_stopping : bool, default=False
        Whether to hold out users, stop when their loss no longer improves, and keep the parameters
        of this call's best epoch. Otherwise the training loss decides when to stop, and the last
        parameters are kept. Both begin after the warm-up.
    validation_fraction : float, default=0.1
        Share of the users held out for ``early_stopping``.
    n_iter_no_change : int, default=10
        Epochs without improvement after which training stops.
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
    module_ : ImplicitModule
        Encoder and decoder.
    history_ : dict of lists
        One entry per epoch: ``"loss"``, the training loss, is the sum of ``"reconstruction"``
        (−log p(x | z), without the multinomial coefficient) and ``"regularization"`` (the KL
        divergence times its current weight); ``"validation_loss"`` and its parts are those of
        held-out users, with the full ``beta`` and the same noise in each epoch, NaN if no users
        are held out.
    n_iter_ : int
        Epochs run.
    n_features_in_ : int
        Items seen in ``fit``.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Their names, where they had any.

    See Also
    --------
    EASE : The linear baseline, in closed form.
    VariationalAutoencoder : Variational autoencoder of rows of numbers.

    Notes
    -----
    ``predict`` returns logits: their softmax is the distribution over the items. They rank the
    items of a user, but are not comparable between users.

    The predictions for a user without interactions are those of a row of zeros.

    References
    ----------
    Liang, D., Krishnan, R. G., Hoffman, M. D. and Jebara, T., "Variational autoencoders for
    collaborative filtering", WWW 2018.

    Examples
    --------
    >>> import numpy as np
    >>> from skdeepunsup import ImplicitVAE
    >>> rng = np.random.default_rng(0)
    >>> tastes = np.repeat(np.eye(2), 20, axis=1)[rng.integers(0, 2, 200)]
    >>> X = rng.random(tastes.shape) < 0.5 * tastes
    >>> model = ImplicitVAE(2, batch_size=20, random_state=0).fit(X)
    >>> items, _ = model.recommend(np.eye(40)[[0, 30]], k=5)
    >>> bool((items[0] < 20).all() and (items[1] >= 20).all())
    True
    >>> model.transform(X).shape
    (200, 2)
    """

    _module_class = ImplicitModule

    def __init__(
        self,
        n_components: int = 200,
        *,
        hidden_layer_sizes: Sequence[int] = (),
        variational: bool = True,
        beta: float = 0.2,
        kl_warmup: int = 20,
        corruption_level: float = 0.5,
        activation: str = "tanh",
        learning_rate: float = 1e-3,
        weight_decay: float = 1.0,
        n_sampled: int | None = None,
        batch_size: int = 100,
        max_iter: int = 100,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 10,
        tol: float = 1e-4,
        warm_start: bool = False,
        device: str = "auto",
        precision: str = "float32",
        verbose: int = 0,
        random_state: Any = None,
    ) -> None:
        self.n_components = n_components
        self.hidden_layer_sizes = hidden_layer_sizes
        self.variational = variational
        self.beta = beta
        self.kl_warmup = kl_warmup
        self.corruption_level = corruption_level
        self.activation = activation
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.n_sampled = n_sampled
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
    def fit(self, X: Any, y: Any = None) -> Self:
        """Fit the model to ``X``.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame, Tensor} of shape (n_users, n_items)
            Interactions, at least 0; 0 where there are none. A sparse matrix stays sparse: only
            batches become dense.
        y : Ignored
            Present for API consistency.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError
            If ``X`` has no interactions, or negative entries.

        Notes
        -----
        Ctrl-C ends a fit with what its finished epochs learned, and a ConvergenceWarning;
        within another fit, a search or a Pipeline it is passed on.
        """
        return self._fit(X, y)

    def transform(self, X: Any) -> np.ndarray:
        """Map users to their codes.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame, Tensor} of shape (n_users, n_items)
            Known entries of the users, who need not have been there in ``fit``.

        Returns
        -------
        ndarray of shape (n_users, n_components)
            Means of the posterior, or codes of a model that is not variational, as float64.
        """
        return self._answer(self._known(X), lambda module: module.encode, entries=True)

    @property
    def _n_features_out(self) -> int:
        """Width of the code."""
        return int(self._module.n_components)

    def _scores(self, known: sp.csr_array) -> np.ndarray:
        return self._answer(known, lambda module: module.logits, entries=True)

    def _item_vectors(self) -> np.ndarray:
        """The weights of each item in the decoder's last layer."""
        return to_array(self._module.decoder[-1].weight).astype(np.float64)

    def _check_parameters(self) -> None:
        check_integer("n_components", self.n_components, 1)
        check_sizes("hidden_layer_sizes", self.hidden_layer_sizes)
        check_boolean("variational", self.variational)
        check_real("beta", self.beta, 0)
        check_integer("kl_warmup", self.kl_warmup, 0)
        check_real("corruption_level", self.corruption_level, 0, 1, "left")
        check_option("activation", self.activation, ACTIVATIONS)
        check_real("weight_decay", self.weight_decay, 0)
        check_sampled(self)
        check_descent(self)

    def _idle_options(self) -> IdleOptions:
        yield from super()._idle_options()
        if not self._is_written():
            yield "n_sampled", "full precision, on the CPU or by CUDA"
        if not self.variational:
            for name in ("beta", "kl_warmup"):
                yield name, "variational=True"
        elif not check_sizes("hidden_layer_sizes", self.hidden_layer_sizes):
            yield "activation", f"{NEEDS_LAYER}, or variational=False"

    def _schedule(self) -> Schedule:
        before = self.n_iter_ if self.warm_start and self.__sklearn_is_fitted__() else 0
        warmup = self.kl_warmup if self.variational else 0
        return Schedule(warmup=max(0, warmup - 1 - before), **descent_schedule(self))

    def _training_data(self, X: Any, *, reset: bool) -> TrainingData:
        return TrainingData(self._read(X, reset=reset))

    def _module_arguments(self, rows: Rows, fitted: dict[str, Any] | None) -> dict[str, Any]:
        return {
            "n_items": rows.n_features,
            "n_components": int(self.n_components),
            "hidden_layer_sizes": check_sizes("hidden_layer_sizes", self.hidden_layer_sizes),
            "activation": self.activation,
            "variational": bool(self.variational),
            "beta": float(self.beta),
            "kl_warmup": int(self.kl_warmup),
            "corruption_level": float(self.corruption_level),
            "n_sampled": columns_to_sample(self.n_sampled, rows.n_features),
        }

    def _initialize(self, module: ImplicitModule, rows: Rows, stream: Stream) -> None:
        initialize(module, stream)

    def _objective(self, module: ImplicitModule, stream: Stream) -> GradientDescent:
        decay = float(self.weight_decay)
        if self._is_written() and module.n_sampled is not None:
            ends = SampledEnds(module, module.n_sampled, self.learning_rate, decay)
            return SampledImplicitDescent(module, ends, stream)
        if self._is_written():
            first: Any = module.encoder[0]
            lay_by_columns(first.weight)
        optimizer = Adam(
            (module.parameters(), self.learning_rate), weight_decay=decay, decoupled=True
        )
        if self._is_written():
            return ImplicitDescent(module, optimizer, stream)
        dtype = self._autocast_dtype()
        return GradientDescent(module, optimizer, stream, dtype, before_epoch=module.begin_epoch)
