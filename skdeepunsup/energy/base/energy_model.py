"""Base of the estimators of Boltzmann machines."""

from typing import Any

import numpy as np
import torch
from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from ..._categories import has_missing
from ..._finite import finite
from ..._parameters import check_integer, check_rows_fit
from ..._random import Stream
from ..._rows import CHUNK_ROWS, map_rows
from ..._validation import as_host_array, output_dtype, outside_unit_interval, to_dense
from ...base.generative import GenerativeModel
from ..completion import ClampedChains
from ..likelihood.partition import kept_log_partition
from ..machines.base import Machine
from .normalized import NormalizedModel

CPU = torch.device("cpu")


class EnergyModel(GenerativeModel, NormalizedModel):
    """Base of the estimators whose module is a `Machine`."""

    @property
    def _normalized(self) -> Machine:
        return self._module

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
        energies = self._own_free_energy(X)
        return energies - np.asarray(self._energy_shift(), energies.dtype)

    def _own_free_energy(self, X: Any) -> np.ndarray:
        """F of the machine's own units: ``free_energy`` but for a constant.

        Of rows far from 0 in units of their spread the constant would leave no digits for the rest.
        """
        check_is_fitted(self)
        return self._answer_exactly(self._checked(X), lambda machine, v: machine.free_energy(v))

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
            Entries that stay as they are in ``v``; the chains then sample the others given them.
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
        if held is not None and has_missing(v) and np.isnan(v[held]).any():
            raise ValueError("fixed marks entries that are missing in v; fix those with a value.")
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

        Independent chains start at draws from the machine without weights, which has the data's
        means, and run for ``n_steps`` sweeps. A machine with deep modes needs more sweeps.

        Parameters
        ----------
        n_samples : int, default=1
            Rows to draw.
        n_steps : int, default=1000
            Sweeps of each chain.
        given : array-like of shape (n_features,) or (n_samples, n_features), default=None
            Values of the known features, NaN for features to draw given them.
        random_state : int, RandomState instance or None, default=None
            Seeds the sampling; None takes NumPy's global state.

        Returns
        -------
        ndarray of shape (n_samples, n_features)
            Rows of data, as float64.
        """
        check_is_fitted(self)
        check_rows_fit("n_samples", n_samples, self.n_features_in_)
        check_integer("n_steps", n_steps, 0)
        machine: Machine = self._module
        stream = Stream(random_state, next(machine.parameters()).device)
        with torch.inference_mode():
            start = machine.coding.to_rows(machine.sample_base(n_samples, stream))
            v = self._in_units_of_data(start).numpy().astype(np.float64)
        held = None
        if given is not None:
            known = _as_given(given, v.shape, getattr(self, "feature_names_in_", None))
            held = ~np.isnan(known)
            v = np.where(held, known, v)
            if machine.visible.binary and outside_unit_interval(v):
                raise ValueError(
                    f"given must hold values in [0, 1], but has {np.nanmin(known):.4g} to "
                    f"{np.nanmax(known):.4g}; transform it as the rows of fit were."
                )
            self._check_values(v, training=False)
        return self._run_chains(v, held, n_steps, stream, np.dtype(np.float64))

    def _completion(self, module: Machine, x: Tensor, stream: Stream) -> ClampedChains:
        return ClampedChains(module, x, stream)

    def _run_chains(
        self, X: Any, held: np.ndarray | None, n_steps: int, random_state: Any, dtype: np.dtype
    ) -> np.ndarray:
        """``n_steps`` sweeps from checked rows; entries where ``held`` is true stay."""
        machine: Machine = self._module
        parameter = next(machine.parameters())
        stream = random_state
        if not isinstance(stream, Stream):
            stream = Stream(random_state, parameter.device)
        result = np.empty(X.shape, dtype)
        with torch.inference_mode():
            chunks = self._streamed(X, parameter.device, parameter.dtype).chunks()
            for start, rows in zip(range(0, len(result), CHUNK_ROWS), chunks, strict=True):
                part = slice(start, start + CHUNK_ROWS)
                fixed = None
                if held is not None:
                    mask = torch.from_numpy(held[part].copy()).to(rows.device)
                    fixed = machine.coding.to_columns(mask)
                if n_steps:
                    v = machine.gibbs(machine.coding.to_states(rows), stream, n_steps, fixed)
                    rows = machine.coding.to_rows(v)
                result[part] = self._in_units_of_data(rows).numpy()
        if held is not None:  # exactly, whatever the units in between
            result[:] = np.where(held, to_dense(X), result)
        return finite(result, X) if n_steps else result  # without a sweep, what is missing stays

    def _log_likelihood(self, X: Any, out: Any = None) -> Any:
        """−F(v) − log Z of each row."""
        check_is_fitted(self)
        return self._complete_log_likelihood(self._checked(X), out)

    def _complete_log_likelihood(self, X: Any, out: Any = None) -> Any:
        """−F(v) − log Z of each of checked rows without missing entries."""
        log_z = kept_log_partition(self._module) + self._log_volume()
        return self._answer_exactly(X, lambda machine, v: -machine.free_energy(v) - log_z, out)

    def _answer_exactly(self, X: Any, function: Any, out: Any = None) -> Any:
        """Apply ``function(machine, states)`` to checked rows in float64 on the CPU."""
        machine = self._module.in_double()
        rows = self._streamed(X, CPU, torch.float64)

        def answer(x: Tensor) -> Tensor:
            return function(machine, machine.coding.to_states(x))

        return map_rows(answer, rows, output_dtype(X), out)


def _as_mask(fixed: Any, shape: tuple[int, int]) -> np.ndarray:
    """``fixed`` as one boolean for each entry of rows of that shape."""
    mask = np.asarray(fixed)
    if mask.dtype != bool or mask.shape not in (shape, shape[1:]):
        raise ValueError(
            f"fixed must hold booleans, of shape {shape[1:]} or {shape}; "
            f"found {mask.dtype} of shape {mask.shape}."
        )
    return np.broadcast_to(mask, shape)


def _as_given(given: Any, shape: tuple[int, int], names: Any) -> np.ndarray:
    """``given`` as one number or NaN for each entry of rows of that shape.

    If both it and the features have names, these must be the same.
    """
    given = as_host_array(given, "given")
    own = getattr(given, "columns", None)
    if own is None and getattr(given, "ndim", 0) == 1:
        own = getattr(given, "index", None)
    if names is not None and own is not None and list(own) != list(names):
        raise ValueError(
            f"given has the names {list(own)}, but the features are {list(names)}; reindex it."
        )
    if hasattr(given, "isna"):  # pandas, whose own missing value is no number
        given = given.astype(object).where(~given.isna(), np.nan)
    try:
        known = np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"given must hold numbers, and NaN for what to draw: {error}") from error
    if known.shape not in (shape, shape[1:]):
        raise ValueError(f"given must be of shape {shape[1:]} or {shape}; found {known.shape}.")
    if np.isinf(known).any():
        raise ValueError("given contains infinity; mark what to draw by NaN.")
    return np.broadcast_to(known, shape)
