"""Archives of skops: written without spaces, and looked through before they are read.

An archive is a zip file of a tree in JSON, whose nodes name classes, and of arrays. skops compares
classes with a list before it imports any; here sizes are compared with what is there, and the kinds
of nodes with those that models of this package and of scikit-learn need.
"""

import io
import json
import zipfile
from math import prod
from typing import Any, BinaryIO

import numpy as np

from ._archive import DamagedFileError

SCHEMA = "schema.json"

LOADERS = {
    "CachedNode",
    "DTypeNode",
    "DefaultDictNode",
    "DictNode",
    "FunctionNode",
    "JsonNode",
    "ListNode",
    "LossNode",
    "MaskedArrayNode",
    "NdArrayNode",
    "ObjectNode",
    "RandomGeneratorNode",
    "RandomStateNode",
    "ReduceNode",
    "SetNode",
    "SliceNode",
    "TreeNode",
    "TupleNode",
    "TypeNode",
}
"""Nodes that are read: no calls, bound methods, operators or bytes."""

FIRST_PROTOCOL = 2
"""Older archives are read by other code of skops."""

FEW_VALUES, BYTES_OF_A_VALUE = 2**16, 8
"""Values of a tree up to which their number is not looked at; more have so much text each.

Those of skops have 10 bytes, where commas, colons and brackets are counted; a tree of empty lists
has three, and takes twenty times its size in memory.
"""

MAX_DEPTH = 200
"""Most levels of a tree."""


class Part(io.RawIOBase):
    """A part of an open file as a file of its own, so that an archive in it is not held in memory.

    Parameters
    ----------
    file : binary file
    start, size : int
        Where the part begins, and its bytes.
    """

    def __init__(self, file: BinaryIO, start: int, size: int) -> None:
        self._file, self._start, self._size, self._at = file, start, size, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._file.seek(self._start + self._at)
        found = self._file.read(min(len(buffer), max(self._size - self._at, 0)))
        buffer[: len(found)] = found
        self._at += len(found)
        return len(found)

    def read(self, size: int | None = -1, /) -> bytes:
        left = max(self._size - self._at, 0)
        self._file.seek(self._start + self._at)
        found = self._file.read(left if size is None or size < 0 else min(size, left))
        self._at += len(found)
        return found

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        at = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence] + offset
        if at < 0:
            raise ValueError(f"a place before the file, {at}")
        self._at = at
        return at

    def tell(self) -> int:
        return self._at


def compact(archive: bytes) -> bytes:
    """An archive whose tree has no spaces, which are half of it."""
    written = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(archive)) as old, zipfile.ZipFile(written, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == SCHEMA:
                content = json.dumps(json.loads(content), separators=(",", ":")).encode()
            new.writestr(zipfile.ZipInfo(name), content)
    return written.getvalue()


def audited(archive: Any, size: int, trusted: frozenset[str]) -> list[str]:
    """The classes of an archive that skops does not trust by itself, all of which are ``trusted``.

    The archive is an open binary file of ``size`` bytes.

    Raises
    ------
    DamagedFileError
        If the archive holds anything else, or claims sizes that it does not have.
    """
    import skops.io

    try:
        with zipfile.ZipFile(archive) as members:
            tree = _checked(members, size)
        _check_nodes(tree)
        classes = skops.io.get_untrusted_types(file=archive)
    except (zipfile.BadZipFile, NotImplementedError, OSError, EOFError) as error:
        raise DamagedFileError(f"its archive is damaged ({error})") from error
    except DamagedFileError:
        raise
    except Exception as error:  # a tree may be wrong in any way
        raise DamagedFileError("its content makes no sense") from error
    if foreign := sorted(set(classes) - trusted):
        raise DamagedFileError(f"it holds {', '.join(foreign[:3])}, which is not trusted")
    return sorted(classes)


def _checked(members: zipfile.ZipFile, n_bytes: int) -> Any:
    """The tree, of an archive whose members are as large as they say and have plain names."""
    names = members.namelist()
    if len(set(names)) != len(names):
        raise DamagedFileError("its archive has two members of one name")
    for info in members.infolist():
        plain = info.compress_type == zipfile.ZIP_STORED and not info.flag_bits & 1
        if not plain or info.file_size != info.compress_size or info.file_size > n_bytes:
            raise DamagedFileError("its archive is compressed, or larger than it is")
        if info.filename == SCHEMA:
            continue
        if not info.filename.endswith(".npy") or "/" in info.filename or "\\" in info.filename:
            raise DamagedFileError(f"its archive has a member {info.filename!r}")
        with members.open(info) as member:
            _check_array(member, info.file_size)
    schema = members.read(SCHEMA)
    n_values = sum(map(schema.count, (b",", b":", b"[", b"{")))
    if n_values > FEW_VALUES + len(schema) / BYTES_OF_A_VALUE:
        raise DamagedFileError(f"its {n_values} values would take more memory than the file has")
    return json.loads(schema)


def _check_array(member: Any, n_bytes: int) -> None:
    """Raise unless an array is one of plain values, and as large as its header says."""
    version = np.lib.format.read_magic(member)
    if version > (2, 0):
        raise DamagedFileError("its archive has an array of another format")
    formats = np.lib.format
    read_1, read_2 = formats.read_array_header_1_0, formats.read_array_header_2_0
    shape, _, dtype = (read_1 if version == (1, 0) else read_2)(member)
    if dtype.hasobject or any(n < 0 for n in shape):
        raise DamagedFileError("its archive has an array of objects")
    if prod(shape) * dtype.itemsize != n_bytes - member.tell():
        raise DamagedFileError(f"its archive has an array of shape {shape} that is not there")


def _check_nodes(tree: Any) -> None:
    """Raise unless all nodes of a tree are of kinds that are read."""
    if not isinstance(tree, dict) or int(tree["protocol"]) < FIRST_PROTOCOL:
        raise DamagedFileError("its archive is of another format")
    level: list[Any] = [tree]
    for _ in range(MAX_DEPTH):
        if not level:
            return
        for node in level:
            if isinstance(node, dict) and node.get("__loader__", "JsonNode") not in LOADERS:
                raise DamagedFileError(f"it holds a {node['__loader__']}, which is not read")
        level = [
            part
            for node in level
            for part in (node.values() if isinstance(node, dict) else node)
            if isinstance(part, (dict, list))
        ]
    raise DamagedFileError(f"its content has more than {MAX_DEPTH} levels")
