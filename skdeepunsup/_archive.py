"""Nested state of dicts, lists, arrays and plain values as one file, which is whole or not there.

A file is a line that names its kind, the length of a header, the header, the bytes of the arrays,
and a digest of all that precedes it. The header is JSON: the nested state with a number in place of
each array, and dtype and shape of each. Nothing in a file is executed, and the digest tells damage
from change before anything of it is looked at.
"""

import hashlib
import json
from collections.abc import Iterable
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from ._replacing import replacing

KIND = b"skdeepunsup state 1\n"
"""First line of each file; the number is that of the format."""

LENGTH, DIGEST = 8, 32
"""Bytes of the header's length, and of the digest."""

KINDS_OF_NUMBERS = "biuf"
"""Kinds of dtypes that a file may hold: no objects."""


class DamagedFileError(ValueError):
    """A file is not one of ours, or not as it was written."""


def packed(state: Any, kind: bytes = KIND) -> list[bytes | memoryview]:
    """The parts of a file of a ``kind`` that holds a nested state, without the digest.

    Arrays are not copied: they must not change before the parts are written.
    """
    arrays: list[np.ndarray] = []
    tree = _parted(state, arrays)
    kinds = [(a.dtype.str, a.shape) for a in arrays]
    header = json.dumps({"tree": tree, "arrays": kinds}).encode()
    data = [np.ascontiguousarray(a).reshape(-1).view(np.uint8).data for a in arrays]
    return [kind, len(header).to_bytes(LENGTH, "little"), header, *data]


def write(path: Path, parts: Iterable[bytes | memoryview]) -> None:
    """Write parts and their digest; the file that was there stays until the new one is whole."""
    digest = hashlib.blake2b(digest_size=DIGEST)
    with replacing(path) as file:
        for part in parts:
            digest.update(part)
            file.write(part)
        file.write(digest.digest())


def read(path: Path, kind: bytes = KIND, longest: int | None = None) -> Any:
    """The nested state of a file of a ``kind``; tuples are lists in it, and arrays read-only.

    A header of more than ``longest`` bytes is refused, since small values take more memory than
    they have text; None allows any.

    Raises
    ------
    DamagedFileError
        If the file is not one of ours, truncated or changed.
    """
    content = path.read_bytes()
    if not content.startswith(kind):
        name, _, number = kind.rpartition(b" ")
        first = content[: len(kind) + 8].partition(b"\n")[0]
        if first.startswith(name + b" ") and first[len(name) + 1 :].isdigit():
            raise DamagedFileError(
                f"it is of format {int(first[len(name) + 1 :])}, and this version reads "
                f"{int(number)}: update skdeepunsup"
            )
        raise DamagedFileError("it is no file of this kind")
    body = memoryview(content)[:-DIGEST]
    found = hashlib.blake2b(body, digest_size=DIGEST).digest()
    if len(body) < len(kind) + LENGTH or found != content[-DIGEST:]:
        raise DamagedFileError("it is truncated or damaged")
    try:
        if longest is not None and _length(body[len(kind) :]) > longest:
            raise ValueError(f"its header has more than {longest} bytes")
        return _unpacked(body[len(kind) :])
    except (ValueError, KeyError, IndexError, TypeError, RecursionError) as error:
        raise DamagedFileError(f"its content makes no sense ({error})") from error


def _length(body: memoryview) -> int:
    """Bytes of the header of what stands between the first line and the digest."""
    return int.from_bytes(body[:LENGTH], "little")


def _unpacked(body: memoryview) -> Any:
    """The nested state of what stands between the first line and the digest."""
    start = LENGTH + _length(body)
    header = json.loads(bytes(body[LENGTH:start]))
    arrays = []
    for name, shape in header["arrays"]:
        dtype = np.dtype(str(name))
        if dtype.kind not in KINDS_OF_NUMBERS or any(n < 0 for n in shape):
            raise ValueError(f"an array of {dtype}, {shape}")
        stop = start + dtype.itemsize * prod(shape)
        if stop > len(body):
            raise ValueError(f"an array of {dtype}, {shape}, is not there")
        arrays.append(np.frombuffer(body[start:stop], dtype).reshape(shape))
        start = stop
    return _joined(header["tree"], arrays)


def _parted(state: Any, arrays: list[np.ndarray]) -> Any:
    """A nested state as JSON has it, with numbers for its arrays, which are put into ``arrays``."""
    if isinstance(state, np.ndarray):
        arrays.append(state)
        return {"array": len(arrays) - 1}
    if isinstance(state, dict):
        return {"dict": [[key, _parted(value, arrays)] for key, value in state.items()]}
    if isinstance(state, (list, tuple)):
        return [_parted(value, arrays) for value in state]
    return state.item() if isinstance(state, np.generic) else state


def _joined(tree: Any, arrays: list[np.ndarray]) -> Any:
    """The nested state that ``_parted`` was given."""
    if isinstance(tree, list):
        return [_joined(value, arrays) for value in tree]
    if isinstance(tree, dict):
        if "array" in tree:
            return arrays[tree["array"]]
        return {key: _joined(value, arrays) for key, value in tree["dict"]}
    return tree
