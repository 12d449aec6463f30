"""User-defined networks: a module, or a function that returns one."""

from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from .._parameters import calling


class DrawnFrom(TorchDispatchMode):
    """Within this context and this thread, torch draws from ``generator`` by default.

    Calls that name a generator keep theirs. The global generators are neither read nor changed.

    Parameters
    ----------
    generator : torch.Generator
        Draws tensors on its own device.
    """

    def __init__(self, generator: torch.Generator) -> None:
        super().__init__()
        self.generator = generator

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Call ``func``, with the generator if it accepts one and has none yet."""
        kwargs = dict(kwargs or {})
        if kwargs.get("generator") is None and takes_generator(func.overloadpacket):
            return func.overloadpacket(*args, **kwargs | {"generator": self.generator})
        return func(*args, **kwargs)


def takes_generator(operator: Any) -> bool:
    """Whether an overload of this torch operator has an argument ``generator``."""
    schemas = (getattr(operator, overload)._schema for overload in operator.overloads())
    return any(argument.name == "generator" for schema in schemas for argument in schema.arguments)


def build(
    network: nn.Module | Callable[[int, int], nn.Module],
    n_inputs: int,
    n_outputs: int,
    generator: torch.Generator,
    name: str = "network",
) -> nn.Module:
    """Return ``network`` itself if it is a module, else the module that it returns when called.

    Parameters
    ----------
    network : torch.nn.Module or callable
        A factory is called as ``network(n_inputs, n_outputs)``; the initialisation of its layers
        draws from ``generator``.
    n_inputs, n_outputs : int
        Width of the input and of the output.
    generator : torch.Generator
        A generator on the device where the factory creates its layers: the CPU by default.
    name : str, default="network"
        Name of the parameter, for errors.

    Returns
    -------
    torch.nn.Module
        The network.

    Raises
    ------
    TypeError, ValueError
        If the factory raises one, or returns no module.
    """
    if isinstance(network, nn.Module):
        return network
    with calling(f"{name}({n_inputs}, {n_outputs})"), DrawnFrom(generator):
        built = network(n_inputs, n_outputs)
    if not isinstance(built, nn.Module):
        raise TypeError(
            f"{name}({n_inputs}, {n_outputs}) returned {built!r}, must return a torch.nn.Module."
        )
    return built
