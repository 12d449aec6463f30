"""Advice of applications, metrics and displays."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from sklearn.cluster import AgglomerativeClustering
from sklearn.decomposition import PCA
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, OrdinalEncoder

from skdeepunsup import (
    EASE,
    GAN,
    BernoulliRBM,
    DeepBeliefNetwork,
    DeepEmbeddedClustering,
    FineTunedClassifier,
    GenerativeImputer,
    LogMel,
    LosslessCompressor,
    LossyCompressor,
    OutlierDetector,
    RatingAutoencoder,
    RatingRBM,
    SelfiesVectorizer,
    VariationalAutoencoder,
    compare_reducers,
    metrics,
)
from skdeepunsup.inspection import ComponentsDisplay, LatentSpaceDisplay, LatentTraversalDisplay
from tests.remedies import (
    BITS,
    FIT,
    HOLES,
    IMAGE,
    LABELS,
    NORMAL,
    RATINGS,
    SEEN,
    SOUNDS,
    Action,
    assert_advice_helps,
    autoencoder,
    classifier,
    sounding,
)

pytestmark = pytest.mark.usefixtures("hasty_log_partition")

SOUND = sounding()
LOUD = np.full((3, 22), 5000.0)
DBN = DeepBeliefNetwork((3, 2), n_iter=1).fit(BITS)

ACTIONS = {
    "components of a deep network": Action(
        lambda: ComponentsDisplay.from_estimator(DBN, image_shape=(2, 3)),
        "^DeepBeliefNetwork has no components_; draw the effect .*by LatentTraversalDisplay",
        (lambda: LatentTraversalDisplay.from_estimator(DBN, BITS, **IMAGE),),
    ),
    "components of a deep autoencoder": Action(
        lambda: ComponentsDisplay.from_estimator(
            autoencoder(hidden_layer_sizes=(3,)).fit(BITS), **IMAGE
        ),
        r"fit it with hidden_layer_sizes=\(\)",
        (lambda: ComponentsDisplay.from_estimator(autoencoder().fit(BITS), **IMAGE),),
    ),
    "components of a Pipeline": Action(
        lambda: ComponentsDisplay.from_estimator(
            make_pipeline(MinMaxScaler(), autoencoder()).fit(BITS), **IMAGE
        ),
        r"pipeline\[-1\]",
        (
            lambda: ComponentsDisplay.from_estimator(
                make_pipeline(MinMaxScaler(), autoencoder()).fit(BITS)[-1], **IMAGE
            ),
        ),
    ),
    "zeros that are ratings": Action(
        lambda: RatingAutoencoder(2, max_iter=1).fit(np.nan_to_num(RATINGS) * SEEN),
        "mark what is missing by NaN, or pass a sparse matrix",
        (
            lambda: RatingAutoencoder(2, max_iter=1).fit(RATINGS),
            lambda: RatingAutoencoder(2, max_iter=1).fit(csr_matrix(np.nan_to_num(RATINGS))),
        ),
    ),
    "too many ratings": Action(
        lambda: RatingRBM(2, n_iter=1).fit(RATINGS + NORMAL),
        "round them, or use RatingAutoencoder",
        (
            lambda: RatingRBM(2, n_iter=1).fit(np.round(RATINGS + NORMAL)),
            lambda: RatingAutoencoder(2, max_iter=1).fit(RATINGS + NORMAL),
        ),
    ),
    "a density to compress by": Action(
        lambda: LosslessCompressor(VariationalAutoencoder(2, **FIT)).fit(BITS),
        "use 'bernoulli' for bits, 'categorical' for codes, .*or a LossyCompressor",
        (
            lambda: LosslessCompressor(
                VariationalAutoencoder(2, likelihood="bernoulli", **FIT)
            ).fit(BITS),
            lambda: LossyCompressor(autoencoder()).fit(BITS),
        ),
    ),
    "waveforms shorter than the window": Action(
        lambda: LogMel(window_length=1024).fit(SOUNDS),
        "give longer ones, or a window at most twice as long",
        (lambda: LogMel(window_length=512, hop_length=128, n_mels=8).fit(SOUNDS),),
    ),
    "more bands than bins": Action(
        lambda: LogMel(window_length=64, hop_length=32, n_mels=30).fit(SOUNDS),
        "lower n_mels or raise window_length",
        (
            lambda: LogMel(window_length=64, hop_length=32, n_mels=2).fit(SOUNDS),
            lambda: LogMel(window_length=599, hop_length=32, n_mels=10).fit(SOUNDS),
        ),
    ),
    "levels too loud to be sound": Action(
        lambda: SOUND.inverse_transform(LOUD),
        "clip it, for instance at the highest level",
        (lambda: SOUND.inverse_transform(np.clip(LOUD, None, SOUND.transform(SOUNDS).max())),),
    ),
    "integers of sound": Action(
        lambda: LogMel(window_length=64, hop_length=32, n_mels=2).fit(30_000 * SOUNDS),
        "divide integers of 16 bits by 32768",
        (lambda: LogMel(window_length=64, hop_length=32, n_mels=2).fit(30_000 * SOUNDS / 32768),),
    ),
    "too many neighbours": Action(
        lambda: compare_reducers({"pca": PCA(2)}, NORMAL, n_neighbors=30),
        "lower n_neighbors or cv, or give more rows",
        (
            lambda: compare_reducers({"pca": PCA(2)}, NORMAL, n_neighbors=3),
            lambda: compare_reducers({"pca": PCA(2)}, np.tile(NORMAL, (9, 1)), n_neighbors=30),
        ),
    ),
    "factors that are no classes": Action(
        lambda: metrics.dci(NORMAL, NORMAL.round(1)),
        "OrdinalEncoder",
        (
            lambda: metrics.dci(
                NORMAL, OrdinalEncoder().fit_transform(NORMAL.round()), n_estimators=2
            ),
        ),
    ),
    "a step of too many levels": Action(
        lambda: LossyCompressor(autoencoder(), step=1e-12).fit(NORMAL),
        "raise it",
        (lambda: LossyCompressor(autoencoder(), step=0.1).fit(NORMAL),),
    ),
    "an encoder of other columns": Action(
        lambda: FineTunedClassifier(autoencoder().fit(BITS[:, :3]), **FIT).fit(BITS, LABELS),
        "fit it to the same columns",
        (lambda: FineTunedClassifier(autoencoder().fit(BITS), **FIT).fit(BITS, LABELS),),
    ),
    "a frozen encoder that is not fitted": Action(
        lambda: FineTunedClassifier(FrozenEstimator(autoencoder()), **FIT).fit(BITS, LABELS),
        "fit it before",
        (
            lambda: FineTunedClassifier(FrozenEstimator(autoencoder().fit(BITS)), **FIT).fit(
                BITS, LABELS
            ),
        ),
    ),
    "a step that is no encoder": Action(
        lambda: FineTunedClassifier(make_pipeline(MinMaxScaler(), autoencoder()), **FIT).fit(
            BITS, LABELS
        ),
        "Put it before this estimator",
        (lambda: make_pipeline(MinMaxScaler(), classifier()).fit(BITS, LABELS),),
    ),
    "a model of classes that imputes": Action(
        lambda: GenerativeImputer(GAN(2, conditional=True)).fit(HOLES),
        "fit the model first",
        (
            lambda: GenerativeImputer(
                GAN(2, conditional=True, max_iter=1, encoder_max_iter=1).fit(BITS, LABELS)
            ).fit(HOLES),
        ),
    ),
    "several of a fitted model": Action(
        lambda: OutlierDetector(autoencoder().fit(BITS), n_estimators=2).fit(BITS),
        "give one that is not, or keep both defaults",
        (
            lambda: OutlierDetector(autoencoder(), n_estimators=2).fit(BITS),
            lambda: OutlierDetector(autoencoder().fit(BITS)).fit(BITS),
        ),
    ),
    "a criterion that a model lacks": Action(
        lambda: OutlierDetector(autoencoder(), criterion="free-energy").fit(BITS),
        "use a Boltzmann machine, or criterion='auto'",
        (
            lambda: OutlierDetector(BernoulliRBM(2, n_iter=1), criterion="free-energy").fit(BITS),
            lambda: OutlierDetector(autoencoder(), criterion="auto").fit(BITS),
        ),
    ),
    "fewer clusters than asked for": Action(
        lambda: DeepEmbeddedClustering(
            3, autoencoder(), init=AgglomerativeClustering(2), max_iter=1
        ).fit(BITS),
        "ask for so many",
        (
            lambda: DeepEmbeddedClustering(
                2, autoencoder(), init=AgglomerativeClustering(2), max_iter=1, tol=1.0
            ).fit(BITS),
        ),
    ),
    "weights too weakly decayed": Action(
        lambda: EASE(1e-300).fit(np.ones((9, 6))),
        "raise it",
        (lambda: EASE(1.0).fit(np.ones((9, 6))),),
    ),
    "molecules longer than those of fit": Action(
        lambda: SelfiesVectorizer().fit(["CCO"]).transform(["CCOCCOCCO"]),
        "leave it out, or fit again",
        (lambda: SelfiesVectorizer().fit(["CCO", "CCOCCOCCO"]).transform(["CCOCCOCCO"]),),
    ),
    "an image of no shape": Action(
        lambda: ComponentsDisplay.from_estimator(autoencoder().fit(BITS)),
        "pass image_shape=",
        (lambda: ComponentsDisplay.from_estimator(autoencoder().fit(BITS), **IMAGE),),
    ),
    "a code of one component": Action(
        lambda: LatentSpaceDisplay.from_estimator(
            autoencoder().set_params(n_components=1).fit(BITS), BITS
        ),
        "n_components >= 2",
        (lambda: LatentSpaceDisplay.from_estimator(autoencoder().fit(BITS), BITS),),
    ),
    "a class that compare_reducers gets": Action(
        lambda: compare_reducers({"pca": PCA}, NORMAL),
        "pass an instance",
        (lambda: compare_reducers({"pca": PCA(2)}, NORMAL),),
    ),
    "more neighbours than rows": Action(
        lambda: metrics.density_coverage(NORMAL[:4], NORMAL, n_neighbors=5),
        "must be less than the number of rows",
        (lambda: metrics.density_coverage(NORMAL, NORMAL, n_neighbors=5),),
    ),
}


@pytest.mark.parametrize("kind", ACTIONS)
def test_the_advice_of_a_message_helps(kind):
    assert_advice_helps(ACTIONS[kind])
