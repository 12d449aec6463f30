"""The unrestricted Boltzmann machine as an estimator."""

from typing import Any

import numpy as np
import scipy.sparse as sp
from sklearn.utils.validation import check_is_fitted

from .._parameters import check_boolean, check_integer, check_option, check_real
from .._random import Stream
from .._rows import Rows
from .._unused import IdleOptions
from .._validation import to_array
from ..base.fit import Fit
from ..training import Schedule
from .base.energy_model import EnergyModel
from .base.flat_code import warn_of_flat_code
from .base.parameters import (
    chain_options,
    check_training,
    shared_options,
    warn_outside_unit_interval,
)
from .learning.lateral import LateralAscent
from .machines.lateral import LateralMachine
from .units.binary import log_odds

FIRST_SPREAD = 4.0
"""Deviation of the first weights between the layers, times √n_features.

From a deviation of 0.01, the connections among visible units learn all pairwise dependence before
the hidden units have begun, and the code stays empty.
"""


class BoltzmannMachine(EnergyModel):
    """Boltzmann machine of binary units, any two of which may be connected.

    Visible units are connected with each other and with hidden units, and hidden units with each
    other. Without hidden units it is the pairwise maximum-entropy model (the Ising model with a
    coupling for each pair of features), whose likelihood has a single optimum.

    Parameters
    ----------
    n_components : int, default=16
        Number of hidden units. 0 makes a fully visible machine, which has scores and samples but no
        code.
    connections : array-like of bool of shape (n_units, n_units), default=None
        Which units may be connected, the features first, then the hidden units: symmetric, the
        diagonal ignored. None connects all. Sparser machines are faster: units that are not
        connected are drawn at once.
    learning_rate : float, default=0.2
        Step along the gradient of the mean log-likelihood.
    batch_size : int, default=50
        Rows per update.
    n_iter : int, default=100
        Exact number of passes over the training data.
    learning_rate_schedule : {"linear", "constant"}, default="linear"
        "linear" keeps the rate over the first half of the fit and lowers it to 1 % over the second.
        This averages the noise of the chains away. ``partial_fit`` always keeps the rate.
    n_chains : int, default=None
        Persistent chains, whatever the batch size; None takes ten million divided by the number of
        weights, but at least 50 and at most 200. They are those of the free phase.
    n_temperatures : int, default=1
        Replicas of each persistent chain, at inverse temperatures from 1 to 0, which exchange them
        (parallel tempering).
    cd_steps : int, default=1
        Gibbs sweeps before each update, the k of CD-k and PCD-k. They are those of the free phase.
    clamped : {"gibbs", "mean-field"}, default="gibbs"
        How hidden units are inferred from data: drawn by Gibbs sampling, or by mean field, which
        raises a lower bound of the likelihood.
    clamped_steps : int, default=5
        Sweeps over the hidden units for that.
    weight_decay : float, default=0.0
        Each update shrinks the weights, not the biases, by this times the learning rate.
    averaging : float, default=0.0
        Share of itself that the model keeps at each update while it follows the parameters that are
        trained (Polyak averaging), in [0, 1). 0.999 averages over some thousand updates.
    centered : bool, default=True
        Whether the gradient is that of centred units, which conditions it much better.
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
        Precision of the products in training; parameters and answers stay at least float32. Only
        the products of the chains have it.
    verbose : int, default=0
        Whether to print a line for each epoch.
    random_state : int, RandomState instance or None, default=None
        Seeds all that is random in ``fit``.

    Attributes
    ----------
    connections_ : ndarray of shape (n_units, n_units)
        Weights between all units, L of the Notes.
    components_ : ndarray of shape (n_components, n_features)
        The part of ``connections_`` between hidden and visible units.
    intercept_hidden_ : ndarray of shape (n_components,)
        Hidden biases.
    intercept_visible_ : ndarray of shape (n_features,)
        Visible biases.
    module_ : LateralMachine
        The machine.
    history_ : dict of lists
        An entry an epoch, measured on a tenth of the training rows, at most 500: ``"loss"``, minus
        the pseudo-log-likelihood in nats (with hidden units an estimate from eight features of each
        row, with mean-field free energies); with hidden units, ``"reconstruction_error"``, squared
        and summed over features. With held-out rows, their ``"validation_loss"`` and
        ``"free_energy_gap"``: their mean free energy minus that of training rows; when it grows,
        the model overfits.
    n_iter_ : int
        Epochs run.
    n_features_in_ : int
        Features seen in ``fit``.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Their names, where they had any.

    Raises
    ------
    ValueError
        If ``connections`` has another shape than the machine, or is not symmetric.

    Warns
    -----
    UserWarning
        If the data leave [0, 1], or if the code hardly varies over the rows of ``fit``.
    ConvergenceWarning
        If the log-likelihood fell during ``fit``, or is far below that of independent features.

    See Also
    --------
    BernoulliRBM : Without lateral connections: faster, and exact where this one approximates.

    Notes
    -----
    The energy of a state s = (v, h) is E(s) = −½ sᵀLs − cᵀs, with L symmetric and of zero diagonal,
    and P(sᵢ = 1 | the other units) = σ((Ls)ᵢ + cᵢ). The gradient is a difference of two phases:
    ∂L = E[s sᵀ] with v clamped to data, minus E[s sᵀ] of the free machine.

    ``transform`` is the mean field of the hidden units given the row, iterated until it settles:
    E[h | v] if hidden units are not connected with each other, else an approximation.
    ``inverse_transform`` is the mean field of the visible units given the code.

    ``fit`` is watched: at up to ten moments and its end, a short annealing from a fixed seed
    estimates the log-likelihood of 200 rows, for a few per cent of the time. If it fell clearly,
    the best of these epochs is kept, with a warning. What happens between them is not seen, nor a
    mode that no chain of the annealing finds.
    ``partial_fit`` is not watched.

    References
    ----------
    Ackley, D., Hinton, G. and Sejnowski, T., "A learning algorithm for Boltzmann machines",
    Cognitive Science 9, 1985.

    Salakhutdinov, R., "Learning and evaluating Boltzmann machines", Technical Report UTML TR
    2008-002, University of Toronto, 2008.

    Montavon, G. and Müller, K.-R., "Deep Boltzmann machines and the centering trick", in Neural
    Networks: Tricks of the Trade, Springer, 2012.

    Examples
    --------
    >>> import numpy as np
    >>> from skdeepunsup import BoltzmannMachine
    >>> X = np.array([[0, 0, 1, 1], [1, 1, 0, 0]] * 50)
    >>> machine = BoltzmannMachine(n_components=0, random_state=0).fit(X)
    >>> bool(machine.score(X) > 4 * np.log(1 / 2))  # nats: better than four fair coins
    True
    >>> machine.connections_.shape
    (4, 4)
    """

    _module_class = LateralMachine

    def __init__(
        self,
        n_components: int = 16,
        *,
        connections: Any = None,
        learning_rate: float = 0.2,
        batch_size: int = 50,
        n_iter: int = 100,
        learning_rate_schedule: str = "linear",
        n_chains: int | None = None,
        n_temperatures: int = 1,
        cd_steps: int = 1,
        clamped: str = "gibbs",
        clamped_steps: int = 5,
        weight_decay: float = 0.0,
        averaging: float = 0.0,
        centered: bool = True,
        resample: bool = False,
        validation_fraction: float = 0.0,
        warm_start: bool = False,
        device: str = "auto",
        precision: str = "float32",
        verbose: int = 0,
        random_state: Any = None,
    ) -> None:
        self.n_components = n_components
        self.connections = connections
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.n_iter = n_iter
        self.learning_rate_schedule = learning_rate_schedule
        self.n_chains = n_chains
        self.n_temperatures = n_temperatures
        self.cd_steps = cd_steps
        self.clamped = clamped
        self.clamped_steps = clamped_steps
        self.weight_decay = weight_decay
        self.averaging = averaging
        self.centered = centered
        self.resample = resample
        self.validation_fraction = validation_fraction
        self.warm_start = warm_start
        self.device = device
        self.precision = precision
        self.verbose = verbose
        self.random_state = random_state

    @property
    def connections_(self) -> np.ndarray:
        """Weights between all units."""
        return to_array(self._module.L)

    @property
    def components_(self) -> np.ndarray:
        """Weights, hidden by visible."""
        D = self._module.n_features
        return to_array(self._module.L[D:, :D])

    @property
    def intercept_hidden_(self) -> np.ndarray:
        """Hidden biases."""
        return to_array(self._module.c[self._module.n_features :])

    @property
    def intercept_visible_(self) -> np.ndarray:
        """Visible biases."""
        return to_array(self._module.c[: self._module.n_features])

    def score_samples(self, X: Any, *, out: Any = None) -> Any:
        """Compute the log-likelihood of each row, log p(v) = −F(v) − log Z, or a lower bound.

        F is exact without hidden units, and if at most 15 hidden units remain beside the largest
        block of a greedy colouring, a set of units of which no two are connected (so up to 16
        hidden units, if all are connected). Otherwise F is the mean-field upper bound, and the
        score a lower bound. log Z is exact if at most 20 units remain beside the largest block of
        all units, else estimated by annealed importance sampling from a fixed seed, in fewer steps
        than ``log_partition`` takes. It is computed when first needed and kept until the parameters
        change. For rows that are not binary the figure is not a likelihood.

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
        """Compute Σᵢ log p(vᵢ | the other features), with float64 inside.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame, Tensor} of shape (n_samples, n_features)
            Binary data.

        Returns
        -------
        ndarray of shape (n_samples,)
            Pseudo-log-likelihoods in nats. With hidden units they cost 2 · n_features times as much
            as ``free_energy``.

        Raises
        ------
        ValueError
            If there are too many hidden units to sum out, so that ``free_energy`` is a bound.
        """
        check_is_fitted(self)
        if not self._module.is_summable:
            raise ValueError(
                f"n_components == {self._module.n_components}: so many connected hidden units "
                "cannot be summed out; use score_samples, which bounds the likelihood."
            )
        return self._answer_exactly(self._checked(X), lambda m, v: m.log_conditionals(v).sum(-1))

    def _check_parameters(self) -> None:
        check_integer("n_components", self.n_components, 0)
        check_real("learning_rate", self.learning_rate, 0, boundaries="neither")
        check_training(self)
        check_option("clamped", self.clamped, ("gibbs", "mean-field"))
        check_integer("clamped_steps", self.clamped_steps, 1)
        check_boolean("resample", self.resample)

    def _idle_options(self) -> IdleOptions:
        yield from super()._idle_options()
        if not self.n_components:
            for name in ("clamped", "clamped_steps"):
                yield name, "n_components above 0"

    def _check_values(self, X: Any, training: bool) -> None:
        warn_outside_unit_interval(self, X, training)

    def _schedule(self) -> Schedule:
        return Schedule(self.n_iter, self.batch_size, self.validation_fraction)

    def _module_arguments(self, rows: Rows, fitted: dict[str, Any] | None) -> dict[str, Any]:
        connections = self.connections
        if connections is not None:
            n_units = rows.n_features + self.n_components
            connections = _as_connections(connections, n_units).tolist()
        return {
            "n_features": rows.n_features,
            "n_components": self.n_components,
            "connections": connections,
        }

    def _initialize(self, module: LateralMachine, rows: Rows, stream: Stream) -> None:
        """L ~ N(0, 0.01²), between the layers wider; biases as if all units were centred.

        With visible units at the data's means, the input of the hidden units is 0; with hidden
        units at ½, the input of the visible units is the log odds of the data's means.
        """
        D = module.n_features
        odds = log_odds(rows).to(module.c.dtype)
        draws = 0.01 * stream.normal(*module.L.shape).cpu().triu(1)
        draws[:D, D:] *= FIRST_SPREAD / (0.01 * D**0.5)
        module.L.copy_((draws + draws.T) * module.mask)
        module.c0[:D] = odds
        module.c[:D] = module.c0[:D] - 0.5 * module.L[:D, D:].sum(1)
        module.c[D:] = -odds.sigmoid() @ module.L[:D, D:]

    def _objective(self, module: LateralMachine, stream: Stream) -> LateralAscent:
        return LateralAscent(
            module,
            stream,
            clamped=self.clamped,
            clamped_steps=self.clamped_steps,
            learning_rate=self.learning_rate,
            resample=self.resample,
            n_temperatures=self.n_temperatures,
            **chain_options(self, module.L.numel()),
            **shared_options(self),
        )

    def _finish(self, fit: Fit) -> None:
        super()._finish(fit)
        if self.n_components:
            warn_of_flat_code(self, fit)


def _as_connections(connections: Any, n_units: int) -> np.ndarray:
    """``connections`` as one boolean for each pair of units."""
    mask = connections.toarray() if sp.issparse(connections) else np.asarray(connections)
    if mask.dtype != bool or mask.shape != (n_units, n_units):
        raise ValueError(
            f"connections must hold booleans, of shape ({n_units}, {n_units}) for the features and "
            f"then the hidden units; found {mask.dtype} of shape {mask.shape}."
        )
    if not np.array_equal(mask, mask.T):
        i, j = np.argwhere(mask != mask.T)[0]
        raise ValueError(
            f"connections must be symmetric, but [{i}, {j}] is {mask[i, j]} and [{j}, {i}] is not; "
            "use connections | connections.T."
        )
    return mask
