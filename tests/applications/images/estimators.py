"""Learners from pairs, small enough to fit in no time."""

from skdeepunsup import EncoderDecoder
from tests.applications.models import FIT, WHOLE

SMALL = [EncoderDecoder(4, dropout=0.0, **FIT | WHOLE | {"max_iter": 40})]

VARIANTS = [
    EncoderDecoder(4, hidden_layer_sizes=(5, 4), activation="tanh", dropout=0.1, **FIT),
    EncoderDecoder(4, early_stopping=True, learning_rate_schedule="linear", **FIT),
]
