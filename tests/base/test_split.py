"""Held-out rows: a fraction of all, and of each class."""

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

from skdeepunsup import Autoencoder, FineTunedClassifier
from skdeepunsup._sliced_rows import training_rows
from skdeepunsup.base.fit import split


def rows_of(labels):
    """Rows that hold their own number, labelled with classes."""
    X = np.arange(len(labels), dtype=float)[:, None]
    rows = training_rows(X, torch.device("cpu"), torch.float64, 0.0, None)
    return rows.labelled(np.asarray(labels), tuple(range(max(labels) + 1)))


@pytest.mark.parametrize("seed", range(5))
def test_each_class_gives_its_share_and_keeps_a_row(seed):
    labels = [0] * 60 + [1] * 30 + [2] * 9 + [3]
    trained, held_out = split(rows_of(labels), 0.2, seed)
    assert torch.bincount(held_out.labels, minlength=4).tolist() == [12, 6, 2, 0]
    assert torch.bincount(trained.labels).tolist() == [48, 24, 7, 1]
    numbers = torch.cat([next(part.chunks()) for part in (trained, held_out)])[:, 0]
    assert sorted(numbers.tolist()) == list(range(100))
    for part in (trained, held_out):
        places = next(part.chunks())[:, 0].long()
        np.testing.assert_array_equal(part.labels, np.array(labels)[places])


def test_which_rows_are_held_out_is_random():
    labels = [0] * 50 + [1] * 50
    chosen = [
        frozenset(next(split(rows_of(labels), 0.2, s)[1].chunks())[:, 0].tolist())
        for s in range(20)
    ]
    assert len(set(chosen)) == 20


def test_no_class_is_lost_to_early_stopping():
    X, y = load_digits(return_X_y=True)
    X, y = X[:300] / 16, y[:300]
    labels = np.full(300, -1)
    for k in range(10):
        labels[np.flatnonzero(y == k)[:2]] = k
    model = FineTunedClassifier(
        Autoencoder(8, max_iter=2, random_state=0), early_stopping=True, random_state=0
    )
    model.set_params(max_iter=5, validation_fraction=0.4).fit(X, labels)
    _, held_out = split(rows_of(labels[labels >= 0].tolist()), 0.4, 0)
    assert len(held_out) == 8
    for k in range(10):
        labels[np.flatnonzero(y == k)[1]] = -1
    with pytest.raises(ValueError, match=r"one row only.*set early_stopping=False"):
        model.fit(X, labels)
    model.set_params(early_stopping=False, validation_fraction=0.1).fit(X, labels)
