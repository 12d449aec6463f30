"""A network of the user's own: a module, or what makes one."""

from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode


class DrawnFrom(TorchDispatchMode):
    """Within this context, and this thread, what torch draws comes from ``generator``.

    Wherever a generator is named already, that one draws. The global generators stay as they are.

    Parameters
    ----------
    generator : torch.Generator
        Draws the tensors of its own device.
    """

    def __init__(self, generator: torch.Generator) -> None:
        super().__init__()
        self.generator = generator

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Call ``func``, with the generator where it takes one."""
        kwargs = dict(kwargs or {})
        if kwargs.get("generator") is None and takes_generator(func.overloadpacket):
            return func.overloadpacket(*args, **kwargs | {"generator": self.generator})
        return func(*args, **kwargs)


def takes_generator(operator: Any) -> bool:
    """Whether an overload of this operator of torch's has an argument ``generator``."""
    schemas = (getattr(operator, overload)._schema for overload in operator.overloads())
    return any(argument.name == "generator" for schema in schemas for argument in schema.arguments)


def build(
    network: nn.Module | Callable[[int, int], nn.Module],
    n_inputs: int,
    n_outputs: int,
    generator: torch.Generator,
    name: str = "network",
) -> nn.Module:
    """Return ``network`` itself if it is a module, else what it makes when called.

    Parameters
    ----------
    network : torch.nn.Module or callable
        A factory is called as ``network(n_inputs, n_outputs)``; its layers' own initialisation
        draws from ``generator``.
    n_inputs, n_outputs : int
        Width of its rows and of its answers.
    generator : torch.Generator
        Of the device the factory makes its layers on: the CPU, unless it says otherwise.
    name : str, default="network"
        Of the parameter, for errors.

    Returns
    -------
    torch.nn.Module
        The network.

    Raises
    ------
    TypeError
        If the factory returns no module.
    """
    if isinstance(network, nn.Module):
        return network
    with DrawnFrom(generator):
        built = network(n_inputs, n_outputs)
    if not isinstance(built, nn.Module):
        raise TypeError(
            f"{name}({n_inputs}, {n_outputs}) returned {built!r}, must return a torch.nn.Module."
        )
    return built
