"""The Boltzmann machine of ratings as an estimator."""

import copy
from collections.abc import Sequence
from typing import Any, Self

import numpy as np
import scipy.sparse as sp
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.callback import with_callbacks
from sklearn.utils import Tags, gen_batches

from ..._caller import all_or_nothing, fitting, is_called_by_user, names_its_class
from ..._parameters import check_boolean
from ..._rows import MAX_ENTRIES
from ...base.checkpoint import TakesCheckpoints, checkpointed
from ...energy import CategoricalRBM
from .base import RatingRecommender, evaluated
from .checks import rated_items

MAX_LEVELS = 100
"""Most levels; with more different ratings, they are taken for continuous numbers."""

ROUNDING = 1e-6
"""Largest difference between a rating and its level, relative to the largest level."""


class KnownRBM(CategoricalRBM):
    """A machine for which entries that a sparse matrix does not store are missing, not 0."""

    _absent = np.nan
    _usual_passes = 50


class RatingRBM(
    TakesCheckpoints,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
    RatingRecommender,
):
    """Restricted Boltzmann machine of ratings, whose hidden units receive the known ratings only.

    Each item is a softmax unit over the levels of ratings. Each user has a machine with only the
    rated items as visible units, and all these machines share their weights. The model gives a
    probability to every level of every item.

    Parameters
    ----------
    n_components : int, default=100
        Number of hidden units.
    levels : sequence of float, default=None
        Possible ratings; None takes the different ratings in ``fit``, at most 100.
    conditional : bool, default=True
        Whether hidden units also receive *which* items a user rated, whatever the ratings: as the
        mean of the weights over an item's levels, which is subtracted otherwise.
    learning_rate : float, default=0.01
        Step along the gradient of the mean log-likelihood.
    batch_size : int, default=20
        Users per update.
    n_iter : int, default=None
        Exact number of passes over the training data. None takes 50, or as many as make 2000
        updates where users are few.
    learning_rate_schedule : {"linear", "constant"}, default="linear"
        "linear" keeps the rate over the first half of the fit and lowers it to 1 % over the second.
    cd_steps : int, default=1
        Gibbs sweeps before each update, the k of CD-k and PCD-k. Here it is CD-k.
    momentum : float, default=0.0
        Share of the last step that is kept, in [0, 1).
    weight_decay : float, default=0.03
        Each update shrinks the weights, not the biases, by this times the learning rate.
    averaging : float, default=0.0
        Share of itself that the model keeps at each update while it follows the parameters that are
        trained (Polyak averaging), in [0, 1).
    validation_fraction : float, default=0.0
        Share of the users held out of training, to be measured in ``history_``.
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
    levels_ : ndarray of shape (n_levels,)
        Possible ratings, sorted.
    rbm_ : CategoricalRBM
        The machine; its categories are the indices of the levels.
    history_ : dict of lists
        The history of ``rbm_``.
    n_iter_ : int
        Epochs run.
    n_features_in_ : int
        Items seen in ``fit``.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Their names, where they had any.

    Raises
    ------
    ValueError
        If there is no rating, a rating is not one of ``levels``, or there are more than 100 levels.

    See Also
    --------
    RatingAutoencoder : Predicts better, and takes ratings that are any numbers.
    CategoricalRBM : The machine itself, for categorical data.

    Notes
    -----
    If users rate few of many items, little is learned about each item: then `RatingAutoencoder`,
    whose rows are items, predicts much better, and the biases alone may be as good as this model.
    It can be fitted to the transposed matrix, of items by users, if no new users are to be
    predicted.

    Predictions are expected ratings Σₖ levelₖ P(rating = levelₖ); ``predict_std`` gives the
    standard deviations of these distributions.

    References
    ----------
    Salakhutdinov, R., Mnih, A. and Hinton, G., "Restricted Boltzmann machines for collaborative
    filtering", ICML 2007.

    Examples
    --------
    >>> import numpy as np
    >>> from skdeepunsup import RatingRBM
    >>> X = np.array([[5, 5, 1, np.nan], [5, 4, 1, 1], [1, np.nan, 5, 5], [1, 2, 5, 4]] * 5)
    >>> model = RatingRBM(8, learning_rate=0.1, weight_decay=0, n_iter=200, random_state=0).fit(X)
    >>> model.levels_
    array([1., 2., 4., 5.])
    >>> items, scores = model.recommend([[np.nan, 5, 1, np.nan]], k=1)
    >>> items
    array([[0]])
    """

    rbm_: KnownRBM
    _is_rated: np.ndarray

    def __init__(
        self,
        n_components: int = 100,
        *,
        levels: Sequence[float] | None = None,
        conditional: bool = True,
        learning_rate: float = 0.01,
        batch_size: int = 20,
        n_iter: int | None = None,
        learning_rate_schedule: str = "linear",
        cd_steps: int = 1,
        momentum: float = 0.0,
        weight_decay: float = 0.03,
        averaging: float = 0.0,
        validation_fraction: float = 0.0,
        warm_start: bool = False,
        device: str = "auto",
        precision: str = "float32",
        verbose: int = 0,
        random_state: Any = None,
    ) -> None:
        self.n_components = n_components
        self.levels = levels
        self.conditional = conditional
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.n_iter = n_iter
        self.learning_rate_schedule = learning_rate_schedule
        self.cd_steps = cd_steps
        self.momentum = momentum
        self.weight_decay = weight_decay
        self.averaging = averaging
        self.validation_fraction = validation_fraction
        self.warm_start = warm_start
        self.device = device
        self.precision = precision
        self.verbose = verbose
        self.random_state = random_state

    @with_callbacks
    def fit(self, X: Any, y: Any = None) -> Self:
        """Fit the machine to the ratings of ``X``.

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
        """
        check_boolean("warm_start", self.warm_start)
        with all_or_nothing(self):
            before = self.rbm_ if self._goes_on(self.warm_start) else None
            known, machine = self._known_and_machine(X, self.warm_start)
            context = self._init_callback_context(max_subtasks=1)
            context.call_on_fit_task_begin(estimator=self, X=X, y=y)
            task = context.subcontext(task_name="machine")
            with (
                checkpointed(self, {"X": known}, before),
                fitting(machine if is_called_by_user(self) else self),
                task.propagate_callback_context(machine),
            ):
                task.call_on_fit_task_begin(estimator=self, X=X, y=y)
                machine.fit(_codes(known, self.levels_))
                task.call_on_fit_task_end(estimator=self, X=X, y=y)
            self._take(machine, known)
        context.call_on_fit_task_end(estimator=self, X=X, y=y)
        return self

    @names_its_class
    def partial_fit(self, X: Any, y: Any = None) -> Self:
        """Go on with one pass over ``X``, from where the last call or the fit ended.

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
        If ``levels`` is None, the ratings of the first call are all the levels there are.
        """
        with all_or_nothing(self):
            known, machine = self._known_and_machine(X, True)
            self._take(machine.partial_fit(_codes(known, self.levels_)), known)
        return self

    def _goes_on(self, asked: bool) -> bool:
        """Whether a fit goes on from the last one."""
        return asked and self.__sklearn_is_fitted__()

    def _known_and_machine(self, X: Any, warm: bool) -> tuple[sp.csr_array, KnownRBM]:
        """The ratings of ``X``, and the machine to fit to them: a copy to go on, or a new one.

        Sets ``levels_`` if the fit starts anew.
        """
        go_on = self._goes_on(warm)
        known = self._read(X, reset=not go_on)
        if not known.nnz:
            raise ValueError("X has no ratings: all entries are missing.")
        if not go_on:
            self.levels_ = self._found_levels(known.data)
        elif self.levels is not None:
            asked = self._found_levels(known.data)
            if not np.array_equal(asked, self.levels_):
                raise ValueError(
                    f"levels == {self.levels!r}, but the fit to go on from had "
                    f"{self.levels_.tolist()}; set it back, or start anew by fit, without "
                    "warm_start."
                )
        machine = copy.deepcopy(self.rbm_) if go_on else KnownRBM()
        shared = self.get_params(deep=False).keys() & machine.get_params(deep=False).keys()
        machine.set_params(**{name: getattr(self, name) for name in shared})
        return known, machine.set_params(n_categories=max(2, len(self.levels_)), warm_start=warm)

    def _take(self, machine: KnownRBM, known: sp.csr_array) -> None:
        """Set the fitted machine, and the items that ratings are known of."""
        before = self._is_rated if hasattr(self, "_is_rated") and machine.warm_start else False
        self.rbm_, self._is_rated = machine, rated_items(known) | before

    def transform(self, X: Any) -> np.ndarray:
        """Map users to the probabilities of their hidden units.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame, Tensor} of shape (n_users, n_items)
            Known entries of the users, who need not have been there in ``fit``.

        Returns
        -------
        ndarray of shape (n_users, n_components)
            Probabilities, as float64.
        """
        known = self._known(X)
        return self.rbm_.transform(_codes(known, self.levels_))

    def predict_std(self, X: Any, pairs: Any = None) -> np.ndarray:
        """Compute the standard deviation of ratings about the predictions of ``predict``.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame, Tensor} of shape (n_users, n_items)
            Known entries of the users, who need not have been there in ``fit``.
        pairs : array-like of int, of shape (n_pairs, 2), default=None
            A row and a column of ``X`` each; None takes all items of all users.

        Returns
        -------
        ndarray of shape (n_users, n_items) or (n_pairs,)
            Standard deviations of the distributions over levels, as float64.
        """
        return evaluated(self._spread, self._known(X), pairs)

    @property
    def history_(self) -> dict[str, list[float]]:
        """Return the figures of each epoch."""
        return self.rbm_.history_

    @property
    def n_iter_(self) -> int:
        """Number of epochs run."""
        return self.rbm_.n_iter_

    @property
    def _n_features_out(self) -> int:
        """Width of the code."""
        return int(self.rbm_._n_features_out)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.categorical = True  # ratings are numbers, but few different ones
        return tags

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "rbm_")

    def _found_levels(self, ratings: np.ndarray) -> np.ndarray:
        """``levels`` sorted, or the different ratings if they are None."""
        if self.levels is None:
            levels = np.unique(ratings)
            if len(levels) > MAX_LEVELS:
                raise ValueError(
                    f"X has {len(levels)} different ratings, too many for levels: round them, or "
                    "use RatingAutoencoder."
                )
            return levels
        try:
            levels = np.unique(np.asarray(self.levels, dtype=np.float64))
        except (TypeError, ValueError):
            levels = np.array([np.nan])
        if len(levels) < 2 or not np.isfinite(levels).all():
            raise ValueError(f"levels == {self.levels!r}, must be at least two finite numbers.")
        return levels

    def _probabilities(self, known: sp.csr_array) -> np.ndarray:
        """P(level) of every item for each user, of shape (n_users, n_items, n_levels)."""
        codes = _codes(known, self.levels_)

        def probabilities(machine: Any) -> Any:
            return lambda rows: machine.visible.mean(machine.visible_input(machine.encode(rows)))

        p = self.rbm_._answer(codes, probabilities).reshape(*known.shape, -1)
        p = p[..., : len(self.levels_)]  # a machine has at least two categories
        return p / p.sum(-1, keepdims=True)

    def _expected(self, known: sp.csr_array, values: np.ndarray) -> np.ndarray:
        """Σₖ P(levelₖ) valuesₖ of all items for each user, computed for some users at a time.

        ``values`` has one number or one row per level; the result has shape (n_users, n_items) or
        (n_users, n_items, width of a row).
        """
        n_rows = max(1, MAX_ENTRIES // (known.shape[1] * len(values)))
        parts = gen_batches(known.shape[0], n_rows)
        return np.concatenate([self._probabilities(known[part]) @ values for part in parts])

    def _scores(self, known: sp.csr_array) -> np.ndarray:
        return self._expected(known, self.levels_)

    def _spread(self, known: sp.csr_array) -> np.ndarray:
        about = self.levels_ - self.levels_.mean()  # squares far from 0 would round variances away
        moments = self._expected(known, np.column_stack([about, about**2]))
        return np.sqrt(np.maximum(moments[..., 1] - moments[..., 0] ** 2, 0))

    def _item_vectors(self) -> np.ndarray:
        W = self.rbm_.components_.astype(np.float64).T  # K rows for each item
        return W.reshape(self.n_features_in_, -1) * self._is_rated[:, None]


def _codes(known: sp.csr_array, levels: np.ndarray) -> sp.csr_array:
    """Each rating as the index of its level; raise if a rating is not one of the levels."""
    middles = (levels[1:] + levels[:-1]) / 2
    codes = np.searchsorted(middles, known.data)  # the nearest level, since float32 rounds
    wrong = np.abs(known.data - levels[codes]) > ROUNDING * (np.abs(levels).max() or 1.0)
    if wrong.any():
        raise ValueError(
            f"X has a rating of {known.data[wrong][0]:.4g}, but the levels are {levels.tolist()}."
        )
    return sp.csr_array((codes.astype(np.float64), known.indices, known.indptr), shape=known.shape)
