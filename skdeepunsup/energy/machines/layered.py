"""The deep Boltzmann machine: layers of binary units, each connected to its neighbours."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus
from torch.special import entr

from ..._products import affine
from ..._random import Stream
from ..._rows import MAX_ENTRIES
from ..units.binary import Bernoulli, softplus_sum
from .base import AnnealingPath, GibbsChain, Machine
from .mean_field import settled
from .states import binary_states, with_held, zero_parameter

MAX_ENUMERATED_HIDDEN = 12
"""Most hidden bits of one side for which the free energy is exact, at 2¹² terms a row."""

UNROLLED_ROUNDS = 3
"""Rounds of mean field where the machine is trained as a network."""


class LayeredMachine(Machine):
    """Layers h⁰ = v, h¹, …, hᴸ of binary units, with weights between neighbouring layers only.

        E(h⁰, …, hᴸ) = −Σₗ bₗᵀhₗ − Σₗ hₗ₋₁ᵀ Wₗ hₗ

    The even layers, which include v, are independent given the odd ones, and the odd given the
    even: one side can be drawn, or summed out, in closed form given the other. Log Z is a sum over
    the states of the smaller side, by enumeration or along the annealing path.

    ``h`` holds layers by their number, in a sequence or a dict.

    Parameters
    ----------
    n_features : int
        Units of v.
    hidden_layer_sizes : tuple of int
        Units of h¹, …, hᴸ.

    Attributes
    ----------
    W : list of L Tensors of shape (n_below, n_above)
        Weights: ``W[l]`` lies between layers l and l + 1, and so is Wₗ₊₁ of the formula.
    b : list of L + 1 Tensors
        Biases, the visible ones first.
    a0 : Tensor of shape (n_features,)
        Visible biases of the base machine, which has no weights; not trained.

    References
    ----------
    R. Salakhutdinov, G. Hinton, "Deep Boltzmann machines", AISTATS 2009.
    """

    def __init__(self, n_features: int, hidden_layer_sizes: tuple[int, ...]) -> None:
        super().__init__()
        self.sizes = (n_features, *hidden_layer_sizes)
        self.depth = len(hidden_layer_sizes)
        self.n_components = self.sizes[-1]
        self.visible = Bernoulli(n_features)
        self.W: Any = nn.ParameterList(map(zero_parameter, self.sizes[:-1], self.sizes[1:]))
        self.b: Any = nn.ParameterList(map(zero_parameter, self.sizes))
        self.a0: Tensor
        self.register_buffer("a0", torch.zeros(n_features))
        self.even, self.odd = range(0, self.depth + 1, 2), range(1, self.depth + 1, 2)

    def input(self, h: Any, i: int, below: Tensor | None = None) -> Tensor:
        """bᵢ + Wᵢᵀhᵢ₋₁ + Wᵢ₊₁hᵢ₊₁ of layer i; ``below`` is the sum of the first two, if known."""
        if i == 0:
            return affine(h[1], self.W[0].T, self.b[0])
        if below is None:
            below = affine(h[i - 1], self.W[i - 1], self.b[i])
        return below if i == self.depth else below + affine(h[i + 1], self.W[i].T)

    def energy(self, h: list[Tensor]) -> Tensor:
        """E of states, or its expectation over independent units with these means."""
        biases: Any = sum(u @ b for u, b in zip(h, self.b, strict=True))
        ties: Any = sum(((h[i] @ W) * h[i + 1]).sum(-1) for i, W in enumerate(self.W))
        return -biases - ties

    # Mean field

    def drive(self, v: Tensor) -> Tensor:
        """b₁ + W₁ᵀv, the only way in which v enters the hidden layers."""
        return affine(v, self.W[0], self.b[1])

    def bottom_up(self, v: Tensor, drive: Tensor) -> list[Tensor]:
        """Means of all layers by one pass up; the input from below stands for that from above."""
        q = [v]
        for i in range(1, self.depth + 1):
            x = drive if i == 1 else affine(q[-1], self.W[i - 1], self.b[i])
            q.append((x if i == self.depth else 2 * x - self.b[i]).sigmoid().to(v.dtype))
        return q

    def top_down(self, h: Tensor) -> list[Tensor]:
        """Means of all layers by one pass down; the input from above stands for that from below."""
        q = [h]
        for i in reversed(range(self.depth)):
            x = affine(q[0], self.W[i].T, self.b[i])
            q.insert(0, (2 * x - self.b[i] if i else x).sigmoid())
        return q

    def rise(self, q: list[Tensor], drive: Tensor) -> list[Tensor]:
        """One round of mean field given v: qᵢ = σ(its input) for i = 1, …, L in turn.

        Each layer is set to its optimum given the others. So no round can raise the bound on the
        free energy, and nothing oscillates.
        """
        q = list(q)
        for i in range(1, self.depth + 1):
            q[i] = self.input(q, i, drive if i == 1 else None).sigmoid().to(q[0].dtype)
        return q

    def descend(self, q: list[Tensor], squares: list[Tensor]) -> list[Tensor]:
        """One round of mean field given hᴸ, to second order; each layer goes half the way to

            qᵢ = σ(its input − (qᵢ − ½) Σⱼ wᵢⱼ² qⱼ(1 − qⱼ)),   j in the layers next to i but the top

        The second term is the correction of Thouless, Anderson and Palmer (Onsager): it takes away
        the part of a unit's input that is its own influence, echoed by its neighbours.
        """
        q = list(q)
        for i in reversed(range(self.depth)):
            echo = torch.zeros_like(q[i])
            if i:
                echo += (q[i - 1] - q[i - 1].square()) @ squares[i - 1]
            if i + 1 < self.depth:
                echo += (q[i + 1] - q[i + 1].square()) @ squares[i].T
            q[i] = torch.lerp(q[i], (self.input(q, i) - (q[i] - 0.5) * echo).sigmoid(), 0.5)
        return q

    def mean_field(self, v: Tensor, n_rounds: int | None = None) -> list[Tensor]:
        """Means of all layers given v, after ``n_rounds``, or, if None, once they settle."""
        drive = self.drive(v)
        q = self.bottom_up(v, drive)
        if n_rounds is None:
            return settled([*q, drive], lambda q: [*self.rise(q[:-1], q[-1]), q[-1]])[:-1]
        for _ in range(n_rounds):
            q = self.rise(q, drive)
        return q

    def encode(self, rows: Tensor) -> Tensor:
        """E[hᴸ | v] by mean field."""
        return self.mean_field(rows)[-1]

    def encode_in_rounds(self, rows: Tensor) -> Tensor:
        """E[hᴸ | v] by few rounds of mean field, so that gradients can pass."""
        return self.mean_field(rows, UNROLLED_ROUNDS)[-1]

    def decode(self, h: Tensor) -> Tensor:
        """E[v | hᴸ] by second-order mean field, from ``top_down`` until it settles.

        With v unknown as well, plain mean field is overconfident and settles in one mode: it
        explains half of the variance that this does (digits, 100 and 50 hidden units), and a single
        pass less.
        """
        squares = [W.square() for W in self.W]
        return settled(self.top_down(h), lambda q: self.descend(q, squares))[0]

    def decode_in_rounds(self, h: Tensor) -> Tensor:
        """E[v | hᴸ] by few rounds of second-order mean field, so that gradients can pass."""
        q, squares = self.top_down(h), [W.square() for W in self.W]
        for _ in range(UNROLLED_ROUNDS):
            q = self.descend(q, squares)
        return q[0]

    # Sums over states

    def free_energy(self, v: Tensor) -> Tensor:
        """F(v), exact if the hidden units of one side can be enumerated, else an upper bound."""
        sides = ([i for i in side if i] for side in (self.even, self.odd))
        smaller = min(sides, key=self._n_units)
        if self._n_units(smaller) > MAX_ENUMERATED_HIDDEN:
            return self.free_energy_bound(v)
        return self.free_energy_enumerated(v, smaller)

    def free_energy_bound(self, v: Tensor) -> Tensor:
        """E_q[E(v, h)] − H(q) ≥ F(v), q being the mean field."""
        q = self.mean_field(v)
        entropy: Any = sum((entr(u) + entr(1 - u)).sum(-1) for u in q[1:])
        return self.energy(q) - entropy

    def free_energy_enumerated(self, v: Tensor, side: Any) -> Tensor:
        """F(v) by enumerating the hidden layers of ``side``; the others in closed form.

        Only layer 1 receives v: the terms of the other layers are the same for all rows.
        """
        received = self.drive(v) - self.b[1]
        others = [i for i in range(1, self.depth + 1) if i not in side]
        width = received.shape[1] if 1 in others else 1
        total = torch.full_like(received[:, 0], -torch.inf)
        block = max(1, MAX_ENTRIES // (len(v) * width))
        for bits in binary_states(self._n_units(side), block):
            h = self.layers_of(bits.to(v), side)
            own = sum((h[i] @ self.b[i] for i in side), v.new_zeros(len(bits)))
            own = own + sum(softplus_sum(self.input(h, i)) for i in others if i > 1)
            if 1 in others:
                x = received[:, None] + self.input(h, 1, below=self.b[1])
                log_p = softplus_sum(x) + own
            else:
                log_p = received @ h[1].T + own
            total = torch.logaddexp(total, log_p.logsumexp(1))
        return -total - v @ self.b[0]

    def layers_of(self, state: Tensor, side: Any) -> dict[int, Tensor]:
        """The layers of ``side`` by number, from a state that holds them next to each other."""
        parts = state.split([self.sizes[i] for i in side], 1) if side else ()
        return dict(zip(side, parts, strict=True))

    def _n_units(self, side: Any) -> int:
        return sum(self.sizes[i] for i in side)

    # Samples

    def draw(self, h: Any, side: range, stream: Stream) -> None:
        """Draw the layers of ``side`` given the others, in place."""
        for i in side:
            h[i] = stream.bernoulli(self.input(h, i).sigmoid()).to(h[i].dtype)

    def sample_base(self, n: int, stream: Stream) -> Tensor:
        """Draw ``n`` visible states of the machine without weights."""
        return stream.bernoulli(self.a0.sigmoid().expand(n, -1))

    def chain(self, v: Tensor, stream: Stream, fixed: Tensor | None = None) -> "LayeredChain":
        """Chains that start at ``v``, and at hidden layers drawn from their mean field."""
        return LayeredChain(self, v, stream, fixed)

    # Log Z

    def path(self) -> "LayeredPath":
        """The path on which weights and hidden biases grow with β and b₀ moves from a₀."""
        return LayeredPath(self)

    @property
    def sides(self) -> tuple[range, range]:
        """The side with fewer units, which is enumerated or annealed, and the other side."""
        odd_is_smaller = self._n_units(self.odd) < self._n_units(self.even)
        return (self.odd, self.even) if odd_is_smaller else (self.even, self.odd)

    @property
    def n_enumerated(self) -> float:
        """The number of units of the smaller side."""
        return self._n_units(self.sides[0])

    def log_marginal(self, bits: Tensor) -> Tensor:
        """Log Σ exp(−E) over the larger side."""
        smaller, larger = self.sides
        h = self.layers_of(bits, smaller)
        own: Any = sum(h[i] @ self.b[i] for i in smaller)
        return own + sum(softplus_sum(self.input(h, i)) for i in larger)


class LayeredChain(GibbsChain):
    """A sweep draws the odd layers, then the even ones.

    Parameters
    ----------
    machine : LayeredMachine
    v : Tensor of shape (n, n_features)
        Where the chains start.
    stream : Stream
    fixed : Tensor of bool, of a shape that broadcasts to that of ``v``, optional
        Entries of ``v`` that stay as they are.
    """

    def __init__(
        self, machine: LayeredMachine, v: Tensor, stream: Stream, fixed: Tensor | None = None
    ) -> None:
        self.machine, self.stream, self.fixed, self.held = machine, stream, fixed, v
        self.h = [v, *map(stream.bernoulli, machine.mean_field(v)[1:])]

    def advance(self, n_steps: int) -> None:
        for _ in range(n_steps):
            self.machine.draw(self.h, self.machine.odd, self.stream)
            self.machine.draw(self.h, self.machine.even, self.stream)
            self.h[0] = with_held(self.h[0], self.fixed, self.held)

    def visible(self) -> Tensor:
        return self.h[0]

    def visible_mean(self) -> Tensor:
        """E[v | h¹]."""
        return self.machine.input(self.h, 0).sigmoid()


class LayeredPath(AnnealingPath):
    """Machines with parameters

        β Wₗ,   β bₗ of hidden layers,   (1 − β) a₀ + β b₀ of v.

    A state is that of the smaller side, its layers next to each other; the larger is summed out.

    Parameters
    ----------
    machine : LayeredMachine
    """

    def __init__(self, machine: LayeredMachine) -> None:
        self.machine = machine
        self.smaller, self.larger = machine.sides

    def base_log_partition(self) -> Tensor:
        """Σᵢ softplus(a₀)ᵢ, and log 2 for each hidden unit."""
        a0, sizes = self.machine.a0, self.machine.sizes
        return softplus(torch.cat([a0, a0.new_zeros(sum(sizes[1:]))])).sum(dtype=torch.float64)

    def base_state(self, n: int, stream: Stream) -> Tensor:
        """States of the smaller side."""
        b, a0 = self.machine.b, self.machine.a0
        inputs = [a0 if i == 0 else torch.zeros_like(b[i]) for i in self.smaller]
        return stream.bernoulli(torch.cat(inputs).sigmoid().expand(n, -1))

    def field(self, state: Tensor) -> tuple[Tensor, list[Tensor]]:
        """The factor of β in the smaller side's own part, of shape (n, 1), and the larger's inputs.

        One product for all temperatures; the own part is Σ bᵢᵀhᵢ, with b₀ − a₀ for v.
        """
        machine = self.machine
        b, a0, h = machine.b, machine.a0, machine.layers_of(state, self.smaller)
        own: Any = sum(h[i] @ (b[i] - a0 if i == 0 else b[i]) for i in self.smaller)
        return own[:, None].double(), [machine.input(h, i) for i in self.larger]

    def log_density(self, field: tuple[Tensor, list[Tensor]], beta: float | Tensor) -> Tensor:
        """Log p*_β of a state of the smaller side, without a₀ᵀv."""
        own, inputs = field
        others: Any = sum(
            softplus_sum(self._at(beta, i, x), torch.float64)
            for i, x in zip(self.larger, inputs, strict=True)
        )
        return (beta * own)[:, 0] + others

    def sweep(
        self, field: tuple[Tensor, list[Tensor]], beta: float | Tensor, stream: Stream
    ) -> Tensor:
        """Draw the larger side, then the smaller, at β."""
        h = {
            i: stream.bernoulli(self._at(beta, i, x).sigmoid())
            for i, x in zip(self.larger, field[1], strict=True)
        }
        inputs = [self._at(beta, i, self.machine.input(h, i)) for i in self.smaller]
        return stream.bernoulli(torch.cat(inputs, 1).sigmoid())

    def _at(self, beta: float | Tensor, i: int, x: Tensor) -> Tensor:
        """The input at β of a layer whose input at 1 is ``x``."""
        return beta * x if i else torch.lerp(self.machine.a0.expand_as(x), x, beta)
