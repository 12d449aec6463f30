"""Generative adversarial networks, small enough to fit in no time."""

from skdeepunsup import (
    GAN,
    BiGAN,
)

SMALL = [
    GAN(n_components=4, hidden_layer_sizes=(8,), max_iter=2, encoder_max_iter=1, random_state=0),
    BiGAN(n_components=4, hidden_layer_sizes=(8,), max_iter=3, random_state=0),
]

VARIANTS = [
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
]

# For bits alone, or a number of features alone.
LIMITED = [
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
