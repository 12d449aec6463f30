"""Recommending: from ratings, or from what users chose, to what they would like."""

from .ease import EASE
from .entry_split import EntrySplit
from .implicit_vae import ImplicitVAE
from .rating_autoencoder import RatingAutoencoder
from .rating_rbm import RatingRBM
from .scorer import recommending_scorer

__all__ = [
    "EASE",
    "EntrySplit",
    "ImplicitVAE",
    "RatingAutoencoder",
    "RatingRBM",
    "recommending_scorer",
]
