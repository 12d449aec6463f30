"""Models trained by a game of two networks."""

from .bigan import BiGAN
from .gan import GAN

__all__ = ["GAN", "BiGAN"]
