"""What one update is. The loop above it knows time; the module below it knows the mathematics."""

from collections.abc import Callable
from functools import reduce
from operator import add
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from .._random import Stream
from .._rows import Rows, mean_over_weighted_rows
from .pace import autocast


class Objective(Protocol):
    """One update from one batch: by back-propagation, by contrastive statistics, by a game."""

    @property
    def module(self) -> nn.Module:
        """What is trained; its state is its own, and no part of the objective's."""

    def begin_epoch(self, progress: float, stage: int = 0) -> None:
        """Hear how far into the fit, or its stage, this epoch's middle is, between 0 and 1."""

    # Arguments of any make, so that an update of unweighted rows need not know of weights.
    def step(self, x: Tensor, /, *args: Any, **kwargs: Any) -> dict[str, Tensor]:
        """Update the parameters from one batch; return named means over it, still on the device.

        Where the rows bear weights, those of the batch come second; where they bear labels, these
        come third, after the weights or None.
        """

    def measure(self, rows: Rows, held_out: Rows | None) -> dict[str, Tensor]:
        """What the epoch's record holds beside the means of ``step``, still on the device.

        Either this or ``step`` gives ``"loss"``; this gives ``"validation_loss"`` where rows are
        held out.
        """

    def state_dict(self) -> dict[str, Any]:
        """All that changes in training beside the module: optimisers, averages, chains, …

        Tensors as they are, not copies of them.
        """

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take on a state that ``state_dict`` gave; the module has its own already."""


class GradientDescent:
    """Back-propagation through the sum of a module's named loss terms.

    Parameters
    ----------
    module : nn.Module
        Has ``losses(x, stream, weights)``: named terms, each of shape (n_rows,); the mean of their
        sum, by the ``weights`` (None if all rows count alike), is lowered. Where rows bear labels,
        it is given those as well.
    optimizer : torch.optim.Optimizer
        Holds the module's parameters.
    stream : Stream
        Whatever the losses draw. Held-out rows are always measured with the same draws.
    autocast : torch.dtype, optional
        Run the products at this precision, the parameters kept at theirs.
    pace : callable, optional
        Gives the share of the learning rates that is left, by how far into the fit an epoch is.
    before_epoch : callable, optional
        Called at the beginning of each epoch, the module in training mode.
    after_update : callable, optional
        Called after each step of the optimizer, without gradients: what the module owes that no
        gradient gives.
    monitor : callable, optional
        Gives named figures of the training rows for the record of an epoch.
    """

    def __init__(
        self,
        module: nn.Module,
        optimizer: torch.optim.Optimizer,
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
        self._rates = [group["lr"] for group in optimizer.param_groups]
        self.before_epoch, self.after_update, self.monitor = before_epoch, after_update, monitor
        self._parameters = [p for group in optimizer.param_groups for p in group["params"]]
        self._losses: Callable[..., dict[str, Tensor]] = module.losses  # type: ignore[assignment]

    def begin_epoch(self, progress: float, stage: int = 0) -> None:
        self.module.train()  # whoever looked at the module between epochs left it in eval mode
        if self.pace is not None:
            for group, rate in zip(self.optimizer.param_groups, self._rates, strict=True):
                group["lr"] = rate * self.pace(progress)
        if self.before_epoch is not None:
            self.before_epoch()

    def step(self, x: Tensor, weight: Tensor | None = None, *label: Tensor) -> dict[str, Tensor]:
        with autocast(x.device, self.autocast):
            terms = {
                name: term.mean() if weight is None else (weight * term).mean()
                for name, term in self._losses(x, self.stream, weight, *label).items()
            }
            loss = reduce(add, terms.values())
        for parameter in self._parameters:  # zero_grad, without its bookkeeping
            parameter.grad = None
        loss.backward()
        self.optimizer.step()
        if self.after_update is not None:
            with torch.no_grad():
                self.after_update()
        return _named(loss, terms)

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
        for group, rate in zip(self.optimizer.param_groups, self._rates, strict=True):
            group["lr"] = rate  # a fit that goes on may have been given another one


def _named(loss: Any, terms: dict[str, Tensor]) -> dict[str, Tensor]:
    """The loss, and its terms by name where it has more than one."""
    named = {"loss": loss} | (terms if len(terms) > 1 else {})
    return {name: value.detach() for name, value in named.items()}
