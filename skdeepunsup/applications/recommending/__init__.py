"""Recommenders: from ratings or interactions of users to the items that suit them.

Read ``checks.py`` (matrices of users by items) and ``base.py`` (what all recommenders share) first.
Formulas: ``bias.py``, ``readout.py``. Modules: ``rating_module.py``, ``implicit_module.py``.
Estimators of ratings: ``rating_autoencoder.py``, ``rating_rbm.py``; of interactions: ``ease.py``,
``implicit_vae.py``. Evaluation: ``entry_split.py``, ``scorer.py``.
"""

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
