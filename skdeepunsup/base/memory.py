"""Refuses a model that is larger than the machine before anything of it is made."""

from contextlib import AbstractContextManager, nullcontext
from numbers import Integral
from types import NoneType
from typing import Any

import numpy as np
import torch
from torch.overrides import TorchFunctionMode

from .._parameters import memory

MAKERS = {
    torch.arange,
    torch.empty,
    torch.eye,
    torch.full,
    torch.linspace,
    torch.ones,
    torch.rand,
    torch.randn,
    torch.zeros,
}
"""Functions of torch that make a tensor of a size."""

COPIES = 4
"""Numbers for each parameter: itself, its gradient, and two moments or averages."""


class WithinBytes(TorchFunctionMode):
    """Raises a ValueError where tensors are made that need more than so many bytes together.

    Parameters
    ----------
    n_bytes : float
    """

    def __init__(self, n_bytes: float) -> None:
        super().__init__()
        self.left = n_bytes

    def __torch_function__(
        self, function: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        if function in MAKERS:
            on_none = {k: v for k, v in kwargs.items() if k not in ("generator", "out")}
            self.left -= function(*args, **on_none | {"device": "meta"}).nbytes
            if self.left < 0:
                raise ValueError(self.refusal())
        return function(*args, **kwargs)

    def refusal(self) -> str:
        """What the error says."""
        return "tensors are larger than they can be"


class WithinMemory(WithinBytes):
    """Raises a ValueError where tensors are made that training has no memory for.

    The system would hand the memory out, and kill the process once it is written to.

    Parameters
    ----------
    estimator : estimator
        Its parameters that are large numbers are named by the error.
    """

    def __init__(self, estimator: Any) -> None:
        super().__init__(memory() / COPIES)
        self.estimator = estimator

    def refusal(self) -> str:
        return (
            f"{type(self.estimator).__name__} of so many units needs more than the "
            f"{memory() / 2**30:.0f} GiB of this machine: lower {_large(self.estimator)}."
        )


SMALL = 256
"""With three sizes below this, no layer has more than 64 MB."""

PLAIN = str, float, dict, NoneType
"""Parameters that make nothing large, unlike networks, callables and other estimators."""


def within_memory(estimator: Any, n_features: int) -> AbstractContextManager[Any]:
    """`WithinMemory`, which takes its time at each call of torch, unless all sizes are small."""
    values = [n_features, *vars(estimator).values()]
    parts = [part for v in values for part in (v if isinstance(v, tuple | list) else [v])]
    is_small = len(parts) < SMALL and all(
        p < SMALL if isinstance(p, Integral) else isinstance(p, PLAIN) for p in parts
    )
    return nullcontext() if is_small else WithinMemory(estimator)


def _large(estimator: Any) -> str:
    """The parameters that are, or hold, the largest integers."""
    found: dict[str, int] = {}
    for name, value in estimator.get_params(deep=False).items():
        if name == "random_state":
            continue
        numbers = value if isinstance(value, tuple | list | range | np.ndarray) else [value]
        found[name] = max((int(n) for n in numbers if isinstance(n, Integral)), default=0)
    ordered = sorted(found, key=found.__getitem__, reverse=True)
    return " or ".join(f"{name} == {getattr(estimator, name)!r}" for name in ordered[:2])
