"""Advice on fits: on parameters that do not go together, or not with the rows."""

import pytest
import scipy.sparse as sp
import torch
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from skdeepunsup import (
    GAN,
    BernoulliRBM,
    BoltzmannMachine,
    CategoricalRBM,
    DeepBeliefNetwork,
    DeepEmbeddedClustering,
    EncoderDecoder,
    FineTunedClassifier,
    GaussianRBM,
    SparseAutoencoder,
    VariationalAutoencoder,
)
from tests.remedies import (
    BITS,
    FIT,
    GREYS,
    HOLES,
    LABELS,
    NORMAL,
    Action,
    assert_advice_helps,
    autoencoder,
    classifier,
)

pytestmark = pytest.mark.usefixtures("hasty_log_partition")

BATCH_NORM, LAYER_NORM = (
    torch.nn.Sequential(torch.nn.Linear(6, 3), norm(3), torch.nn.Linear(3, 2))
    for norm in (torch.nn.BatchNorm1d, torch.nn.LayerNorm)
)

UNLIKE = NORMAL * [1, 1, 1, 1, 1, 1000]
KELVIN = NORMAL + 300
SCALED = StandardScaler().fit_transform(UNLIKE)
SPARSE = sp.csr_array(BITS / 1000)


def fitted_to(X):
    return autoencoder().fit(X)


def clusterer():
    return DeepEmbeddedClustering(2, encoder=autoencoder(), max_iter=2, random_state=0)


def own():
    networks = {"encoder": torch.nn.Linear, "decoder": torch.nn.Linear}
    return autoencoder(**networks, hidden_layer_sizes=None)


