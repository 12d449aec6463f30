"""Fingerprints: short digests of everything a model computes with, to recognise a model."""

from collections.abc import Iterator, Mapping, Sequence, Set
from hashlib import blake2b
from types import CodeType
from typing import Any

import numpy as np
import scipy.sparse as sp
from sklearn.base import BaseEstimator
from torch import Tensor, nn

SIZE = 8
"""Bytes of a fingerprint."""

UNSEEN = {
    "_training",
    "history_",
    "verbose",
    "device",
    "n_jobs",
    "_sklearn_output_config",
    "_skl_callbacks",
    "_own_callbacks",
}
"""Attributes of estimators that do not change what it computes."""


def fingerprint(*values: Any) -> bytes:
    """A digest of arrays, numbers, strings, modules, estimators, functions, containers of these.

    It is the same in every process. For functions, it depends on the name and the code, not on
    variables from outside; for other objects, on the type alone.
    """
    digest = blake2b(digest_size=SIZE)
    for value in values:
        for part in _parts(value):
            digest.update(len(part).to_bytes(8, "little") + part)
    return digest.digest()


def _parts(value: Any, template: bool = False) -> Iterator[bytes]:
    """Yield the bytes that represent a value, piece by piece.

    A module within a ``template`` is one that a fitted module was built from; since the fitted
    module has the weights, only its structure counts.
    """
    if isinstance(value, np.generic):
        value = value.item()  # its repr depends on the version
    yield type(value).__qualname__.encode()
    if isinstance(value, Tensor):
        value = value.detach().cpu().numpy()
    match value:
        case np.ndarray() if not value.dtype.hasobject:
            yield f"{value.dtype.str} {value.shape}".encode()
            yield np.ascontiguousarray(value).data.tobytes()
        case np.ndarray():
            yield str(value.shape).encode()
            yield from _parts(value.ravel().tolist(), template)
        case _ if sp.issparse(value):
            yield from _parts_of_sparse(value)
        case nn.Module() if template:
            yield repr(value).encode()
        case nn.Module():
            yield from _parts(getattr(value, "arguments", repr(value)), template=True)
            yield from _parts(value.state_dict())
        case BaseEstimator():
            yield from _parts_of_estimator(value)
        case None | bool() | int() | float() | complex() | str() | bytes():
            yield repr(value).encode()
        case CodeType():
            yield value.co_code
            yield from _parts((value.co_names, value.co_consts))
        case Mapping():
            for name in sorted(value, key=str):
                yield str(name).encode()
                yield from _parts(value[name], template)
        case Set():
            yield from sorted(fingerprint(item) for item in value)
        case Sequence():
            yield str(len(value)).encode()
            for item in value:
                yield from _parts(item, template)
        case _ if callable(value):
            for name in ("__module__", "__qualname__", "__name__"):
                yield str(getattr(value, name, "")).encode()
            yield from _parts(getattr(value, "__code__", None))


def _parts_of_sparse(value: Any) -> Iterator[bytes]:
    """The shape, indices and entries of a sparse matrix in canonical CSR format."""
    entries = sp.csr_array(value, copy=True)
    entries.sum_duplicates()
    yield str(entries.shape).encode()
    for array in (entries.indptr, entries.indices):
        yield array.astype("<i8").tobytes()
    yield from _parts(entries.data)


def _parts_of_estimator(value: BaseEstimator) -> Iterator[bytes]:
    """The names and values of an estimator's attributes, except those in ``UNSEEN``."""
    of_ours = hasattr(value, "_module_class")
    templates = value.get_params(deep=False) if of_ours else ()
    for name in sorted(vars(value).keys() - UNSEEN):
        yield name.encode()
        yield from _parts(vars(value)[name], name in templates)
