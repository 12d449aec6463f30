"""Base of all estimators of the family: fitting, and log Z."""

from abc import abstractmethod
from typing import Any, Self

from sklearn.callback import with_callbacks
from sklearn.utils.validation import check_is_fitted

from ..._caller import names_its_class
from ...base.fit import Fit
from ...base.transformer import DeepTransformer
from ..learning.watch import Watch
from ..likelihood.partition import DEFAULT_CHAINS, DEFAULT_TEMPERATURES, LogPartition, log_partition
from ..machines.base import Machine
from .parameters import advice


class NormalizedModel(DeepTransformer):
    """Base of the estimators whose scores need the log Z of a machine."""

    @with_callbacks
    @names_its_class
    def fit(self, X: Any, y: Any = None) -> Self:
        """Fit the model to ``X``.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame, Tensor} of shape (n_samples, n_features)
            Training data. Sparse and memory-mapped data are never loaded as a whole.
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
        return self._fit(X, y)

    @names_its_class
    def partial_fit(self, X: Any, y: Any = None) -> Self:
        """Go on with one pass over ``X``, from where the last call or the fit ended.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame, Tensor} of shape (n_samples, n_features)
            Training data, or a part of it.
        y : Ignored
            Present for API consistency.

        Returns
        -------
        self : object
            The fitted estimator.
        """
        return self._partial_fit(X)

    def _watch(self, fit: Fit) -> Watch | None:
        if fit.stream.device.type == "mps":  # which has no float64 for the weights of an annealing
            return None
        objective: Any = fit.objective
        return Watch(objective, fit.rows, fit.schedule.batch_size, advice(self))

    @property
    @abstractmethod
    def _normalized(self) -> Machine:
        """The fitted machine that ``log_partition`` is of."""

    def log_partition(
        self,
        method: str = "auto",
        *,
        n_temperatures: int = DEFAULT_TEMPERATURES,
        n_chains: int = DEFAULT_CHAINS,
        random_state: Any = 0,
    ) -> LogPartition:
        """Compute log Z; for a deep belief network, that of its top machine.

        Parameters
        ----------
        method : {"auto", "exact", "ais"}, default="auto"
            "exact" sums over all states of the units that cannot be summed out in closed form; its
            cost doubles with each of them. "ais" is annealed importance sampling, forward and
            reverse. "auto" is exact up to 20 such units, else "ais".
        n_temperatures : int, default=2000
            Steps of the annealing; more steps narrow the bracket.
        n_chains : int, default=200
            Independent runs of the annealing.
        random_state : int, RandomState instance or None, default=0
            Seeds the annealing.

        Returns
        -------
        LogPartition
            A tuple (value, lower, upper) in nats, with the ``effective_sample_size`` of the forward
            runs as an attribute. The bracket reaches from three standard errors below the forward
            estimate to three above the reverse one; exact values have no width. It is no guarantee:
            both ends miss a mode that no run finds, and if the effective sample size is near 1, the
            ends are only a hint.

        Raises
        ------
        ValueError
            If "exact" is asked for with more than 30 units to enumerate.
        """
        check_is_fitted(self)
        machine = self._normalized
        found = log_partition(machine, method, n_temperatures, n_chains, random_state)
        if getattr(machine, "scaling", None) is None:
            return found
        return found.shifted(self._log_volume() + self._energy_shift())

    def _log_volume(self) -> float:
        """Σᵢ log sᵢ of the units u = (x − c)/s of Gaussian features: log p(x) = log p(u) − this."""
        scaling = self._fitted_scaling
        return 0.0 if scaling is None else scaling.volume

    def _energy_shift(self) -> float:
        """By how much the energy of u exceeds that of x = c + s u, of which log Z has as much less.

        With σᵢ and aᵢ of u, Σᵢ cᵢ²/(2sᵢ²σᵢ²) + aᵢcᵢ/(sᵢσᵢ²): the energy of x, with its own weights
        and biases, has no constant.
        """
        return 0.0
