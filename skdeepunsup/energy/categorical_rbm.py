"""The restricted Boltzmann machine of categories, some of them missing."""

from typing import Any

import numpy as np
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from .._categories import check_categories, count_categories, has_missing
from .._parameters import check_boolean, check_integer
from .._random import Stream
from .._rows import Rows
from .base.restricted import RestrictedModel
from .completion import ClampedChains, ConditionalChains
from .likelihood.partition import MAX_ENUMERATED_UNITS, seen_log_partition
from .likelihood.pseudo import pseudo_log_likelihood


class CategoricalRBM(RestrictedModel):
    """Restricted Boltzmann machine with categorical visible units, some of which may be missing.

    Each feature is a softmax group of K binary units, one of which is on. A missing entry (NaN)
    adds nothing to the hidden input and is not reconstructed in training: each row has a machine of
    its own, with the features that the row has and with weights that all rows share.

    Parameters
    ----------
    n_components : int, default=256
        Number of hidden units.
    n_categories : int, default=None
        Number of categories, K; None takes one more than the largest code in ``fit``. The codes are
        0 … K − 1, the same for each feature; if a feature has fewer, the machine learns that its
        other codes are rare. A first ``partial_fit`` should see all codes.
    conditional : bool, default=False
        Whether hidden units also receive *which* features of a row are observed, whatever their
        codes: the conditional machine, for entries that are not missing at random.
    learning_rate : float, default=0.05
        Step along the gradient of the mean log-likelihood.
    batch_size : int, default=10
        Rows per update.
    n_iter : int, default=None
        Exact number of passes over the training data. None takes 10, or as many as make 2000
        updates where rows are few.
    learning_rate_schedule : {"linear", "constant"}, default="linear"
        "linear" keeps the rate over the first half of the fit and lowers it to 1 % over the second.
        This averages the noise of the chains away. ``partial_fit`` always keeps the rate.
    cd_steps : int, default=1
        Gibbs sweeps before each update, the k of CD-k and PCD-k.
    persistent : bool, default=False
        Whether the chains go on from one update to the next (PCD); otherwise each update starts
        them at its own batch (CD). Only complete data can train persistent chains.
    n_chains : int, default=None
        Persistent chains, whatever the batch size; None takes ten million divided by the number of
        weights, but at least 50 and at most 200.
    n_temperatures : int, default=1
        Replicas of each persistent chain, at inverse temperatures from 1 to 0, which exchange them
        (parallel tempering).
    momentum : float, default=0.0
        Share of the last step that is kept, in [0, 1).
    weight_decay : float, default=0.0
        Each update shrinks the weights, not the biases, by this times the learning rate.
    averaging : float, default=0.0
        Share of itself that the model keeps at each update while it follows the parameters that are
        trained (Polyak averaging), in [0, 1).
    centered : bool, default=True
        Whether the gradient is that of centred units, which conditions it much better. Without
        ``persistent``, only hidden units are centred.
    sparsity_target : float, default=None
        Mean activity, in (0, 1), that hidden biases are drawn to.
    sparsity_cost : float, default=1.0
        How strongly.
    validation_fraction : float, default=0.0
        Share of the rows held out of training, to be measured in ``history_``.
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
    n_categories_ : int
        K.
    components_ : ndarray of shape (n_components, n_features * `n_categories_`)
        Weights, the K of a feature side by side. They sum to 0 over each K, except with
        ``conditional``: then their mean over K is what an observed feature adds, whatever its code.
    intercept_hidden_ : ndarray of shape (n_components,)
        Hidden biases.
    intercept_visible_ : ndarray of shape (n_features * `n_categories_`,)
        Visible biases.
    h_samples_ : ndarray of shape (n_chains, n_components)
        Hidden states of the persistent chains; zeros without ``persistent``.
    module_ : RestrictedBoltzmannMachine
        The machine.
    history_ : dict of lists
        An entry an epoch, measured on a tenth of the training rows, at most 500: ``"loss"``, minus
        an estimate of the pseudo-log-likelihood in nats; ``"reconstruction_error"``, squared
        difference of the expected code, summed over features; ``"reconstruction_kl"`` in nats.
        With held-out rows, their ``"validation_loss"`` and ``"free_energy_gap"``.
    n_iter_ : int
        Epochs run.
    n_features_in_ : int
        Features seen in ``fit``.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Their names, where they had any.

    Raises
    ------
    ValueError
        If an entry is not a code, or entries are missing and ``persistent`` is set.

    Warns
    -----
    ConvergenceWarning
        If the log-likelihood fell during ``fit``, or is far below that of independent features.

    See Also
    --------
    BernoulliRBM : For two categories.

    Notes
    -----
    E(v, h) = −aᵀv − bᵀh − vᵀWh of one-hot v; hence P(vᵢ = k | h) is the softmax over k of
    (Wh + a)ᵢₖ. The step of each feature is divided by the rows that have it. ``reconstruct`` gives
    the expected code Σₖ k P(vᵢ = k | h) of all features, missing ones included. Entries that a
    sparse matrix does not store are of code 0, not missing.

    The conditional machine of the paper has E(v, h | r) = E(v, h) − rᵀDh, where r marks the
    observed features. A row of D has the same effect as the mean of the K weights of its feature:
    softmax does not depend on it, and only observed features add it to the hidden input. So D needs
    no parameters of its own: the weights are just not constrained to sum to 0. ``impute`` keeps the
    row's r, whatever it draws; rows of ``sample`` are complete.

    ``fit`` is watched: at up to ten moments and its end, a short annealing from a fixed seed
    estimates the log-likelihood of 200 rows, for a few per cent of the time. If it fell clearly,
    the best of these epochs is kept, with a warning. What happens between them is not seen, nor a
    mode that no chain of the annealing finds.
    Neither ``partial_fit`` nor rows with missing entries are watched.

    References
    ----------
    Salakhutdinov, R., Mnih, A. and Hinton, G., "Restricted Boltzmann machines for collaborative
    filtering", ICML 2007.

    Examples
    --------
    >>> import numpy as np
    >>> from skdeepunsup import CategoricalRBM
    >>> X = np.array([[0, 0, 0], [1, 1, 1], [2, 2, 2]] * 50, dtype=float)
    >>> rbm = CategoricalRBM(n_components=8, n_iter=100, random_state=0).fit(X)
    >>> rbm.reconstruct([[2, np.nan, np.nan]]).round()
    array([[2., 2., 2.]])
    """

    _least_updates = 2000

    def __init__(
        self,
        n_components: int = 256,
        *,
        n_categories: int | None = None,
        conditional: bool = False,
        learning_rate: float = 0.05,
        batch_size: int = 10,
        n_iter: int | None = None,
        learning_rate_schedule: str = "linear",
        cd_steps: int = 1,
        persistent: bool = False,
        n_chains: int | None = None,
        n_temperatures: int = 1,
        momentum: float = 0.0,
        weight_decay: float = 0.0,
        averaging: float = 0.0,
        centered: bool = True,
        sparsity_target: float | None = None,
        sparsity_cost: float = 1.0,
        validation_fraction: float = 0.0,
        warm_start: bool = False,
        device: str = "auto",
        precision: str = "float32",
        verbose: int = 0,
        random_state: Any = None,
    ) -> None:
        self.n_components = n_components
        self.n_categories = n_categories
        self.conditional = conditional
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.n_iter = n_iter
        self.learning_rate_schedule = learning_rate_schedule
        self.cd_steps = cd_steps
        self.persistent = persistent
        self.n_chains = n_chains
        self.n_temperatures = n_temperatures
        self.momentum = momentum
        self.weight_decay = weight_decay
        self.averaging = averaging
        self.centered = centered
        self.sparsity_target = sparsity_target
        self.sparsity_cost = sparsity_cost
        self.validation_fraction = validation_fraction
        self.warm_start = warm_start
        self.device = device
        self.precision = precision
        self.verbose = verbose
        self.random_state = random_state

    @property
    def n_categories_(self) -> int:
        """K, of each feature."""
        return int(self._module.visible.n_categories)

    def score_samples(self, X: Any, *, out: Any = None) -> Any:
        """Compute the log-likelihood of each row, log p(v) = −F(v) − log Z.

        log Z is exact if there are at most 20 hidden units, else estimated by annealed importance
        sampling from a fixed seed, in fewer steps than ``log_partition`` takes. A row with missing
        entries belongs to the machine that has its other features only, whose log Z is computed if
        hidden units can be enumerated: 2 to the power of n_components states for each thousand
        rows.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame, Tensor} of shape (n_samples, n_features)
            Codes, NaN where missing.
        out : array, default=None
            Array of the answers' shape to write them into, a part at a time, such as a memory map,
            an HDF5 dataset or a zarr array; it is returned. None makes an array.

        Returns
        -------
        ndarray of shape (n_samples,)
            Log-likelihoods in nats.

        Raises
        ------
        ValueError
            If entries are missing and there are more than 20 hidden units.
        """
        check_is_fitted(self)
        X = self._checked(X)
        if not has_missing(X):
            return self._complete_log_likelihood(X, out)
        if self._module.n_components > MAX_ENUMERATED_UNITS:
            raise ValueError(
                "rows with missing entries have a log Z each, which more than "
                f"{MAX_ENUMERATED_UNITS} hidden units put out of reach; use pseudo_likelihood."
            )
        return self._answer_exactly(
            X, lambda machine, v: -machine.free_energy(v) - seen_log_partition(machine, v), out
        )

    def pseudo_likelihood(self, X: Any) -> np.ndarray:
        """Compute Σᵢ log p(vᵢ | the other features) over the features that are observed.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame, Tensor} of shape (n_samples, n_features)
            Codes, NaN where missing.

        Returns
        -------
        ndarray of shape (n_samples,)
            Pseudo-log-likelihoods in nats. Cost: n_features · K times that of ``free_energy``.
        """
        check_is_fitted(self)
        return self._answer_exactly(self._checked(X), pseudo_log_likelihood)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = not self.persistent
        tags.input_tags.categorical = True
        tags.input_tags.positive_only = True
        return tags

    def _completion(self, module: Any, x: Tensor, stream: Stream) -> ClampedChains:
        kind = ClampedChains if module.visible.zero_sum else ConditionalChains
        return kind(module, x, stream)

    def _rate(self) -> Any:
        return self.learning_rate

    def _check_units(self) -> None:
        check_boolean("conditional", self.conditional)
        if self.n_categories is not None:
            check_integer("n_categories", self.n_categories, 2)

    def _check_values(self, X: Any, training: bool) -> None:
        K = self.n_categories if training else self.n_categories_
        check_categories(X, K, self)

    def _units(self, rows: Rows, fitted: dict[str, Any] | None) -> dict[str, Any]:
        K = self.n_categories
        if K is None:
            K = count_categories(rows, None if fitted is None else fitted["n_categories"])
        return {
            "visible_units": "categorical",
            "hidden_units": "bernoulli",
            "n_categories": int(K),
            "zero_sum": not self.conditional,
        }
