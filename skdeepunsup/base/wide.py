"""A module in float64, to answer with."""

from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn

KEPT_NUMBERS = 2**22
"""Numbers of a module, 32 MB, up to which memory for them in float64 is kept for the next call."""

_kept: WeakKeyDictionary[nn.Module, dict[int, tuple[Tensor, Tensor]]] = WeakKeyDictionary()
"""By module and id: its parameters and buffers, and the memory for each."""


def wide(module: nn.Module) -> Any:
    """A module with the numbers of ``module`` in float64, and all else that it has.

    As ``copy.deepcopy(module).double()``, but all else than parameters and buffers is shared, and
    the next call writes into the same memory: for a row at a time, copying took most of the time.
    """
    numbers = {id(t): t for t in (*module.parameters(), *module.buffers())}
    small = sum(t.numel() for t in numbers.values()) <= KEPT_NUMBERS
    memory = _kept.setdefault(module, {}) if small else {}
    for gone in memory.keys() - numbers.keys():  # parts of the module that have been replaced
        memory.pop(gone, None)
    twins: dict[int, nn.Module] = {}

    def twin(part: nn.Module | None) -> nn.Module | None:
        if part is None:
            return None
        if id(part) not in twins:
            copy = twins[id(part)] = object.__new__(type(part))
            copy.__dict__ = part.__dict__ | {
                "_parameters": {name: widened(p, memory) for name, p in part._parameters.items()},
                "_buffers": {name: widened(b, memory) for name, b in part._buffers.items()},
                "_modules": {name: twin(m) for name, m in part._modules.items()},
            }
        return twins[id(part)]

    return twin(module)


@torch.inference_mode(False)  # or what is made within it could not be used again outside
@torch.no_grad()
def widened(numbers: Tensor | None, memory: dict[int, tuple[Tensor, Tensor]]) -> Tensor | None:
    """Numbers in float64, in what ``memory`` holds for them; integers stay as they are."""
    if numbers is None or not numbers.is_floating_point():
        return numbers
    source, values = memory.get(id(numbers), (None, None))
    if source is numbers and values is not None and values.shape == numbers.shape:
        return values.copy_(numbers)
    values = numbers.detach().double()
    if isinstance(numbers, nn.Parameter):
        values = nn.Parameter(values, requires_grad=False)
    memory[id(numbers)] = numbers, values
    return values
