"""An estimator that holds a module and trains it: what scikit-learn asks of that, stated once."""

import copy
from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar, Self

import numpy as np
import torch
from sklearn.base import BaseEstimator
from sklearn.callback import CallbackSupportMixin
from sklearn.utils.validation import check_is_fitted
from torch import Tensor, nn

from .._caller import all_or_nothing
from .._parameters import resolve_device, resolve_precision
from .._persistence import RecordedModule, restore_module, store_module, to_arrays, to_tensors
from .._random import Stream
from .._rows import Rows, StreamedRows, map_rows
from .._validation import output_dtype
from ..training import Objective, Schedule, train
from .fit import CallbackObserver, Fit, split


class DeepEstimator(CallbackSupportMixin, BaseEstimator, ABC):
    """Base of all estimators: has a module, and trains it by an objective.

    A kind of estimator adds ``fit`` over ``_fit`` and reads its arguments into rows; an estimator
    has its parameters, checks them, says what its module is made of and how its first parameters
    are drawn, and which objective trains it. The module keeps in ``arguments`` what its constructor
    was given.

    Attributes
    ----------
    module_ : nn.Module
        The mathematics, with its fitted parameters.
    history_ : dict of lists
        One entry an epoch for ``"loss"``, ``"validation_loss"`` (NaN where nothing is held out)
        and each named term of the model's.
    n_iter_ : int
        Epochs run.
    """

    _module_class: type[RecordedModule]
    _argument_names: ClassVar[dict[str, str]] = {}
    """The parameters behind those of the module's arguments that are called otherwise."""
    _absent: ClassVar[float] = 0.0
    """What an entry is that a sparse matrix does not store."""
    _training: dict[str, Any]
    device: Any
    precision: Any
    random_state: Any
    verbose: Any

    @abstractmethod
    def _check_parameters(self) -> None:
        """Raise an error that names the first parameter that is not sound."""

    @abstractmethod
    def _training_rows(self, X: Any, *args: Any, **kwargs: Any) -> Rows:
        """Check what ``fit`` was given, and return it as rows.

        The keyword ``reset`` says whether a fit begins with them; further ones are the arguments of
        ``fit`` beside ``X``.
        """

    @abstractmethod
    def _schedule(self) -> Schedule:
        """How long to train."""

    @abstractmethod
    def _module_arguments(self, rows: Rows, fitted: dict[str, Any] | None) -> dict[str, Any]:
        """What the module's constructor is given; ``fitted`` are those of a fit that goes on."""

    @abstractmethod
    def _initialize(self, module: Any, rows: Rows, stream: Stream) -> None:
        """Draw the first parameters of ``module``, which is on the CPU."""

    @abstractmethod
    def _objective(self, module: Any, stream: Stream) -> Objective:
        """Return what trains ``module``."""

    def _fit(self, X: Any, y: Any, **marks: Any) -> Self:
        """Fit the model: what a public ``fit``, ``with_callbacks``, does with its arguments."""
        self._check_parameters()
        go_on = bool(getattr(self, "warm_start", False)) and self.__sklearn_is_fitted__()
        observe = partial(CallbackObserver, self, X, y)
        return self._train(X, marks, self._schedule(), go_on, observe)

    def _partial_fit(self, X: Any, **marks: Any) -> Self:
        """Go on with one pass over ``X``, from where the last call or the fit ended."""
        self._check_parameters()
        go_on = self.__sklearn_is_fitted__()
        stages_left = self._training["stages_left"] if go_on else None
        return self._train(X, marks, self._schedule().one_pass(stages_left), go_on)

    def _train(
        self,
        X: Any,
        marks: dict[str, Any],
        schedule: Schedule,
        go_on: bool,
        observe: Callable[[Fit], CallbackObserver] | None = None,
    ) -> Self:
        """Train from the start, or from where the last fit ended; after an error all is as it was.

        ``marks`` are the arguments of ``fit`` beside ``X`` and what it ignores.
        """
        with all_or_nothing(self):
            rows = self._training_rows(X, reset=not go_on, **marks)
            fit = self._resume(rows, schedule) if go_on else self._begin(rows, schedule)
            observer = None if observe is None else observe(fit)
            train(
                fit.objective,
                fit.rows,
                schedule,
                fit.stream,
                history=fit.history,
                held_out=fit.held_out,
                observer=observer,
                # Within a search or a Pipeline, Ctrl-C means all of it.
                keep_interrupted=not hasattr(self, "_parent_callback_ctx"),
            )
            self._finish(fit)
            if observer is not None:
                observer.end_fit()
        return self

    def _begin(self, rows: Rows, schedule: Schedule) -> Fit:
        """A fit from the start."""
        # Of all rows: those that are held out shape the module too.
        module = self._new_module(self._module_arguments(rows, None))
        stream = Stream(self.random_state, resolve_device(self.device, self.precision))
        split_seed = int(stream.numpy.integers(2**31))
        rows, held_out = split(rows, schedule.validation_fraction, split_seed)
        self._initialize(module, rows, stream)
        module.to(device=stream.device, dtype=self._parameter_dtype())
        objective = self._objective(module, stream)
        history: dict[str, list[float]] = {"loss": [], "validation_loss": []}
        return Fit(module, objective, stream, split_seed, history, schedule, rows, held_out)

    def _resume(self, rows: Rows, schedule: Schedule) -> Fit:
        """A fit that goes on from copies of what the last one left, with the same held-out rows."""
        fitted = self._module.arguments
        arguments = self._module_arguments(rows, fitted)
        _check_same(arguments, fitted, self._argument_names)
        module = self._new_module(arguments)
        device = resolve_device(self.device, self.precision)
        stream = Stream.restored(self._training["stream"], device)
        split_seed = self._training["split_seed"]
        rows, held_out = split(rows, schedule.validation_fraction, split_seed)
        module.to(device=device, dtype=self._parameter_dtype())
        module.load_state_dict(self._module.state_dict())
        objective = self._objective(module, stream)  # parameters may have been set anew
        try:
            objective.load_state_dict(to_tensors(self._training["objective"]))
        except ValueError as error:
            raise ValueError(
                "what is trained is not what the fit to go on from trained (have layers been "
                "frozen or freed since?); start anew by fit, without warm_start."
            ) from error
        history = {name: list(values) for name, values in self.history_.items()}
        return Fit(module, objective, stream, split_seed, history, schedule, rows, held_out)

    def _finish(self, fit: Fit) -> None:
        """Take the fitted attributes."""
        fit.module.eval()
        for name, value in fit.attributes().items():
            setattr(self, name, value)

    def _new_module(self, arguments: dict[str, Any]) -> Any:
        """A module of these arguments, in float32 on the CPU."""
        return self._module_class(**arguments).float().cpu()

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "module_")

    def __getstate__(self) -> dict[str, Any]:
        state = dict(super().__getstate__())
        for running in ("_callback_fit_ctx", "_skl_callbacks_to_teardown"):  # while a fit is
            state.pop(running, None)
        if "module_" in state:
            state["module_"] = store_module(self.module_)
        if "_training" in state:
            state["_training"] = to_arrays(self._training)
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        if "module_" in state:
            device = _device_to_load_on(self.device, self.precision)
            self.module_ = restore_module(self._module_class, state["module_"], device)

    @property
    def _module(self) -> Any:
        """The fitted module; ``Any``, since its methods are those of its family."""
        check_is_fitted(self)
        return self.module_

    def _answer(self, X: Any, method: Callable[[Any], Callable[[Tensor], Tensor]]) -> np.ndarray:
        """Apply a method of the module to the rows of a checked array.

        On a CPU it is computed in the dtype it is returned in.
        """
        module = self._wide_module() if output_dtype(X) == np.float64 else self._module
        parameter = next(module.parameters())
        rows = self._streamed(X, parameter.device, parameter.dtype)
        return map_rows(method(module), rows, output_dtype(X))

    def _wide_module(self) -> Any:
        """On a CPU, a copy in float64: the answer to a row is then the same, to 1e-14, whoever else
        is in the batch. A network of the user's own runs at its own precision."""
        module = self._module
        on_cpu = next(module.parameters()).device.type == "cpu"
        own = _has_own_network(module.arguments)
        return copy.deepcopy(module).double() if on_cpu and not own else module

    def _streamed(self, X: Any, device: torch.device, dtype: torch.dtype) -> StreamedRows:
        """The rows of a checked array, to be used once."""
        return StreamedRows(X, device, dtype, absent=self._absent)

    def _parameter_dtype(self) -> torch.dtype:
        """Of the parameters; only products are ever done in bfloat16."""
        precision = resolve_precision(self.precision)
        return torch.float32 if precision == torch.bfloat16 else precision

    def _autocast_dtype(self) -> torch.dtype | None:
        """Of the products where it is not that of the parameters."""
        precision = resolve_precision(self.precision)
        return precision if precision == torch.bfloat16 else None


def _has_own_network(arguments: dict[str, Any]) -> bool:
    """Whether a module, or a part of it, has a network of the user's own."""
    parts = [arguments, *(of_part for _, of_part in arguments.get("parts", ()))]
    return any(part.get(name) is not None for part in parts for name in ("encoder", "decoder"))


def _check_same(asked: dict[str, Any], fitted: dict[str, Any], names: dict[str, str]) -> None:
    """Raise if a fit is to go on with a module of another make."""
    for name, value in asked.items():
        same = value is fitted[name] if isinstance(value, nn.Module) else value == fitted[name]
        if not same:
            raise ValueError(
                f"{names.get(name, name)} == {value!r}, but the fit to go on from had "
                f"{fitted[name]!r}; set it back, or start anew by fit, without warm_start where "
                "there is one."
            )


def _device_to_load_on(name: Any, precision: Any) -> torch.device:
    """The device an estimator asks for where this machine has it, else the CPU."""
    try:
        return resolve_device(name, precision)
    except ValueError:
        return torch.device("cpu")
