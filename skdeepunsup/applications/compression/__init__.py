"""Compression of rows to bytes, lossless or with a chosen loss.

``byte_stream.py`` is the format of the bytes and ``fingerprint.py`` identifies the model that made
them. ``bits_back.py`` codes rows for ``lossless_compressor.py``, and ``levels.py`` rounded codes
for ``lossy_compressor.py``.
"""

from .lossless_compressor import LosslessCompressor
from .lossy_compressor import LossyCompressor

__all__ = ["LosslessCompressor", "LossyCompressor"]
