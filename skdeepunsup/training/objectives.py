"""What one update is. The loop above it knows time; the module below it knows the mathematics."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import reduce
from operator import add
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from .._validation import Rows, mean_over_rows


class Objective(Protocol):
    """One update from one batch: by back-propagation, by contrastive statistics, by a game."""

    def begin_epoch(self, progress: float, stage: int = 0) -> None:
        """Hear how far into the fit, or its stage, this epoch's middle is, between 0 and 1."""

    def step(self, x: Tensor) -> dict[str, Tensor]:
        """Update the parameters from one batch; return named means over it, still on the device."""

    def measure(self, rows: Rows, held_out: Rows | None) -> dict[str, Tensor]:
        """What the epoch's record holds beside the means of ``step``, still on the device.

        Either this or ``step`` gives ``"loss"``; this gives ``"validation_loss"`` where rows are
        held out.
        """

    def state_dict(self) -> dict[str, Any]:
        """All that changes while training, tensors as they are, the module's under "module"."""

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take on a state that ``state_dict`` gave."""


class GradientDescent:
    """Back-propagation through the sum of a module's named loss terms.

    Parameters
    ----------
    module : nn.Module
        Has ``losses(x)``: named terms, each of shape (n_rows,), whose sum is lowered.
    optimizer : torch.optim.Optimizer
        Holds the module's parameters.
    autocast : torch.dtype, optional
        Run the products at this precision, the parameters kept at theirs.
    """

    def __init__(
        self,
        module: nn.Module,
        optimizer: torch.optim.Optimizer,
        autocast: torch.dtype | None = None,
    ) -> None:
        self.module, self.optimizer, self.autocast = module, optimizer, autocast
        self._parameters = [p for group in optimizer.param_groups for p in group["params"]]
        self._losses: Callable[[Tensor], dict[str, Tensor]] = module.losses  # type: ignore[assignment]

    def begin_epoch(self, progress: float, stage: int = 0) -> None:
        self.module.train()  # whoever looked at the module between epochs left it in eval mode

    def step(self, x: Tensor) -> dict[str, Tensor]:
        with self._precision(x):
            terms = {name: term.mean() for name, term in self._losses(x).items()}
            loss = reduce(add, terms.values())
        for parameter in self._parameters:  # zero_grad, without its bookkeeping
            parameter.grad = None
        loss.backward()
        self.optimizer.step()
        return _named(loss, terms)

    def measure(self, rows: Rows, held_out: Rows | None) -> dict[str, Tensor]:
        if held_out is None:
            return {}
        self.module.eval()
        names: list[str] = []

        def stacked(x: Tensor) -> Tensor:
            with self._precision(x):
                terms = self._losses(x)
            names[:] = terms
            return torch.stack(list(terms.values()), dim=1)

        means = mean_over_rows(stacked, held_out)
        terms = dict(zip(names, means, strict=True))
        return {f"validation_{k}": v for k, v in _named(means.sum(), terms).items()}

    def state_dict(self) -> dict[str, Any]:
        return {"module": self.module.state_dict(), "optimizer": self.optimizer.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        rates = [group["lr"] for group in self.optimizer.param_groups]
        self.module.load_state_dict(state["module"])
        self.optimizer.load_state_dict(state["optimizer"])
        for group, rate in zip(self.optimizer.param_groups, rates, strict=True):
            group["lr"] = rate  # a fit that goes on may have been given another one

    def _precision(self, x: Tensor) -> AbstractContextManager[Any]:
        if self.autocast is None:
            return nullcontext()
        return torch.autocast(x.device.type, dtype=self.autocast)


def _named(loss: Any, terms: dict[str, Tensor]) -> dict[str, Tensor]:
    """The loss, and its terms by name where it has more than one."""
    named = {"loss": loss} | (terms if len(terms) > 1 else {})
    return {name: value.detach() for name, value in named.items()}
