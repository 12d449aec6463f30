"""Encoders fine-tuned to labels, small enough to fit in no time."""

from skdeepunsup import Autoencoder, DenoisingAutoencoder, FineTunedClassifier, FineTunedRegressor
from tests.applications.models import DEEP_MACHINE, FIT, STACK, WHOLE

SMALL = [
    FineTunedClassifier(Autoencoder(4, max_iter=2, **WHOLE), **FIT | WHOLE),
    FineTunedRegressor(Autoencoder(4, max_iter=2, **WHOLE), **FIT | WHOLE),
]

VARIANTS = [
    FineTunedClassifier(DenoisingAutoencoder(4, max_iter=2), **FIT),
    FineTunedClassifier(
        Autoencoder(4, missing="mask", max_iter=2, hidden_layer_sizes=(), early_stopping=False),
        hidden_layer_sizes=(5,),
        activation="tanh",
        dropout=0.1,
        **FIT,
    ),
    FineTunedClassifier(
        Autoencoder(4, max_iter=2, hidden_layer_sizes=(), early_stopping=False),
        early_stopping=True,
        **FIT,
    ),
    FineTunedClassifier(DEEP_MACHINE, **FIT),
    FineTunedClassifier(STACK, encoder_learning_rate=0.1, **FIT),
    FineTunedRegressor(DenoisingAutoencoder(4, max_iter=2), **FIT),
    FineTunedRegressor(STACK, encoder_learning_rate=0.1, **FIT),
]
