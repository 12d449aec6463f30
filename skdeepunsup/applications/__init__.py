"""What people do with the models: estimators of other kinds, built on them."""

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
