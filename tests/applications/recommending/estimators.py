"""Recommenders, small enough to fit in no time."""

from skdeepunsup import EASE, ImplicitVAE, RatingAutoencoder, RatingRBM

SMALL = [
    EASE(regularization=10),
    ImplicitVAE(4, hidden_layer_sizes=(8,), max_iter=3, random_state=0),
    RatingRBM(4, n_iter=3, random_state=0),
    RatingAutoencoder(4, max_iter=3, random_state=0),
]

VARIANTS = [
    ImplicitVAE(4, variational=False, early_stopping=True, max_iter=3, random_state=0),
    ImplicitVAE(4, hidden_layer_sizes=(8,), n_sampled=2, max_iter=3, random_state=0),
    RatingAutoencoder(4, view="users", max_iter=3, random_state=0),
]
