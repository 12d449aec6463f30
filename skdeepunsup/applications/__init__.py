"""Estimators for tasks, built on the models: one folder per task, and ``imputing.py``.

Folders: recommending, clustering, fine_tuning (classification and regression on pre-trained
encoders), images (one image from another), outliers, compression. Each has its formulas first, then
modules, then estimators; its ``__init__.py`` says in which order to read the files.
"""

from .clustering import DeepEmbeddedClustering, VariationalDeepEmbedding
from .compression import LosslessCompressor, LossyCompressor
from .fine_tuning import FineTunedClassifier, FineTunedRegressor
from .images import EncoderDecoder
from .imputing import GenerativeImputer
from .outliers import OutlierDetector
from .recommending import (
    EASE,
    EntrySplit,
    ImplicitVAE,
    RatingAutoencoder,
    RatingRBM,
    recommending_scorer,
)

__all__ = [
    "EASE",
    "DeepEmbeddedClustering",
    "EncoderDecoder",
    "EntrySplit",
    "FineTunedClassifier",
    "FineTunedRegressor",
    "GenerativeImputer",
    "ImplicitVAE",
    "LosslessCompressor",
    "LossyCompressor",
    "OutlierDetector",
    "RatingAutoencoder",
    "RatingRBM",
    "VariationalDeepEmbedding",
    "recommending_scorer",
]
