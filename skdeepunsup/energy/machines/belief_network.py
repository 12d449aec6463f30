"""Directed layers below a restricted Boltzmann machine: the deep belief network."""

import copy
from itertools import pairwise
from typing import Any, Self

import torch
from torch import Tensor, nn

from ..._persistence import RecordedModule
from ..._products import affine
from ..._random import Stream
from ..._scaling import Scaling
from ..units.base import Units
from ..units.coding import Coding
from .restricted import RestrictedBoltzmannMachine


class BeliefNetwork(RecordedModule):
    """p(v, h¹, …, hᴸ) = p(v | h¹) ⋯ p(hᴸ⁻² | hᴸ⁻¹) p(hᴸ⁻¹, hᴸ): the last factor is undirected.

    Each layer l is a restricted machine with weights Wₗ. The top one is p(hᴸ⁻¹, hᴸ). The machines
    below it give conditionals only: p(hˡ⁻¹ | hˡ) downwards, by Wₗ and a, and q(hˡ | hˡ⁻¹) upwards,
    an approximate posterior, by the recognition weights Rₗ and b. Rₗ is Wₗ unless they are untied.

    Parameters
    ----------
    n_features : int
        Columns of the data.
    hidden_layer_sizes : tuple of int
        Units of h¹, …, hᴸ.
    visible_units : {"bernoulli", "gaussian", "categorical"}, default="bernoulli"
    depth : int, default=None
        Which layer is the code, from 1; None takes the last.
    fine_tuning : {None, "up-down"}, default=None
        "up-down" unties Rₗ, which then are set to Wₗ only by ``tie_``.
    **options : Any
        Options of the visible units. All parameters start at zero.

    Attributes
    ----------
    layers : ModuleList of RestrictedBoltzmannMachine
        From the bottom up.
    recognition : ParameterList
        Rₗ of the layers below the top if untied; else empty.
    n_components : int
        Width of the code.
    """

    def __init__(
        self,
        n_features: int,
        hidden_layer_sizes: tuple[int, ...],
        visible_units: str = "bernoulli",
        depth: int | None = None,
        fine_tuning: str | None = None,
        **options: Any,
    ) -> None:
        super().__init__()
        bottom = RestrictedBoltzmannMachine(
            n_features, hidden_layer_sizes[0], visible_units, **options
        )
        upper = [RestrictedBoltzmannMachine(*sizes) for sizes in pairwise(hidden_layer_sizes)]
        self.layers: Any = nn.ModuleList([bottom, *upper])
        untied = self.directed if fine_tuning == "up-down" else []
        self.recognition: Any = nn.ParameterList(
            nn.Parameter(torch.zeros_like(machine.W), requires_grad=False) for machine in untied
        )
        self.depth = len(hidden_layer_sizes) if depth is None else depth
        self.n_components = hidden_layer_sizes[self.depth - 1]

    @property
    def visible(self) -> Units:
        """The units that hold the data."""
        return self.layers[0].visible

    @property
    def coding(self) -> Coding:
        """How rows of data become visible states."""
        return self.visible.coding

    @property
    def scaling(self) -> Scaling | None:
        """The units of the data in which Gaussian v are; None for other units."""
        return self.layers[0].scaling

    @property
    def top(self) -> RestrictedBoltzmannMachine:
        """The undirected machine."""
        return self.layers[-1]

    @property
    def directed(self) -> list[RestrictedBoltzmannMachine]:
        """The machines below the top, of which only the conditionals are used."""
        return list(self.layers)[:-1]

    @torch.no_grad()
    def tie_(self) -> None:
        """Rₗ ← Wₗ."""
        for R, machine in zip(self.recognition, self.directed, strict=False):
            R.copy_(machine.W)

    def recognition_weights(self, layer: int) -> Tensor:
        """Rₗ."""
        untied = layer < len(self.recognition)
        return self.recognition[layer] if untied else self.layers[layer].W

    def hidden_input(self, layer: int, u: Tensor) -> Tensor:
        """t(u)ᵀRₗ + b: the input of a layer from ``u``, a state of the layer below it."""
        machine = self.layers[layer]
        return affine(machine.visible.statistic(u), self.recognition_weights(layer), machine.b)

    def mean_up(self, layer: int, u: Tensor) -> Tensor:
        """E_q[hˡ | hˡ⁻¹ = u]."""
        return self.layers[layer].hidden.mean(self.hidden_input(layer, u))

    def sample_up(self, layer: int, u: Tensor, stream: Stream) -> Tensor:
        """Draw hˡ from q given hˡ⁻¹ = u."""
        return self.layers[layer].hidden.sample(self.hidden_input(layer, u), stream)

    def activities(self, rows: Tensor) -> list[Tensor]:
        """Mean activities of h¹, …, hᴸ, each given the means below it."""
        u, means = self.coding.to_states(rows), []
        for layer in range(len(self.layers)):
            u = self.mean_up(layer, u)
            means.append(u)
        return means

    def encode(self, rows: Tensor) -> Tensor:
        """Mean activities at ``depth``."""
        u = self.coding.to_states(rows)
        for layer in range(self.depth):
            u = self.mean_up(layer, u)
        return u

    def decode(self, h: Tensor) -> Tensor:
        """The way down from ``depth``: the mean of each layer, given the means above it."""
        for machine in reversed(self.layers[: self.depth]):
            h = machine.visible.mean(machine.visible_input(h))
        return self.coding.to_rows(h)

    def sample(self, n: int, n_steps: int, stream: Stream) -> Tensor:
        """Draw ``n`` states of v: ``n_steps`` Gibbs sweeps of the top machine, one pass down."""
        u = self.top.gibbs(self.top.sample_base(n, stream), stream, n_steps)
        for machine in reversed(self.directed):
            u = machine.sample_visible(u, stream)
        return u

    def in_double(self) -> Self:
        """A copy with float64 parameters on the CPU, for figures that must be exact."""
        return copy.deepcopy(self).cpu().double()  # in this order: MPS has no float64
