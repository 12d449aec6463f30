"""Updates of three kinds, one that follows a script, and what watches or disturbs a fit by them."""

import pytest
import torch
from torch import nn

from skdeepunsup._random import Stream
from skdeepunsup._rows import ResidentRows, mean_over_rows
from skdeepunsup.training import Adam, GradientDescent, Schedule, train

X = Stream(0).normal(20, 3) + torch.tensor([1.0, -2.0, 3.0])
ROWS = ResidentRows(X)


class Mean(nn.Module):
    """θ, as near to the rows as can be."""

    def __init__(self):
        super().__init__()
        self.theta = nn.Parameter(torch.zeros(3))

    def losses(self, x, stream, weights=None):
        return {"distance": (x - self.theta).square().sum(-1)}


def back_propagation():
    module = Mean()
    return GradientDescent(module, Adam((module.parameters(), 0.1)), Stream(0))


class Statistics:
    """θ follows the batches' means: an update that no gradient gives."""

    def __init__(self):
        self.module = Mean().requires_grad_(False)
        self.theta = self.module.theta

    def begin_epoch(self, progress, stage=0):
        self.rate = 0.3 * (1 - progress) + 0.01

    def step(self, x):
        self.theta.lerp_(x.mean(0), self.rate)
        return {}

    def measure(self, rows, held_out):
        record = {"loss": mean_over_rows(self._distance, rows)}
        if held_out is not None:
            record["validation_loss"] = mean_over_rows(self._distance, held_out)
        return record

    def _distance(self, x):
        return (x - self.theta).square().sum(-1)

    def state_dict(self):
        return {}

    def load_state_dict(self, state):
        pass


class Game:
    """Two players, each with an optimiser and a loss of its own.

    A critic finds the direction φ in which θ is off the rows; θ moves against it.
    """

    def __init__(self):
        self.module = nn.ParameterDict({"theta": torch.zeros(3), "phi": torch.zeros(3)})
        self.theta, self.phi = self.module["theta"], self.module["phi"]
        self.players = (
            torch.optim.SGD([self.theta], lr=0.05),
            Adam(([self.phi], 0.5)),
        )

    def begin_epoch(self, progress, stage=0):
        pass

    def step(self, x):
        generator, critic = self.players
        gap = x.mean(0) - self.theta
        critic_loss = self._update(critic, (self.phi - gap.detach()).square().sum())
        generator_loss = self._update(generator, gap @ self.phi.detach())
        return {
            "loss": gap.detach().square().sum(),
            "generator_loss": generator_loss,
            "critic_loss": critic_loss,
        }

    @staticmethod
    def _update(player, loss):
        player.zero_grad()
        loss.backward()
        player.step()
        return loss.detach()

    def measure(self, rows, held_out):
        if held_out is None:
            return {}
        return {"validation_loss": (held_out.mean() - self.theta.detach()).square().sum()}

    def state_dict(self):
        return {"players": [player.state_dict() for player in self.players]}

    def load_state_dict(self, state):
        for player, stored in zip(self.players, state["players"], strict=True):
            player.load_state_dict(stored)


KINDS = {"back-propagation": back_propagation, "statistics": Statistics, "game": Game}
any_kind = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS.keys())


def theta_of(objective):
    return objective.module.get_parameter("theta").detach().clone()


def run(objective, epochs, *, batch_size=6, held_out=None, observer=None, rows=ROWS, **schedule):
    history = {}
    train(
        objective,
        rows,
        Schedule(epochs, batch_size, **schedule),
        Stream(0),
        history=history,
        held_out=held_out,
        observer=observer,
    )
    return history


class Scripted:
    """θ counts the steps; the losses are those of the script, one an epoch."""

    def __init__(self, losses, name="loss"):
        self.losses, self.name = iter(losses), name
        self.module = nn.Module()  # θ is the objective's own
        self.theta, self.epoch, self.seen, self.progress = torch.zeros(1), 0, [], []

    def begin_epoch(self, progress, stage=0):
        self.epoch += 1
        self.seen.append([])
        self.progress.append(progress)

    def step(self, x):
        self.theta += 1
        self.seen[-1].append(x)
        return {}

    def measure(self, rows, held_out):
        return {"loss": torch.tensor(0.0)} | {self.name: torch.tensor(float(next(self.losses)))}

    def state_dict(self):
        return {"theta": self.theta}

    def load_state_dict(self, state):
        self.theta.copy_(state["theta"])


STEPS = 4
"""Batches of an epoch of ROWS, by 6: of 6, 6, 6 and 2 rows."""


class Watcher:
    """An observer that acts at the end of one epoch, or in its beginning."""

    def __init__(self, act=None, epoch=None):
        self.act, self.epoch, self.events = act, epoch, []

    def begin_epoch(self):
        self.events.append("begin")

    def end_epoch(self, record):
        self.events.append(record["loss"])
        return self.act() if len(self.events) == 2 * (self.epoch or 0) else False


def raiser(error):
    def act(*args):
        raise error

    return act


def interrupt_in_epoch(objective, epoch, error, after_steps=2):
    """Let ``objective.step`` raise in the middle of an epoch, after it has changed something."""
    plain, steps = objective.step, iter(range(10**6))

    def step(x):
        result = plain(x)
        if next(steps) == (epoch - 1) * STEPS + after_steps:
            raise error
        return result

    objective.step = step
    return objective
