"""Models that learn by giving the input back."""

from .autoencoder import Autoencoder

__all__ = ["Autoencoder"]
