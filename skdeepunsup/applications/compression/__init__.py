"""Compressing rows, without loss or with a loss that is chosen."""

from .lossless_compressor import LosslessCompressor
from .lossy_compressor import LossyCompressor

__all__ = ["LosslessCompressor", "LossyCompressor"]
