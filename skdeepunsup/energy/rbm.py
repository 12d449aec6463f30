"""The restricted Boltzmann machine as an estimator."""

import copy
import hashlib
import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from .._parameters import (
    check_boolean,
    check_integer,
    check_option,
    check_real,
    resolve_device,
    resolve_precision,
)
from .._random import Stream
from .._validation import (
    Rows,
    StreamedRows,
    check_rows,
    map_rows,
    output_dtype,
    outside_unit_interval,
    to_array,
)
from ..base import DeepTransformer
from ..training import Schedule
from .learning import ContrastiveDivergence
from .machine import RestrictedBoltzmannMachine
from .partition import (
    MAX_ENUMERATED_UNITS,
    LogPartition,
    annealed_log_partition,
    exact_log_partition,
)
from .pseudo_likelihood import pseudo_log_likelihood

CPU = torch.device("cpu")

FIRST_HIDDEN_BIAS = -2.0
"""Units that start rarely on end as a sparse code, which fits better and separates classes.

``python -m benchmarks likelihood --n-iter 30`` ends 2.7 nats higher than from b = 0; after 200
epochs, when both are near their best, from b = 0 it ends 0.6 higher.
"""


class BernoulliRBM(DeepTransformer):
    """Restricted Boltzmann machine with binary visible and hidden units.

    Drops in for :class:`sklearn.neural_network.BernoulliRBM`, whose parameters and fitted
    attributes it has. It learns by ascent on the likelihood, with Gibbs chains for the model's
    expectation; see Notes for what differs.

    Parameters
    ----------
    n_components : int, default=256
        Hidden units.
    learning_rate : float, default=0.1
        Step along the gradient of the mean log-likelihood.
    batch_size : int, default=10
        Rows of one update.
    n_iter : int, default=10
        Passes over the training data, exactly this many.
    learning_rate_schedule : {"linear", "constant"}, default="linear"
        "linear" keeps the rate over the first half of the fit and lowers it to 1 % over the second,
        which averages the noise of the chains away. ``partial_fit`` always keeps it.
    cd_steps : int, default=1
        Gibbs sweeps before an update (k of CD-k and PCD-k).
    persistent : bool, default=True
        Whether the chains go on from one update to the next (PCD); otherwise each update starts
        them at its own batch (CD).
    n_chains : int, default=None
        Persistent chains, whatever the batch size; None takes ``batch_size`` of them.
    momentum : float, default=0.0
        Share of the last step that is kept, in [0, 1).
    weight_decay : float, default=0.0
        Each update shrinks the weights, not the biases, by this times the learning rate.
    centered : bool, default=True
        Whether the gradient is that of centred units, which conditions it much better.
    sparsity_target : float, default=None
        Mean activity, in (0, 1), that hidden biases are drawn to.
    sparsity_cost : float, default=1.0
        How strongly.
    resample : bool, default=False
        Whether entries between 0 and 1 are probabilities from which every batch draws fresh bits,
        as grey levels mean it; otherwise they stand for themselves.
    validation_fraction : float, default=0.0
        Share of the rows that is held out of training to be measured in ``history_``.
    device : str, default="auto"
        "cpu", "cuda", "mps", or the first of the last two that is there.
    precision : {"float32", "bfloat16", "float64"}, default="float32"
        Of the products in training; parameters and answers stay at least float32.
    verbose : int, default=0
        Whether to print a line for each epoch.
    random_state : int, RandomState instance or None, default=None
        Seeds everything random in ``fit``.

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

    See Also
    --------
    Autoencoder : Codes by reconstruction.

    Notes
    -----
    The energy is E(v, h) = −aᵀv − bᵀh − vᵀWh. Unlike scikit-learn's, this machine divides each
    phase by its own count, shuffles, starts its visible biases at the log odds of the data's means
    and its hidden ones at −2, centres its units (``centered=False`` does not), and lowers the
    learning rate (``learning_rate_schedule="constant"`` does not). ``partial_fit`` is a pass in
    batches of ``batch_size``, where scikit-learn's is one update. ``score_samples`` is the
    log-likelihood, not a random pseudo-likelihood.

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

    _module_class = RestrictedBoltzmannMachine

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
        momentum: float = 0.0,
        weight_decay: float = 0.0,
        centered: bool = True,
        sparsity_target: float | None = None,
        sparsity_cost: float = 1.0,
        resample: bool = False,
        validation_fraction: float = 0.0,
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
        self.momentum = momentum
        self.weight_decay = weight_decay
        self.centered = centered
        self.sparsity_target = sparsity_target
        self.sparsity_cost = sparsity_cost
        self.resample = resample
        self.validation_fraction = validation_fraction
        self.device = device
        self.precision = precision
        self.verbose = verbose
        self.random_state = random_state

    @property
    def components_(self) -> np.ndarray:  # numpydoc ignore=RT01
        """Weights, hidden by visible."""
        return to_array(self._module.W.T)

    @property
    def intercept_hidden_(self) -> np.ndarray:  # numpydoc ignore=RT01
        """Hidden biases."""
        return to_array(self._module.b)

    @property
    def intercept_visible_(self) -> np.ndarray:  # numpydoc ignore=RT01
        """Visible biases."""
        return to_array(self._module.a)

    @property
    def h_samples_(self) -> np.ndarray:  # numpydoc ignore=RT01
        """Hidden states of the persistent chains."""
        return to_array(torch.as_tensor(self._training["objective"]["chains"]))

    def score_samples(self, X: Any) -> np.ndarray:
        """Compute the log-likelihood of each row, log p(v) = −F(v) − log Z.

        log Z is what ``log_partition`` returns by default: exact where the smaller layer has at
        most 20 units, else estimated by annealed importance sampling, from a fixed seed. It is
        computed when first needed and kept until the parameters change. For rows that are not
        binary the figure is not a likelihood.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame, Tensor} of shape (n_samples, n_features)
            Binary data.

        Returns
        -------
        ndarray of shape (n_samples,)
            Log-likelihoods in nats.
        """
        check_is_fitted(self)
        X = check_rows(self, X, reset=False)
        log_partition = self._kept_log_partition()
        return self._answer_exactly(X, lambda machine, v: -machine.free_energy(v) - log_partition)

    def free_energy(self, X: Any) -> np.ndarray:
        """Compute F(v) = −aᵀv − Σⱼ log(1 + exp(vᵀW + b)ⱼ), with float64 inside.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame, Tensor} of shape (n_samples, n_features)
            Data.

        Returns
        -------
        ndarray of shape (n_samples,)
            Free energies in nats: −log p(v) − log Z.
        """
        check_is_fitted(self)
        X = check_rows(self, X, reset=False)
        return self._answer_exactly(X, RestrictedBoltzmannMachine.free_energy)

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
        X = check_rows(self, X, reset=False)
        return self._answer_exactly(X, pseudo_log_likelihood)

    def log_partition(
        self,
        method: str = "auto",
        *,
        n_temperatures: int = 2000,
        n_chains: int = 200,
        random_state: Any = 0,
    ) -> LogPartition:
        """Compute log Z.

        Parameters
        ----------
        method : {"auto", "exact", "ais"}, default="auto"
            "exact" sums over all states of the smaller layer, its cost doubling with each unit;
            "ais" is annealed importance sampling; "auto" is exact up to 20 units.
        n_temperatures : int, default=2000
            Steps of the annealing; more of them narrow the interval and lower the bias.
        n_chains : int, default=200
            Independent runs of the annealing.
        random_state : int, RandomState instance or None, default=0
            Seeds the annealing.

        Returns
        -------
        LogPartition
            A tuple (value, lower, upper) in nats. The interval is three standard errors of the
            mean importance weight each way; exact values have no width.

        Raises
        ------
        ValueError
            If "exact" is asked for with more than 30 units in the smaller layer.
        """
        check_is_fitted(self)
        check_option("method", method, ("auto", "exact", "ais"))
        check_integer("n_temperatures", n_temperatures, 2)
        check_integer("n_chains", n_chains, 1)
        machine = self._module
        smaller = min(machine.W.shape)
        if method == "exact" and smaller > 30:
            raise ValueError(
                f"method == 'exact' would sum over 2**{smaller} states; use method='ais'."
            )
        if method == "exact" or (method == "auto" and smaller <= MAX_ENUMERATED_UNITS):
            return LogPartition(*[exact_log_partition(machine)] * 3)
        if machine.a.device.type == "mps":  # which has no float64 for the weights
            machine = copy.deepcopy(machine).cpu()
        with torch.no_grad():
            return annealed_log_partition(
                machine,
                machine.a0,
                n_temperatures=n_temperatures,
                n_chains=n_chains,
                stream=Stream(random_state, machine.a.device),
            )

    def gibbs(self, v: Any, n_steps: int = 1, *, random_state: Any = None) -> np.ndarray:
        """Run Gibbs sampling from given rows: h given v, then v given h.

        Parameters
        ----------
        v : {array-like, sparse matrix, DataFrame, Tensor} of shape (n_samples, n_features)
            Where the chains start.
        n_steps : int, default=1
            Sweeps.
        random_state : int, RandomState instance or None, default=None
            Seeds the sampling; None takes NumPy's global state.

        Returns
        -------
        ndarray of shape (n_samples, n_features)
            Bits, as floats.
        """
        check_is_fitted(self)
        check_integer("n_steps", n_steps, 0)
        v = check_rows(self, v, reset=False)
        stream = Stream(random_state, self._module.a.device)
        return self._answer(v, lambda machine: lambda x: machine.gibbs(x, stream, n_steps))

    def sample(
        self, n_samples: int = 1, *, n_steps: int = 1000, random_state: Any = None
    ) -> np.ndarray:
        """Draw from the model by Gibbs sampling.

        Independent chains start at the machine without weights (the data's means) and run for
        ``n_steps`` sweeps. A machine with deep modes needs more of them.

        Parameters
        ----------
        n_samples : int, default=1
            Rows to draw.
        n_steps : int, default=1000
            Sweeps of each chain.
        random_state : int, RandomState instance or None, default=None
            Seeds the sampling; None takes NumPy's global state.

        Returns
        -------
        ndarray of shape (n_samples, n_features)
            Bits, as float64.
        """
        check_is_fitted(self)
        check_integer("n_samples", n_samples, 1)
        check_integer("n_steps", n_steps, 0)
        machine = self._module
        stream = Stream(random_state, machine.a.device)
        with torch.inference_mode():
            v = machine.visible.sample(machine.a0.expand(n_samples, -1), stream)
            v = machine.gibbs(v, stream, n_steps)
        return v.cpu().double().numpy()

    def _check_parameters(self) -> None:
        check_integer("n_components", self.n_components, 1)
        check_real("learning_rate", self.learning_rate, 0, boundaries="neither")
        check_integer("batch_size", self.batch_size, 1)
        check_integer("n_iter", self.n_iter, 1)
        check_option("learning_rate_schedule", self.learning_rate_schedule, ("linear", "constant"))
        check_integer("cd_steps", self.cd_steps, 1)
        if self.n_chains is not None:
            check_integer("n_chains", self.n_chains, 1)
        for name in ("persistent", "centered", "resample"):
            check_boolean(name, getattr(self, name))
        check_real("momentum", self.momentum, 0, 1, "left")
        check_real("weight_decay", self.weight_decay, 0)
        if self.sparsity_target is not None:
            check_real("sparsity_target", self.sparsity_target, 0, 1, "neither")
        check_real("sparsity_cost", self.sparsity_cost, 0)
        check_real("validation_fraction", self.validation_fraction, 0, 1, "left")
        resolve_precision(self.precision)
        resolve_device(self.device, self.precision)

    def _check_values(self, X: Any) -> None:
        if outside := outside_unit_interval(X):
            warnings.warn(f"BernoulliRBM models {outside}", UserWarning, stacklevel=5)

    def _schedule(self) -> Schedule:
        return Schedule(self.n_iter, self.batch_size, self.validation_fraction)

    def _module_arguments(self, n_features: int) -> dict[str, Any]:
        return {"n_features": n_features, "n_components": self.n_components}

    def _initialize(self, module: RestrictedBoltzmannMachine, rows: Rows, stream: Stream) -> None:
        """W ~ N(0, 0.01²), a = the log odds of the data's means (Hinton 2010), b = −2."""
        smoothed = 1 / (len(rows) + 2)  # as if each feature had been seen once on and once off
        mean = rows.mean().clamp(smoothed, 1 - smoothed)
        module.W.copy_(0.01 * stream.normal(*module.W.shape).cpu())
        module.a.copy_(mean.logit())
        module.a0.copy_(module.a)
        module.b.fill_(FIRST_HIDDEN_BIAS)

    def _objective(
        self, module: RestrictedBoltzmannMachine, stream: Stream
    ) -> ContrastiveDivergence:
        return ContrastiveDivergence(
            module,
            stream,
            n_chains=self.n_chains or self.batch_size,
            learning_rate=self.learning_rate,
            cd_steps=self.cd_steps,
            persistent=self.persistent,
            momentum=self.momentum,
            weight_decay=self.weight_decay,
            centered=self.centered,
            sparsity_target=self.sparsity_target,
            sparsity_cost=self.sparsity_cost,
            decay=self.learning_rate_schedule == "linear",
            resample=self.resample,
            precision=resolve_precision(self.precision),
        )

    def _kept_log_partition(self) -> float:
        """Log Z, kept on the machine with a digest of the parameters that it belongs to."""
        machine = self._module
        parameters = (to_array(parameter) for parameter in machine.parameters())
        version = hashlib.blake2b(b"".join(p.tobytes() for p in parameters)).digest()
        kept = getattr(machine, "kept_log_partition", None)
        if kept is None or kept[0] != version:
            kept = machine.kept_log_partition = (version, self.log_partition().value)
        if not math.isfinite(kept[1]):
            raise ValueError("log Z is not finite; the fit has diverged. Lower learning_rate.")
        return float(kept[1])

    def _answer_exactly(
        self, X: Any, function: Callable[[RestrictedBoltzmannMachine, Tensor], Tensor]
    ) -> np.ndarray:
        """Apply ``function`` of the machine and checked rows in float64 on the CPU."""
        machine = self._module.in_double()
        rows = StreamedRows(X, CPU, torch.float64)
        return map_rows(lambda v: function(machine, v), rows, output_dtype(X))
