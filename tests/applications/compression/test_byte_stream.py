"""Streams that are not as they were written: each is told, and none is taken for another."""

import struct
import zlib

import numpy as np
import pytest
from sklearn.decomposition import PCA

from skdeepunsup import LossyCompressor
from skdeepunsup.applications.compression.byte_stream import (
    HEADER,
    MAGIC,
    OVERHEAD,
    VERSION,
    ByteStream,
)
from tests.applications.compression.compressing import ANY_COMPLAINT, tiny

RNG = np.random.default_rng(0)
N_MUTATIONS = 1000


def lossless():
    compressor = tiny("beta-binomial", 6, 5)
    X = np.random.default_rng(1).integers(0, 5, (60, 6))
    return compressor, compressor.compress(X), compressor.compress(X[::-1][:50])


def lossy():
    X = np.random.default_rng(2).normal(size=(60, 6))
    compressor = LossyCompressor(PCA(3), step=0.2).fit(X)
    return compressor, compressor.compress(X), compressor.compress(X[::-1][:50])


both = pytest.mark.parametrize("made", [lossless(), lossy()], ids=["lossless", "lossy"])


def mutated(data, other, rng):
    """Flipped bits, cuts, insertions, splices, noise."""
    i, j = sorted(rng.integers(0, len(data) + 1, 2))
    noise = rng.bytes(int(rng.integers(1, 40)))
    match rng.integers(8):
        case 0 | 1:
            flipped = bytearray(data)
            for _ in range(rng.integers(1, 4)):
                flipped[rng.integers(len(data))] ^= 1 << int(rng.integers(8))
            return bytes(flipped)
        case 2:
            return data[:i]
        case 3:
            return data[:i] + data[j:]
        case 4:
            return data[:i] + noise + data[i:]
        case 5:
            return data[:i] + other[i:]
        case 6:
            return data[:i] + noise + data[i + len(noise) :]
        case _:
            return noise if i % 2 else data[: len(MAGIC) + 1] + rng.bytes(len(data))


@both
def test_every_mutation_is_told(made):
    compressor, data, other = made
    rng = np.random.default_rng(0)
    told = set()
    for _ in range(N_MUTATIONS):
        wrong = mutated(data, other, rng)
        if wrong in (data, other):
            continue
        with pytest.raises(ValueError, match=ANY_COMPLAINT) as error:
            compressor.decompress(wrong)
        told.add(str(error.value).split(":")[0].split(" of ")[0])
    assert len(told) >= 5


def sealed(data, **fields):
    """The stream with other header fields or another payload, and correct checksums."""
    names = ("magic", "version", "kind", "dtype", "n_rows", "n_columns", "n_words")
    names = (*names, "model", "arithmetic", "content")
    payload = fields.pop("payload", data[HEADER.size + 4 : -4])
    values = dict(zip(names, HEADER.unpack_from(data), strict=True)) | fields
    values["n_words"] = len(payload) // 4
    header = HEADER.pack(*values.values())
    whole = header + struct.pack("<I", zlib.crc32(header)) + payload
    return whole + struct.pack("<I", zlib.crc32(whole))


@both
@pytest.mark.parametrize(
    "fields",
    [
        {"n_rows": 0},
        {"n_rows": 59},
        {"n_rows": 61},
        {"n_rows": 10**6},
        {"n_rows": 2**63},
        {"n_rows": 2**64 - 1},
        {"n_columns": 0},
        {"n_columns": 7},
        {"n_columns": 2**32 - 1},
        {"dtype": b"|O8"},
        {"dtype": b"\xff\xfe\x00"},
        {"kind": 200},
        {"content": b"another."},
        {"payload": b""},
        {"payload": b"\0" * 8},
        {"payload": b"\0" * 4000},
        {"payload": b"\1" * 4},
        {"payload": b"\xff" * 400},
    ],
    ids=lambda fields: str(fields)[:30],
)
def test_a_lie_under_a_right_checksum_is_told(made, fields):
    compressor, data, _ = made
    assert sealed(data) == data
    with pytest.raises(ValueError, match=r"is damaged|does not decompress"):
        compressor.decompress(sealed(data, **fields))


@both
def test_each_error_is_its_own(made):
    compressor, data, _ = made
    for wrong, complaint in [
        (b"", "is not a stream"),
        (b"PK\x03\x04" + data[4:], "is not a stream"),
        (data.replace(b"\r\n", b"\n", 1), "is not a stream"),
        (data[:3], "is cut short"),
        (data[: OVERHEAD - 1], "is cut short"),
        (data[:-1], "is cut short"),
        (data + b"\0", "1 bytes after its end"),
        (data[:20] + bytes([data[20] ^ 1]) + data[21:], "checksum of its header"),
        (data[:-9] + bytes([data[-9] ^ 1]) + data[-8:], "its checksum is wrong"),
        (sealed(data, version=VERSION + 1), f"version {VERSION + 1}"),
        (sealed(data, model=b"another."), "another model"),
        (sealed(data, arithmetic=b"another."), "computes differently"),
    ]:
        with pytest.raises(ValueError, match=complaint):
            compressor.decompress(wrong)
    for no_bytes in (None, 3, "text", [1, 2]):
        with pytest.raises(TypeError, match="data must be bytes"):
            compressor.decompress(no_bytes)


def test_one_kind_is_not_read_by_the_other():
    (lossless_one, of_lossless, _), (lossy_one, of_lossy, _) = lossless(), lossy()
    with pytest.raises(ValueError, match="made by a LossyCompressor, not by a LosslessCompressor"):
        lossless_one.decompress(of_lossy)
    with pytest.raises(ValueError, match="made by a LosslessCompressor, not by a LossyCompressor"):
        lossy_one.decompress(of_lossless)


@both
def test_any_bytes_like_object_is_read(made):
    compressor, data, _ = made
    expected = compressor.decompress(data)
    for other in (bytearray(data), memoryview(data), np.frombuffer(data, np.uint8)):
        np.testing.assert_array_equal(compressor.decompress(other), expected)


def test_a_stream_comes_back_as_it_was():
    stream = ByteStream(
        "LossyCompressor",
        np.dtype(">f4"),
        (3, 5),
        *(RNG.bytes(8) for _ in range(3)),
        RNG.integers(0, 2**32, 9, dtype=np.uint32),
    )
    data = stream.to_bytes()
    assert len(data) == OVERHEAD + 9 * 4
    again = ByteStream.from_bytes(data, "LossyCompressor")
    assert again.to_bytes() == data
    assert again.dtype == stream.dtype and again.shape == stream.shape
