"""Transformers without a model in them."""

from skdeepunsup import LogMel, SelfiesVectorizer

SMALL = [
    # A row of the checks has as few as two samples: no more than one band covers those.
    LogMel(window_length=4, hop_length=2, n_mels=1, n_iter=2),
]

VARIANTS: list[LogMel] = []

# It takes strings, which most of scikit-learn's checks do not give.
VECTORIZERS = [SelfiesVectorizer(), SelfiesVectorizer(max_length=9)]
