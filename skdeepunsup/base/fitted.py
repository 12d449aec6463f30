"""What a fitted model is: a module, how it is stored, and how it answers for rows."""

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
import scipy.sparse as sp
import torch
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from .._given import GIVEN, SAVING, GivenError, resolved
from .._parameters import resolve_device, resolve_precision
from .._persistence import (
    RecordedModule,
    bits_as_booleans,
    restore_module,
    store_module,
    to_arrays,
)
from .._rows import StreamedRows, map_rows
from .._scaling import Scaling
from .._sliced_rows import streamed_rows
from .._sparse_rows import sparse_rows
from .._validation import output_dtype
from .wide import wide


class FittedModel(BaseEstimator):
    """An estimator that has a module once it is fitted, is stored with it, and answers by it.

    Attributes
    ----------
    module_ : nn.Module
        The mathematics, with its fitted parameters.
    """

    _module_class: type[RecordedModule]
    _absent: ClassVar[float] = 0.0
    """Value of the entries that a sparse matrix does not store."""
    _training: dict[str, Any]
    device: Any
    precision: Any

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "module_")

    def __getstate__(self) -> dict[str, Any]:
        state = dict(super().__getstate__())
        for running in ("_callback_fit_ctx", "_skl_callbacks_to_teardown"):  # while a fit is
            state.pop(running, None)
        if "module_" in state:
            state["module_"] = store_module(self.module_)
        if "_training" in state:
            # What goes on from it converts all to its own dtypes.
            state["_training"] = bits_as_booleans(to_arrays(self._training))
        saving = SAVING.get()
        return state if saving is None else saving.stored(state)

    def __setstate__(self, state: dict[str, Any]) -> None:
        if (given := GIVEN.get()) is not None:
            state = resolved(state, given)
        super().__setstate__(state)
        if "module_" in state:
            device = _device_to_load_on(self.device, self.precision)
            try:
                self.module_ = restore_module(self._module_class, state["module_"], device)
            except RuntimeError as error:
                if not given:
                    raise
                raise GivenError(
                    f"the networks {sorted(given)} of modules do not fit its parameters ({error})"
                ) from error

    @property
    def _module(self) -> Any:
        """The fitted module; ``Any``, since its methods are those of its family."""
        if not self.__sklearn_is_fitted__():
            check_is_fitted(self)  # which raises, and would take its time otherwise
        return self.module_

    @property
    def _fitted_scaling(self) -> Scaling | None:
        """The units in which the fitted module works; None for those of the data."""
        return getattr(self._module, "scaling", None)

    def _answer(
        self,
        X: Any,
        method: Callable[[Any], Callable[[Tensor], Tensor]],
        *,
        codes: bool = False,
        rows_out: bool = False,
        entries: bool = False,
        out: Any = None,
    ) -> Any:
        """Apply a method of the module to the rows of a checked array.

        On a CPU, it is computed in the dtype that is returned. The module gets rows in its own
        units, or with ``codes`` codes as they are; with ``rows_out``, what it returns are rows in
        its units, which are put into those of the data. With ``entries``, it gets the rows of a
        sparse array as `SparseBatch` objects. The answers are written into ``out`` if it is given.
        """
        module = self._wide_module() if output_dtype(X) == np.float64 else self._module
        parameter = next(module.parameters())
        rows = self._streamed(X, parameter.device, parameter.dtype)
        if codes:
            rows.scaling = None
        if entries and sp.issparse(X):
            rows = sparse_rows(rows)
        function = method(module)
        if not rows_out:
            return map_rows(function, rows, output_dtype(X), out)
        return map_rows(lambda x: self._in_units_of_data(function(x)), rows, output_dtype(X), out)

    def _in_units_of_data(self, rows: Tensor) -> Tensor:
        """Rows of the fitted module in the units of the data, on the CPU."""
        scaling = self._fitted_scaling
        return rows.cpu() if scaling is None else scaling.original(rows)

    def _wide_module(self) -> Any:
        """The module; on a CPU, one with its numbers in float64.

        The result for a row then does not depend, up to 1e-14, on other rows of the batch. A
        module with a user's own network is not copied, and keeps its precision.
        """
        module = self._module
        on_cpu = next(module.parameters()).device.type == "cpu"
        own = has_own_network(module.arguments)
        return wide(module) if on_cpu and not own else module

    def _streamed(self, X: Any, device: torch.device, dtype: torch.dtype) -> StreamedRows:
        """The rows of a checked array that is used once, in the units of the fitted module."""
        return streamed_rows(X, device, dtype, absent=self._absent, scaling=self._fitted_scaling)

    def _parameter_dtype(self) -> torch.dtype:
        """Dtype of the parameters; only products are ever computed in bfloat16."""
        precision = resolve_precision(self.precision)
        return torch.float32 if precision == torch.bfloat16 else precision

    def _autocast_dtype(self) -> torch.dtype | None:
        """Dtype of the products; None if it is that of the parameters."""
        precision = resolve_precision(self.precision)
        return precision if precision == torch.bfloat16 else None


def has_own_network(arguments: dict[str, Any]) -> bool:
    """Whether a module, or a part of it, contains a user's own network."""
    parts = [arguments, *(of_part for _, of_part in arguments.get("parts", ()))]
    return any(part.get(name) is not None for part in parts for name in ("encoder", "decoder"))


def _device_to_load_on(name: Any, precision: Any) -> torch.device:
    """The device that an estimator asks for if this machine has it, else the CPU."""
    try:
        return resolve_device(name, precision)
    except ValueError:
        return torch.device("cpu")
