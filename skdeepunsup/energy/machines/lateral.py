"""The unrestricted Boltzmann machine: lateral connections among all units."""

import numpy as np
import torch
from torch import Tensor, nn
from torch.special import entr

from ..._products import affine
from ..._random import Stream
from ..units.binary import Bernoulli
from .base import AnnealingPath, GibbsChain, Machine
from .blocks import BlockSweeps
from .states import binary_states

UNROLLED_HALF_ROUNDS = 5
"""Rounds of mean field, each halfway, where the machine is trained as a network."""

MAX_SUMMED_UNITS = 15
"""Most hidden units that a free energy enumerates, beside those it sums out in closed form.

So 16 hidden units, all connected, have an exact free energy, at some 2000 rows a second.
"""

CHUNK_STATES = 2**20
"""Pairs of a row and an enumerated hidden state held in memory at a time."""


class LateralMachine(Machine):
    """Binary units s = (v, h), any two of them connected.

        E(s) = −½ sᵀLs − cᵀs,   P(sᵢ = 1 | the others) = σ((Ls)ᵢ + cᵢ).

    Parameters
    ----------
    n_features : int
        Visible units, which come first in s; D below.
    n_components : int
        Hidden units, 0 or more; H below, and N = D + H.
    connections : list of lists of bool, default=None
        Which units may be connected, of shape (N, N) and symmetric; None connects all. The diagonal
        is ignored.

    Attributes
    ----------
    L : Tensor of shape (N, N)
        Connections: symmetric, with a zero diagonal, and zero where ``mask`` is False.
    c : Tensor of shape (N,)
        Biases.
    c0 : Tensor of shape (N,)
        Biases of the base machine, which has no connections; not trained.
    mask : Tensor of shape (N, N)
        True where two units may be connected.
    everyone, visibles, hiddens : BlockSweeps
        Sweeps over all units, and over the units of one layer given the other layer.
    """

    def __init__(
        self, n_features: int, n_components: int, connections: list[list[bool]] | None = None
    ) -> None:
        super().__init__()
        self.n_components = n_components
        D, N = n_features, n_features + n_components
        self.visible = Bernoulli(D)
        self.L = nn.Parameter(torch.zeros(N, N), requires_grad=False)
        self.c = nn.Parameter(torch.zeros(N), requires_grad=False)
        self.c0: Tensor
        self.mask: Tensor
        self.register_buffer("c0", torch.zeros(N))
        # After the tensors, whose sizes are limited where a machine comes from a file.
        connected = np.ones((N, N), bool) if connections is None else np.array(connections, bool)
        np.fill_diagonal(connected, False)
        self.register_buffer("mask", torch.from_numpy(connected), persistent=False)
        self.everyone = BlockSweeps(connected)
        self.visibles = BlockSweeps(connected[:D, :D])
        self.hiddens = BlockSweeps(connected[D:, D:])

    @property
    def n_features(self) -> int:
        """D."""
        return self.visible.n_units

    @property
    def L_hidden(self) -> Tensor:
        """The connections among hidden units, of shape (H, H)."""
        return self.L[self.n_features :, self.n_features :]

    def hidden_input(self, v: Tensor) -> Tensor:
        """The hidden units' input from visible states, their biases included."""
        D = self.n_features
        return affine(v, self.L[:D, D:], self.c[D:])

    def encode(self, rows: Tensor) -> Tensor:
        """The mean field of h given v: E[h | v] if no two hidden units are connected."""
        if not self.n_components:
            raise ValueError(
                "n_components == 0: a machine without hidden units has no code; fit it with "
                "n_components of at least 1 to transform or reconstruct."
            )
        return self.hiddens.mean_field(self.L_hidden, self.hidden_input(rows))

    def encode_in_rounds(self, rows: Tensor) -> Tensor:
        """Approximate mean field of h given v, by few rounds, so that gradients can pass."""
        return in_rounds(self.hidden_input(rows), self.L_hidden)

    def decode(self, h: Tensor) -> Tensor:
        """The mean field of v given h: E[v | h] if no two visible units are connected."""
        D = self.n_features
        return self.visibles.mean_field(self.L[:D, :D], self._visible_input(h))

    def decode_in_rounds(self, h: Tensor) -> Tensor:
        """Approximate mean field of v given h, by few rounds, so that gradients can pass."""
        D = self.n_features
        return in_rounds(self._visible_input(h), self.L[:D, :D])

    def _visible_input(self, h: Tensor) -> Tensor:
        """The visible units' input from hidden states, their biases included."""
        D = self.n_features
        return affine(h, self.L[D:, :D], self.c[:D])

    def energy(self, s: Tensor) -> Tensor:
        """E(s) of each state of all units."""
        return -0.5 * (affine(s, self.L) * s).sum(-1) - s @ self.c

    def visible_energy(self, v: Tensor) -> Tensor:
        """E of each visible state with all hidden units off."""
        D = self.n_features
        return -0.5 * (affine(v, self.L[:D, :D]) * v).sum(-1) - v @ self.c[:D]

    @property
    def is_summable(self) -> bool:
        """Whether hidden units can be summed out: few remain beside their largest block."""
        return self.n_components - max(self.hiddens.sizes, default=0) <= MAX_SUMMED_UNITS

    def free_energy(self, v: Tensor) -> Tensor:
        """−log Σₕ exp(−E(v, h)): exact if ``is_summable``, else the mean-field upper bound."""
        if not self.is_summable:
            return self.mean_field_free_energy(v)
        return self.visible_energy(v) - self.hidden_log_sum(self.hidden_input(v))

    def mean_field_free_energy(self, v: Tensor) -> Tensor:
        """E_q[E(v, h)] − H(q) at the mean field q of h given v: never below the free energy."""
        x, L = self.hidden_input(v), self.L_hidden
        m = self.hiddens.mean_field(L, x)
        entropy = (entr(m) + entr(1 - m)).sum(-1)
        return self.visible_energy(v) - ((x + 0.5 * affine(m, L)) * m).sum(-1) - entropy

    def hidden_log_sum(self, x: Tensor) -> Tensor:
        """Log Σₕ exp(xᵀh + ½ hᵀLh) of each row of hidden inputs.

        The largest block of hidden units is summed in closed form, the others are enumerated.
        """
        if len(self.hiddens.sizes) < 2:
            return self.visible.total_log_normalizer(x)
        *others, block = sorted(self.hiddens.blocks, key=len)
        rest = [j for part in others for j in part]
        L, own = self.L_hidden, x[:, rest]
        ties, links = L[rest][:, rest], L[rest][:, block]
        n_states = max(1, CHUNK_STATES // (len(x) * len(block)))
        parts = []
        for bits in binary_states(len(rest), n_states):
            bits = bits.to(x)
            log_p = torch.addmm(0.5 * ((bits @ ties) * bits).sum(-1), own, bits.T)
            for j, link in zip(block, links.T, strict=True):
                log_p += self.visible.log_normalizer(x[:, j, None] + bits @ link)
            parts.append(log_p.logsumexp(1))
        return torch.stack(parts).logsumexp(0)

    def log_conditionals(self, v: Tensor) -> Tensor:
        """Log p(vᵢ | all other visible units) of each entry, as exact as the free energy."""
        if not self.n_components:
            x = affine(v, self.L, self.c)
            return v * x - self.visible.log_normalizer(x)
        columns = []
        for i in range(self.n_features):
            off, on = v.clone(), v.clone()
            off[:, i], on[:, i] = 0, 1
            x = self.free_energy(off) - self.free_energy(on)
            columns.append(v[:, i] * x - self.visible.log_normalizer(x))
        return torch.stack(columns, 1)

    def sample_base(self, n: int, stream: Stream) -> Tensor:
        """Draw ``n`` visible states of the machine without connections."""
        return self.path().base_state(n, stream)[:, : self.n_features]

    def chain(self, v: Tensor, stream: Stream, fixed: Tensor | None = None) -> "LateralChain":
        """Chains that start at ``v``, and at hidden units drawn from their mean field."""
        return LateralChain(self, v, stream, fixed)

    def path(self) -> "LateralPath":
        """The path on which L grows with β and c moves from c₀."""
        return LateralPath(self)

    @property
    def n_enumerated(self) -> float:
        """The number of units outside the largest block."""
        return len(self.c) - max(self.everyone.sizes)

    def log_marginal(self, bits: Tensor) -> Tensor:
        """−E with the largest block off, plus the log-normalisers of that block's units."""
        *others, block = sorted(self.everyone.blocks, key=len)
        s = bits.new_zeros(len(bits), len(self.c))
        s[:, [i for part in others for i in part]] = bits
        x = affine(s, self.L[:, block], self.c[block])
        return self.visible.total_log_normalizer(x) - self.energy(s)


class LateralChain(GibbsChain):
    """A sweep draws all units, block by block.

    Parameters
    ----------
    machine : LateralMachine
    v : Tensor of shape (n, D)
        Where the chains start.
    stream : Stream
    fixed : Tensor of bool, of a shape that broadcasts to that of ``v``, optional
        Entries of ``v`` that stay as they are.
    """

    def __init__(
        self, machine: LateralMachine, v: Tensor, stream: Stream, fixed: Tensor | None = None
    ) -> None:
        self.machine, self.stream = machine, stream
        m = machine.hiddens.mean_field(machine.L_hidden, machine.hidden_input(v))
        self.s = torch.cat([v, stream.bernoulli(m)], 1)
        if fixed is not None:
            free = fixed.new_zeros(len(v), machine.n_components)
            fixed = torch.cat([fixed.expand(len(v), -1), free], 1)
        self.fixed = fixed

    def advance(self, n_steps: int) -> None:
        machine = self.machine
        self.s = machine.everyone.gibbs(
            self.s, machine.L, machine.c, self.stream, n_steps, fixed=self.fixed
        )

    def visible(self) -> Tensor:
        return self.s[:, : self.machine.n_features]

    def visible_mean(self) -> Tensor:
        """E[vᵢ | all other units]."""
        D = self.machine.n_features
        return affine(self.s, self.machine.L[:, :D], self.machine.c[:D]).sigmoid()


class LateralPath(AnnealingPath):
    """L is scaled by β and c moves from c₀, on all units:

        log p*_β(s) = ((1 − β) c₀ + β c)ᵀs + β ½ sᵀLs.

    Parameters
    ----------
    machine : LateralMachine
    """

    def __init__(self, machine: LateralMachine) -> None:
        self.machine = machine

    def base_log_partition(self) -> Tensor:
        """Σᵢ log(1 + exp(c₀ᵢ))."""
        return self.machine.visible.log_normalizer(self.machine.c0).sum(dtype=torch.float64)

    def base_state(self, n: int, stream: Stream) -> Tensor:
        """States of all units."""
        return stream.bernoulli(self.machine.c0.sigmoid().expand(n, -1))

    def field(self, state: Tensor) -> tuple[Tensor, Tensor]:
        """The state, and (c − c₀)ᵀs + ½ sᵀLs, of shape (n, 1): log p*_β is linear in β."""
        slope = -self.machine.energy(state) - state @ self.machine.c0
        return state, slope[:, None].double()

    def log_density(self, field: tuple[Tensor, Tensor], beta: float | Tensor) -> Tensor:
        """Log p*_β(s) without c₀ᵀs."""
        return (beta * field[1])[:, 0]

    def sweep(self, field: tuple[Tensor, Tensor], beta: float | Tensor, stream: Stream) -> Tensor:
        """One sweep at β over the blocks, forwards or backwards by a coin flip for all chains.

        Each block's draw is reversible, and a sweep forwards is the reverse of one backwards. So
        their even mixture is reversible, at half the cost of a sweep forwards and one backwards.
        """
        machine = self.machine
        x = machine.c0 + beta * (machine.c - machine.c0)
        back = bool(stream.numpy.integers(2))
        return machine.everyone.gibbs(field[0], machine.L, x, stream, beta=beta, backwards=back)


def in_rounds(x: Tensor, L: Tensor) -> Tensor:
    """Means of binary units with inputs x and connections L: rounds of m ← (m + σ(x + mL)) / 2."""
    m = x.sigmoid()
    for _ in range(UNROLLED_HALF_ROUNDS):
        m = (m + (x + affine(m, L)).sigmoid()) / 2
    return m
