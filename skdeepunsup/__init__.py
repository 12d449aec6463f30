"""Classic deep unsupervised models as scikit-learn estimators on PyTorch."""

from . import metrics
from .adversarial import GAN, BiGAN
from .applications import (
    EASE,
    DeepEmbeddedClustering,
    EncoderDecoder,
    EntrySplit,
    FineTunedClassifier,
    FineTunedRegressor,
    GenerativeImputer,
    ImplicitVAE,
    LosslessCompressor,
    LossyCompressor,
    OutlierDetector,
    RatingAutoencoder,
    RatingRBM,
    VariationalDeepEmbedding,
    recommending_scorer,
)
from .base.checkpoint import Checkpoint
from .comparison import compare_reducers
from .energy import (
    BernoulliRBM,
    BoltzmannMachine,
    CategoricalRBM,
    DeepBeliefNetwork,
    DeepBoltzmannMachine,
    GaussianRBM,
)
from .exporting import export_onnx
from .features import LogMel, SelfiesVectorizer
from .inspection import (
    ComponentsDisplay,
    LatentGridDisplay,
    LatentSpaceDisplay,
    LatentTraversalDisplay,
    ReconstructionDisplay,
    ReducerComparisonDisplay,
    TrainingCurveDisplay,
)
from .reconstruction import (
    Autoencoder,
    ContractiveAutoencoder,
    DenoisingAutoencoder,
    SequenceVAE,
    SparseAutoencoder,
    VariationalAutoencoder,
)
from .saving import load, save

__version__ = "0.1.0.dev0"

__all__ = [  # noqa: RUF022, grouped by how the models learn
    # by lowering an energy
    "BernoulliRBM",
    "GaussianRBM",
    "CategoricalRBM",
    "BoltzmannMachine",
    "DeepBeliefNetwork",
    "DeepBoltzmannMachine",
    # by giving the input back
    "Autoencoder",
    "SparseAutoencoder",
    "DenoisingAutoencoder",
    "ContractiveAutoencoder",
    "VariationalAutoencoder",
    # by a game
    "GAN",
    "BiGAN",
    # recommending
    "RatingRBM",
    "RatingAutoencoder",
    "ImplicitVAE",
    "EASE",
    "EntrySplit",
    "recommending_scorer",
    # clustering
    "DeepEmbeddedClustering",
    "VariationalDeepEmbedding",
    # with labels on top
    "FineTunedClassifier",
    "FineTunedRegressor",
    # from image to image
    "EncoderDecoder",
    # sequences, and molecules as sequences
    "SequenceVAE",
    "SelfiesVectorizer",
    # sounds
    "LogMel",
    # finding outliers
    "OutlierDetector",
    # filling in what is missing
    "GenerativeImputer",
    # compressing
    "LosslessCompressor",
    "LossyCompressor",
    # looking inside
    "ReconstructionDisplay",
    "LatentSpaceDisplay",
    "LatentTraversalDisplay",
    "LatentGridDisplay",
    "ComponentsDisplay",
    "TrainingCurveDisplay",
    # side by side
    "ReducerComparisonDisplay",
    "compare_reducers",
    # losing nothing
    "Checkpoint",
    "save",
    "load",
    "export_onnx",
    # figures of merit
    "metrics",
]
