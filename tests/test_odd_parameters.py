"""Parameters of odd types and sizes are refused by name, or are what they say."""

from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
import torch

from skdeepunsup import (
    GAN,
    Autoencoder,
    BernoulliRBM,
    DeepBeliefNetwork,
    DeepEmbeddedClustering,
    DenoisingAutoencoder,
    GaussianRBM,
    LosslessCompressor,
    VariationalAutoencoder,
)

X = (np.random.default_rng(0).random((20, 6)) < 0.4).astype(np.float64)

REFUSED = {
    "a fraction": (BernoulliRBM(averaging=Fraction(1, 3)), "averaging == Fraction"),
    "beyond float32": (BernoulliRBM(learning_rate=1e308), r"learning_rate == 1e\+308, must be fin"),
    "beyond float64": (BernoulliRBM(sparsity_cost=10**400), "sparsity_cost == an integer over"),
    "a large integer": (GAN(penalty_weight=10**30), "penalty_weight == 10{30}, must be a float"),
    "no device": (Autoencoder(2, device=pd.NA), "device == <NA>"),
    "a device of 64 bits": (Autoencoder(2, device=2**63), "device == 9223372036854775808"),
    "neither true nor false": (Autoencoder(2, verbose=pd.NA), "verbose == <NA>"),
    "no units": (GaussianRBM(2, hidden_units=pd.NA), "hidden_units == <NA>"),
    "nothing observed": (Autoencoder(2, missing=pd.NA), "missing == <NA>"),
    "no likelihood": (VariationalAutoencoder(2, likelihood=pd.NA), "likelihood == <NA>"),
    "no likelihood within": (
        LosslessCompressor(VariationalAutoencoder(2, likelihood=pd.NA)),
        "likelihood == <NA>",
    ),
    "sizes in a tensor": (
        DeepBeliefNetwork(hidden_layer_sizes=torch.tensor(2)),
        r"hidden_layer_sizes == tensor\(2\)",
    ),
    "rates in a tensor": (
        DeepBeliefNetwork((2,), learning_rate=torch.tensor(2)),
        r"learning_rate must be .*Tensor|learning_rate == tensor",
    ),
    "no factory": (Autoencoder(2, encoder=len), r"encoder\(6, 2\) failed: len"),
    "no corruption": (DenoisingAutoencoder(2, corruption=len), "corruption failed: len"),
    "no augmentation": (
        DeepEmbeddedClustering(2, Autoencoder(2, max_iter=1), augmentation=len),
        "augmentation failed: len",
    ),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_it_is_refused_by_name(kind):
    model, message = REFUSED[kind]
    with pytest.raises((TypeError, ValueError), match=message):
        model.fit(X)


@pytest.mark.parametrize("small", [np.uint8, np.int8, np.uint16])
def test_integers_of_few_bits_are_integers(small):
    model = VariationalAutoencoder(2, kl_warmup=small(0), max_iter=small(2), random_state=0)
    usual = VariationalAutoencoder(2, kl_warmup=0, max_iter=2, random_state=0)
    np.testing.assert_array_equal(model.fit(X).transform(X), usual.fit(X).transform(X))


def test_half_precision_floats_are_floats():
    model = Autoencoder(2, learning_rate=np.float16(0.5), max_iter=2, random_state=0)
    usual = Autoencoder(2, learning_rate=0.5, max_iter=2, random_state=0)
    np.testing.assert_allclose(model.fit(X).transform(X), usual.fit(X).transform(X), rtol=1e-6)
