"""The restricted Boltzmann machine as an estimator."""

from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from .._parameters import check_option
from .._rows import Rows
from .base.parameters import warn_outside_unit_interval
from .base.restricted import RestrictedModel
from .likelihood.pseudo import pseudo_log_likelihood
from .units.kinds import HIDDEN_UNITS


class BernoulliRBM(RestrictedModel):
    """Restricted Boltzmann machine with binary visible and hidden units.

    A drop-in for :class:`sklearn.neural_network.BernoulliRBM`, with its parameters and fitted
    attributes. It learns by ascent on the likelihood, with Gibbs chains for the model's
    expectation; see Notes for the differences.

    Parameters
    ----------
    n_components : int, default=256
        Number of hidden units.
    learning_rate : float, default=0.1
        Step along the gradient of the mean log-likelihood.
    batch_size : int, default=10
        Rows per update.
    n_iter : int, default=10
        Exact number of passes over the training data.
    learning_rate_schedule : {"linear", "constant"}, default="linear"
        "linear" keeps the rate over the first half of the fit and lowers it to 1 % over the second.
        This averages the noise of the chains away. ``partial_fit`` always keeps the rate.
    cd_steps : int, default=1
        Gibbs sweeps before each update, the k of CD-k and PCD-k.
    persistent : bool, default=True
        Whether the chains go on from one update to the next (PCD); otherwise each update starts
        them at its own batch (CD).
    n_chains : int, default=None
        Persistent chains, whatever the batch size; None takes ten million divided by the number of
        weights, but at least 50 and at most 200.
    n_temperatures : int, default=1
        Replicas of each persistent chain, at inverse temperatures from 1 to 0, which exchange them
        (parallel tempering). It is so many times the work, for data whose modes chains hardly
        leave.
    momentum : float, default=0.0
        Share of the last step that is kept, in [0, 1).
    weight_decay : float, default=0.0
        Each update shrinks the weights, not the biases, by this times the learning rate.
    averaging : float, default=0.0
        Share of itself that the model keeps at each update while it follows the parameters that are
        trained (Polyak averaging), in [0, 1). 0.999 averages over some thousand updates.
    centered : bool, default=True
        Whether the gradient is that of centred units, which conditions it much better.
    sparsity_target : float, default=None
        Mean activity, in (0, 1), that hidden biases are drawn to.
    sparsity_cost : float, default=1.0
        How strongly.
    hidden_units : {"bernoulli", "relu"}, default="bernoulli"
        "relu" are rectified Gaussian units, whose code is not bounded above. Their free energy,
        and so the likelihood, is exact too.
    resample : bool, default=False
        Whether entries between 0 and 1 are probabilities from which every batch draws fresh bits,
        as grey levels mean it; otherwise they stand for themselves.
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
    components_ : ndarray of shape (n_components, n_features)
        Weights, a copy of ``module_.W`` transposed.
    intercept_hidden_ : ndarray of shape (n_components,)
        Hidden biases.
    intercept_visible_ : ndarray of shape (n_features,)
        Visible biases.
    h_samples_ : ndarray of shape (n_chains, n_components)
        Hidden states of the persistent chains; zeros without ``persistent``.
    module_ : RestrictedBoltzmannMachine
        The machine.
    history_ : dict of lists
        An entry an epoch, measured on a tenth of the training rows, at most 500: ``"loss"``, minus
        an estimate of the pseudo-log-likelihood in nats; ``"reconstruction_error"``, squared,
        summed over features; ``"reconstruction_kl"`` in nats. With held-out rows, their
        ``"validation_loss"`` and ``"free_energy_gap"``: their mean free energy minus that of
        training rows; when it grows, the model overfits.
    n_iter_ : int
        Epochs run.
    n_features_in_ : int
        Features seen in ``fit``.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Their names, where they had any.

    Warns
    -----
    UserWarning
        If the data leave [0, 1].
    ConvergenceWarning
        If the log-likelihood fell during ``fit``, or is far below that of independent features.

    See Also
    --------
    GaussianRBM : For real values.
    CategoricalRBM : For integer codes, some of them missing.
    Autoencoder : Codes by reconstruction.

    Notes
    -----
    The energy is E(v, h) = −aᵀv − bᵀh − vᵀWh. Unlike scikit-learn's, this machine divides each
    phase by its own count, shuffles, starts at the data's means with weights from which either
    layer gets inputs of variance 1 at most, has more chains than rows in a batch, centres its units
    (``centered=False`` does not), and lowers the learning rate
    (``learning_rate_schedule="constant"`` does not). ``partial_fit`` is a pass in batches of
    ``batch_size``, where scikit-learn's is one update. ``score_samples`` is the log-likelihood, not
    a random pseudo-likelihood.

    ``fit`` is watched: at up to ten moments and its end, a short annealing from a fixed seed
    estimates the log-likelihood of 200 rows, for a few per cent of the time. If it fell clearly,
    the best of these epochs is kept, with a warning. What happens between them is not seen, nor a
    mode that no chain of the annealing finds.
    ``partial_fit`` is not watched.

    References
    ----------
    Tieleman, T., "Training restricted Boltzmann machines using approximations to the likelihood
    gradient", ICML 2008.

    Melchior, J., Fischer, A. and Wiskott, L., "How to center deep Boltzmann machines", JMLR 17,
    2016.

    Examples
    --------
    >>> import numpy as np
    >>> from skdeepunsup import BernoulliRBM
    >>> X = np.array([[0, 0, 1, 1], [1, 1, 0, 0]] * 50)
    >>> rbm = BernoulliRBM(n_components=2, n_iter=100, random_state=0).fit(X)
    >>> rbm.transform(X).shape
    (100, 2)
    >>> bool(rbm.score(X) > 4 * np.log(1 / 2))  # nats: better than four fair coins
    True
    """

    def __init__(
        self,
        n_components: int = 256,
        *,
        learning_rate: float = 0.1,
        batch_size: int = 10,
        n_iter: int = 10,
        learning_rate_schedule: str = "linear",
        cd_steps: int = 1,
        persistent: bool = True,
        n_chains: int | None = None,
        n_temperatures: int = 1,
        momentum: float = 0.0,
        weight_decay: float = 0.0,
        averaging: float = 0.0,
        centered: bool = True,
        sparsity_target: float | None = None,
        sparsity_cost: float = 1.0,
        hidden_units: str = "bernoulli",
        resample: bool = False,
        validation_fraction: float = 0.0,
        warm_start: bool = False,
        device: str = "auto",
        precision: str = "float32",
        verbose: int = 0,
        random_state: Any = None,
    ) -> None:
        self.n_components = n_components
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
        self.hidden_units = hidden_units
        self.resample = resample
        self.validation_fraction = validation_fraction
        self.warm_start = warm_start
        self.device = device
        self.precision = precision
        self.verbose = verbose
        self.random_state = random_state

    def score_samples(self, X: Any, *, out: Any = None) -> Any:
        """Compute the log-likelihood of each row, log p(v) = −F(v) − log Z.

        log Z is exact if the smaller layer has at most 20 bits, else estimated by annealed
        importance sampling from a fixed seed, in fewer steps than ``log_partition`` takes. It is
        computed when first needed and kept until the parameters change. For rows that are not
        binary the figure is not a likelihood.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame, Tensor} of shape (n_samples, n_features)
            Binary data.
        out : array, default=None
            Array of the answers' shape to write them into, a part at a time, such as a memory map,
            an HDF5 dataset or a zarr array; it is returned. None makes an array.

        Returns
        -------
        ndarray of shape (n_samples,)
            Log-likelihoods in nats.
        """
        return self._log_likelihood(X, out)

    def pseudo_likelihood(self, X: Any) -> np.ndarray:
        """Compute Σᵢ log p(vᵢ | the other features), all of them, with float64 inside.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame, Tensor} of shape (n_samples, n_features)
            Binary data.

        Returns
        -------
        ndarray of shape (n_samples,)
            Pseudo-log-likelihoods in nats. Cost: n_features times that of ``free_energy``.
        """
        check_is_fitted(self)
        return self._answer_exactly(self._checked(X), pseudo_log_likelihood)

    def _rate(self) -> Any:
        return self.learning_rate

    def _check_units(self) -> None:
        check_option("hidden_units", self.hidden_units, HIDDEN_UNITS)

    def _check_values(self, X: Any, training: bool) -> None:
        warn_outside_unit_interval(self, X, training)

    def _units(self, rows: Rows, fitted: dict[str, Any] | None) -> dict[str, Any]:
        return {"visible_units": "bernoulli", "hidden_units": self.hidden_units}
