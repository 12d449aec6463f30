"""Machines with an energy, small enough to fit in no time."""

from skdeepunsup import (
    BernoulliRBM,
    BoltzmannMachine,
    CategoricalRBM,
    DeepBeliefNetwork,
    DeepBoltzmannMachine,
    GaussianRBM,
)

SMALL = [
    BernoulliRBM(n_components=4, n_iter=3, random_state=0),
    GaussianRBM(n_components=4, n_iter=3, random_state=0),
    CategoricalRBM(n_components=4, n_iter=3, random_state=0),
    BoltzmannMachine(
        n_components=4, n_iter=3, batch_size=10, n_chains=100, clamped="mean-field", random_state=0
    ),
    DeepBeliefNetwork(hidden_layer_sizes=(5, 4), n_iter=3, random_state=0),
    DeepBoltzmannMachine(hidden_layer_sizes=(5, 4), n_iter=3, n_chains=100, random_state=0),
]

VARIANTS = [
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
    BernoulliRBM(n_components=4, n_iter=3, n_temperatures=3, precision="bfloat16", random_state=0),
    GaussianRBM(n_components=4, n_iter=3, persistent=True, momentum=0.5, random_state=0),
    GaussianRBM(n_components=4, n_iter=3, hidden_units="relu", learning_rate=0.003, random_state=0),
    GaussianRBM(n_components=4, n_iter=3, precision="bfloat16", random_state=0),
    CategoricalRBM(
        n_components=4, n_iter=3, persistent=True, n_categories=40, averaging=0.5, random_state=0
    ),
    CategoricalRBM(n_components=4, n_iter=3, precision="bfloat16", random_state=0),
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
    BoltzmannMachine(n_components=4, n_iter=3, resample=True, precision="bfloat16", random_state=0),
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
    DeepBeliefNetwork(
        (5, 4), n_iter=3, fine_tuning="up-down", precision="bfloat16", random_state=0
    ),
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
    DeepBoltzmannMachine((5, 4), n_iter=2, n_chains=7, n_temperatures=3, random_state=0),
    DeepBeliefNetwork((5, 4), n_iter=2, n_chains=7, n_temperatures=3, random_state=0),
    BoltzmannMachine(n_components=4, n_iter=2, n_chains=7, n_temperatures=3, random_state=0),
    DeepBoltzmannMachine((4,), n_iter=3, pretraining_iter=0, precision="float64", random_state=0),
    DeepBoltzmannMachine((5, 4), n_iter=3, precision="bfloat16", random_state=0),
]

# For bits alone.
LIMITED = []
