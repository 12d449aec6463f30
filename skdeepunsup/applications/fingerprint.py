"""Whether two models are the same: a short digest of all that a model computes with."""

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from torch import Tensor, nn

SIZE = 8
"""Bytes of a fingerprint."""
HISTORY = ("_training", "history_")
"""Attributes that tell how an estimator came about, not what it computes."""


def fingerprint(*values: Any) -> bytes:
    """A digest of arrays, numbers, strings, modules, estimators, and containers of these.

    The same in every process. Of other objects only the type counts.
    """
    digest = blake2b(digest_size=SIZE)
    for value in values:
        for part in _parts(value):
            digest.update(len(part).to_bytes(8, "little") + part)
    return digest.digest()


def _parts(value: Any) -> Any:
    """The bytes that stand for a value, piece by piece."""
    yield type(value).__qualname__.encode()
    if isinstance(value, Tensor):
        value = value.detach().cpu().numpy()
    match value:
        case np.ndarray() if value.dtype != object:
            yield f"{value.dtype.str} {value.shape}".encode()
            yield np.ascontiguousarray(value).data.tobytes()
        case nn.Module():
            yield from _parts(getattr(value, "arguments", None))
            yield from _parts(value.state_dict())
        case BaseEstimator():
            yield from _parts({k: v for k, v in vars(value).items() if k not in HISTORY})
        case None | bool() | int() | float() | np.generic() | str() | bytes():
            yield repr(value).encode()
        case Mapping():
            for name in sorted(value, key=str):
                yield str(name).encode()
                yield from _parts(value[name])
        case Sequence():
            yield str(len(value)).encode()
            for item in value:
                yield from _parts(item)
