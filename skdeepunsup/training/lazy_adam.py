"""Adam of tables with many rows, of which an update changes a few."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from .adam import EPSILON, Adam


class LazyTable:
    """A parameter of which an update by `LazyAdam` changes the rows that have a gradient.

    Parameters
    ----------
    parameter : nn.Parameter
    by_columns : bool, default=False
        Whether the rows of the table are the columns of the parameter, which is laid out so that
        they are contiguous.

    Attributes
    ----------
    values : Tensor of shape (n_rows, …)
        The table.
    means, squares : Tensor
        m and v of Adam, in the layout of the parameter.
    updated : Tensor of int64, of shape (n_rows,)
        The number of the update up to which a row has decayed.
    """

    def __init__(self, parameter: nn.Parameter, by_columns: bool = False) -> None:
        self._by_columns = by_columns
        self.values = self._table(parameter.detach())
        self.means, self.squares = torch.zeros_like(parameter), torch.zeros_like(parameter)
        self.updated = torch.zeros(len(self.values), dtype=torch.int64, device=parameter.device)
        self._received: tuple[Tensor, Tensor] | None = None

    def _table(self, t: Tensor) -> Tensor:
        return t.T if self._by_columns else t

    def receive(self, rows: Tensor, gradient: Tensor) -> None:
        """Take the gradient of the given rows, shape (len(rows), …); each occurs once."""
        self._received = rows, gradient

    def take_update(self, n_updates: int, pace: float, decay: float) -> None:
        """Update the rows whose gradient was received: the fused kernel on copies of them."""
        assert self._received is not None
        (rows, gradient), self._received = self._received, None
        tables = self.values, self._table(self.means), self._table(self.squares)
        value, mean, square = (table.index_select(0, rows) for table in tables)
        if decay:
            self._shrink(value, n_updates - 1 - self.updated[rows], pace * decay)
            self.updated[rows] = n_updates
        torch._fused_adamw_(
            [value],
            [gradient],
            [mean],
            [square],
            [],
            [torch.full((), float(n_updates), device=value.device)],
            lr=pace,
            beta1=0.9,
            beta2=0.999,
            weight_decay=decay,
            eps=EPSILON,
            amsgrad=False,
            maximize=False,
        )
        for table, part in zip(tables, (value, mean, square), strict=True):
            table.index_copy_(0, rows, part)

    def catch_up(self, n_updates: int, decay: float) -> None:
        """Let all rows decay up to the last update."""
        self._shrink(self.values, n_updates - self.updated, decay)
        self.updated.fill_(n_updates)

    @staticmethod
    def _shrink(values: Tensor, times: Tensor, decay: float) -> None:
        factors = (1 - decay) ** times.to(values.dtype)
        values.mul_(factors.view(-1, *[1] * (values.dim() - 1)))


class LazyAdam(Adam):
    """Adam in which a row of a table takes part only in updates for which it has a gradient.

    Adam moves every parameter at each update, since its mean gradient m is rarely 0. Here a row
    without a gradient keeps its value and moments, as with ``torch.optim.SparseAdam``, so that an
    update takes the time of the rows at hand. The weight decay of the updates in between is made up
    for in one factor, (1 − α λ)ᵏ after k of them.

    Parameters
    ----------
    tables : sequence of LazyTable
        Each receives a gradient for each update.
    others : sequence of nn.Parameter
        Parameters that Adam updates.
    rate : float
        Learning rate α.
    weight_decay : float, default=0.0
        λ: an update subtracts α λ θ from θ, as in AdamW.
    """

    def __init__(
        self,
        tables: Sequence[LazyTable],
        others: Sequence[nn.Parameter],
        rate: float,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__((others, rate), weight_decay=weight_decay, decoupled=True)
        self.tables, self._rate = tables, rate
        self._count = 0

    @torch.no_grad()
    def step(self) -> None:
        """Make one update, of those rows of tables that have received a gradient."""
        super().step()
        self._count += 1
        for table in self.tables:
            table.take_update(self._count, self.pace * self._rate, self.weight_decay)

    @torch.no_grad()
    def catch_up(self) -> None:
        """Let all rows decay as often as there have been updates."""
        if self.weight_decay:
            for table in self.tables:
                table.catch_up(self._count, self.pace * self._rate * self.weight_decay)

    def state_dict(self) -> dict[str, Any]:
        """All moments and counts, after ``catch_up``; the tensors themselves, not copies."""
        moments = [(table.means, table.squares) for table in self.tables]
        return super().state_dict() | {"tables": moments, "count": self._count}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Set them; raises ValueError if they are not those of parameters like these."""
        own, given = self.state_dict()["tables"], state.get("tables", [])
        if [t.shape for pair in own for t in pair] != [t.shape for pair in given for t in pair]:
            raise ValueError("the state is not that of these parameters.")
        super().load_state_dict(state)
        for table, (means, squares) in zip(self.tables, given, strict=True):
            table.means.copy_(means)
            table.squares.copy_(squares)
            table.updated.fill_(state["count"])
        self._count = state["count"]
