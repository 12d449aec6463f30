"""Two layers of units tied by weights: the energy, and what follows from it."""

import copy
from typing import Any

import torch
from torch import Tensor, nn

from .._products import affine
from .._random import Stream
from .units import Bernoulli, Units


class RestrictedBoltzmannMachine(nn.Module):
    """E(v, h) = −aᵀv − bᵀh − vᵀWh, and p(v, h) = exp(−E(v, h)) / Z.

    Parameters
    ----------
    n_features : int
        Visible units, n_visible below.
    n_components : int
        Hidden units, n_hidden below. All parameters start at zero.

    Attributes
    ----------
    W : Tensor of shape (n_visible, n_hidden)
        Weights.
    a : Tensor of shape (n_visible,)
        Visible biases.
    b : Tensor of shape (n_hidden,)
        Hidden biases.
    a0 : Tensor of shape (n_visible,)
        Visible biases of the machine without weights that log Z is reached from; not trained.
    visible, hidden : Units
        The kinds of unit.
    """

    visible: Units = Bernoulli()
    hidden: Units = Bernoulli()

    def __init__(self, n_features: int, n_components: int) -> None:
        super().__init__()
        self.n_components = n_components
        self.arguments: dict[str, Any] = {"n_features": n_features, "n_components": n_components}
        self.W = nn.Parameter(torch.zeros(n_features, n_components), requires_grad=False)
        self.a = nn.Parameter(torch.zeros(n_features), requires_grad=False)
        self.b = nn.Parameter(torch.zeros(n_components), requires_grad=False)
        self.a0: Tensor
        self.register_buffer("a0", torch.zeros(n_features))

    def hidden_input(self, v: Tensor) -> Tensor:
        """vᵀW + b for each row of ``v``."""
        return affine(v, self.W, self.b)

    def visible_input(self, h: Tensor) -> Tensor:
        """Wh + a for each row of ``h``."""
        return affine(h, self.W.T, self.a)

    def encode(self, v: Tensor) -> Tensor:
        """E[h | v]."""
        return self.hidden.mean(self.hidden_input(v))

    def decode(self, h: Tensor) -> Tensor:
        """E[v | h]."""
        return self.visible.mean(self.visible_input(h))

    def energy(self, v: Tensor, h: Tensor) -> Tensor:
        """−aᵀv − bᵀh − vᵀWh for each pair of rows."""
        return -(v @ self.a) - h @ self.b - ((v @ self.W) * h).sum(-1)

    def free_energy(self, v: Tensor) -> Tensor:
        """F(v) = −log Σₕ exp(−E(v, h)) = −aᵀv − Σⱼ log(1 + exp(vᵀW + b)ⱼ) for binary h."""
        return -(v @ self.a) - self.hidden.log_normalizer(self.hidden_input(v)).sum(-1)

    def hidden_free_energy(self, h: Tensor) -> Tensor:
        """−log Σᵥ exp(−E(v, h)): the same with the layers' parts exchanged."""
        return -(h @ self.b) - self.visible.log_normalizer(self.visible_input(h)).sum(-1)

    def sample_hidden(self, v: Tensor, stream: Stream) -> Tensor:
        """Draw h given v."""
        return self.hidden.sample(self.hidden_input(v), stream)

    def sample_visible(self, h: Tensor, stream: Stream) -> Tensor:
        """Draw v given h."""
        return self.visible.sample(self.visible_input(h), stream)

    def gibbs(self, v: Tensor, stream: Stream, n_steps: int = 1) -> Tensor:
        """Draw h given v, then v given h, ``n_steps`` times."""
        for _ in range(n_steps):
            v = self.sample_visible(self.sample_hidden(v, stream), stream)
        return v

    def in_double(self) -> "RestrictedBoltzmannMachine":
        """A copy with float64 parameters on the CPU, for figures that must be exact."""
        return copy.deepcopy(self).cpu().double()  # in this order: MPS has no float64
