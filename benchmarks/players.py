"""Cost of a discriminator's and a generator's step, relative to plain PyTorch."""

import argparse
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn.functional import softplus

from skdeepunsup import GAN
from skdeepunsup._random import Stream
from skdeepunsup._rows import ResidentRows
from skdeepunsup.adversarial.learning.two_players import TwoPlayers

from .data import synthetic_bits
from .timing import print_table, race

BATCH, N_STEPS = 64, 50
"""Rows per batch, and batches per timing."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``python -m benchmarks players``."""
    parser.add_argument("--repetitions", type=int, default=15, help="timed rounds (default 15)")


def run(arguments: argparse.Namespace) -> None:
    """Time both players' steps, with and without R1, and the encoder's, dense and convolutional."""
    bits = synthetic_bits(BATCH * N_STEPS)
    plane = np.random.default_rng(0).normal(size=(BATCH * N_STEPS, 2)).astype(np.float32)
    convolutional = {"image_shape": (28, 28), "hidden_layer_sizes": (32, 64)}
    rows = []
    for name, X, architecture in (
        ("dense 2-128-128", plane, {}),
        ("dense 784-256-256", bits, {"hidden_layer_sizes": (256, 256)}),
        ("convolutions 28 × 28, 32-64", bits, convolutional),
    ):
        for penalty, steps in (
            (None, "both"),
            (None, "discriminator"),
            ("r1", "both"),
            ("r1", "discriminator"),
            (None, "encoder"),
        ):
            model = GAN(
                gradient_penalty=penalty,
                n_critic=1 if steps == "both" else 10**9,
                output="identity",
                device="cpu",
                random_state=0,
                **architecture,
            )
            ours, plain = contestants(model, torch.from_numpy(X), stage=int(steps == "encoder"))
            timings = race({"ours": ours, "plain": plain}, arguments.repetitions)
            per_step = 1e6 / N_STEPS
            rows.append(
                (
                    name,
                    str(penalty),
                    steps,
                    per_step * timings.median("ours"),
                    per_step * timings.median("plain"),
                    1 / timings.speed("ours", "plain"),
                )
            )
    print_table(
        f"Microseconds of a batch of {BATCH}: the discriminator's step, or it and the generator's, "
        "with its average, or the encoder's after the game, beside the same written plainly",
        ["networks", "penalty", "steps", "ours", "plain", "ours ÷ plain"],
        rows,
    )


def contestants(
    model: GAN, X: torch.Tensor, stage: int
) -> tuple[Callable[[], Any], Callable[[], Any]]:
    """``N_STEPS`` batches by the package's objective, and in plain PyTorch."""
    rows, stream = ResidentRows(X), Stream(0)
    module = model._module_class(**model._module_arguments(rows, None))
    module.initialize(rows, stream)
    module.float()
    objective = model._objective(module, stream)
    objective.game.n_updates = 1  # so that the first batch updates every player
    plain = PlainGame(objective.game)
    plain_step = plain.teach if stage else plain.step
    batches = X.split(BATCH)

    def ours() -> None:
        objective.begin_epoch(0.1, stage)
        for x in batches:
            objective.step(x)

    def others() -> None:
        for x in batches:
            plain_step(x)

    return ours, others


class PlainGame:
    """The same networks, from torch's layers, and the same two steps, written as in tutorials."""

    def __init__(self, game: TwoPlayers) -> None:
        module = game.module
        self.generator, self.discriminator = plain(module.generator), plain(module.discriminator)
        self.average, self.encoder = plain(module.generator), plain(module.encoder)
        self.encoder_optimizer = torch.optim.Adam(self.encoder.parameters(), lr=1e-3, fused=True)
        self.n_latent = module.n_components
        self.penalty_weight = 0.0 if game.penalty is None else game.penalty_weight
        self.n_critic, self.n_steps = game.n_critic, 1
        self.optimizers = [
            torch.optim.Adam(network.parameters(), lr=rate, betas=(0.5, 0.999), fused=True)
            for network, rate in zip((self.discriminator, self.generator), game.rates, strict=True)
        ]

    def step(self, x: torch.Tensor) -> None:
        """Update the discriminator, then, if it is its turn, the generator and its average."""
        D, G = self.discriminator, self.generator
        d_optimizer, g_optimizer = self.optimizers
        generator_moves = self.n_steps % self.n_critic == 0
        z = torch.randn(len(x), self.n_latent)
        with torch.set_grad_enabled(generator_moves):
            fake = G(z)

        x = x.detach().requires_grad_(self.penalty_weight > 0)
        d_real, d_fake = D(x), D(fake.detach())
        loss = softplus(-d_real).mean() + softplus(d_fake).mean()
        if self.penalty_weight:
            (slope,) = torch.autograd.grad(d_real.sum(), x, create_graph=True)
            loss = loss + self.penalty_weight / 2 * slope.square().sum(1).mean()
        d_optimizer.zero_grad()
        loss.backward()
        d_optimizer.step()

        if generator_moves:
            loss = softplus(-D(fake)).mean()
            g_optimizer.zero_grad()
            loss.backward()
            g_optimizer.step()
            with torch.no_grad():
                for average, parameter in zip(
                    self.average.parameters(), G.parameters(), strict=True
                ):
                    average.lerp_(parameter, 0.001)
        self.n_steps += 1

    def teach(self, x: torch.Tensor) -> None:
        """Update the encoder to find the codes of a batch of generated rows."""
        z = torch.randn(len(x), self.n_latent)
        with torch.no_grad():
            fake = self.average(z)
        loss = (self.encoder(fake) - z).square().sum(1).mean()
        self.encoder_optimizer.zero_grad()
        loss.backward()
        self.encoder_optimizer.step()


def plain(network: Any) -> nn.Sequential:
    """A network of torch's own layers with the same sizes."""
    layers: list[nn.Module] = []
    for layer in network:
        kind = type(layer).__name__
        if kind == "Linear":
            layers.append(nn.Linear(*layer.weight.shape[::-1]))
        elif kind == "Convolution":
            layers.append(nn.Conv2d(layer.weight.shape[1], len(layer.weight), 3, 2, 1))
        elif kind == "TransposedConvolution":
            layers.append(nn.ConvTranspose2d(*layer.weight.shape[:2], 4, 2, 1))
        elif kind == "ToImages":
            h, w, channels = layer.shape
            layers.append(nn.Unflatten(1, (channels, h, w)))
        elif kind == "ToRows":
            layers.append(nn.Flatten())
        else:
            layers.append(type(layer)())
    return nn.Sequential(*layers)
