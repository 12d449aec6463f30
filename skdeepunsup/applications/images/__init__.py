"""From image to image: denoising, super-resolution, segmentation."""

from .encoder_decoder import EncoderDecoder

__all__ = ["EncoderDecoder"]
