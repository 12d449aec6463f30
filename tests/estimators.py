"""Every public estimator, small enough to fit in no time. A new one joins all laws by one line."""

from torch import nn

from skdeepunsup import (
    GAN,
    Autoencoder,
    BernoulliRBM,
    BiGAN,
    BoltzmannMachine,
    CategoricalRBM,
    ContractiveAutoencoder,
    DeepBeliefNetwork,
    DeepBoltzmannMachine,
    DenoisingAutoencoder,
    GaussianRBM,
    SequenceVAE,
    SparseAutoencoder,
    VariationalAutoencoder,
)

ESTIMATORS = [
    BernoulliRBM(n_components=4, n_iter=3, random_state=0),
    GaussianRBM(n_components=4, n_iter=3, random_state=0),
    CategoricalRBM(n_components=4, n_iter=3, random_state=0),
    BoltzmannMachine(
        n_components=4, n_iter=3, batch_size=10, n_chains=100, clamped="mean-field", random_state=0
    ),
    DeepBeliefNetwork(hidden_layer_sizes=(5, 4), n_iter=3, random_state=0),
    DeepBoltzmannMachine(hidden_layer_sizes=(5, 4), n_iter=3, n_chains=100, random_state=0),
    Autoencoder(n_components=4, max_iter=3, random_state=0),
    SparseAutoencoder(n_components=4, max_iter=3, random_state=0),
    DenoisingAutoencoder(n_components=4, max_iter=3, random_state=0),
    ContractiveAutoencoder(n_components=4, max_iter=3, random_state=0),
    VariationalAutoencoder(n_components=4, hidden_layer_sizes=(8,), max_iter=3, random_state=0),
    GAN(n_components=4, hidden_layer_sizes=(8,), max_iter=2, encoder_max_iter=1, random_state=0),
    BiGAN(n_components=4, hidden_layer_sizes=(8,), max_iter=3, random_state=0),
    SequenceVAE(
        n_components=4,
        embedding_size=3,
        hidden_size=7,
        beta=0.1,
        free_bits=0.0,
        learning_rate=0.06,
        batch_size=5,
        max_iter=3,
        random_state=0,
    ),
]

