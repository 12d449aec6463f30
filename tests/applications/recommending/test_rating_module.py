"""The network of ratings: its formulas, and that no unknown entry matters."""

import numpy as np
import torch
from scipy.special import expit

from skdeepunsup._random import Stream
from skdeepunsup.applications.recommending.rating_module import RatingModule
from tests.applications.recommending.models import D, nan


def module(corruption_level=0.5):
    network = RatingModule(D, 3, corruption_level, 4.0)
    network.initialize(Stream(0))
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.copy_(
                torch.randn(parameter.shape, generator=torch.Generator().manual_seed(1))
            )
    return network.double()


def test_the_hidden_layer_by_its_formula(X):
    network = module()
    W, A = network.encoder.weight.detach().numpy().reshape(3, 2, D).transpose(1, 0, 2)
    c = network.encoder.bias.detach().numpy()
    x, m = np.nan_to_num(X), (~np.isnan(X)).astype(float)
    h = expit((x @ W.T + m @ A.T) / np.sqrt(1 + m.sum(1, keepdims=True)) + c)
    np.testing.assert_allclose(network.encode(torch.tensor(X)).detach(), h, rtol=1e-10)
    V, b = (p.detach().numpy() for p in network.decoder.parameters())
    np.testing.assert_allclose(network.decode(torch.tensor(h)).detach(), h @ V.T + b, rtol=1e-10)


def test_the_loss_is_of_known_entries_hidden_ones_too(X):
    network = module()
    x = torch.tensor(X)
    known = ~np.isnan(X)
    shown = known.copy()
    shown[known] = Stream(0).bernoulli(torch.full_like(x[~x.isnan()], 0.5)).numpy()
    assert 0.3 < shown.sum() / known.sum() < 0.7
    seen = torch.tensor(np.where(shown, X, nan))
    r = network.decode(network.encode(seen)).detach().numpy()
    expected = (known * (np.nan_to_num(X) - r) ** 2).sum(1) / 4.0
    found = network.losses(x, Stream(0))["squared_error"].detach().numpy()
    np.testing.assert_allclose(found, expected, rtol=1e-10)


def test_gradients_of_hidden_entries_are_there_and_of_unknown_ones_are_not(X):
    network = module()
    decode, outputs = network.decode, []

    def spied(h):
        outputs.append(decode(h).detach().requires_grad_())
        return outputs[-1]

    network.decode = spied
    x = torch.tensor(X)
    known = ~x.isnan()
    loss = network.losses(x, Stream(0))["squared_error"].sum()
    (gradient,) = torch.autograd.grad(loss, outputs[0])
    assert not gradient[~known].any()
    assert gradient[known].all()  # a half of them are hidden


def test_no_unknown_input_matters(X):
    """Whatever the weights are of an item that nobody rated."""
    X[:, 2] = nan
    network, x = module(), torch.tensor(X)
    h, loss = network.encode(x), network.losses(x, Stream(0))["squared_error"]
    gradients = torch.autograd.grad(loss.sum(), list(network.parameters()))
    encoder, _, decoder, bias = gradients
    assert not encoder[:, [2, D + 2]].any()
    assert not decoder[2].any()
    assert bias[2] == 0
    with torch.no_grad():
        network.encoder.weight[:, [2, D + 2]] = 1e6
        network.decoder.weight[2] = 1e6
    torch.testing.assert_close(network.encode(x), h)
    torch.testing.assert_close(network.losses(x, Stream(0))["squared_error"], loss)
