"""Fitted state as plain data, nested dicts of NumPy arrays: pickle, joblib and skops all do.

A fit on one device loads on another. Only a network of the user's own is stored as it is.
"""

import inspect
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor, nn


class RecordedModule(nn.Module):
    """Base of the modules that estimators hold: records what the constructor was given.

    ``type(module)(**module.arguments)`` is a new module of the same make.

    Attributes
    ----------
    arguments : dict
        The constructor's arguments by name, with the defaults that its own signature has; those
        that ``**`` collects stand beside the others.
    """

    arguments: dict[str, Any]

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        module = super().__new__(cls)
        signature = inspect.signature(cls.__init__)
        # Partially: a copy is made without arguments, and takes those of the original afterwards.
        given = signature.bind_partial(module, *args, **kwargs)
        given.apply_defaults()
        _self, *names = given.arguments
        module.arguments = {}
        for name in names:
            collects = signature.parameters[name].kind is inspect.Parameter.VAR_KEYWORD
            value = given.arguments[name]
            module.arguments |= value if collects else {name: value}
        return module


def to_arrays(state: Any) -> Any:
    """Copy a nested state of dicts and lists, each tensor as an array."""
    if isinstance(state, Tensor):
        return state.detach().cpu().numpy().copy()
    if isinstance(state, dict):
        return {key: to_arrays(value) for key, value in state.items()}
    if isinstance(state, (list, tuple)):
        return type(state)(map(to_arrays, state))
    return state


def to_tensors(state: Any) -> Any:
    """Copy a nested state of dicts and lists of arrays and tensors, as tensors."""
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
    """A module as what its constructor was given and the arrays it holds."""
    return {"arguments": module.arguments, "state": to_arrays(module.state_dict())}


def restore_module(
    kind: type[RecordedModule], stored: dict[str, Any], device: torch.device
) -> RecordedModule:
    """The module that ``store_module`` stored, on ``device``, ready for inference."""
    module = kind(**stored["arguments"])
    state = to_tensors(stored["state"])
    floating = next((v.dtype for v in state.values() if v.is_floating_point()), torch.float32)
    module.to(device=device, dtype=floating)
    module.load_state_dict(state)
    return module.eval()
