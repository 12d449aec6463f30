"""Noise that a denoising autoencoder learns to undo: one formula each."""

from typing import Any

from torch import Tensor

from ..._random import Stream


def gaussian(x: Tensor, level: float, stream: Stream) -> Tensor:
    """x + level · ε, with ε standard normal."""
    return x.add(stream.normal_like(x), alpha=level)


def masking(x: Tensor, level: float, stream: Stream, fill: Tensor) -> Tensor:
    """Each entry lost with probability ``level``: in its place, ``fill``."""
    kept = _uniform(x, stream).ge_(level)
    return fill.lerp(x, kept)


def salt_and_pepper(x: Tensor, level: float, stream: Stream, low: float, high: float) -> Tensor:
    """Each entry overwritten with probability ``level``, by ``low`` or ``high`` alike often."""
    u = _uniform(x, stream)
    noise = u.ge(level / 2).to(x.dtype).mul_(high - low).add_(low)
    return noise.lerp_(x, u.ge_(level))


def _uniform(x: Tensor, stream: Stream) -> Tensor:
    """Uniform on [0, 1), shaped as ``x``; 32 bits are fine enough for any level."""
    return stream.uniform(tuple(x.shape)).to(x.dtype)


def same_shape(name: str, changed: Any, x: Tensor) -> Tensor:
    """What the callable ``name`` made of ``x``, in its dtype; raise if it is no such batch."""
    if not isinstance(changed, Tensor) or changed.shape != x.shape:
        found = tuple(changed.shape) if isinstance(changed, Tensor) else type(changed).__name__
        raise ValueError(f"{name} returned {found}, must return a Tensor of {tuple(x.shape)}.")
    return changed.to(x)
