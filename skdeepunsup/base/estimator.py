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
from .._rows import Rows, StreamedRows, map_rows, training_rows
from .._validation import output_dtype
from ..training import Objective, Schedule, train
from .fit import CallbackObserver, Fit, TrainingData, split


class DeepEstimator(CallbackSupportMixin, BaseEstimator, ABC):
    """Base of all estimators: has a module, and trains it by an objective.

    A subclass adds a public ``fit`` that calls ``_fit``, its parameters, and these hooks, which a
    fit calls in this order:

    1. ``_check_parameters()`` raises where a parameter is not sound.
    2. ``_schedule()`` returns the `Schedule`: epochs, batch size, early stopping.
    3. ``_training_data(X, reset=, **marks)`` checks what ``fit`` was given and returns it as
       `TrainingData`. ``marks`` are the keywords that ``fit`` passed to ``_fit``.
    4. ``_prepare(data, reset=)`` learns what must be known before the module can be made, such as
       an encoder, and returns it as a dict of fitted attributes; most estimators have none.
    5. ``_module_arguments(rows, fitted, **prepared)`` returns the arguments of ``_module_class``.
    6. ``_initialize(module, rows, stream, **prepared)`` draws the module's first parameters; only
       where the fit begins.
    7. ``_objective(module, stream)`` returns what trains the module.

    Then the loop of `training` runs the objective, and the fitted attributes are set. Only
    ``_prepare`` and ``_initialize`` may learn; the others answer, and no hook leaves anything on
    the estimator for another one to find, but for fitted attributes that belong to the data, which
    ``_training_data`` sets, such as ``n_features_in_``. After an error, the estimator is as it was.

    A fit goes on from the last one in ``partial_fit``, and in ``fit`` where ``warm_start`` is set:
    ``reset`` is then False, and ``fitted`` has the arguments of the module that is there.

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
    def _schedule(self) -> Schedule:
        """How long to train."""

    @abstractmethod
    def _training_data(self, X: Any, *args: Any, **kwargs: Any) -> TrainingData:
        """Check what ``fit`` was given.

        The keyword ``reset`` says whether a fit begins, rather than goes on; further ones are the
        arguments of ``fit`` beside ``X``.
        """

    def _prepare(self, data: TrainingData, *, reset: bool) -> dict[str, Any]:
        """Learn what must be known before the module can be made.

        Parameters
        ----------
        data : TrainingData
            All rows that ``fit`` was given.
        reset : bool
            Whether a fit begins. Otherwise nothing is learned, and what the fit to go on from had
            prepared is returned.

        Returns
        -------
        dict
            Fitted attributes by name. The fit sets them, or takes away an earlier fit's where the
            value is None, and hands them on to ``_module_arguments`` and ``_initialize``.
        """
        return {}

    @abstractmethod
    def _module_arguments(
        self, rows: Rows, fitted: dict[str, Any] | None, *args: Any, **prepared: Any
    ) -> dict[str, Any]:
        """Return what the module's constructor is given.

        Parameters
        ----------
        rows : Rows
            All rows to train on, held-out ones included.
        fitted : dict or None
            The arguments of the module that a fit goes on with, which raises if those returned
            differ; None where a fit begins.
        **prepared : Any
            What ``_prepare`` returned.
        """

    @abstractmethod
    def _initialize(
        self, module: Any, rows: Rows, stream: Stream, *args: Any, **prepared: Any
    ) -> None:
        """Draw the first parameters of a new module.

        Parameters
        ----------
        module : nn.Module
            On the CPU, in float32; it is moved to its device and precision afterwards.
        rows : Rows
            Those to train on, without held-out ones.
        stream : Stream
            The fit's randomness.
        **prepared : Any
            What ``_prepare`` returned.
        """

    @abstractmethod
    def _objective(self, module: Any, stream: Stream) -> Objective:
        """Return what trains ``module``, which has its first parameters, or those to go on from."""

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
            data = self._training_data(X, reset=not go_on, **marks)
            fit = self._resume(data, schedule) if go_on else self._begin(data, schedule)
            del data  # what it had to copy is not held while training
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

    def _begin(self, data: TrainingData, schedule: Schedule) -> Fit:
        """A fit from the start."""
        prepared = self._prepare(data, reset=True)
        self._set(prepared)
        rows = self._rows(data)
        module = self._new_module(self._module_arguments(rows, None, **prepared))
        stream = Stream(self.random_state, resolve_device(self.device, self.precision))
        split_seed = int(stream.numpy.integers(2**31))
        rows, held_out = split(rows, schedule.validation_fraction, split_seed)
        self._initialize(module, rows, stream, **prepared)
        module.to(device=stream.device, dtype=self._parameter_dtype())
        objective = self._objective(module, stream)
        history: dict[str, list[float]] = {"loss": [], "validation_loss": []}
        return Fit(module, objective, stream, split_seed, history, schedule, rows, held_out)

    def _resume(self, data: TrainingData, schedule: Schedule) -> Fit:
        """A fit that goes on from copies of what the last one left, with the same held-out rows."""
        rows, fitted = self._rows(data), self._module.arguments
        arguments = self._module_arguments(rows, fitted, **self._prepare(data, reset=False))
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
        self._set(fit.attributes())

    def _set(self, attributes: dict[str, Any]) -> None:
        """Set fitted attributes; take away those that are None."""
        for name, value in attributes.items():
            if value is not None:
                setattr(self, name, value)
            elif hasattr(self, name):
                delattr(self, name)

    def _rows(self, data: TrainingData) -> Rows:
        """The rows to train on, as tensors."""
        X, weights, labels, classes, labelled = data
        if labelled is not None and not labelled.all():
            X = X[labelled]
        rows = training_rows(
            X, resolve_device(self.device, self.precision), self._parameter_dtype(), self._absent
        )
        rows = rows if labels is None else rows.labelled(labels, classes)
        if weights is None:
            return rows
        return rows.weighted(weights if labelled is None else weights[labelled])

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
