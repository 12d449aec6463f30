"""The format of compressed rows: it records their kind, the model that made them, and checksums.

Little-endian: the header, the checksum of the header, the payload, the checksum of everything.
"""

import struct
import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..._fingerprint import SIZE

MAGIC = b"\x93skdu\r\n\x1a"
"""Contains a byte that is not ASCII, and line ends, so that a transfer as text is detected."""
VERSION = 1
KINDS = ("LosslessCompressor", "LossyCompressor")
DTYPES = {
    *("|b1", "|i1", "|u1"),
    *(f"{order}{kind}{size}" for order in "<>" for kind in "iuf" for size in (2, 4, 8)),
}
"""The dtypes that rows can be restored to: booleans, integers, floating point."""
HEADER = struct.Struct(f"<{len(MAGIC)}sBB3sQIQ{SIZE}s{SIZE}s{SIZE}s")
CHECKSUM = struct.Struct("<I")
OVERHEAD = HEADER.size + 2 * CHECKSUM.size
"""Bytes besides the payload."""


@dataclass(frozen=True)
class ByteStream:
    """Compressed rows.

    Parameters
    ----------
    kind : str
        Name of the class that compressed the rows.
    dtype : numpy.dtype
        Dtype of the rows.
    shape : tuple of int
        Shape of the rows.
    model, arithmetic, content : bytes
        Fingerprints: of the model, of the result of this machine's arithmetic for fixed rows, and
        of what was compressed.
    payload : ndarray of uint32
        The compressed rows.
    """

    kind: str
    dtype: np.dtype
    shape: tuple[int, int]
    model: bytes
    arithmetic: bytes
    content: bytes
    payload: np.ndarray

    def to_bytes(self) -> bytes:
        """Header, payload and checksums as bytes."""
        header = HEADER.pack(
            MAGIC,
            VERSION,
            KINDS.index(self.kind),
            self.dtype.str.encode(),
            *self.shape,
            len(self.payload),
            self.model,
            self.arithmetic,
            self.content,
        )
        whole = header + _checksum(header) + self.payload.astype("<u4").tobytes()
        return whole + _checksum(whole)

    @classmethod
    def from_bytes(cls, data: Any, kind: str) -> "ByteStream":
        """Read the result of ``to_bytes``; raise if it is anything else, or of another kind."""
        try:
            data = bytes(memoryview(data))
        except TypeError as error:
            raise TypeError(f"data must be bytes, not {type(data).__name__}.") from error
        magic, version = data[: len(MAGIC)], data[len(MAGIC) : len(MAGIC) + 1]
        if magic != MAGIC[: len(data)] or not data:
            raise ValueError("data is not a stream of compressed rows: its first bytes differ.")
        if version and version[0] != VERSION:
            raise ValueError(
                f"data is a stream of version {version[0]}, but this release reads version "
                f"{VERSION}; use the release that wrote it."
            )
        if len(data) < OVERHEAD:
            raise _cut_short(data, OVERHEAD)
        _, _, number, dtype, n_rows, n_columns, n_words, *prints = HEADER.unpack_from(data)
        if _checksum(data[: HEADER.size]) != data[HEADER.size :][: CHECKSUM.size]:
            raise ValueError("data is damaged: the checksum of its header is wrong.")
        size = OVERHEAD + 4 * n_words
        if len(data) < size:
            raise _cut_short(data, size)
        if len(data) > size:
            raise ValueError(f"data has {len(data) - size} bytes after its end; cut them off.")
        if _checksum(data[: -CHECKSUM.size]) != data[-CHECKSUM.size :]:
            raise ValueError("data is damaged: its checksum is wrong.")
        if number >= len(KINDS) or dtype.decode("latin-1") not in DTYPES:
            raise damaged()
        if KINDS[number] != kind:
            raise ValueError(
                f"data was made by a {KINDS[number]}, not by a {kind}; use the former."
            )
        payload = data[HEADER.size + CHECKSUM.size : -CHECKSUM.size]
        words = np.frombuffer(payload, dtype="<u4").astype(np.uint32)
        model, arithmetic, content = prints
        shape = (n_rows, n_columns)
        return cls(kind, np.dtype(dtype.decode()), shape, model, arithmetic, content, words)

    def check_origin(self, model: bytes, arithmetic: bytes) -> None:
        """Raise unless this model made it, on a machine with the same arithmetic as this one."""
        if self.model != model:
            raise ValueError(
                "data was made by another model, or by this one before another fit; use the "
                "model that made it."
            )
        if self.arithmetic != arithmetic:
            raise ValueError(
                "data was made on a machine that computes differently: with another processor or "
                "other libraries, its floating point rounds differently from this one's, and only "
                "such a machine can decompress it."
            )

    def check_content(self, content: bytes) -> None:
        """Raise unless this is the fingerprint of what was compressed."""
        if self.content != content:
            raise other_content()


def damaged() -> ValueError:
    """The error for a stream with correct checksums whose content is impossible."""
    return ValueError("data is damaged: its content contradicts itself.")


def other_content() -> ValueError:
    """The error for a valid stream that decompresses to something else than was compressed."""
    return ValueError(
        "data does not decompress to what was compressed: this machine computes differently from "
        "the one that made it."
    )


def _cut_short(data: bytes, size: int) -> ValueError:
    return ValueError(f"data is cut short: it has {len(data)} bytes, but needs at least {size}.")


def _checksum(data: bytes) -> bytes:
    return CHECKSUM.pack(zlib.crc32(data))
