"""Networks whose initial weights come from a generator of the caller's."""

from .convolutional import convolutional_decoder, convolutional_encoder
from .dense import ACTIVATIONS, Affine, dense
from .dropout import Dropout, draw_from
from .factory import build
from .image_to_image import ImageToImage, resized
from .initialization import initialize
from .recurrent import initialize_recurrent, recurrent

__all__ = [
    "ACTIVATIONS",
    "Affine",
    "Dropout",
    "ImageToImage",
    "build",
    "convolutional_decoder",
    "convolutional_encoder",
    "dense",
    "draw_from",
    "initialize",
    "initialize_recurrent",
    "recurrent",
    "resized",
]
