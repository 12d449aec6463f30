"""One image from another: denoising, super-resolution, segmentation.

``module.py`` has the mathematics, ``targets.py`` the checks of ``y`` and ``encoder_decoder.py`` the
estimator; the U-Net itself is ``networks/image_to_image.py``.
"""

from .encoder_decoder import EncoderDecoder

__all__ = ["EncoderDecoder"]
