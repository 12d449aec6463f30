"""Networks whose initial weights come from a generator of the caller's."""

from .convolutional import convolutional_decoder, convolutional_encoder
from .dense import ACTIVATIONS, Affine, dense
from .dropout import Dropout, draw_from
from .factory import build
from .image_to_image import ImageToImage, resized
from .initialization import initialize
from .recurrent import Recurrent

__all__ = [
    "ACTIVATIONS",
    "Affine",
    "Dropout",
    "ImageToImage",
    "Recurrent",
    "build",
    "convolutional_decoder",
    "convolutional_encoder",
    "dense",
    "draw_from",
    "initialize",
    "resized",
]
