"""Objectives: one update of a module from one batch, and the figures of an epoch."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import reduce
from operator import add
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from .._random import Stream
from .._rows import Rows, mean_over_weighted_rows
from .adam import Adam
from .pace import autocast


class Objective(Protocol):
    """Updates a module from a batch: by back-propagation, contrastive statistics, or a game."""

    @property
    def module(self) -> nn.Module:
        """The module that is trained; ``state_dict`` does not contain its state."""

    def begin_epoch(self, progress: float, stage: int = 0) -> None:
        """Called before an epoch; ``progress`` in (0, 1) is its middle's place in the stage."""

    # Untyped, so that an objective for unweighted rows need not accept weights.
    def step(self, x: Tensor, /, *args: Any, **kwargs: Any) -> dict[str, Tensor]:
        """Update the parameters from one batch ``(x,)``, ``(x, weight)`` or ``(x, weight, label)``.

        Returns named means over the batch, still on the device. ``weight`` is None if rows have
        labels but no weights.
        """

    def measure(self, rows: Rows, held_out: Rows | None) -> dict[str, Tensor]:
        """Return further entries of the epoch's record, still on the device.

        ``"loss"`` comes from here or from ``step``; ``"validation_loss"`` from here, if rows are
        held out.
        """

    def state_dict(self) -> dict[str, Any]:
        """Return all that training changes except the module: optimisers, averages, chains, …

        The tensors themselves, not copies.
        """

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Set the state to what ``state_dict`` returned; the module's is set before."""


class GradientDescent:
    """Back-propagation through the sum of a module's named loss terms.

    Parameters
    ----------
    module : nn.Module
        Has ``losses(x, stream, weights)``, or ``losses(x, stream, weights, labels)`` if rows have
        labels: named terms, each of shape (n_rows,). The mean of their sum is minimised, weighted
        by ``weights`` (None if all rows count the same).
    optimizer : Adam
        Holds the parameters that are trained.
    stream : Stream
        Randomness of the losses. Held-out rows are always measured with the same draws.
    autocast : torch.dtype, optional
        Compute matrix products in this precision; parameters keep their own.
    pace : callable, optional
        Factor of the learning rates as a function of an epoch's progress in (0, 1).
    before_epoch : callable, optional
        Called at the beginning of each epoch, with the module in training mode.
    after_update : callable, optional
        Called after each step of the optimizer, without gradients, for updates that are not made
        by gradients.
    monitor : callable, optional
        Returns named figures of the training rows for an epoch's record.

    Attributes
    ----------
    gradients : str
        Where gradients come from.
    """

    gradients = "autograd"

    def __init__(
        self,
        module: nn.Module,
        optimizer: Adam,
        stream: Stream,
        autocast: torch.dtype | None = None,
        *,
        pace: Callable[[float], float] | None = None,
        before_epoch: Callable[[], None] | None = None,
        after_update: Callable[[], None] | None = None,
        monitor: Callable[[Rows], dict[str, Tensor]] | None = None,
    ) -> None:
        self.module, self.optimizer, self.stream = module, optimizer, stream
        self.autocast, self.pace = autocast, pace
        self.before_epoch, self.after_update, self.monitor = before_epoch, after_update, monitor
        self._losses: Callable[..., dict[str, Tensor]] = module.losses  # type: ignore[assignment]

    def begin_epoch(self, progress: float, stage: int = 0) -> None:
        self.module.train()  # measuring, or a callback, left it in eval mode
        if self.pace is not None:
            self.optimizer.pace = self.pace(progress)
        if self.before_epoch is not None:
            self.before_epoch()

    def step(self, x: Tensor, weight: Tensor | None = None, *label: Tensor) -> dict[str, Tensor]:
        terms = self.differentiate(x, weight, *label)
        self.optimizer.step()
        if self.after_update is not None:
            with torch.no_grad():
                self.after_update()
        return _named(reduce(add, terms.values()), terms)

    def differentiate(self, x: Tensor, weight: Tensor | None, *label: Tensor) -> dict[str, Tensor]:
        """Set the gradients of the batch's mean loss, and return its terms, without gradients."""
        with autocast(x.device, self.autocast), _batches_of_one_named(x):
            terms = {
                name: mean_term(term, weight)
                for name, term in self._losses(x, self.stream, weight, *label).items()
            }
            loss = reduce(add, terms.values())
        self.optimizer.zero_grad()
        loss.backward()
        return {name: term.detach() for name, term in terms.items()}

    def measure(self, rows: Rows, held_out: Rows | None) -> dict[str, Tensor]:
        self.module.eval()
        record = {} if self.monitor is None else self.monitor(rows)
        if held_out is None:
            return record
        stream = Stream(0, self.stream.device)
        names: list[str] = []

        def stacked(x: Tensor, weight: Tensor | None, *label: Tensor) -> Tensor:
            with autocast(x.device, self.autocast):
                terms = self._losses(x, stream, weight, *label)
            names[:] = terms
            return torch.stack(list(terms.values()), dim=1)

        means = mean_over_weighted_rows(stacked, held_out)
        terms = dict(zip(names, means, strict=True))
        named = _named(means.sum(), terms)
        return record | {f"validation_{name}": value for name, value in named.items()}

    def state_dict(self) -> dict[str, Any]:
        return {"optimizer": self.optimizer.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.optimizer.load_state_dict(state["optimizer"])


@contextmanager
def _batches_of_one_named(x: Tensor) -> Iterator[None]:
    """Say what to do where a network of the user's own normalises over a batch of one row."""
    try:
        yield
    except ValueError as error:
        if len(x) > 1 or "more than 1 value per channel" not in str(error):
            raise
        raise ValueError(
            "a network of your own has BatchNorm, which needs two rows or more in a batch, and got "
            "one: give more rows, raise batch_size, or put torch.nn.LayerNorm in its place."
        ) from error


def mean_term(term: Tensor, weight: Tensor | None) -> Tensor:
    """The mean of a loss term over the rows of a batch, weighted unless ``weight`` is None."""
    return term.mean() if weight is None else (weight * term).mean()


def _named(loss: Any, terms: dict[str, Tensor]) -> dict[str, Tensor]:
    """The loss, and its named terms if there are several."""
    return {"loss": loss} | (terms if len(terms) > 1 else {})
