"""The objective of clusterers, whose targets are the assignments of all rows."""

from typing import Any

from torch import Tensor

from ..._rows import Rows
from ...training import GradientDescent
from .module import ClusterModule


class ClusterDescent(GradientDescent):
    """Back-propagation towards assignments that are made anew after each epoch."""

    module: ClusterModule

    def measure(self, rows: Rows, held_out: Rows | None) -> dict[str, Tensor]:
        self.module.eval()
        return self.module.refresh(rows)

    def state_dict(self) -> dict[str, Any]:
        return super().state_dict() | {"assignments": self.module.assignments}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        super().load_state_dict(state)
        if "assignments" in state:  # which the end of a fit drops
            self.module.assignments = state["assignments"].to(self.module.assignments)
