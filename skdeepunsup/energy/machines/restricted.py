"""The restricted Boltzmann machine: two layers of units with weights between them."""

import math
from typing import Any, Self

import torch
from torch import Tensor, nn

from ..._products import affine
from ..._random import Stream
from ..._scaling import Scaling
from ..units.base import Units
from ..units.gaussian import Gaussian
from ..units.kinds import HIDDEN_UNITS, VISIBLE_UNITS
from ..units.rectified import Rectified
from .base import AnnealingPath, GibbsChain, Machine
from .states import with_held, zero_parameter


class RestrictedBoltzmannMachine(Machine):
    """Two layers, with weights between them and none within.

    With the units' own t and base (t(v) = v and base = 0 for binary ones),

        E(v, h) = −aᵀt(v) − bᵀh − t(v)ᵀWh − base(v) − base(h).

    Parameters
    ----------
    n_features : int
        Columns of the data.
    n_components : int
        Hidden units; n_hidden below.
    visible_units : {"bernoulli", "gaussian", "categorical"}, default="bernoulli"
        A name in `VISIBLE_UNITS`. Their size is n_visible below: n_features, or n_features · K.
    hidden_units : {"bernoulli", "relu"}, default="bernoulli"
        A name in `HIDDEN_UNITS`.
    **options : Any
        Options of the visible units. All parameters start at zero.

    Attributes
    ----------
    W : Tensor of shape (n_visible, n_hidden)
        Weights.
    a : Tensor of shape (n_visible,)
        Visible biases.
    b : Tensor of shape (n_hidden,)
        Hidden biases.
    a0 : Tensor of shape (n_visible,)
        Visible biases of the base machine, which has no weights; not trained.
    visible, hidden : Units
    scaling : Scaling or None
        The units of the data in which Gaussian v are: (x − c)/s; None for other units.
    """

    max_overlap = 0.98
    """Largest row sum of G⁺ in ``constrain_``; from 1 on the density may have no integral."""

    def __init__(
        self,
        n_features: int,
        n_components: int,
        visible_units: str = "bernoulli",
        hidden_units: str = "bernoulli",
        **options: Any,
    ) -> None:
        visible: Units = VISIBLE_UNITS[visible_units](n_features, **options)
        hidden: Units = HIDDEN_UNITS[hidden_units](n_components)
        n_visible = visible.size
        self._hold(
            visible, hidden, zero_parameter(n_visible, n_components), zero_parameter(n_visible),
            zero_parameter(n_components), torch.zeros(n_visible),
        )  # fmt: skip

    @classmethod
    def of(
        cls,
        visible: Units,
        hidden: Units,
        *,
        W: nn.Parameter,
        a: nn.Parameter,
        b: nn.Parameter,
        a0: Tensor,
    ) -> Self:
        """A machine of these units whose parameters are these tensors themselves, not copies."""
        machine = cls.__new__(cls)
        machine._hold(visible, hidden, W, a, b, a0)
        machine.arguments = {}
        return machine

    def _hold(
        self,
        visible: Units,
        hidden: Units,
        W: nn.Parameter,
        a: nn.Parameter,
        b: nn.Parameter,
        a0: Tensor,
    ) -> None:
        super().__init__()
        self.visible, self.hidden, self.n_components = visible, hidden, hidden.n_units
        self.W, self.a, self.b = W, a, b
        self.a0: Tensor
        self.register_buffer("a0", a0)
        gaussian = isinstance(visible, Gaussian)
        self.scaling = Scaling(visible.size) if gaussian else None
        self._may_overlap = gaussian and isinstance(hidden, Rectified)

    def hidden_input(self, v: Tensor) -> Tensor:
        """t(v)ᵀW + b for each state ``v``."""
        return affine(self.visible.statistic(v), self.W, self.b)

    def visible_input(self, h: Tensor) -> Tensor:
        """Wh + a for each state ``h``."""
        return affine(h, self.W.T, self.a)

    def encode(self, rows: Tensor) -> Tensor:
        """E[h | v]."""
        return self.hidden.mean(self.hidden_input(self.coding.to_states(rows)))

    def decode(self, h: Tensor) -> Tensor:
        """E[v | h]."""
        return self.coding.to_rows(self.visible.mean(self.visible_input(h)))

    def energy(self, v: Tensor, h: Tensor) -> Tensor:
        """E(v, h) for each pair of states."""
        t = self.visible.statistic(v)
        interaction = t @ self.a + h @ self.b + ((t @ self.W) * h).sum(-1)
        return -interaction - self.visible.log_base(v) - self.hidden.log_base(h)

    def free_energy(self, v: Tensor) -> Tensor:
        """F(v) = −aᵀt(v) − base(v) − Σⱼ log_normalizer(t(v)ᵀW + b)ⱼ; exact."""
        hidden = self.hidden.total_log_normalizer(self.hidden_input(v))
        return -self.visible_terms(v) - hidden

    def visible_terms(self, v: Tensor) -> Tensor:
        """aᵀt(v) + base(v), minus the energy without hidden units."""
        return self.visible.statistic(v) @ self.a + self.visible.log_base(v)

    def hidden_free_energy(self, h: Tensor) -> Tensor:
        """−log Σᵥ exp(−E(v, h)), the visible units being summed out; exact."""
        own = h @ self.b + self.hidden.log_base(h)
        return -own - self.visible.total_log_normalizer(self.visible_input(h))

    def sample_hidden(self, v: Tensor, stream: Stream) -> Tensor:
        """Draw h given v."""
        return self.hidden.sample(self.hidden_input(v), stream)

    def sample_visible(self, h: Tensor, stream: Stream) -> Tensor:
        """Draw v given h."""
        return self.visible.sample(self.visible_input(h), stream)

    def sample_base(self, n: int, stream: Stream) -> Tensor:
        """Draw ``n`` visible states of the machine without weights."""
        return self.visible.sample(self.a0.expand(n, -1), stream)

    def chain(self, v: Tensor, stream: Stream, fixed: Tensor | None = None) -> "RestrictedChain":
        """Chains of h given v and v given h that start at ``v``."""
        return RestrictedChain(self, v, stream, fixed)

    def path(self) -> "RestrictedPath":
        """The path on which W and b grow with β and a moves from a₀."""
        return RestrictedPath(self)

    @property
    def n_enumerated(self) -> float:
        """The size of the smaller layer of bits."""
        return min((layer.size for layer in self._binary_layers()), default=math.inf)

    def log_marginal(self, bits: Tensor) -> Tensor:
        """Minus the free energy of the smaller layer of bits."""
        smaller = min(self._binary_layers(), key=lambda layer: layer.size)
        return -(self.free_energy if smaller is self.visible else self.hidden_free_energy)(bits)

    def _binary_layers(self) -> list[Units]:
        return [layer for layer in (self.visible, self.hidden) if layer.binary]

    def constrain_(self) -> None:
        """Keep the parameters where the machine is well defined, after an update.

        Between Gaussian and rectified units the joint density has an integral if hᵀGh < hᵀh for all
        h ≥ 0, with G = Wᵀ(W/σ²). This holds if the spectral radius of its positive part G⁺ is below
        1. Scaling the columns of W by D, with D² = min(1, m/o) and o the row sums of G⁺, makes the
        radius at most m: D G⁺ D has the eigenvalues of D²G⁺, whose row sums are at most m.
        """
        self.visible.constrain_(self.W, self.a)
        if self._may_overlap:
            overlap = affine(self.W.T, self.visible.statistic(self.W.T).T).clamp_min(0).sum(1)
            self.W.mul_((self.max_overlap / overlap.clamp_min(1e-30)).sqrt().clamp(max=1))


