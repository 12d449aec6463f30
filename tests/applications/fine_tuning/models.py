"""Encoders to fine-tune, what is made of them, and bits to count."""

import pickle

import numpy as np
import pytest
import torch
from sklearn.pipeline import make_pipeline

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
    FineTunedClassifier,
    FineTunedRegressor,
    GaussianRBM,
    SparseAutoencoder,
    VariationalAutoencoder,
)
from skdeepunsup.base.encoders import EncoderStack, parts_of

N, D = 80, 6

SEED = {"random_state": 0}
ENCODERS = [
    BernoulliRBM(4, n_iter=2, learning_rate=0.5, **SEED),
    BernoulliRBM(4, n_iter=2, hidden_units="relu", learning_rate=0.05, **SEED),
    GaussianRBM(4, n_iter=2, **SEED),
    CategoricalRBM(4, n_iter=2, n_categories=3, **SEED),
    CategoricalRBM(4, n_iter=2, conditional=True, **SEED),
    DeepBeliefNetwork((5, 4), n_iter=2, **SEED),
    DeepBeliefNetwork((5, 4, 3), n_iter=2, depth=2, visible_units="gaussian", **SEED),
    DeepBeliefNetwork((5, 4), n_iter=2, visible_units="categorical", **SEED),
    DeepBeliefNetwork((6, 5, 4), n_iter=2, fine_tuning="up-down", fine_tuning_iter=2, **SEED),
    Autoencoder(4, max_iter=2, **SEED),
    Autoencoder(4, hidden_layer_sizes=(5,), tied_weights=True, max_iter=2, **SEED),
    Autoencoder(4, image_shape=(3, 2), hidden_layer_sizes=(3,), max_iter=2, **SEED),
    Autoencoder(4, missing="mask", max_iter=2, **SEED),
    SparseAutoencoder(4, max_iter=2, **SEED),
    SparseAutoencoder(4, sparsity="top-k", n_nonzero=2, max_iter=2, **SEED),
    DenoisingAutoencoder(4, hidden_layer_sizes=(5,), max_iter=2, **SEED),
    ContractiveAutoencoder(4, max_iter=2, **SEED),
    VariationalAutoencoder(4, hidden_layer_sizes=(5,), max_iter=2, **SEED),
    VariationalAutoencoder(4, likelihood="categorical", n_categories=2, max_iter=2, **SEED),
    GAN(4, hidden_layer_sizes=(5,), max_iter=2, encoder_max_iter=1, **SEED),
    BiGAN(4, hidden_layer_sizes=(5,), max_iter=2, **SEED),
    make_pipeline(
        BernoulliRBM(5, n_iter=2, learning_rate=0.5, **SEED),
        DeepBeliefNetwork((5, 4), n_iter=2, **SEED),
        Autoencoder(3, max_iter=2, **SEED),
    ),
]
UNROLLED = [
    DeepBoltzmannMachine((5, 4), n_iter=15, n_chains=10, learning_rate=0.3, **SEED),
    BoltzmannMachine(4, n_iter=2, n_chains=10, batch_size=20, clamped="mean-field", **SEED),
]
"""Their code settles; within a stack it takes few rounds instead."""
every = pytest.mark.parametrize("encoder", [*ENCODERS, *UNROLLED], ids=repr)
exact = pytest.mark.parametrize("encoder", ENCODERS, ids=repr)


def stack_of(encoder):
    """In float64, as answers are."""
    stack = EncoderStack(parts_of(encoder))
    stack.load(encoder)
    return stack.double().eval()


def codes_of(model, X):
    """Codes of the stack within a fitted model."""
    with torch.no_grad():
        return model.module_.stack.double().encode(inward(model.module_.stack, X)).numpy()


def inward(stack, X):
    """Rows in the units of the stack."""
    x = torch.tensor(X)
    return x if stack.scaling is None else stack.scaling.inward(x.double())


def outward(stack, rows):
    """Rows of the stack in the units of the data."""
    return rows if stack.scaling is None else stack.scaling.original(rows)


def state_of(encoder):
    models = [step for _, step in encoder.steps] if hasattr(encoder, "steps") else [encoder]
    return pickle.dumps([(m.__getstate__(), m.history_) for m in models])


def classifier(encoder=None, **params):
    encoder = Autoencoder(4, max_iter=2, **SEED) if encoder is None else encoder
    return FineTunedClassifier(encoder, **{"max_iter": 3, "random_state": 0} | params)


def regressor(encoder=None, **params):
    encoder = Autoencoder(4, max_iter=2, **SEED) if encoder is None else encoder
    return FineTunedRegressor(encoder, **{"max_iter": 3, "random_state": 0} | params)


def few_bits():
    return (np.random.default_rng(0).random((N, D)) < 0.4).astype(np.float64)


def counts_of(X):
    return (X.sum(1) + np.random.default_rng(1).random(N)).astype(int) % 3
