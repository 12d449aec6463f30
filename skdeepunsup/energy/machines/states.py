"""States of units, enumerated or in part held fixed, and the parameters that act on them."""

from collections.abc import Iterator

import torch
from torch import Tensor, nn


def with_held(u: Tensor, fixed: Tensor | None, held: Tensor) -> Tensor:
    """``u`` with the entries where ``fixed`` is true put back to those of ``held``."""
    return u if fixed is None else torch.where(fixed, held, u)


def binary_states(n_units: int, block: int = 2**12) -> Iterator[Tensor]:
    """All 2ⁿ rows of n bits, a block at a time, float64."""
    bits = torch.arange(n_units, device="cpu")
    for start in range(0, 2**n_units, block):
        states = torch.arange(start, min(start + block, 2**n_units), device="cpu")
        yield (states[:, None] >> bits & 1).double()


def zero_parameter(*shape: int) -> nn.Parameter:
    """A parameter of zeros that no gradient is kept for: machines are trained by statistics."""
    return nn.Parameter(torch.zeros(shape), requires_grad=False)
