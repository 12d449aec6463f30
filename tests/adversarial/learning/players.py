"""A small game in float64, and the rows that it is about."""

import torch

from skdeepunsup._random import Stream
from skdeepunsup._rows import ResidentRows
from skdeepunsup.adversarial.learning.two_players import TwoPlayers
from skdeepunsup.adversarial.modules.gan import GANModule

N, D = 8, 3
OPTIONS = {
    "rates": (3e-3, 1e-3),
    "decay": True,
    "n_critic": 1,
    "penalty": None,
    "penalty_weight": 0.5,
    "penalty_interval": 1,
    "spectral_norm": False,
    "averaging": 0.999,
    "autocast": None,
}


def rows(n=N, seed=0):
    return 2 + 3 * Stream(seed).normal(n, D).double()


def game_module(loss="non-saturating", **arguments):
    """Its parameters in float64, so that what is written twice agrees."""
    arguments = {"hidden_layer_sizes": (5,), "activation": "tanh"} | arguments
    module = GANModule(D, 2, loss=loss, **arguments)
    data = ResidentRows(rows())
    if classes := arguments.get("classes"):
        data = data.labelled((torch.arange(N) % len(classes)).numpy(), classes)
    module.initialize(data, Stream(1))
    return module.double()


def two_players(module=None, seed=2, **options):
    game = TwoPlayers(module or game_module(), Stream(seed), **OPTIONS | options)
    game.begin_epoch(0.0)
    return game


def values(network):
    return [p.detach().clone() for p in network.parameters()]


def changed(network, before):
    return [not torch.equal(p, q) for p, q in zip(network.parameters(), before, strict=True)]
