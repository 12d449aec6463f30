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


def to_arrays(state: Any) -> Any:
    """Copy a nested state of dicts and lists, with tensors converted to arrays."""
    if isinstance(state, Tensor):
        return state.detach().cpu().numpy().copy()
    if isinstance(state, dict):
        return {key: to_arrays(value) for key, value in state.items()}
    if isinstance(state, (list, tuple)):
        return type(state)(map(to_arrays, state))
    return state


FEW = 256
"""Entries up to which an array is stored as it is."""


def bits_as_booleans(state: Any) -> Any:
    """A nested state of arrays, with long ones of zeros and ones, as chains have, as booleans."""
    if isinstance(state, np.ndarray) and state.dtype.kind == "f" and state.size > FEW:
        bits = state.astype(bool)
        return bits if (bits == state).all() else state
    if isinstance(state, dict):
        return {key: bits_as_booleans(value) for key, value in state.items()}
    if isinstance(state, (list, tuple)):
        return type(state)(map(bits_as_booleans, state))
    return state


def to_tensors(state: Any) -> Any:
    """Copy a nested state of dicts and lists, with arrays converted to tensors."""
    if isinstance(state, np.ndarray):
        return torch.tensor(state, device="cpu")
    if isinstance(state, Tensor):
        return state.detach().clone()
    if isinstance(state, dict):
        return {key: to_tensors(value) for key, value in state.items()}
    if isinstance(state, (list, tuple)):
        return type(state)(map(to_tensors, state))
    return state


def store_module(module: RecordedModule) -> dict[str, Any]:
    """A module as the arguments of its constructor and its state as arrays."""
    return {"arguments": module.arguments, "state": to_arrays(module.state_dict())}


def restore_module(
    kind: type[RecordedModule], stored: dict[str, Any], device: torch.device
) -> RecordedModule:
    """Rebuild a module from the result of ``store_module``, on ``device`` and in eval mode."""
    module = kind(**stored["arguments"])
    state = to_tensors(stored["state"])
    own = (v for name, v in state.items() if "scaling." not in name)  # that is always in float64
    floating = next((v.dtype for v in own if v.is_floating_point()), torch.float32)
    module.to(device=device, dtype=floating)
    module.load_state_dict(state)
    return module.eval()
