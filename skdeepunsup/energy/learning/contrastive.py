"""Contrastive divergence: one update of a restricted machine.

The gradient of the mean log-likelihood is a difference of two expectations of the same statistics,

    ∂W = E_data[v hᵀ] − E_model[v hᵀ],   ∂a = E_data[v] − E_model[v],   ∂b = E_data[h] − E_model[h],

the first given the data, the second of the model, which chains estimate.
"""

from typing import Any, NamedTuple

import torch
from torch import Tensor

from ..._products import add_product_, affine
from ..._random import Stream
from ..machines.restricted import RestrictedBoltzmannMachine
from .ascent import LikelihoodAscent
from .chains import Chains
from .monitors import Figures, restricted_figures

ACTIVITY_RATE = 0.01
"""Weight of a batch in the running mean of hidden activity."""


class Gradient(NamedTuple):
    """Gradient of the mean log-likelihood in a, b and W; the last is kept as ∂W = VᵀK."""

    a: Tensor
    b: Tensor
    V: Tensor
    K: Tensor

    @property
    def W(self) -> Tensor:
        """The gradient with respect to W, of shape (n_visible, n_hidden)."""
        return affine(self.V.T, self.K)


def phase_weights(n_data: int, n_chains: int, like: Tensor) -> Tensor:
    """Weights c with which Σₛ cₛ xₛ is E_data[x] − E_model[x], of the dtype and device of ``like``.

    1/n for each row of data, −1/k for each chain, and 0 for the offset's row below them.
    """
    data, chains = like.new_full((n_data,), 1 / n_data), like.new_full((n_chains,), -1 / n_chains)
    return torch.cat([data, chains, like.new_zeros(1)])


def centered_gradient(
    V: Tensor, h: Tensor, c: Tensor, lam: Tensor, t_mu: Tensor | None = None
) -> Gradient:
    """The gradient of the log-likelihood of a machine whose units are centred on μ and λ.

    With Δx = Σₛ cₛ xₛ, the difference of the phases' means,

        ∂W = Δ(v − μ)(h − λ)ᵀ,   ∂a = Δv − ∂W λ,   ∂b = Δh − ∂Wᵀ t(μ);

    μ = λ = 0 gives the plain gradient. Both point uphill; the centred one is much better
    conditioned, since a weight then does not act as a bias as well. Since c sums to zero,
    ∂W = Σₛ vₛ cₛ(hₛ − λ)ᵀ − μ Δhᵀ, a product of stacked rows with the offset as one row more.

    For Gaussian units, ∂W and ∂a are the gradient times σ², which still points uphill: so one
    learning rate serves features of any variance.

    Parameters
    ----------
    V : Tensor of shape (n + k + 1, n_visible)
        Visible states of the data, then of the chains, then μ. Its dtype is that of the product.
    h : Tensor of shape (n + k, n_hidden)
        E[h | v] for each state.
    c : Tensor of shape (n + k + 1,)
        The ``phase_weights``, which sum to zero.
    lam : Tensor of shape (n_hidden,)
    t_mu : Tensor of shape (n_visible,), optional
        t(μ), if it is not μ itself.

    Returns
    -------
    Gradient

    References
    ----------
    J. Melchior, A. Fischer, L. Wiskott, "How to center deep Boltzmann machines", JMLR 17, 2016.
    """
    K = c.new_empty(c.shape[0], h.shape[1])
    weighted = torch.sub(h, lam, out=K[:-1]).mul_(c[:-1, None])
    delta_h = weighted.sum(0)
    torch.neg(delta_h, out=K[-1])
    exact = V.to(c.dtype)
    return Gradient(
        a=torch.addmv(c, K, lam, alpha=-1) @ exact,  # cᵀV is Δv, and (Kλ)ᵀV is ∂W λ
        b=torch.addmv(delta_h, K.T, exact @ (exact[-1] if t_mu is None else t_mu), alpha=-1),
        V=V,
        K=K,
    )


