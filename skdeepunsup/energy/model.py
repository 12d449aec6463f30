"""What the estimators of Boltzmann machines share."""

from typing import Any

import numpy as np
import torch
from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from .._parameters import check_integer
from .._random import Stream
from .._validation import CHUNK_ROWS, StreamedRows, map_rows, output_dtype
from ..base import DeepTransformer
from .machine import Machine
from .partition import (
    DEFAULT_CHAINS,
    DEFAULT_TEMPERATURES,
    LogPartition,
    kept_log_partition,
    log_partition,
)

CPU = torch.device("cpu")


class EnergyModel(DeepTransformer):
    """Base of the estimators whose module is a `Machine`."""

    def free_energy(self, X: Any) -> np.ndarray:
        """Compute F(v) = −log Σₕ exp(−E(v, h)), with float64 inside.

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
        return self._answer_exactly(self._checked(X), lambda machine, v: machine.free_energy(v))

    def log_partition(
        self,
        method: str = "auto",
        *,
        n_temperatures: int = DEFAULT_TEMPERATURES,
        n_chains: int = DEFAULT_CHAINS,
        random_state: Any = 0,
    ) -> LogPartition:
        """Compute log Z.

        Parameters
        ----------
        method : {"auto", "exact", "ais"}, default="auto"
            "exact" sums over all states of the units that cannot be summed out in closed form, its
            cost doubling with each; "ais" is annealed importance sampling, forward and back;
            "auto" is exact up to 20 such units.
        n_temperatures : int, default=2000
            Steps of the annealing; more of them close the bracket.
        n_chains : int, default=200
            Independent runs of the annealing.
        random_state : int, RandomState instance or None, default=0
            Seeds the annealing.

        Returns
        -------
        LogPartition
            A tuple (value, lower, upper) in nats, with the ``effective_sample_size`` of the forward
            runs as an attribute. The bracket is from three standard errors below the forward
            estimate to three above the reverse one; exact values have no width.

        Raises
        ------
        ValueError
            If "exact" is asked for with more than 30 units to enumerate.
        """
        check_is_fitted(self)
        return log_partition(self._module, method, n_temperatures, n_chains, random_state)

    def gibbs(
        self, v: Any, n_steps: int = 1, *, fixed: Any = None, random_state: Any = None
    ) -> np.ndarray:
        """Run Gibbs sampling from given rows: hidden units given the visible, and back.

        Parameters
        ----------
        v : {array-like, sparse matrix, DataFrame, Tensor} of shape (n_samples, n_features)
            Where the chains start.
        n_steps : int, default=1
            Sweeps.
        fixed : array-like of bool, of shape (n_features,) or (n_samples, n_features), default=None
            Entries that stay as they are in ``v``: the chains then sample the others given these.
        random_state : int, RandomState instance or None, default=None
            Seeds the sampling; None takes NumPy's global state.

        Returns
        -------
        ndarray of shape (n_samples, n_features)
            Rows of data.
        """
        check_is_fitted(self)
        check_integer("n_steps", n_steps, 0)
        v = self._checked(v)
        held = None if fixed is None else _as_mask(fixed, v.shape)
        return self._run_chains(v, held, n_steps, random_state, output_dtype(v))

    def sample(
        self,
        n_samples: int = 1,
        *,
        n_steps: int = 1000,
        given: Any = None,
        random_state: Any = None,
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
        given : array-like of shape (n_features,) or (n_samples, n_features), default=None
            Values of the features that are known, NaN for those to draw given the others.
        random_state : int, RandomState instance or None, default=None
            Seeds the sampling; None takes NumPy's global state.

        Returns
        -------
        ndarray of shape (n_samples, n_features)
            Rows of data, as float64.
        """
        check_is_fitted(self)
        check_integer("n_samples", n_samples, 1)
        check_integer("n_steps", n_steps, 0)
        machine: Machine = self._module
        stream = Stream(random_state, next(machine.parameters()).device)
        with torch.inference_mode():
            v = machine.visible.rows(machine.start(n_samples, stream)).cpu().double().numpy()
        held = None
        if given is not None:
            known = _as_given(given, v.shape)
            held = ~np.isnan(known)
            v = np.where(held, known, v)
            self._check_values(v, training=False)
        return self._run_chains(v, held, n_steps, stream, np.dtype(np.float64))

    def _run_chains(
        self, X: Any, held: np.ndarray | None, n_steps: int, random_state: Any, dtype: np.dtype
    ) -> np.ndarray:
        """``n_steps`` sweeps from checked rows, those entries held that ``held`` marks."""
        machine: Machine = self._module
        parameter = next(machine.parameters())
        stream = random_state
        if not isinstance(stream, Stream):
            stream = Stream(random_state, parameter.device)
        result = np.empty(X.shape, dtype)
        with torch.inference_mode():
            chunks = StreamedRows(X, parameter.device, parameter.dtype).chunks()
            for start, rows in zip(range(0, len(result), CHUNK_ROWS), chunks, strict=True):
                part = slice(start, start + CHUNK_ROWS)
                fixed = None
                if held is not None:
                    mask = torch.from_numpy(held[part].copy()).to(rows.device)
                    fixed = machine.visible.spread(mask)
                v = machine.gibbs(machine.visible.states(rows), stream, n_steps, fixed)
                result[part] = machine.visible.rows(v).cpu().numpy()
        return result

    def _log_likelihood(self, X: Any) -> np.ndarray:
        """−F(v) − log Z of each row."""
        check_is_fitted(self)
        X = self._checked(X)
        log_z = kept_log_partition(self._module)
        return self._answer_exactly(X, lambda machine, v: -machine.free_energy(v) - log_z)

    def _answer_exactly(self, X: Any, function: Any) -> np.ndarray:
        """Apply ``function`` of the machine and checked states in float64 on the CPU."""
        machine = self._module.in_double()
        rows = StreamedRows(X, CPU, torch.float64)

        def answer(x: Tensor) -> Tensor:
            return function(machine, machine.visible.states(x))

        return map_rows(answer, rows, output_dtype(X))


def _as_mask(fixed: Any, shape: tuple[int, int]) -> np.ndarray:
    """``fixed`` as one boolean for each entry of rows of that shape."""
    mask = np.asarray(fixed)
    if mask.dtype != bool or mask.shape not in (shape, shape[1:]):
        raise ValueError(
            f"fixed must hold booleans, of shape {shape[1:]} or {shape}; "
            f"found {mask.dtype} of shape {mask.shape}."
        )
    return np.broadcast_to(mask, shape)


def _as_given(given: Any, shape: tuple[int, int]) -> np.ndarray:
    """``given`` as one number or NaN for each entry of rows of that shape."""
    try:
        known = np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"given must hold numbers, and NaN for what to draw: {error}") from error
    if known.shape not in (shape, shape[1:]):
        raise ValueError(f"given must be of shape {shape[1:]} or {shape}; found {known.shape}.")
    if np.isinf(known).any():
        raise ValueError("given contains infinity; mark what to draw by NaN.")
    return np.broadcast_to(known, shape)
