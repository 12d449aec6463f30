"""Networks, and layers whose initial weights and dropout are drawn from the fit's stream.

Layers: ``dense.py`` (affine layers and activations), ``dropout.py``, ``convolutional.py``,
``recurrent.py``. Whole networks: ``dense``, ``convolutional_encoder``, ``convolutional_decoder``,
``image_to_image.py``. ``initialization.py`` draws their weights; ``factory.py`` builds user-defined
networks.
"""

from .convolutional import convolutional_decoder, convolutional_encoder
from .dense import ACTIVATIONS, Linear, dense
from .dropout import Dropout, draw_from
from .factory import build
from .image_to_image import ImageToImage, resized
from .initialization import initialize
from .recurrent import Recurrent

__all__ = [
    "ACTIVATIONS",
    "Dropout",
    "ImageToImage",
    "Linear",
    "Recurrent",
    "build",
    "convolutional_decoder",
    "convolutional_encoder",
    "dense",
    "draw_from",
    "initialize",
    "resized",
]
