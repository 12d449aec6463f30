"""Networks whose initial weights come from a generator of the caller's."""

from .convolutional import convolutional_decoder, convolutional_encoder
from .dense import ACTIVATIONS, Affine, dense
from .dropout import Dropout, draw_from
from .factory import build
from .initialization import initialize

__all__ = [
    "ACTIVATIONS",
    "Affine",
    "Dropout",
    "build",
    "convolutional_decoder",
    "convolutional_encoder",
    "dense",
    "draw_from",
    "initialize",
]