VARIANTS = [
    DeepBoltzmannMachine(
        hidden_layer_sizes=(6, 5, 4),
        n_iter=3,
        pretraining_iter=1,
        pretraining_learning_rate=0.1,
        mean_field_steps=2,
        cd_steps=2,
        n_chains=7,
        weight_decay=1e-3,
        averaging=0.5,
        centered=False,
        resample=True,
        validation_fraction=0.2,
        random_state=0,
    ),
    DeepBoltzmannMachine((4,), n_iter=3, pretraining_iter=0, precision="float64", random_state=0),
    BernoulliRBM(
        n_components=4,
        n_iter=3,
        persistent=False,
        cd_steps=2,
        momentum=0.5,
        weight_decay=1e-3,
        centered=False,
        sparsity_target=0.2,
        resample=True,
        validation_fraction=0.2,
        random_state=0,
    ),
    BernoulliRBM(n_components=4, n_iter=3, n_chains=7, precision="float64", random_state=0),
    BernoulliRBM(n_components=4, n_iter=3, n_temperatures=3, averaging=0.9, random_state=0),
    BernoulliRBM(n_components=4, n_iter=3, hidden_units="relu", random_state=0),
    GaussianRBM(n_components=4, n_iter=3, persistent=True, momentum=0.5, random_state=0),
    GaussianRBM(n_components=4, n_iter=3, hidden_units="relu", learning_rate=0.003, random_state=0),
    CategoricalRBM(
        n_components=4, n_iter=3, persistent=True, n_categories=40, averaging=0.5, random_state=0
    ),
    BoltzmannMachine(
        n_components=4,
        n_iter=3,
        n_chains=7,
        cd_steps=2,
        clamped_steps=2,
        weight_decay=1e-3,
        centered=False,
        validation_fraction=0.2,
        random_state=0,
    ),
    BoltzmannMachine(
        n_components=4, n_iter=3, averaging=0.9, precision="float64", batch_size=10, random_state=0
    ),
    DeepBeliefNetwork((5, 4), visible_units="gaussian", n_iter=3, momentum=0.5, random_state=0),
    DeepBeliefNetwork(
        (4, 3), visible_units="categorical", n_categories=40, depth=1, n_iter=3, random_state=0
    ),
    DeepBeliefNetwork(
        (6, 5, 4),
        n_iter=2,
        fine_tuning="up-down",
        fine_tuning_iter=2,
        averaging=0.5,
        resample=True,
        persistent=False,
        validation_fraction=0.2,
        random_state=0,
    ),
    BernoulliRBM(n_components=4, n_iter=3, n_temperatures=3, precision="bfloat16", random_state=0),
    GaussianRBM(n_components=4, n_iter=3, precision="bfloat16", random_state=0),
    CategoricalRBM(n_components=4, n_iter=3, precision="bfloat16", random_state=0),
    BoltzmannMachine(n_components=4, n_iter=3, resample=True, precision="bfloat16", random_state=0),
    DeepBeliefNetwork(
        (5, 4), n_iter=3, fine_tuning="up-down", precision="bfloat16", random_state=0
    ),
    DeepBoltzmannMachine((5, 4), n_iter=3, precision="bfloat16", random_state=0),
    Autoencoder(n_components=4, hidden_layer_sizes=(8, 6), tied_weights=True, random_state=0),
    Autoencoder(n_components=4, hidden_layer_sizes=(8,), early_stopping=True, random_state=0),
    Autoencoder(n_components=4, precision="float64", activation="tanh", random_state=0),
    Autoencoder(n_components=4, hidden_layer_sizes=(8,), dropout=0.2, max_iter=5, random_state=0),
    Autoencoder(n_components=4, missing="mask", max_iter=5, random_state=0),
    SparseAutoencoder(n_components=4, sparsity="l1", max_iter=5, random_state=0),
    SparseAutoencoder(n_components=4, sparsity="running-mean", max_iter=5, random_state=0),
    SparseAutoencoder(
        n_components=4,
        hidden_layer_sizes=(6,),
        sparsity="top-k",
        n_nonzero=1,
        early_stopping=True,
        max_iter=5,
        random_state=0,
    ),
    DenoisingAutoencoder(
        n_components=4, corruption="gaussian", early_stopping=True, max_iter=5, random_state=0
    ),
    DenoisingAutoencoder(
        n_components=4, corruption="salt-and-pepper", tied_weights=True, max_iter=5, random_state=0
    ),
    DenoisingAutoencoder(n_components=4, missing="mask", max_iter=5, random_state=0),
    ContractiveAutoencoder(
        n_components=4, hidden_layer_sizes=(6,), early_stopping=True, max_iter=5, random_state=0
    ),
    ContractiveAutoencoder(
        n_components=4, activation="tanh", precision="float64", max_iter=5, random_state=0
    ),
    VariationalAutoencoder(
        n_components=4,
        hidden_layer_sizes=(),
        noise_scale="features",
        kl_warmup=3,
        free_bits=0.1,
        missing="mask",
        max_iter=5,
        random_state=0,
    ),
    VariationalAutoencoder(
        n_components=4,
        hidden_layer_sizes=(8,),
        regularizer="tc",
        beta=3.0,
        early_stopping=True,
        max_iter=5,
        random_state=0,
    ),
    VariationalAutoencoder(
        n_components=4, regularizer="factor", beta=3.0, max_iter=5, random_state=0
    ),
    VariationalAutoencoder(
        n_components=4, n_importance_samples=3, noise_scale=0.5, max_iter=5, random_state=0
    ),
    GAN(
        n_components=4,
        hidden_layer_sizes=(8,),
        loss="wasserstein",
        gradient_penalty="one-lipschitz",
        n_critic=3,
        averaging=0.0,
        learning_rate_schedule="constant",
        early_stopping=True,
        validation_fraction=0.3,
        max_iter=3,
        encoder_max_iter=2,
        random_state=0,
    ),
    GAN(
        n_components=4,
        hidden_layer_sizes=(),
        loss="hinge",
        spectral_norm=True,
        gradient_penalty=None,
        precision="float64",
        max_iter=3,
        encoder_max_iter=2,
        random_state=0,
    ),
    BiGAN(
        n_components=4,
        loss="least-squares",
        spectral_norm=True,
        penalty_interval=2,
        n_critic=2,
        max_iter=3,
        random_state=0,
    ),
    SequenceVAE(
        n_components=4,
        n_categories=40,
        hidden_size=6,
        word_dropout=0.3,
        beta=0.5,
        kl_warmup=3,
        free_bits=0.1,
        learning_rate_schedule="constant",
        early_stopping=True,
        max_iter=5,
        random_state=0,
    ),
    SequenceVAE(n_components=4, hidden_size=6, precision="float64", max_iter=3, random_state=0),
]

LIMITED = [
    Autoencoder(n_components=4, loss="bernoulli", max_iter=5, random_state=0),
    Autoencoder(
        n_components=4, image_shape=(3, 2), hidden_layer_sizes=(3,), max_iter=5, random_state=0
    ),
    VariationalAutoencoder(
        n_components=4, likelihood="bernoulli", resample=True, max_iter=5, random_state=0
    ),
    VariationalAutoencoder(
        n_components=4,
        likelihood="categorical",
        n_categories=3,
        missing="mask",
        max_iter=5,
        random_state=0,
    ),
    VariationalAutoencoder(
        n_components=4,
        likelihood="beta-binomial",
        n_categories=3,
        missing="mask",
        max_iter=5,
        random_state=0,
    ),
    GAN(
        n_components=4,
        image_shape=(3, 2),
        hidden_layer_sizes=(3,),
        spectral_norm=True,
        max_iter=2,
        encoder_max_iter=2,
        random_state=0,
    ),
    BiGAN(n_components=4, image_shape=(3, 2), hidden_layer_sizes=(3,), max_iter=2, random_state=0),
]
"""For bits alone, or a number of features alone: the laws hold of them, where the data are such."""


def with_width(estimator, width: int) -> dict[str, object]:
    """The parameters that make a code of ``width`` columns."""
    if "n_components" in estimator.get_params():
        return {"n_components": width}
    return {"hidden_layer_sizes": (*estimator.hidden_layer_sizes[:-1], width)}


def dropout_encoder(n_features: int, n_components: int) -> nn.Module:
    """A network of the user's own, in which dropout would make noisy answers if left in."""
    return nn.Sequential(nn.Linear(n_features, 6), nn.Dropout(0.5), nn.Linear(6, n_components))
