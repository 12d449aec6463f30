"""Models that learn by reconstructing their input."""

from .autoencoder import Autoencoder
from .contractive import ContractiveAutoencoder
from .denoising import DenoisingAutoencoder
from .sequence_vae import SequenceVAE
from .sparse import SparseAutoencoder
from .variational import VariationalAutoencoder

__all__ = [
    "Autoencoder",
    "ContractiveAutoencoder",
    "DenoisingAutoencoder",
    "SequenceVAE",
    "SparseAutoencoder",
    "VariationalAutoencoder",
]
