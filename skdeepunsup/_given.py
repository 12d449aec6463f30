"""What a saved file does not hold: networks and functions of the user's own, by their names."""

import copy
import inspect
from contextvars import ContextVar
from typing import Any

from sklearn.base import BaseEstimator
from torch import nn

MARK = "__given__"
"""Key of the dict that stands for such an object; its value is the name."""

LEFT_OUT = "_skl_callbacks", "_own_callbacks"
"""Attributes that no file holds."""


class GivenError(ValueError):
    """What was given does not fit what the file needs."""


def is_own(value: Any) -> bool:
    """Whether a value is a network or a function, which a file can only name."""
    return isinstance(value, nn.Module) or inspect.isroutine(value)


class Saving:
    """How estimators are stored while a file is written.

    Parameters
    ----------
    training : bool
        Whether what fits go on from is stored.
    names : dict
        Parameters of the estimator that is saved by the names that ``get_params`` gives them.

    Attributes
    ----------
    used : set of str
        Names of the networks and functions that were found.
    """

    def __init__(self, training: bool, names: dict[str, Any]) -> None:
        self.training = training
        self.names = {name: value for name, value in names.items() if is_own(value)}
        self.used: set[str] = set()

    def stored(self, state: dict[str, Any]) -> dict[str, Any]:
        """The state of an estimator as it is to be stored."""
        state = {name: value for name, value in state.items() if name not in LEFT_OUT}
        if "_training" in state and not self.training:
            answers = ("stages_left",)  # which warnings of answers need
            state["_training"] = {name: state["_training"][name] for name in answers}
        return {name: self._named(value, name) for name, value in state.items()}

    def _named(self, value: Any, key: str) -> Any:
        """A nested value with marks for what is the user's own; ``key`` is the last name to it."""
        if isinstance(value, dict):
            return {k: self._named(v, k if isinstance(k, str) else key) for k, v in value.items()}
        if isinstance(value, (list, tuple)) and not hasattr(value, "_fields"):
            return type(value)(self._named(v, key) for v in value)
        if not is_own(value):
            return value
        name = self._name(value, key)
        self.used.add(name)
        return {MARK: name}

    def _name(self, value: Any, key: str) -> str:
        """The name of the parameter that an object is, or is a copy of."""
        for name, parameter in self.names.items():
            if parameter is value:
                return name
        for name, parameter in self.names.items():
            if name.rpartition("__")[2] == key and type(parameter) is type(value):
                return name
        return key


def resolved(state: Any, given: dict[str, Any]) -> Any:
    """A stored state with the objects of these names in place of their marks."""
    if isinstance(state, dict):
        if state.keys() == {MARK}:
            return given[state[MARK]]
        return {key: resolved(value, given) for key, value in state.items()}
    if isinstance(state, (list, tuple)) and not hasattr(state, "_fields"):
        return type(state)(resolved(value, given) for value in state)
    return state


SAVING: ContextVar[Saving | None] = ContextVar("SAVING", default=None)
"""How estimators are stored now; as pickle needs them if None."""

GIVEN: ContextVar[dict[str, Any] | None] = ContextVar("GIVEN", default=None)
"""The objects by which marks are replaced in estimators that are loaded now."""


def without_callbacks(estimator: BaseEstimator) -> BaseEstimator:
    """The estimator, or a copy of one of scikit-learn's without its callbacks."""
    if "_skl_callbacks" not in vars(estimator) or hasattr(estimator, "_own_callbacks"):
        return estimator
    other = copy.copy(estimator)
    del other._skl_callbacks
    return other
