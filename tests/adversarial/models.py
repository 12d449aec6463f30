"""GANs and a BiGAN that fit in no time, and their answers."""

import numpy as np
import pytest

from skdeepunsup import GAN, BiGAN
from skdeepunsup.adversarial.learning.games import GAMES

FIT = {"n_components": 2, "hidden_layer_sizes": (8,), "max_iter": 3, "random_state": 0}
MODELS = [GAN(encoder_max_iter=2, **FIT), BiGAN(**FIT)]
both = pytest.mark.parametrize("estimator", MODELS, ids=lambda e: type(e).__name__)
CONDITIONAL = GAN(
    2, conditional=True, hidden_layer_sizes=(8,), max_iter=3, encoder_max_iter=2, random_state=0
)
each_loss = pytest.mark.parametrize("loss", GAMES)


def answers(model, X):
    names = ("transform", "reconstruct", "discriminate", "score_samples")
    return [model.sample(5, random_state=0), *(getattr(model, name)(X) for name in names)]


def assert_same(a, b, **tolerance):
    for left, right in zip(a, b, strict=True):
        np.testing.assert_allclose(left, right, **({"rtol": 0, "atol": 0} | tolerance))


def assert_same_model(a, b, X, **tolerance):
    assert_same(answers(a, X), answers(b, X), **tolerance)


def normal_rows():
    return np.random.default_rng(0).normal(size=(60, 3))
