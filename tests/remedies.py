"""Every piece of advice that a message gives is followed, on the very data that raised it.

An `Expression` is for a message that names one: it is read from the message and evaluated. An
`Action` is for a message whose advice is about parameters or other data. Afterwards nothing is
raised or warned of, and the data mean what they meant. A new message that advises joins by its line
in one of `test_remedies*.py`.
"""

import re
import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from skdeepunsup import Autoencoder, BernoulliRBM, FineTunedClassifier, LogMel

FIT = {"max_iter": 1, "random_state": 0}
rng = np.random.default_rng(0)
BITS = (rng.random((60, 6)) < 0.4).astype(np.float64)
NORMAL = rng.normal(size=(60, 6))
LABELS = np.arange(60) % 2
HOLES = np.where(rng.random(BITS.shape) < 0.1, np.nan, BITS)
GREYS = np.array([0, 127, 254])[rng.integers(0, 3, (60, 6))]
STEREO = rng.uniform(-1, 1, (60, 300, 2))
FILMS = rng.random((60, 3, 4, 5))
RATINGS = np.where(rng.random((60, 6)) < 0.5, np.nan, rng.integers(1, 6, (60, 6)))
SEEN = rng.random((60, 6)) < 0.3
SOUNDS = STEREO[..., 0]
IMAGE = {"image_shape": (2, 3)}


def complaint(call: Callable[[], Any]) -> str:
    """The error that a call raises, or what it warns of; empty if it does neither."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            call()
        except Exception as error:
            return str(error)
    return ""


def autoencoder(**parameters):
    has_layers = {"image_shape", "pretrained"} & parameters.keys()
    dense = {} if has_layers else {"hidden_layer_sizes": ()}
    return Autoencoder(2, **dense | FIT | parameters)


def classifier():
    return FineTunedClassifier(autoencoder(), **FIT)


def fitted(model=None):
    return (model or BernoulliRBM(2, n_iter=1, random_state=0)).fit(BITS)


def sounding():
    return LogMel(window_length=64, hop_length=32, n_mels=2).fit(SOUNDS)


class Expression(NamedTuple):
    """A call that complains of data, and the expression that the complaint names."""

    call: Callable[[Any], Any]
    data: Any
    expression: str
    same: Callable[[Any, Any], bool] = lambda new, old: np.array_equal(np.ravel(new), np.ravel(old))
    name: str = "X"


class Action(NamedTuple):
    """A call that complains, a part of what it says, and calls that follow the advice."""

    call: Callable[[], Any]
    advice: str
    follow: tuple[Callable[[], Any], ...]


def assert_advice_helps(case):
    said = complaint(case.call)
    assert re.search(case.advice, said, re.DOTALL), said
    for follow in case.follow:
        left = complaint(follow)
        assert left == "", left
