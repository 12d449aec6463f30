"""One update of the game, and the stage after it that trains the encoder."""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from ..._random import Stream
from ..._rows import Rows
from ...training import Adam, GradientDescent, autocast, follow, linear_pace
from ..modules.base import AdversarialModule, weighted
from .games import one_lipschitz, r1
from .spectral import SpectralNorm


class TwoPlayers:
    """Updates the discriminator at each batch, and its opponents at every ``n_critic``-th.

    Both use the same generated rows, detached for the discriminator, whose parameters get no
    gradients while the opponents move.

    Parameters
    ----------
    module : AdversarialModule
        Both players.
    stream : Stream
        Draws all that is random.
    rates : (float, float)
        Learning rates of the discriminator and of its opponents.
    decay : bool
        Whether the rates fall linearly to 1 % over the second half of the game.
    n_critic : int
        Moves of the discriminator for each of its opponents.
    penalty : {"r1", "one-lipschitz"} or None
        Penalty on the discriminator's slopes.
    penalty_weight : float
        Weight of the penalty.
    penalty_interval : int
        Moves of the discriminator from one penalty to the next, which is weighted by as much more.
    spectral_norm : bool
        Whether the discriminator's weights are divided by their spectral norms.
    averaging : float
        Share of itself that the average generator keeps at each move of the generator, less during
        the first moves.
    autocast : torch.dtype, optional
        Precision of the products, if it is not that of the parameters.
    monitor : callable, optional
        Maps held-out rows to figures for the record of an epoch.
    """

    def __init__(
        self,
        module: AdversarialModule,
        stream: Stream,
        *,
        rates: tuple[float, float],
        decay: bool,
        n_critic: int,
        penalty: str | None,
        penalty_weight: float,
        penalty_interval: int,
        spectral_norm: bool,
        averaging: float,
        autocast: torch.dtype | None,
        monitor: Callable[[Rows], dict[str, Any]] | None = None,
    ) -> None:
        self.module, self.stream, self.rates, self.decay = module, stream, rates, decay
        self.n_critic, self.averaging = n_critic, averaging
        self.penalty = penalty
        self.penalty_weight, self.penalty_interval = penalty_weight, penalty_interval
        self.spectral = SpectralNorm(module.discriminator) if spectral_norm else None
        self.autocast, self.monitor = autocast, monitor
        self.critics = list(module.discriminator.parameters())
        self.opponents = module.opponents()
        self.averages = list(module.average.parameters())
        self.averaged = list(module.generator.parameters())
        self.optimizers = [
            Adam((parameters, rate), betas=(0.5, 0.999))
            for parameters, rate in zip((self.critics, self.opponents), rates, strict=True)
        ]
        self.n_updates = 0
        self.halves, self.counts = torch.zeros_like(module.middle), torch.zeros_like(module.middle)
        self.last_loss = torch.zeros((), device=stream.device)

    def begin_epoch(self, progress: float, stage: int = 0) -> None:
        self.module.train()
        self.halves.zero_()
        self.counts.zero_()
        for optimizer in self.optimizers:
            optimizer.pace = linear_pace(progress) if self.decay else 1.0

    def step(
        self, x: Tensor, weight: Tensor | None = None, label: Tensor | None = None
    ) -> dict[str, Tensor]:
        opponents_move = self.n_updates % self.n_critic == 0
        with autocast(self.stream.device, self.autocast), torch.set_grad_enabled(opponents_move):
            real = self.module.real(x)
            fake = self.module.fake(self.module.draw_codes(len(x), self.stream, label))
        loss = self._move_discriminator(real.detach(), fake.detach(), weight, label)
        if opponents_move:
            self.last_loss = self._move_opponents(real, fake, weight, label)
        self.n_updates += 1
        return {"loss": self.last_loss, "generator": self.last_loss, "discriminator": loss}

    def _move_discriminator(
        self, real: Tensor, fake: Tensor, weight: Tensor | None, label: Tensor | None
    ) -> Tensor:
        game = self.module.game
        d_real, d_fake, penalties = self._judgement(real, fake, label)
        # Generated rows of a class get its weight too, or the critic would only learn the weights.
        of_fakes = weight if label is not None else None
        loss = (weighted(game.real(d_real), weight) + weighted(game.fake(d_fake), of_fakes)).mean()
        cost = loss
        if penalties is not None:
            strength = self.penalty_weight * self.penalty_interval
            cost = loss + strength * weighted(penalties, weight).mean()
        _descend(self.optimizers[0], cost)
        with torch.no_grad():
            places = torch.zeros_like(d_real, dtype=torch.long) if label is None else label
            halves = (weighted(d_real, weight) + weighted(d_fake, of_fakes)) / 2
            self.halves.index_add_(0, places, halves)
            self.counts.index_add_(0, places, weighted(torch.ones_like(d_real), weight))
        return loss.detach()

    def _judgement(
        self, real: Tensor, fake: Tensor, label: Tensor | None
    ) -> tuple[Tensor, Tensor, Tensor | None]:
        """Return D's logits of real and of generated rows, and the penalties if they are due."""
        due = self.penalty is not None and self.n_updates % self.penalty_interval == 0
        radius = math.sqrt(real.shape[1])  # of the data, whose features have unit variance
        with autocast(self.stream.device, self.autocast):
            if due and self.penalty == "r1":
                points = (real / radius).requires_grad_()
                d_real, d_fake = self._judge(points * radius, label), self._judge(fake, label)
                return d_real, d_fake, r1(d_real, points)
            both = None if label is None else label.repeat(2)
            d_real, d_fake = self._judge(torch.cat([real, fake]), both).chunk(2)
            if not due:
                return d_real, d_fake, None
            share = self.stream.uniform((len(real), 1)).to(real)
            points = ((share * real + (1 - share) * fake) / radius).requires_grad_()
            return d_real, d_fake, one_lipschitz(self._judge(points * radius, label), points)

    def _move_opponents(
        self, real: Tensor, fake: Tensor, weight: Tensor | None, label: Tensor | None
    ) -> Tensor:
        self._let_critics_learn(False)
        try:
            with autocast(self.stream.device, self.autocast):
                d = self._judge(self.module.opponents_show(real, fake), label)
            loss = self.module.opponents_lose(d, weight).mean()
            _descend(self.optimizers[1], loss)
        finally:
            self._let_critics_learn(True)
        moves = self.n_updates // self.n_critic
        with torch.no_grad():
            follow(self.averages, self.averaged, self.averaging, moves)
        return loss.detach()

    def _let_critics_learn(self, learn: bool) -> None:
        for parameter in self.critics:
            parameter.requires_grad_(learn)

    def _judge(self, seen: Tensor, label: Tensor | None) -> Tensor:
        """Return D's logit of each row, for its class if it has one."""
        network = self.module.discriminator if self.spectral is None else self.spectral
        d = network(seen).to(self.module.center.dtype)
        return (d if label is None else d.gather(1, label[:, None])).squeeze(1)

    def measure(self, rows: Rows, held_out: Rows | None) -> dict[str, Any]:
        self.module.eval()
        if self.spectral is not None:
            self.spectral.bake()
        seen = self.counts > 0
        self.module.middle[seen] = self.halves[seen] / self.counts[seen]
        return {} if held_out is None or self.monitor is None else self.monitor(held_out)

    def state_dict(self) -> dict[str, Any]:
        return {
            "optimizers": [optimizer.state_dict() for optimizer in self.optimizers],
            "spectral": {} if self.spectral is None else self.spectral.state_dict(),
            "n_updates": self.n_updates,
            "last_loss": self.last_loss,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        for optimizer, stored in zip(self.optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(stored)
        if self.spectral is not None and state["spectral"]:
            self.spectral.load_state_dict(state["spectral"])
        self.n_updates = state["n_updates"]
        self.last_loss = state["last_loss"].to(self.last_loss.device)


def _descend(optimizer: Adam, loss: Tensor) -> None:
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


class GameThenEncoder:
    """Trains in two stages: the game, then the encoder on generated rows.

    The record of an epoch has its ``"stage"``, 0 or 1.

    Parameters
    ----------
    game : TwoPlayers
    encoding : GradientDescent
        On the same module, of the encoder alone.
    """

    def __init__(self, game: TwoPlayers, encoding: GradientDescent) -> None:
        self.game, self.encoding, self.stage = game, encoding, 0
        self.module = game.module

    def begin_epoch(self, progress: float, stage: int = 0) -> None:
        self.stage = stage
        (self.encoding if stage else self.game).begin_epoch(progress)

    def step(self, x: Tensor, *marks: Tensor | None) -> dict[str, Tensor]:
        if self.stage == 0:
            return self.game.step(x, *marks)
        record = self.encoding.step(x)  # which uses only the number of rows
        return {"encoder": record["loss"]} | record

    def measure(self, rows: Rows, held_out: Rows | None) -> dict[str, Any]:
        record = (self.encoding if self.stage else self.game).measure(rows, held_out)
        return record | {"stage": torch.tensor(float(self.stage))}

    def state_dict(self) -> dict[str, Any]:
        return self.game.state_dict() | {"encoder": self.encoding.state_dict()["optimizer"]}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.game.load_state_dict(state)
        self.encoding.load_state_dict({"optimizer": state["encoder"]})
