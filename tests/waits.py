"""Finds what would make the host wait for a device, even where there is none but the CPU."""

import traceback
from collections import Counter

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

import skdeepunsup

aten = torch.ops.aten
FOLDER = skdeepunsup.__path__[0]
READS = {
    aten._local_scalar_dense.default,
    aten.equal.default,
    aten.nonzero.default,
    aten.masked_select.default,
    aten._unique2.default,
    aten.unique_dim.default,
    aten.bincount.default,
    aten.repeat_interleave.Tensor,
}
"""Operators whose result, or its shape, the host has to know before it goes on."""
BY_INDEX = {
    aten.index.Tensor: 1,
    aten.index_put_.default: 1,
    aten.index_put.default: 1,
    aten._index_put_impl_.default: 1,
}
"""Operators that read their index where it is a mask, and the place of that argument."""
METHODS = ("cpu", "tolist", "numpy")
"""Methods that read a tensor, but are no operator where it is on the CPU."""


class Waits(TorchDispatchMode):
    """Counts, by function of the package, what would wait for another device than the CPU.

    Attributes
    ----------
    found : Counter
        By the name of an operator or method and the function that called it.
    """

    def __init__(self):
        super().__init__()
        self.found = Counter()
        self._patch = pytest.MonkeyPatch()

    def __enter__(self):
        for name in METHODS:
            self._patch.setattr(Tensor, name, self._counted(name, getattr(Tensor, name)))
        return super().__enter__()

    def __exit__(self, *raised):
        self._patch.undo()
        return super().__exit__(*raised)

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        if func in READS or (func in BY_INDEX and has_mask(args[BY_INDEX[func]])):
            self.count(func.__name__)
        return func(*args, **kwargs or {})

    def count(self, name):
        frames = [f for f in traceback.extract_stack() if f.filename.startswith(FOLDER)]
        last = frames[-1] if frames else None
        where = f"{last.filename.removeprefix(FOLDER)}, in {last.name}" if last else "a test"
        self.found[f"{name} in {where}"] += 1

    def _counted(self, name, method):
        def counting(tensor, *args, **kwargs):
            self.count(name)
            return method(tensor, *args, **kwargs)

        return counting


def has_mask(index):
    return any(i is not None and i.dtype in (torch.bool, torch.uint8) for i in index)
