"""Autoencoders, small enough to fit in no time."""

from skdeepunsup import (
    Autoencoder,
    ContractiveAutoencoder,
    DenoisingAutoencoder,
    SequenceVAE,
    SparseAutoencoder,
    VariationalAutoencoder,
)

SMALL = [
    Autoencoder(
        n_components=4, max_iter=3, random_state=0, hidden_layer_sizes=(), early_stopping=False
    ),
    SparseAutoencoder(n_components=4, max_iter=3, random_state=0),
    DenoisingAutoencoder(n_components=4, max_iter=3, random_state=0),
    ContractiveAutoencoder(n_components=4, max_iter=3, random_state=0),
    VariationalAutoencoder(
        n_components=4, hidden_layer_sizes=(8,), max_iter=3, random_state=0, early_stopping=False
    ),
    SequenceVAE(
        n_components=4,
        embedding_size=3,
        hidden_size=7,
        beta=0.1,
        free_bits=0.0,
        learning_rate=0.1,
        batch_size=10,
        max_iter=3,
        random_state=0,
    ),
]

VARIANTS = [
    Autoencoder(
        n_components=4,
        hidden_layer_sizes=(8, 6),
        tied_weights=True,
        max_iter=5,
        random_state=0,
        early_stopping=False,
    ),
    Autoencoder(
        n_components=4, hidden_layer_sizes=(8,), early_stopping=True, max_iter=5, random_state=0
    ),
    Autoencoder(
        n_components=4,
        precision="float64",
        max_iter=5,
        random_state=0,
        hidden_layer_sizes=(),
        early_stopping=False,
    ),
    Autoencoder(
        n_components=4,
        hidden_layer_sizes=(8,),
        dropout=0.2,
        max_iter=5,
        random_state=0,
        early_stopping=False,
    ),
    Autoencoder(
        n_components=4,
        missing="mask",
        max_iter=5,
        random_state=0,
        hidden_layer_sizes=(),
        early_stopping=False,
    ),
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
        early_stopping=False,
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
        n_components=4,
        regularizer="dip",
        beta=3.0,
        max_iter=5,
        random_state=0,
        hidden_layer_sizes=(8,),
        early_stopping=False,
    ),
    VariationalAutoencoder(
        n_components=4,
        regularizer="factor",
        beta=3.0,
        max_iter=5,
        random_state=0,
        hidden_layer_sizes=(8,),
        early_stopping=False,
    ),
    VariationalAutoencoder(
        n_components=4,
        n_importance_samples=3,
        noise_scale=0.5,
        max_iter=5,
        random_state=0,
        hidden_layer_sizes=(8,),
        early_stopping=False,
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

# For bits alone, or a number of features alone.
LIMITED = [
    Autoencoder(
        n_components=4,
        loss="bernoulli",
        max_iter=5,
        random_state=0,
        hidden_layer_sizes=(),
        early_stopping=False,
    ),
    Autoencoder(
        n_components=4,
        image_shape=(3, 2),
        hidden_layer_sizes=(3,),
        max_iter=5,
        random_state=0,
        early_stopping=False,
    ),
    VariationalAutoencoder(
        n_components=4,
        likelihood="bernoulli",
        resample=True,
        max_iter=5,
        random_state=0,
        hidden_layer_sizes=(8,),
        early_stopping=False,
    ),
    VariationalAutoencoder(
        n_components=4,
        likelihood="categorical",
        n_categories=3,
        missing="mask",
        max_iter=5,
        random_state=0,
        hidden_layer_sizes=(8,),
        early_stopping=False,
    ),
    VariationalAutoencoder(
        n_components=4,
        likelihood="beta-binomial",
        n_categories=3,
        missing="mask",
        max_iter=5,
        random_state=0,
        hidden_layer_sizes=(8,),
        early_stopping=False,
    ),
]
