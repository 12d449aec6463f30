"""Every estimator built on a model, small enough to fit in no time. Recommenders have their own."""

from sklearn.cluster import AgglomerativeClustering
from sklearn.decomposition import PCA
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skdeepunsup import (
    Autoencoder,
    BernoulliRBM,
    DeepBeliefNetwork,
    DeepEmbeddedClustering,
    DenoisingAutoencoder,
    EncoderDecoder,
    FineTunedClassifier,
    FineTunedRegressor,
    GaussianRBM,
    GenerativeImputer,
    LogMel,
    LosslessCompressor,
    LossyCompressor,
    OutlierDetector,
    SelfiesVectorizer,
    VariationalAutoencoder,
    VariationalDeepEmbedding,
)

MACHINE = GaussianRBM(4, n_iter=2)
DEEP_MACHINE = DeepBeliefNetwork((5, 4), visible_units="gaussian", n_iter=2)
STACK = make_pipeline(GaussianRBM(5, n_iter=2), BernoulliRBM(4, n_iter=2))
VARIATIONAL = VariationalAutoencoder(3, hidden_layer_sizes=(8,), beta=0.1, max_iter=3)
WHOLE = {"batch_size": 10_000}
FIT = {"learning_rate": 0.05, "max_iter": 12, "random_state": 0}

FINE_TUNED = [
    FineTunedClassifier(Autoencoder(4, max_iter=2, **WHOLE), **FIT | WHOLE),
    FineTunedClassifier(DenoisingAutoencoder(4, max_iter=2), **FIT),
    FineTunedClassifier(
        Autoencoder(4, missing="mask", max_iter=2),
        hidden_layer_sizes=(5,),
        activation="tanh",
        dropout=0.1,
        **FIT,
    ),
    FineTunedClassifier(Autoencoder(4, max_iter=2), early_stopping=True, **FIT),
    FineTunedClassifier(DEEP_MACHINE, **FIT),
    FineTunedClassifier(STACK, encoder_learning_rate=0.1, **FIT),
    FineTunedRegressor(Autoencoder(4, max_iter=2, **WHOLE), **FIT | WHOLE),
    FineTunedRegressor(DenoisingAutoencoder(4, max_iter=2), **FIT),
    FineTunedRegressor(STACK, encoder_learning_rate=0.1, **FIT),
]

CLUSTERERS = [
    DeepEmbeddedClustering(
        3, Autoencoder(2, hidden_layer_sizes=(8,), max_iter=3), max_iter=3, random_state=0
    ),
    DeepEmbeddedClustering(
        3,
        MACHINE,
        init=AgglomerativeClustering(3),
        reconstruction_weight=0,
        max_iter=2,
        random_state=0,
    ),
    VariationalDeepEmbedding(3, VARIATIONAL, max_iter=3, random_state=0),
]

DETECTORS = [
    OutlierDetector(MACHINE, random_state=0),
    OutlierDetector(MACHINE, criterion="free-energy", random_state=0),
    OutlierDetector(MACHINE, criterion="log-likelihood", random_state=0),
    OutlierDetector(MACHINE, criterion="reconstruction-error", random_state=0),
    OutlierDetector(Autoencoder(3, max_iter=3), contamination=0.3, random_state=0),
    OutlierDetector(
        Autoencoder(3, missing="mask", max_iter=3), criterion="reconstruction-error", random_state=0
    ),
    OutlierDetector(VARIATIONAL, random_state=0),
    OutlierDetector(VARIATIONAL, criterion="reconstruction-error", random_state=0),
]

PAIR_LEARNERS = [
    EncoderDecoder(4, **FIT | WHOLE | {"max_iter": 60}),
    EncoderDecoder(4, hidden_layer_sizes=(5, 4), activation="tanh", dropout=0.1, **FIT),
    EncoderDecoder(4, early_stopping=True, learning_rate_schedule="linear", **FIT),
]

LISTENERS = [
    # A row of the checks has as few as two samples: no more than one band hears those.
    LogMel(window_length=4, hop_length=2, n_mels=1, n_iter=2),
]

BRIEF = {"n_rounds": 1, "n_draws": 2, "n_steps": 4, "random_state": 0}
MASKED = VariationalAutoencoder(3, hidden_layer_sizes=(8,), missing="mask", max_iter=3)

IMPUTERS = [
    GenerativeImputer(MACHINE, **BRIEF),
    GenerativeImputer(MASKED, **BRIEF),
    GenerativeImputer(DEEP_MACHINE, **BRIEF),
    GenerativeImputer(VARIATIONAL, **BRIEF),
]

CODED = {"n_categories": 40, "max_iter": 2, "random_state": 0}

COMPRESSORS = [
    LosslessCompressor(VariationalAutoencoder(2, likelihood="categorical", **CODED)),
    LosslessCompressor(VariationalAutoencoder(2, likelihood="beta-binomial", **CODED)),
    LossyCompressor(PCA(1)),
    LossyCompressor(Autoencoder(2, max_iter=2, random_state=0), step=0.1),
    LossyCompressor(make_pipeline(StandardScaler(), PCA(1)), step=0.1),
]

APPLICATIONS = [
    *FINE_TUNED,
    *CLUSTERERS,
    *DETECTORS,
    *IMPUTERS,
    *PAIR_LEARNERS,
    *LISTENERS,
    *COMPRESSORS,
]

VECTORIZERS = [SelfiesVectorizer(), SelfiesVectorizer(max_length=9)]
"""Of strings, which most of scikit-learn's checks do not feed."""