class ContrastiveDivergence(LikelihoodAscent):
    """Ascent on the likelihood of a restricted machine, with chains for the model's expectation.

    The statistics of both phases use E[h | v]; hidden samples only move the chains. Each phase is
    divided by its own count. Data and chains are stacked: one product gives the hidden means of
    both, and one the whole gradient.

    Parameters
    ----------
    machine : RestrictedBoltzmannMachine
    stream : Stream
    chains : callable
        ``chains(machine, stream, dtype=precision)`` makes the `Chains` of the trained machine.
    momentum, weight_decay : float
        u ← momentum · u + learning_rate · gradient; W ← (1 − learning_rate · weight_decay) W + u.
    centered : bool
        Whether the gradient is centred: μ on the base machine's visible means, λ on a running mean
        of E[h | data]; otherwise both are 0.
    sparsity_target, sparsity_cost : float or None, float
        Each b also gains learning_rate · cost · (target − running mean of E[h | data]).
    missing : bool
        Whether entries may be missing: then μ = 0, and the step of each visible unit is divided by
        the number of rows that have it.
    precision : torch.dtype
        Dtype of the products; in bfloat16 bits are exact.
    **ascent : Any
        Arguments of `LikelihoodAscent`.
    """

    machine: RestrictedBoltzmannMachine

    def __init__(
        self,
        machine: RestrictedBoltzmannMachine,
        stream: Stream,
        *,
        chains: Any,
        momentum: float = 0.0,
        weight_decay: float = 0.0,
        centered: bool = False,
        sparsity_target: float | None = None,
        sparsity_cost: float = 0.0,
        missing: bool = False,
        precision: torch.dtype = torch.float32,
        **ascent: Any,
    ) -> None:
        super().__init__(machine, stream, **ascent)
        machine = self.machine
        self.chains: Chains = chains(machine, stream, dtype=precision)
        self.momentum, self.weight_decay = momentum, weight_decay
        self.sparsity_target, self.sparsity_cost = sparsity_target, sparsity_cost
        self.missing, self.precision = missing, precision
        self.centered = centered
        W, a, b = machine.W, machine.a, machine.b
        self._center()
        self.activity = machine.hidden.mean(b)
        self.velocity = tuple(map(torch.zeros_like, (W, a, b))) if momentum else ()
        self._no_offset = torch.zeros_like(b)
        self._phase_weights: dict[tuple[int, int], Tensor] = {}

    def _center(self) -> None:
        """Set μ to the visible means of the base machine, if the gradient is centred."""
        machine = self.machine
        follows = self.centered and not self.missing
        mu = machine.visible.mean(machine.a0) if follows else torch.zeros_like(machine.a)
        self.offset = mu[None].to(self.precision)
        self.mu = self.offset.to(mu.dtype)  # rounded as the states are

    @property
    def n_sweeps(self) -> int:
        """Sweeps of the chains."""
        return self.chains.n_steps

    @property
    def lam(self) -> Tensor:
        """λ, the hidden offset."""
        return self.activity if self.centered else self._no_offset

    @torch.no_grad()
    def start_chains(self, x: Tensor) -> None:
        """Start the chains at hidden states of these rows, which the machine models already.

        Chains far from the data would undo first parameters that were learned.
        """
        rows = x[torch.arange(len(self.chains.h), device=x.device) % len(x)]
        v = self.machine.coding.to_states(self.stream.bernoulli(rows) if self.resample else rows)
        self.chains.start(v)

    def _update(self, x: Tensor) -> None:
        machine, n, rate = self.machine, x.shape[0], self.learning_rate * self.pace
        units = machine.visible
        x = units.coding.to_states(x).to(self.precision)
        V = torch.cat([x, self.chains.draw(x), self.offset])
        states = V[:-1]
        inputs = machine.hidden_input(states)
        h = machine.hidden.mean(inputs)
        self.chains.settle(inputs[n:], h[n:])
        c = self._c(n, h)
        self._follow(h[:n], c[:n])
        gradient = centered_gradient(V, h, c, self.lam, units.statistic(self.mu[0]))
        if units.learned:
            units.ascend_(states, machine.visible_input(h), c[:-1], rate)
        if self.missing:
            counts = units.coding.observed(x).sum(0).clamp_min(1)
            gradient = gradient._replace(V=V * (n / counts), a=gradient.a * (n / counts))
        self._ascend(gradient, rate)
        machine.constrain_()

    def _c(self, n: int, h: Tensor) -> Tensor:
        """The phase weights of ``n`` rows of data and the chains below, kept for later updates."""
        counts = n, h.shape[0] - n
        if counts not in self._phase_weights:
            self._phase_weights[counts] = phase_weights(*counts, h)
        return self._phase_weights[counts]

    def _follow(self, h: Tensor, shares: Tensor) -> None:
        """Move the running mean of E[h | data] towards that of this batch, Σₛ ``shares``ₛ hₛ."""
        self.activity.addmv_(h.T, shares, beta=1 - ACTIVITY_RATE, alpha=ACTIVITY_RATE)

    def _ascend(self, gradient: Gradient, rate: float) -> None:
        """One step uphill."""
        machine = self.machine
        if self.sparsity_target is not None:
            gradient.b.add_(self.sparsity_target - self.activity, alpha=self.sparsity_cost)
        if self.weight_decay:
            machine.W.mul_(1 - rate * self.weight_decay)
        W, a, b = self.velocity or (machine.W, machine.a, machine.b)
        for u in self.velocity:
            u.mul_(self.momentum)
        add_product_(W, gradient.V, gradient.K, rate)
        a.add_(gradient.a, alpha=rate)
        b.add_(gradient.b, alpha=rate)
        if self.velocity:
            machine.W.add_(W)
            machine.a.add_(a)
            machine.b.add_(b)

    def _figures(self, rows: Tensor) -> Figures:
        return restricted_figures(self.module, rows)

    def _state(self) -> dict[str, Any]:
        return {
            "chains": self.chains.state_dict(),
            "activity": self.activity,
            "velocity": self.velocity,
        }

    def _take(self, state: dict[str, Any]) -> None:
        self._center()  # the base machine is the stored one
        self.chains.load_state_dict(state["chains"])
        self.activity.copy_(state["activity"])
        for u, stored in zip(self.velocity, state["velocity"], strict=False):  # momentum, likewise
            u.copy_(stored)