class RestrictedChain(GibbsChain):
    """A sweep draws h given v, then v given h.

    Parameters
    ----------
    machine : RestrictedBoltzmannMachine
    v : Tensor of shape (n, n_visible)
        Where the chains start.
    stream : Stream
    fixed : Tensor of bool, of a shape that broadcasts to that of ``v``, optional
        Entries of ``v`` that stay as they are.
    """

    def __init__(
        self,
        machine: RestrictedBoltzmannMachine,
        v: Tensor,
        stream: Stream,
        fixed: Tensor | None = None,
    ) -> None:
        self.machine, self.stream, self.fixed = machine, stream, fixed
        self.v, self.h = v, v.new_empty(0)

    def advance(self, n_steps: int) -> None:
        for _ in range(n_steps):
            self.h = self.machine.sample_hidden(self._seen(), self.stream)
            v = self.machine.sample_visible(self.h, self.stream)
            self.v = with_held(v, self.fixed, self.v)

    def _seen(self) -> Tensor:
        """The visible states as hidden units receive them."""
        return self.v

    def visible(self) -> Tensor:
        return self.v

    def visible_mean(self) -> Tensor:
        """E[v | h]."""
        return self.machine.visible.mean(self.machine.visible_input(self.h))


class RestrictedPath(AnnealingPath):
    """W and b are scaled by β, a moves from a₀, and hidden units are summed out:

        log p*_β(v) = ((1 − β) a₀ + β a)ᵀt(v) + base(v) + Σⱼ log_normalizer(β(t(v)ᵀW + b)ⱼ).

    A state is v.

    Parameters
    ----------
    machine : RestrictedBoltzmannMachine
    """

    def __init__(self, machine: RestrictedBoltzmannMachine) -> None:
        self.machine = machine

    def base_log_partition(self) -> Tensor:
        """Σᵢ log_normalizer(a₀)ᵢ + Σⱼ log_normalizer(0)ⱼ."""
        machine = self.machine
        visible = machine.visible.log_normalizer(machine.a0).sum(dtype=torch.float64)
        nothing = torch.zeros_like(machine.b)
        return visible + machine.hidden.log_normalizer(nothing).sum(dtype=torch.float64)

    def base_state(self, n: int, stream: Stream) -> Tensor:
        """v of the machine without weights."""
        return self.machine.sample_base(n, stream)

    def field(self, state: Tensor) -> tuple[Tensor, Tensor]:
        """(a − a₀)ᵀt(v), of shape (n, 1), and t(v)ᵀW + b: one product for all temperatures."""
        a, a0 = self.machine.a, self.machine.a0
        change = self.machine.visible.statistic(state).to(a.dtype) @ (a - a0)
        return change[:, None].double(), self.machine.hidden_input(state)

    def log_density(self, field: tuple[Tensor, Tensor], beta: float | Tensor) -> Tensor:
        """Log p*_β(v) without a₀ᵀt(v) + base(v)."""
        change, x = field
        hidden = self.machine.hidden.total_log_normalizer(beta * x, torch.float64)
        return (beta * change)[:, 0] + hidden

    def sweep(self, field: tuple[Tensor, Tensor], beta: float | Tensor, stream: Stream) -> Tensor:
        """Draw h given v, then v given h, at β."""
        h = self.machine.hidden.sample(beta * field[1], stream)
        x = self.machine.visible_input(h)  # β(Wh + a) + (1 − β) a₀
        return self.machine.visible.sample(
            torch.lerp(self.machine.a0.expand_as(x), x, beta), stream
        )