ACTIONS = {
    "a column in another unit": Action(
        lambda: classifier().fit(UNLIKE, LABELS),
        r"Column 5 of X varies .* as much as the median column.*StandardScaler\(\)",
        (lambda: make_pipeline(StandardScaler(), classifier()).fit(UNLIKE, LABELS),),
    ),
    "a column in another unit, and an encoder that was fitted to it": Action(
        lambda: FineTunedClassifier(fitted_to(UNLIKE), **FIT).fit(UNLIKE, LABELS),
        r"Column 5 of X varies .*StandardScaler\(\), and fit encoder to the scaled rows",
        (lambda: FineTunedClassifier(fitted_to(SCALED), **FIT).fit(SCALED, LABELS),),
    ),
    "a column in another unit, among rows to cluster": Action(
        lambda: clusterer().fit(UNLIKE),
        r"Column 5 of X varies .* as much as the median column.*StandardScaler\(\)",
        (lambda: make_pipeline(StandardScaler(), clusterer()).fit(UNLIKE),),
    ),
    "few rows far from 0": Action(
        lambda: GaussianRBM(2).partial_fit(KELVIN[:5]),
        r"takes 10 rows .* has 5, .*reach 30\d.*give more rows at first.*StandardScaler before",
        (
            lambda: GaussianRBM(2).partial_fit(KELVIN[:10]),
            lambda: GaussianRBM(2).partial_fit(StandardScaler().fit(KELVIN).transform(KELVIN[:5])),
            lambda: GaussianRBM(2).partial_fit(NORMAL[:1]),
        ),
    ),
    "networks of one's own and rows far from 1": Action(
        lambda: own().fit(1000 * NORMAL),
        r"Put sklearn.preprocessing.StandardScaler before",
        (lambda: make_pipeline(StandardScaler(), own()).fit(1000 * NORMAL),),
    ),
    "networks of one's own and sparse rows far from 1": Action(
        lambda: own().fit(SPARSE),
        r"Put sklearn.preprocessing.StandardScaler\(with_mean=False\) before",
        (lambda: make_pipeline(StandardScaler(with_mean=False), own()).fit(SPARSE),),
    ),
    "one row and batch statistics": Action(
        lambda: autoencoder(encoder=BATCH_NORM).partial_fit(NORMAL[:1]),
        "more rows.*LayerNorm",
        (
            lambda: autoencoder(encoder=BATCH_NORM).partial_fit(NORMAL[:2]),
            lambda: autoencoder(encoder=LAYER_NORM).partial_fit(NORMAL[:1]),
        ),
    ),
    "batches of one row and their statistics": Action(
        lambda: autoencoder(encoder=BATCH_NORM, batch_size=1).fit(NORMAL),
        "raise batch_size",
        (lambda: autoencoder(encoder=BATCH_NORM, batch_size=2).fit(NORMAL),),
    ),
    "no row left to train on": Action(
        lambda: autoencoder(early_stopping=True, validation_fraction=0.9).fit(NORMAL[:2]),
        "more rows or a smaller fraction, or hold none out",
        (
            lambda: autoencoder(early_stopping=True, validation_fraction=0.9).fit(NORMAL),
            lambda: autoencoder(early_stopping=True, validation_fraction=0.5).fit(NORMAL[:2]),
            lambda: autoencoder().fit(NORMAL[:2]),
        ),
    ),
    "an image shape of another size": Action(
        lambda: autoencoder(image_shape=(2, 2)).fit(NORMAL),
        r"give the \(height, width\)",
        (lambda: autoencoder(image_shape=(2, 3)).fit(NORMAL),),
    ),
    "categorical units as layers": Action(
        lambda: autoencoder(pretrained=CategoricalRBM(2, n_iter=1)).fit(GREYS // 127),
        "encode them by sklearn.preprocessing.OneHotEncoder and use binary units",
        (
            lambda: autoencoder(pretrained=BernoulliRBM(2, n_iter=1)).fit(
                OneHotEncoder(sparse_output=False).fit_transform(GREYS // 127)
            ),
        ),
    ),
    "real units and a loss of bits": Action(
        lambda: autoencoder(loss="bernoulli", pretrained=GaussianRBM(2, n_iter=1)).fit(BITS),
        "use loss='squared'",
        (lambda: autoencoder(loss="squared", pretrained=GaussianRBM(2, n_iter=1)).fit(BITS),),
    ),
    "sparsity and a decoder of one's own": Action(
        lambda: SparseAutoencoder(
            2, sparsity="l1", n_nonzero=None, decoder=torch.nn.Linear(2, 6), **FIT
        ).fit(BITS),
        "drop decoder, or take sparsity='kl'",
        (
            lambda: SparseAutoencoder(2, sparsity="l1", **FIT).fit(BITS),
            lambda: SparseAutoencoder(2, sparsity="kl", decoder=torch.nn.Linear(2, 6), **FIT).fit(
                BITS
            ),
        ),
    ),
    "a regulariser of no weight": Action(
        lambda: VariationalAutoencoder(2, regularizer="tc", **FIT).fit(BITS),
        "set beta",
        (lambda: VariationalAutoencoder(2, regularizer="tc", beta=2, **FIT).fit(BITS),),
    ),
    "tempering without persistent chains": Action(
        lambda: BernoulliRBM(2, n_iter=1, n_temperatures=3, persistent=False).fit(BITS),
        "needs persistent=True",
        (lambda: BernoulliRBM(2, n_iter=1, n_temperatures=3, persistent=True).fit(BITS),),
    ),
    "rates for other layers": Action(
        lambda: DeepBeliefNetwork((3, 2), n_iter=1, learning_rate=[0.1]).fit(BITS),
        "give one for each, or a single number",
        (
            lambda: DeepBeliefNetwork((3, 2), n_iter=1, learning_rate=[0.1, 0.1]).fit(BITS),
            lambda: DeepBeliefNetwork((3, 2), n_iter=1, learning_rate=0.1).fit(BITS),
        ),
    ),
    "no unit for a code": Action(
        lambda: BoltzmannMachine(0, n_iter=1).fit(BITS).transform(BITS),
        "n_components of at least 1",
        (lambda: BoltzmannMachine(1, n_iter=1).fit(BITS).transform(BITS),),
    ),
    "too many states to sum": Action(
        lambda: GaussianRBM(40, n_iter=1).fit(NORMAL).log_partition("exact"),
        "use method='ais'",
        (lambda: GaussianRBM(40, n_iter=1).fit(NORMAL).log_partition("ais", n_temperatures=9),),
    ),
    "scores with gaps": Action(
        lambda: CategoricalRBM(21, n_iter=1, persistent=False).fit(HOLES).score_samples(HOLES),
        "use pseudo_likelihood",
        (
            lambda: (
                CategoricalRBM(21, n_iter=1, persistent=False).fit(HOLES).pseudo_likelihood(HOLES)
            ),
        ),
    ),
    "parameters changed between passes": Action(
        lambda: autoencoder().partial_fit(BITS).set_params(n_components=3).partial_fit(BITS),
        "set it back, or start anew by fit",
        (
            lambda: (
                autoencoder()
                .partial_fit(BITS)
                .set_params(n_components=3)
                .set_params(n_components=2)
                .partial_fit(BITS)
            ),
            lambda: autoencoder().partial_fit(BITS).set_params(n_components=3).fit(BITS),
        ),
    ),
    "samples compared too rarely": Action(
        lambda: GAN(2, early_stopping=True, quality_interval=9, n_iter_no_change=5).fit(BITS),
        "lower quality_interval",
        (
            lambda: GAN(
                2,
                early_stopping=True,
                quality_interval=1,
                n_iter_no_change=5,
                max_iter=1,
                encoder_max_iter=1,
            ).fit(BITS),
        ),
    ),
    "layers that skip without shapes": Action(
        lambda: EncoderDecoder(2, skip_connections=True, **FIT).fit(BITS, BITS),
        "set image_shape and target_shape",
        (
            lambda: EncoderDecoder(
                2, skip_connections=True, image_shape=(2, 3), target_shape=(2, 3), **FIT
            ).fit(BITS, BITS),
        ),
    ),
    "ties to a network of one's own": Action(
        lambda: autoencoder(tied_weights=True, encoder=torch.nn.Linear(6, 2)).fit(BITS),
        "drop encoder",
        (lambda: autoencoder(tied_weights=True).fit(BITS),),
    ),
}


@pytest.mark.parametrize("kind", ACTIONS)
def test_the_advice_of_a_message_helps(kind):
    assert_advice_helps(ACTIONS[kind])
