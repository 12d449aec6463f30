"""Fitted state as plain data, nested dicts of NumPy arrays, for pickle, joblib and skops.

A model fitted on one device loads on another. Only a user-defined network is stored as an object.
"""

import inspect
from collections.abc import Callable
from functools import cache
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor, nn


class RecordedModule(nn.Module):
    """Base of the modules of estimators: records the arguments of the constructor.

    ``type(module)(**module.arguments)`` is a new module with the same architecture.

    Attributes
    ----------
    arguments : dict
        The constructor's arguments by name, including the defaults of its signature and those that
        ``**`` collects.
    """

    arguments: dict[str, Any]

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        module = super().__new__(cls)
        signature = _signature(cls.__init__)
        # Partially: a copy is made without arguments, and gets those of the original afterwards.
        given = signature.bind_partial(module, *args, **kwargs)
        given.apply_defaults()
        _self, *names = given.arguments
        module.arguments = {}
        for name in names:
            collects = signature.parameters[name].kind is inspect.Parameter.VAR_KEYWORD
            value = given.arguments[name]
            module.arguments |= value if collects else {name: value}
        return module


@cache
def _signature(constructor: Callable[..., None]) -> inspect.Signature:
    """Kept, since it takes a tenth of a millisecond to find."""
    return inspect.signature(constructor)


def _mapped(function: Callable[[Any], Any], state: Any) -> Any:
    """A nested state of dicts and lists with ``function`` applied to all that they hold."""
    if isinstance(state, dict):
        return {key: _mapped(function, value) for key, value in state.items()}
    if isinstance(state, (list, tuple)):
        return type(state)(_mapped(function, value) for value in state)
    return function(state)


def to_arrays(state: Any) -> Any:
    """Copy a nested state of dicts and lists, with tensors converted to arrays."""

    def array(value: Any) -> Any:
        return value.detach().cpu().numpy().copy() if isinstance(value, Tensor) else value

    return _mapped(array, state)


FEW = 256
"""Entries up to which an array is stored as it is."""


def bits_as_booleans(state: Any) -> Any:
    """A nested state of arrays, with long ones of zeros and ones, as chains have, as booleans."""

    def compact(value: Any) -> Any:
        if isinstance(value, np.ndarray) and value.dtype.kind == "f" and value.size > FEW:
            bits = value.astype(bool)
            return bits if (bits == value).all() else value
        return value

    return _mapped(compact, state)


def to_tensors(state: Any) -> Any:
    """Copy a nested state of dicts and lists, with arrays converted to tensors."""

    def tensor(value: Any) -> Any:
        if isinstance(value, np.ndarray):
            return torch.tensor(value, device="cpu")
        return value.detach().clone() if isinstance(value, Tensor) else value

    return _mapped(tensor, state)


def _shared(array: np.ndarray) -> Tensor:
    """A tensor with the memory of an array, or a copy if that must not be written to."""
    return torch.from_numpy(array) if array.flags.writeable else torch.tensor(array)


def store_module(module: RecordedModule) -> dict[str, Any]:
    """A module as the arguments of its constructor and its state as arrays."""
    return {"arguments": module.arguments, "state": to_arrays(module.state_dict())}


def restore_module(
    kind: type[RecordedModule], stored: dict[str, Any], device: torch.device
) -> RecordedModule:
    """Rebuild a module from the result of ``store_module``, on ``device`` and in eval mode."""
    module = kind(**stored["arguments"])
    state = {name: _shared(array) for name, array in stored["state"].items()}
    own = (v for name, v in state.items() if "scaling." not in name)  # that is always in float64
    floating = next((v.dtype for v in own if v.is_floating_point()), torch.float32)
    module.to(device=device, dtype=floating)
    module.load_state_dict(state)
    return module.eval()
