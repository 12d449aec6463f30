"""The autoencoder of ratings as an estimator."""

from typing import Any, Self

import numpy as np
import scipy.sparse as sp
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.callback import with_callbacks

from ..._caller import all_or_nothing
from ..._parameters import (
    check_integer,
    check_option,
    check_real,
    check_updates,
)
from ..._random import Stream
from ..._rows import Rows, StreamedRows
from ..._scaling import Scaling, root_mean_square
from ..._validation import to_array
from ...base.fit import TrainingData
from ...base.units import reported_error
from ...networks.sparse import lay_by_columns
from ...training import Adam, GradientDescent, Report, Schedule, linear_pace
from .base import RatingRecommender
from .bias import RatingBias, rating_bias
from .checks import rated_items, transposed
from .rating_descent import RatingDescent
from .rating_module import RatingModule
from .readout import LinearReadout, linear_readout
from .written import WrittenRecommender

VIEWS = ("items", "users")
LEAST_NOISE = 1e-9
"""Smallest noise of the readout, in units of the mean square of the residuals."""


class RatingAutoencoder(
    ClassNamePrefixFeaturesOutMixin, TransformerMixin, RatingRecommender, WrittenRecommender
):
    """Autoencoder of ratings: predicts all ratings of a row from the known ones.

    A rating is the sum of a mean, biases of its user and its item, and a residual. A network with
    one hidden layer reconstructs the residuals from the known ones and from *which* ratings are
    known. Rows of the network are items, or users.

    Parameters
    ----------
    n_components : int, default=400
        Number of hidden units.
    view : {"items", "users"}, default="items"
        Rows of the network in training. With "items", each user has an output unit. The
        distribution of these units is the prior of any user, and ridge regression of a user's
        ratings on the items' codes infers the user's unit, so that users who were not in ``fit``
        can be predicted. With "users", the user's row itself is encoded.
    corruption_level : float, default=0.2
        Share of a row's ratings that an update hides from the hidden layer but not from the loss,
        in [0, 1).
    weight_decay : float, default=3e-5
        Half of it times the squares of all parameters is added to the squared error of a rating.
    shrinkage : float, default=5.0
        Number of residuals of 0 that are added to those that a user's or an item's bias is the mean
        of.
    learning_rate : float, default=2e-3
        Learning rate of Adam. It is constant over the first half of the epochs, then falls to 1 %.
    batch_size : int, default=128
        Rows per update.
    max_iter : int, default=50
        Exact number of epochs.
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
    bias_ : RatingBias
        The ``mean`` of all ratings, and the biases of ``items``.
    rating_range_ : tuple of float
        The lowest and the highest rating in ``fit``; predictions are clipped to it.
    readout_ : LinearReadout or None
        With ``view="items"``: the ``factors`` and ``offsets`` of the items, and the ``noise``, the
        squared error of a rating in the last epoch, which regularises the regression.
    module_ : RatingModule
        The network.
    history_ : dict of lists
        One entry per epoch: ``"loss"``, the squared error of a rating during training, and
        ``"validation_loss"``, always NaN.
    n_iter_ : int
        Epochs run.
    n_features_in_ : int
        Items seen in ``fit``.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Their names, where they had any.

    Raises
    ------
    ValueError
        If there is no rating in ``fit``.

    See Also
    --------
    RatingRBM : Gives a distribution of each rating, and so the spread of predictions.
    ImplicitVAE : For interactions instead of ratings.

    Notes
    -----
    Predictions for a user without ratings are the items' means and biases plus the network's output
    for no ratings; likewise for an item without ratings. With ``view="items"``, a callback cannot
    predict between epochs, since ``readout_`` is computed at the end of ``fit``.

    References
    ----------
    Sedhain, S., Menon, A. K., Sanner, S. and Xie, L., "AutoRec: autoencoders meet collaborative
    filtering", WWW 2015.

    Examples
    --------
    >>> import numpy as np
    >>> from skdeepunsup import RatingAutoencoder
    >>> X = np.array([[5, 5, 1, np.nan], [5, 4, 1, 1], [1, np.nan, 5, 5], [1, 2, 5, 4]] * 5)
    >>> model = RatingAutoencoder(8, batch_size=4, max_iter=300, random_state=0).fit(X)
    >>> items, scores = model.recommend([[np.nan, 5, 1, np.nan]], k=2)
    >>> items
    array([[0, 3]])
    """

    _module_class = RatingModule
    _absent = np.nan
    bias_: RatingBias
    readout_: LinearReadout | None
    _is_rated: np.ndarray

    def __init__(
        self,
        n_components: int = 400,
        *,
        view: str = "items",
        corruption_level: float = 0.2,
        weight_decay: float = 3e-5,
        shrinkage: float = 5.0,
        learning_rate: float = 2e-3,
        batch_size: int = 128,
        max_iter: int = 50,
        device: str = "auto",
        precision: str = "float32",
        verbose: int = 0,
        random_state: Any = None,
    ) -> None:
        self.n_components = n_components
        self.view = view
        self.corruption_level = corruption_level
        self.weight_decay = weight_decay
        self.shrinkage = shrinkage
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.max_iter = max_iter
        self.device = device
        self.precision = precision
        self.verbose = verbose
        self.random_state = random_state

    @with_callbacks
    def fit(self, X: Any, y: Any = None) -> Self:
        """Fit the model to the ratings of ``X``.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame, Tensor} of shape (n_users, n_items)
            Ratings: dense, with NaN where there is none, or sparse, where every stored entry is a
            rating, including zeros. A sparse matrix stays sparse: only batches become dense.
        y : Ignored
            Present for API consistency.

        Returns
        -------
        self : object
            The fitted estimator.

        Notes
        -----
        Ctrl-C ends a fit with what its finished epochs learned, and a ConvergenceWarning;
        within another fit, a search or a Pipeline it is passed on.
        """
        with all_or_nothing(self):
            self._fit(X, y)
            self.readout_ = self._learned_readout(X) if self.view == "items" else None
        return self

    def transform(self, X: Any) -> np.ndarray:
        """Map users to their codes.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame, Tensor} of shape (n_users, n_items)
            Known entries of the users, who need not have been there in ``fit``.

        Returns
        -------
        ndarray of shape (n_users, n_components)
            With ``view="items"``, the regression weights of the users on the items' factors; with
            "users", the hidden layer; as float64.
        """
        known = self._known(X)
        return self._codes(self.bias_.residuals(known))

    @property
    def _n_features_out(self) -> int:
        """Width of the code."""
        return int(self._module.n_components)

    def _codes(self, rest: sp.csr_array) -> np.ndarray:
        """Codes of users, given the residuals of their ratings."""
        if self.readout_ is not None:
            return self.readout_.users(rest)
        if self.view == "items":
            raise RuntimeError(
                "view == 'items' learns readout_ after the last epoch: there are no predictions "
                "before; use view='users' to predict between epochs."
            )
        return self._answer(rest, lambda module: module.encode)

    def _scores(self, known: sp.csr_array) -> np.ndarray:
        codes = self._codes(self.bias_.residuals(known))
        if self.readout_ is not None:
            rest = self.readout_.expected(codes)
        else:
            rest = self._answer(codes, lambda module: module.decode, codes=True, rows_out=True)
        return np.clip(self.bias_.expected(known) + rest, *self.rating_range_)

    def _item_vectors(self) -> np.ndarray:
        vectors = to_array(self._module.decoder.weight).astype(np.float64)
        vectors = vectors if self.readout_ is None else self.readout_.factors
        return vectors * self._is_rated[:, None]

    def _learned_readout(self, X: Any) -> LinearReadout:
        """The distribution of users, estimated from the output units of the training users."""
        rest = self.bias_.residuals(self._read(X, reset=False))
        codes = self._answer(transposed(rest), lambda module: module.encode)
        decoder = self._module.decoder
        unit = self._module.scaling.pooled
        weights, biases = (unit * to_array(p).astype(np.float64) for p in decoder.parameters())
        # The training loss includes hidden entries: the error of visible ones would be too small.
        noise = self.history_["loss"][-1] if self.n_iter_ else unit**2
        return linear_readout(codes, weights, biases, max(noise, LEAST_NOISE * unit**2))

    def _check_parameters(self) -> None:
        check_integer("n_components", self.n_components, 1)
        check_option("view", self.view, VIEWS)
        check_real("corruption_level", self.corruption_level, 0, 1, "left")
        check_real("weight_decay", self.weight_decay, 0)
        check_real("shrinkage", self.shrinkage, 0)
        check_updates(self)

    def _schedule(self) -> Schedule:
        return Schedule(self.max_iter, self.batch_size)

    def _training_data(self, X: Any, *, reset: bool) -> TrainingData:
        known = self._read(X, reset=reset)
        self.bias_ = rating_bias(known, float(self.shrinkage))
        self.rating_range_ = float(known.data.min()), float(known.data.max())
        self._is_rated = rated_items(known)
        self.readout_ = None  # which is learned once the fit is over
        rest = self.bias_.residuals(known)
        return TrainingData(transposed(rest) if self.view == "items" else rest)

    def _scaling(self, data: TrainingData, **prepared: Any) -> Scaling:
        """Return the root of the mean square of the residuals as the scale of all."""
        scale = root_mean_square(data.X.data) or 1.0
        return Scaling.of(np.zeros(data.X.shape[1]), np.asarray(scale))

    def _in_data_units(self, module: RatingModule, rows: Rows, held_out: Rows | None) -> Report:
        return reported_error(module.scaling)

    def _module_arguments(self, rows: Rows, fitted: dict[str, Any] | None) -> dict[str, Any]:
        assert isinstance(rows, StreamedRows)
        return {
            "n_columns": rows.n_features,
            "n_components": self.n_components,
            "corruption_level": float(self.corruption_level),
            "ratings_per_row": rows.X.nnz / len(rows),
        }

    def _initialize(self, module: RatingModule, rows: Rows, stream: Stream) -> None:
        module.initialize(stream)
        module.scaling.take(rows.scaling)

    def _objective(self, module: RatingModule, stream: Stream) -> GradientDescent:
        if self._is_written():
            lay_by_columns(module.encoder.weight)
        optimizer = Adam(
            (module.parameters(), self.learning_rate), weight_decay=float(self.weight_decay)
        )
        if self._is_written():
            return RatingDescent(module, optimizer, stream, linear_pace)
        return GradientDescent(module, optimizer, stream, self._autocast_dtype(), pace=linear_pace)
