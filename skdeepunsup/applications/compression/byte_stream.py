"""The container of compressed rows: what they are, who made them, and whether all of it is there.

Little-endian: the header, its checksum, the payload, the checksum of all.
"""

import struct
import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np

from .fingerprint import SIZE

MAGIC = b"\x93skdu\r\n\x1a"
"""A byte that is no text and ends of lines, so that a transfer as text is noticed."""
VERSION = 1
KINDS = ("LosslessCompressor", "LossyCompressor")
DTYPES = {
    *("|b1", "|i1", "|u1"),
    *(f"{order}{kind}{size}" for order in "<>" for kind in "iuf" for size in (2, 4, 8)),
}
"""Booleans, integers, floating point."""
HEADER = struct.Struct(f"<{len(MAGIC)}sBB3sQIQ{SIZE}s{SIZE}s{SIZE}s")
CHECKSUM = struct.Struct("<I")
OVERHEAD = HEADER.size + 2 * CHECKSUM.size
"""Bytes beside the payload."""


@dataclass(frozen=True)
class ByteStream:
    """Compressed rows.

    Parameters
    ----------
    kind : str
        The class that made it.
    dtype : numpy.dtype
        Of the rows.
    shape : tuple of int
        Of the rows.
    model, arithmetic, content : bytes
        Fingerprints: of the model, of what the arithmetic of this machine makes of fixed rows, and
        of what is compressed.
    payload : ndarray of uint32
        The rows.
    """

    kind: str
    dtype: np.dtype
    shape: tuple[int, int]
    model: bytes
    arithmetic: bytes
    content: bytes
    payload: np.ndarray

    def to_bytes(self) -> bytes:
        """All of it."""
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
        """Read what ``to_bytes`` of the same kind wrote; raise where it is anything else."""
        try:
            data = bytes(memoryview(data))
        except TypeError as error:
            raise TypeError(f"data must be bytes, not {type(data).__name__}.") from error
        magic, version = data[: len(MAGIC)], data[len(MAGIC) : len(MAGIC) + 1]
        if magic != MAGIC[: len(data)] or not data:
            raise ValueError("data is no stream of compressed rows: it does not begin as one.")
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
            raise ValueError(f"data was made by a {KINDS[number]}, not by a {kind}; give it there.")
        payload = data[HEADER.size + CHECKSUM.size : -CHECKSUM.size]
        words = np.frombuffer(payload, dtype="<u4").astype(np.uint32)
        model, arithmetic, content = prints
        shape = (n_rows, n_columns)
        return cls(kind, np.dtype(dtype.decode()), shape, model, arithmetic, content, words)

    def check_origin(self, model: bytes, arithmetic: bytes) -> None:
        """Raise unless this model made it, on a machine that computes as this one does."""
        if self.model != model:
            raise ValueError(
                "data was made by another model, or by this one before it was fitted anew; use the "
                "model that made it."
            )
        if self.arithmetic != arithmetic:
            raise ValueError(
                "data was made on a machine that computes differently: its floating point, of "
                "another processor or other libraries, rounds otherwise than this one's, and only "
                "such a machine can decompress it."
            )

    def check_content(self, content: bytes) -> None:
        """Raise unless this is what was compressed."""
        if self.content != content:
            raise other_content()


def damaged() -> ValueError:
    """The error of a stream that is whole, but cannot be what was written."""
    return ValueError("data is damaged: its content contradicts itself.")


def other_content() -> ValueError:
    """The error of a stream that is sound, but of which something else comes."""
    return ValueError(
        "data does not give back what was compressed: this machine computes differently from the "
        "one that made it."
    )


def _cut_short(data: bytes, size: int) -> ValueError:
    return ValueError(f"data is cut short: it has {len(data)} bytes of at least {size}.")


def _checksum(data: bytes) -> bytes:
    return CHECKSUM.pack(zlib.crc32(data))
