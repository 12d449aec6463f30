"""Layer by layer: each restricted machine learns from the activities of the layer below."""

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor

from ..._random import Stream
from ..._rows import CHUNK_ROWS, Rows
from ..machines.belief_network import BeliefNetwork
from .contrastive import ContrastiveDivergence
from .start import start_above
from .up_down import UpDown


class RowsAbove(Rows):
    """Rows of data as mean activities of the visible units of one of a network's layers.

    Parameters
    ----------
    rows : Rows
        Rows of data.
    network : BeliefNetwork
    layer : int
        The layer, whose machine's visible units are meant; 0 gives the data themselves.
    """

    def __init__(self, rows: Rows, network: BeliefNetwork, layer: int) -> None:
        self.rows, self.network, self.layer = rows, network, layer
        self.n_features = network.layers[layer].visible.n_units
        self.index_device = rows.index_device

    def __len__(self) -> int:
        return len(self.rows)

    def take(self, ids: Tensor) -> Tensor:
        return self._up(self.rows.take(ids))

    def _select(self, ids: Tensor) -> "RowsAbove":
        return RowsAbove(self.rows.select(ids), self.network, self.layer)

    def chunks(self, size: int = CHUNK_ROWS) -> Iterator[Tensor]:
        yield from map(self._up, self.rows.chunks(size))

    def _up(self, rows: Tensor) -> Tensor:
        u = self.network.coding.to_states(rows) if self.layer else rows
        for layer in range(self.layer):
            u = self.network.mean_up(layer, u)
        return u


class LayerByLayer:
    """A stage for each layer, with those below fixed; then, optionally, one for all together.

    A layer learns from bits that the layers below draw anew for each batch. So a gain in its
    machine's likelihood of these bits is a gain of the bound on the network's. A stage starts from
    parameters that the layer below suggests, and with chains at the hidden states of its first
    batch.

    Parameters
    ----------
    network : BeliefNetwork
        The network to train, with the first parameters of its bottom layer.
    stream : Stream
        All randomness.
    learner : callable
        ``learner(layer)`` makes the learning rule of a layer's machine from its present parameters.
        Above the bottom the rule takes probabilities and draws bits.
    fine_tuner : callable, optional
        ``fine_tuner()`` makes the learning rule of the whole network.
    resample : bool
        Whether the data are probabilities from which each batch is drawn anew.
    """

    def __init__(
        self,
        network: BeliefNetwork,
        stream: Stream,
        *,
        learner: Callable[[int], ContrastiveDivergence],
        fine_tuner: Callable[[], UpDown] | None = None,
        resample: bool = False,
    ) -> None:
        self.module, self.stream = network, stream
        self.learner, self.fine_tuner, self.resample = learner, fine_tuner, resample
        self.n_layers = len(network.layers)
        self.stages: list[Any] = [learner(layer) for layer in range(self.n_layers)]
        if fine_tuner is not None:
            self.stages.append(fine_tuner())
        self.stage, self.begun, self.is_fresh = 0, 1, False

    def begin_epoch(self, progress: float, stage: int = 0) -> None:
        while self.begun <= stage:
            self._begin(self.begun)
            self.begun += 1
        self.stage = stage
        self.stages[stage].begin_epoch(progress)

    def _begin(self, stage: int) -> None:
        """Set the first parameters of a stage from the stage before."""
        before = self.stages[stage - 1]
        if stage < self.n_layers:
            below, machine = self.module.layers[stage - 1 : stage + 1]
            start_above(machine, below, before.activity, self.stream)
            self.module.tie_()
            self.stages[stage], self.is_fresh = self.learner(stage), True
        elif self.fine_tuner is not None:
            self.stages[stage] = self.fine_tuner()
            self.stages[stage].top.load_state_dict(before.state_dict())  # its chains continue

    @torch.no_grad()
    def step(self, x: Tensor) -> dict[str, Tensor]:
        if 0 < self.stage < self.n_layers:
            x = self._arriving(x)
        if self.is_fresh:
            self.stages[self.stage].start_chains(x)
            self.is_fresh = False
        return self.stages[self.stage].step(x)

    def _arriving(self, x: Tensor) -> Tensor:
        """Probabilities of the bits that the trained layer sees, given draws of all below."""
        u = self.module.coding.to_states(x)
        u = self.stream.bernoulli(u) if self.resample else u
        for layer in range(self.stage - 1):
            u = self.module.sample_up(layer, u, self.stream)
        return self.module.mean_up(self.stage - 1, u)

    def measure(self, rows: Rows, held_out: Rows | None) -> dict[str, Tensor]:
        """Figures of the trained machine, and its ``"layer"``: 1 for the lowest, 0 for all."""
        greedy = self.stage < self.n_layers
        if greedy:
            self.module.tie_()
        layer = min(self.stage, self.n_layers - 1)
        seen, held = (
            None if part is None else RowsAbove(part, self.module, layer)
            for part in (rows, held_out)
        )
        assert seen is not None
        record = self.stages[self.stage].measure(seen, held)
        return record | {"layer": torch.tensor(float(layer + 1 if greedy else 0))}

    @property
    def n_sweeps(self) -> int:
        """Sweeps of a layer's chains."""
        return self.stages[0].n_sweeps

    def watched(self, rows: Rows) -> tuple[Any, Rows] | None:
        """The machine of the layer in training, and the rows that arrive there."""
        above = RowsAbove(rows, self.module, min(self.stage, self.n_layers - 1))
        return self.stages[self.stage].watched(above)

    def as_trained(self, x: Tensor) -> Tensor:
        """Rows as the layer in training takes them."""
        return self.stages[self.stage].as_trained(x)

    def state_dict(self) -> dict[str, Any]:
        return {"begun": self.begun, "stages": [stage.state_dict() for stage in self.stages]}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.begun = state["begun"]
        for stage, stored in zip(self.stages, state["stages"], strict=False):
            stage.load_state_dict(stored)
