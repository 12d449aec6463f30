"""Completions by generators: of linear ones they are draws, of others a search."""

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

from skdeepunsup import GAN, BiGAN
from skdeepunsup._random import Stream
from skdeepunsup.adversarial.completion import NOISE, CodeSearch

NAN = np.nan
N = 4000


@pytest.mark.parametrize("kind", [GAN, BiGAN])
@pytest.mark.parametrize("row", [(4.0, NAN, NAN, 2.5), (NAN, NAN, 4.0, NAN)], ids=str)
def test_of_a_linear_generator_completions_are_draws(kind, row):
    """From p(z | observed) of the model u = G(z) + N(0, NOISE²), in standard units."""
    X = np.random.default_rng(0).normal(size=(40, 4)) + 3
    model = kind(2, hidden_layer_sizes=(), max_iter=1, random_state=0).fit(X)
    module = model.module_
    layer = module.average[-1]
    with torch.no_grad():
        layer.weight.copy_(torch.tensor(np.random.default_rng(1).normal(size=(4, 2))))
    W, b = layer.weight.double().numpy(), layer.bias.double().numpy()
    center, scale = module.scaling.center.numpy(), module.scaling.pooled
    row = np.array(row)
    o, m = ~np.isnan(row), np.isnan(row)
    u = (row - center) / scale
    covariance = np.linalg.inv(np.eye(2) + W[o].T @ W[o] / NOISE**2)
    z = covariance @ W[o].T @ (u - b)[o] / NOISE**2
    mean = center[m] + scale * (b + W @ z)[m]
    deviations = scale * np.sqrt(np.diag(W @ covariance @ W.T)[m])

    draws = model.impute([row], n_draws=N, n_steps=500, random_state=0)[:, 0, m]
    assert (abs(draws.mean(0) - mean) < 5 * deviations / np.sqrt(N)).all()
    assert (abs(draws.std(0) / deviations - 1) < 5 / np.sqrt(2 * N)).all()


@pytest.mark.parametrize("conditional", [False, True])
def test_the_search_finds_rows_with_what_is_observed(conditional):
    X, y = load_digits(return_X_y=True)
    X = X / 16
    model = GAN(16, max_iter=20, encoder_max_iter=1, conditional=conditional, random_state=0)
    model.fit(X, y)
    rows = model.sample(100, random_state=1)  # which it can reach
    seen = np.where(np.arange(64) < 48, rows, NAN)
    errors = [
        np.square(model.impute(seen, n_steps=n, random_state=0) - rows).sum(1).mean()
        for n in (1, 200)
    ]
    assert errors[1] < 0.3 * errors[0]


@pytest.fixture(scope="module")
def by_class():
    """A module of ten classes, and upper halves of digits."""
    X, y = load_digits(return_X_y=True)
    model = GAN(16, max_iter=5, encoder_max_iter=1, conditional=True, random_state=0)
    module = model.fit(X / 16, y).module_
    return module, torch.tensor(np.where(np.arange(64) < 32, X[:200] / 16, NAN)).float()


def test_every_class_starts_and_the_likeliest_one_is_held(by_class):
    module, x = by_class
    search = CodeSearch(module, x, Stream(0))
    first = search.code.detach()[:, -10:].softmax(1)
    assert (first.amax(1) > 0.5).all() and len(first.argmax(1).unique()) == 10
    search.approach(50)
    z, logits = search.code.detach().clone().tensor_split([-10], dim=1)
    held = logits.argmax(1)
    assert (held != first.argmax(1)).any()  # it has been searched for
    for n_steps in (1, 1, 200):
        search.advance(n_steps)
        later = search.code.detach()[:, :-10]
        assert (later != z).any()
        with torch.no_grad():
            expected = module.decode(torch.cat([later, torch.eye(10)[held]], dim=1))
            assert torch.equal(search.draw(), expected)


def test_the_second_half_knows_one_class_only(by_class):
    """Where the class is certain, rows generated for other classes have no weight in the search."""
    module, x = by_class
    search = CodeSearch(module, x, Stream(0))
    search.advance(100)
    moved = (search.code - search.start)[:, -10:]
    assert (moved == 0).all()
