"""Base of all estimators: trains a module by an objective, in the steps that each fills in."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from itertools import chain
from typing import Any, ClassVar, Self

import torch
from torch import nn

from .._caller import all_or_nothing, is_called_by_user
from .._finite import check_start, infinite_tensors
from .._parameters import resolve_device
from .._persistence import to_tensors
from .._random import Stream
from .._rows import Rows
from .._scaling import Scaling
from .._sliced import some_rows
from .._sliced_rows import training_rows
from .._unused import IdleOptions, warn_of_idle_options
from ..training import Objective, Report, Schedule, Watch, train
from .checkpoint import TakesCheckpoints, checkpointed
from .fit import CallbackObserver, Fit, TrainingData, split
from .fitted import FittedModel, has_own_network
from .memory import within_memory


class DeepEstimator(TakesCheckpoints, FittedModel, ABC):
    """Base of all estimators: has a module, and trains it by an objective.

    A subclass adds its parameters, a public ``fit`` that calls ``_fit``, and these hooks, which a
    fit calls in this order:

    1. ``_check_parameters()`` raises if a parameter is invalid; ``_idle_options()`` then tells
       which do nothing beside the others, and these are warned of.
    2. ``_schedule()`` returns the `Schedule`: epochs, batch size, early stopping.
    3. ``_training_data(X, reset=…, **marks)`` checks the arguments of ``fit`` and returns them as
       `TrainingData`; ``marks`` are the keywords that ``fit`` passed to ``_fit``.
    4. ``_prepare(data, reset=…)`` learns what must be known before the module can be made, such as
       an encoder, and returns it as a dict of fitted attributes. Most estimators need nothing.
    5. ``_scaling(data, **prepared)`` returns the units in which the module works, or None for those
       of the data. Only called if the fit starts anew.
    6. ``_module_arguments(rows, fitted, **prepared)`` returns the arguments of ``_module_class``.
    7. ``_initialize(module, rows, stream, **prepared)`` draws the module's first parameters. Only
       called if the fit starts anew.
       A fit that goes on calls ``_go_on(module, rows)`` instead.
    8. ``_objective(module, stream)`` returns the `Objective` that trains the module.

    Then the loop in ``training/loop.py`` runs, and the fitted attributes are set; each epoch's
    record is first put into the units of the data by ``_in_data_units``. Only ``_prepare``,
    ``_scaling`` and ``_initialize`` may learn from rows. No hook sets an attribute for another hook
    to read: results are passed on as arguments. ``_training_data`` may set fitted attributes that
    describe the data, such as ``n_features_in_``. If anything raises, the estimator is as it was
    before.

    ``partial_fit``, and ``fit`` with ``warm_start``, continue the last fit if there is one:
    ``reset`` is then False, and ``fitted`` holds the arguments of the existing module.

    Attributes
    ----------
    module_ : nn.Module
        The mathematics, with its fitted parameters.
    history_ : dict of lists
        One entry per epoch for ``"loss"``, ``"validation_loss"`` (NaN if no rows are held out) and
        each named term of the model.
    n_iter_ : int
        Epochs run.
    """

    _argument_names: ClassVar[dict[str, str]] = {}
    """Parameter for each argument of the module that has another name, for errors."""
    random_state: Any
    verbose: Any

    @abstractmethod
    def _check_parameters(self) -> None:
        """Raise an error that names the first invalid parameter."""

    def _idle_options(self) -> IdleOptions:
        """Yield the name of each parameter that does nothing beside the others, and what it needs.

        Parameters are valid when it is asked; a fit warns of those that are not at their defaults.
        """
        if not getattr(self, "early_stopping", True):
            yield "validation_fraction", "early_stopping=True"

    @abstractmethod
    def _schedule(self) -> Schedule:
        """Return how long to train."""

    @abstractmethod
    def _training_data(self, X: Any, *args: Any, **kwargs: Any) -> TrainingData:
        """Check the arguments of ``fit``, and return them as arrays.

        The keyword ``reset`` says whether the fit starts anew or continues the last one; further
        keywords are the arguments of ``fit`` other than ``X``.
        """

    def _prepare(self, data: TrainingData, *, reset: bool) -> dict[str, Any]:
        """Learn what must be known before the module can be made.

        Parameters
        ----------
        data : TrainingData
            All rows that ``fit`` was given, including those without a target.
        reset : bool
            Whether the fit starts anew. If not, nothing is learned, and the return value is what
            the last fit prepared.

        Returns
        -------
        dict
            Fitted attributes by name. The fit sets them, deletes those whose value is None, and
            passes them as keywords to ``_module_arguments`` and ``_initialize``.
        """
        return {}

    def _scaling(self, data: TrainingData, **prepared: Any) -> Scaling | None:
        """Return the units in which the module works; None for those of the data.

        A module that works in units of its own has them as its ``scaling``. Its rows, and its
        answers that are rows, are then in these units.
        """
        return None

    def _in_data_units(self, module: Any, rows: Rows, held_out: Rows | None) -> Report | None:
        """Return the function that puts an epoch's record into the units of the data."""
        return None

    @abstractmethod
    def _module_arguments(
        self, rows: Rows, fitted: dict[str, Any] | None, *args: Any, **prepared: Any
    ) -> dict[str, Any]:
        """Return the arguments of the module's constructor.

        Parameters
        ----------
        rows : Rows
            All rows to train on, including those that will be held out.
        fitted : dict or None
            Arguments of the existing module if the fit continues, which raises if the returned ones
            differ; None if it starts anew.
        **prepared : Any
            The result of ``_prepare``.
        """

    @abstractmethod
    def _initialize(
        self, module: Any, rows: Rows, stream: Stream, *args: Any, **prepared: Any
    ) -> None:
        """Draw the first parameters of a new module.

        Parameters
        ----------
        module : nn.Module
            On the CPU in float32; moved to its device and precision afterwards.
        rows : Rows
            Rows to train on, without those held out.
        stream : Stream
            Randomness of the fit.
        **prepared : Any
            The result of ``_prepare``.
        """

    def _go_on(self, module: Any, rows: Rows) -> None:
        """Set what a fit that goes on needs to know of these rows; nothing by default."""

    @abstractmethod
    def _objective(self, module: Any, stream: Stream) -> Objective:
        """Return what trains ``module``, whose parameters are the first or the last fit's."""

    def _watch(self, fit: Fit) -> Watch | None:
        """Return what looks at the model during ``fit``; None by default."""
        return None

    def _fit(self, X: Any, y: Any, **marks: Any) -> Self:
        """Fit the model; a public ``fit`` is decorated by ``with_callbacks`` and calls this."""
        self._check_parameters()
        warn_of_idle_options(self)
        go_on = bool(getattr(self, "warm_start", False)) and self.__sklearn_is_fitted__()
        observe = partial(CallbackObserver, self, X, y)
        schedule = self._schedule()
        if go_on:
            schedule = schedule.going_on(self._state_of_training()["stages_left"])
        return self._train(X, marks, schedule, go_on, observe)

    def _partial_fit(self, X: Any, **marks: Any) -> Self:
        """Make one pass over ``X``, continuing the last call or fit if there is one."""
        self._check_parameters()
        warn_of_idle_options(self)
        go_on = self.__sklearn_is_fitted__()
        stages_left = self._state_of_training()["stages_left"] if go_on else None
        return self._train(X, marks, self._schedule().one_pass(stages_left), go_on)

    def _state_of_training(self) -> dict[str, Any]:
        """What a fit goes on from; raise if the model was saved without it."""
        if "objective" not in self._training:
            raise ValueError(
                f"this {type(self).__name__} was saved without what a fit goes on from: save it "
                "with training=True, or start anew by fit, without warm_start."
            )
        return self._training

    def _train(
        self,
        X: Any,
        marks: dict[str, Any],
        schedule: Schedule,
        go_on: bool,
        observe: Callable[[Fit], CallbackObserver] | None = None,
    ) -> Self:
        """Train anew, or continue the last fit if ``go_on``; an error leaves all as it was.

        ``marks`` are the keywords of ``_training_data``.
        """
        with all_or_nothing(self), ExitStack() as kept:
            data = self._training_data(X, reset=not go_on, **marks)
            journal = None
            if observe is not None:
                before = self if go_on else None
                journal = kept.enter_context(checkpointed(self, data._asdict(), before))
            fit = self._resume(data, schedule) if go_on else self._begin(data, schedule)
            del data  # frees copies that the checks have made
            observer = None if observe is None else observe(fit)
            train(
                fit.objective,
                fit.rows,
                fit.schedule,
                fit.stream,
                history=fit.history,
                held_out=fit.held_out,
                observer=observer,
                report=self._in_data_units(fit.module, fit.rows, fit.held_out),
                watch=None if observer is None else self._watch(fit),
                keeper=None if journal is None else journal.next_fit(type(self).__name__),
                # Within a search, a Pipeline or another fit, Ctrl-C ends all of it.
                keep_interrupted=is_called_by_user(self),
            )
            self._finish(fit)
            if observer is not None:
                observer.end_fit()
        return self

    def _begin(self, data: TrainingData, schedule: Schedule) -> Fit:
        """Make a fit that starts anew."""
        prepared = self._prepare(data, reset=True)
        self._set(prepared)
        rows = self._rows(data, self._scaling(data, **prepared))
        with within_memory(self, rows.n_features):
            module = self._new_module(self._module_arguments(rows, None, **prepared))
        stream = Stream(self.random_state, resolve_device(self.device, self.precision))
        split_seed = int(stream.numpy.integers(2**31))
        rows, held_out = split(rows, schedule.validation_fraction, split_seed)
        schedule = schedule.for_rows(len(rows))
        own = has_own_network(module.arguments)
        unbounded = infinite_tensors(module) if own else set()  # such as its mask
        self._initialize(module, rows, stream, **prepared)
        check_start(module, unbounded, lambda: max(map(abs, rows.value_range())))
        move(module, stream.device, self._parameter_dtype())
        with within_memory(self, rows.n_features):
            objective = self._objective(module, stream)
        history: dict[str, list[float]] = {"loss": [], "validation_loss": []}
        return Fit(module, objective, stream, split_seed, history, schedule, rows, held_out)

    def _resume(self, data: TrainingData, schedule: Schedule) -> Fit:
        """Make a fit that continues the last one, from copies, with the same held-out rows."""
        rows, fitted = self._rows(data, self._fitted_scaling), self._module.arguments
        arguments = self._module_arguments(rows, fitted, **self._prepare(data, reset=False))
        _check_same(arguments, fitted, self._argument_names)
        module = self._new_module(arguments)
        device = resolve_device(self.device, self.precision)
        stream = Stream.restored(self._training["stream"], device)
        split_seed = self._training["split_seed"]
        rows, held_out = split(rows, schedule.validation_fraction, split_seed)
        schedule = schedule.for_rows(len(rows))
        move(module, device, self._parameter_dtype())
        module.load_state_dict(self._module.state_dict())
        self._go_on(module, rows)
        objective = self._objective(module, stream)  # parameters may have been set anew
        try:
            objective.load_state_dict(to_tensors(self._training["objective"]))
        except ValueError as error:
            raise ValueError(
                "what is trained is not what the fit to go on from trained (have layers been "
                "frozen or freed since?); start anew by fit, without warm_start."
            ) from error
        stream.load_state_dict(self._training["stream"])  # the objective has drawn first chains
        history = {name: list(values) for name, values in self.history_.items()}
        return Fit(module, objective, stream, split_seed, history, schedule, rows, held_out)

    def _finish(self, fit: Fit) -> None:
        """Set the fitted attributes."""
        fit.module.eval()
        for parameter in fit.module.parameters():
            parameter.grad = None
            # A part of a larger vector would be stored with all of it, and another layout would not
            # be stored: products with a copy would differ in their last digits.
            is_part = parameter.untyped_storage().nbytes() > parameter.nbytes
            if is_part or not parameter.is_contiguous():
                parameter.data = parameter.detach().clone(memory_format=torch.contiguous_format)
        self._set(fit.attributes())

    def _set(self, attributes: dict[str, Any]) -> None:
        """Set fitted attributes; delete those whose value is None."""
        for name, value in attributes.items():
            if value is not None:
                setattr(self, name, value)
            elif hasattr(self, name):
                delattr(self, name)

    def _rows(self, data: TrainingData, scaling: Scaling | None) -> Rows:
        """Make the rows to train on, which hand out tensors in the units of ``scaling``."""
        X, weights, labels, classes, labelled = data
        if labelled is not None and not labelled.all():
            X = some_rows(X, labelled)
        device = resolve_device(self.device, self.precision)
        rows = training_rows(X, device, self._parameter_dtype(), self._absent, scaling)
        rows = rows if labels is None else rows.labelled(labels, classes)
        if weights is None:
            return rows
        return rows.weighted(weights if labelled is None else weights[labelled])

    def _new_module(self, arguments: dict[str, Any]) -> Any:
        """Make a module in float32 on the CPU."""
        module = self._module_class(**arguments)
        move(module, torch.device("cpu"), torch.float32)
        return module


def move(module: nn.Module, device: torch.device, dtype: torch.dtype) -> None:
    """Move a module to a device and a precision, unless all of it is there."""
    tensors = chain(module.parameters(), module.buffers())
    if not all(t.device == device and t.dtype == dtype for t in tensors):
        module.to(device=device, dtype=dtype)


OF_THE_LOSS = {
    "augmentation",
    "beta",
    "contraction",
    "corruption_level",
    "cost",
    "free_bits",
    "kl_warmup",
    "level",
    "min_variance",
    "n_importance_samples",
    "reconstruction_weight",
    "target",
    "word_dropout",
}
"""Arguments of modules on which no parameter depends, so that a fit may go on with others."""


def _check_same(asked: dict[str, Any], fitted: dict[str, Any], names: dict[str, str]) -> None:
    """Raise if a fit would continue with a module whose parameters mean something else."""
    for name, value in asked.items():
        if name in OF_THE_LOSS:
            continue
        same = value is fitted[name] if isinstance(value, nn.Module) else value == fitted[name]
        if not same:
            raise ValueError(
                f"{names.get(name, name)} == {value!r}, but the fit to go on from had "
                f"{fitted[name]!r}; set it back, or start anew by fit, without warm_start where "
                "there is one."
            )
