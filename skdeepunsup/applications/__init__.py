"""What people do with the models: estimators of other kinds, built on them."""

from .deep_embedded_clustering import DeepEmbeddedClustering
from .ease import EASE
from .encoder_decoder import EncoderDecoder
from .entry_split import EntrySplit
from .fine_tuned_classifier import FineTunedClassifier
from .fine_tuned_regressor import FineTunedRegressor
from .generative_imputer import GenerativeImputer
from .implicit_vae import ImplicitVAE
from .log_mel import LogMel
from .lossless_compressor import LosslessCompressor
from .lossy_compressor import LossyCompressor
from .outlier_detector import OutlierDetector
from .rating_autoencoder import RatingAutoencoder
from .rating_rbm import RatingRBM
from .recommending_scorer import recommending_scorer
from .selfies_vectorizer import SelfiesVectorizer
from .sequence_vae import SequenceVAE
from .variational_deep_embedding import VariationalDeepEmbedding

__all__ = [
    "EASE",
    "DeepEmbeddedClustering",
    "EncoderDecoder",
    "EntrySplit",
    "FineTunedClassifier",
    "FineTunedRegressor",
    "GenerativeImputer",
    "ImplicitVAE",
    "LogMel",
    "LosslessCompressor",
    "LossyCompressor",
    "OutlierDetector",
    "RatingAutoencoder",
    "RatingRBM",
    "SelfiesVectorizer",
    "SequenceVAE",
    "VariationalDeepEmbedding",
    "recommending_scorer",
]
