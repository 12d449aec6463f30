"""Networks whose initial weights come from a generator of the caller's."""

from .dense import ACTIVATIONS, Affine, dense, initialize

__all__ = ["ACTIVATIONS", "Affine", "dense", "initialize"]
