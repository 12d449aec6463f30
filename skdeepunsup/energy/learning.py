"""Learning rules of energy models: one update each.

The gradient of the mean log-likelihood is a difference of two expectations of the same statistics,

    ∂W = E_data[v hᵀ] − E_model[v hᵀ],   ∂a = E_data[v] − E_model[v],   ∂b = E_data[h] − E_model[h],

and the rules differ in how they draw from the model.
"""

from typing import Any, NamedTuple

import torch
from torch import Tensor

from .._products import add_product_, affine
from .._random import Stream
from .._validation import Rows, mean_over_rows
from .machine import RestrictedBoltzmannMachine
from .pseudo_likelihood import pseudo_log_likelihood_estimate

ACTIVITY_RATE = 0.01
"""How fast the running mean of hidden activity follows a batch."""


class Gradient(NamedTuple):
    """Of the mean log-likelihood, with respect to a, b and W; the last kept as ∂W = VᵀK."""

    a: Tensor
    b: Tensor
    V: Tensor
    K: Tensor

    @property
    def W(self) -> Tensor:
        """The gradient with respect to W, of shape (n_visible, n_hidden)."""
        return affine(self.V.T, self.K)


def phase_weights(n_data: int, n_chains: int, like: Tensor) -> Tensor:
    """Weights of a sum that is E_data − E_model, in the dtype and on the device of ``like``.

    +1/n for each row of data, −1/k for each chain, and 0 for the offset's row below them.
    """
    data, chains = like.new_full((n_data,), 1 / n_data), like.new_full((n_chains,), -1 / n_chains)
    return torch.cat([data, chains, like.new_zeros(1)])


def centered_gradient(V: Tensor, h: Tensor, c: Tensor, lam: Tensor) -> Gradient:
    """The log-likelihood's gradient, of a machine whose units are centred on μ and λ.

    With Δx = Σₛ cₛ xₛ, the difference of the phases' means,

        ∂W = Δ(v − μ)(h − λ)ᵀ,   ∂a = Δv − ∂W λ,   ∂b = Δh − ∂Wᵀ μ;

    μ = λ = 0 gives the plain gradient. Both point uphill; the centred one is much better
    conditioned, since a weight then no longer acts as a bias as well. Since c sums to zero,
    ∂W = Σₛ vₛ cₛ(hₛ − λ)ᵀ − μ Δhᵀ: a product of stacked rows, the offset being one row more.

    Parameters
    ----------
    V : Tensor of shape (n + k + 1, n_visible)
        Visible states, first the data's, then the chains'; last, μ. bfloat16 asks for that product.
    h : Tensor of shape (n + k, n_hidden)
        E[h | v] for each state.
    c : Tensor of shape (n + k + 1,)
        The ``phase_weights``, which sum to zero.
    lam : Tensor of shape (n_hidden,)

    Returns
    -------
    Gradient

    References
    ----------
    J. Melchior, A. Fischer, L. Wiskott, "How to center deep Boltzmann machines", JMLR 17, 2016.
    """
    weighted = (h - lam).mul_(c[:-1, None])
    delta_h = weighted.sum(0)
    K = torch.cat([weighted, -delta_h[None]])
    exact = V.to(c.dtype)
    return Gradient(
        a=torch.addmv(c, K, lam, alpha=-1) @ exact,  # cᵀV is Δv, and (Kλ)ᵀV is ∂W λ
        b=torch.addmv(delta_h, K.T, exact @ exact[-1], alpha=-1),
        V=V,
        K=K,
    )


class ContrastiveDivergence:
    """Ascent on the likelihood, the model's expectation from short Gibbs chains.

    Persistent chains go on from where the last update left them (Tieleman 2008); otherwise each
    update starts them at its own data (Hinton 2002). E[h | v] enters the statistics of both phases;
    samples only drive v. Each phase is divided by its own count. The data and the chains are
    stacked, so that one product gives both hidden means and one the whole gradient.

    Parameters
    ----------
    machine : RestrictedBoltzmannMachine
        What is trained, in place.
    stream : Stream
        All randomness.
    n_chains : int
        How many persistent chains; without ``persistent`` there is one for each row.
    learning_rate, momentum, weight_decay : float
        u ← momentum · u + learning_rate · gradient; W ← (1 − learning_rate · weight_decay) W + u.
    cd_steps : int
        Gibbs sweeps in one update.
    persistent : bool
        Whether the chains go on.
    centered : bool
        Whether the gradient is centred: μ on the base machine's visible means σ(a₀), λ on a running
        mean of E[h | data]; otherwise both are 0.
    sparsity_target, sparsity_cost : float or None, float
        Each b also gains learning_rate · cost · (target − running mean of E[h | data]).
    decay : bool
        Whether the learning rate falls linearly to 1 % of itself over the second half of the fit.
    resample : bool
        Whether each batch is drawn anew, as bits with its entries for probabilities.
    precision : torch.dtype
        Of the products; bfloat16 states are exact bits.
    """

    def __init__(
        self,
        machine: RestrictedBoltzmannMachine,
        stream: Stream,
        *,
        n_chains: int,
        learning_rate: float,
        cd_steps: int = 1,
        persistent: bool = True,
        momentum: float = 0.0,
        weight_decay: float = 0.0,
        centered: bool = False,
        sparsity_target: float | None = None,
        sparsity_cost: float = 0.0,
        decay: bool = False,
        resample: bool = False,
        precision: torch.dtype = torch.float32,
    ) -> None:
        self.machine, self.stream = machine, stream
        self.learning_rate, self.momentum, self.weight_decay = learning_rate, momentum, weight_decay
        self.cd_steps, self.persistent = cd_steps, persistent
        self.sparsity_target, self.sparsity_cost = sparsity_target, sparsity_cost
        self.decay, self.resample = decay, resample
        self.precision = precision
        self.centered = centered
        self.pace = 1.0
        W, a, b = machine.W, machine.a, machine.b
        self.mu = machine.visible.mean(machine.a0)[None] if centered else torch.zeros_like(a)[None]
        self.activity = machine.hidden.mean(b)
        self.chains = b.new_zeros(n_chains, len(b))
        self.velocity = tuple(map(torch.zeros_like, (W, a, b))) if momentum else ()
        self._no_offset = torch.zeros_like(b)
        self._phase_weights: dict[tuple[int, int], Tensor] = {}

    def begin_epoch(self, progress: float) -> None:
        self.pace = min(1.0, 1.0 - 0.99 * (2 * progress - 1)) if self.decay else 1.0

    @property
    def lam(self) -> Tensor:
        """λ, the hidden offset."""
        return self.activity if self.centered else self._no_offset

    @torch.no_grad()
    def step(self, x: Tensor) -> dict[str, Tensor]:
        machine, n = self.machine, len(x)
        if self.resample:
            x = self.stream.bernoulli(x)
        x = x.to(self.precision)
        v = self._dream(self.chains if self.persistent else machine.sample_hidden(x, self.stream))
        V = torch.cat([x, v, self.mu.to(x.dtype)])
        inputs = machine.hidden_input(V)[:-1]
        h = machine.hidden.mean(inputs)
        if self.persistent:
            self.chains = machine.hidden.sample(inputs[n:], self.stream)
        self._follow(h[:n])
        self._ascend(centered_gradient(V, h, self._c(n, len(v), h), self.lam))
        return {}

    def _dream(self, h: Tensor) -> Tensor:
        """Visible states of the chains, ``cd_steps`` half-sweeps down from ``h``."""
        machine, stream = self.machine, self.stream
        v = machine.sample_visible(h.to(self.precision), stream).to(self.precision)
        for _ in range(self.cd_steps - 1):
            h = machine.sample_hidden(v, stream)
            v = machine.sample_visible(h.to(self.precision), stream).to(self.precision)
        return v

    def _c(self, n: int, k: int, h: Tensor) -> Tensor:
        """The phase weights of these counts, made once."""
        if (n, k) not in self._phase_weights:
            self._phase_weights[n, k] = phase_weights(n, k, h)
        return self._phase_weights[n, k]

    def _follow(self, h: Tensor) -> None:
        """Let the running mean of the data's hidden activity follow this batch."""
        self.activity.lerp_(h.mean(0), ACTIVITY_RATE)

    def _ascend(self, gradient: Gradient) -> None:
        """One step uphill."""
        machine, rate = self.machine, self.learning_rate * self.pace
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

    def measure(self, rows: Rows, held_out: Rows | None) -> dict[str, Tensor]:
        """What CD cannot see of itself, on a tenth of the training rows, at most 500.

        ``loss`` is minus an estimate of the pseudo-log-likelihood, in nats a row.
        """
        every = max(10, -(-len(rows) // 500))
        seen = rows.take(torch.arange(0, len(rows), every, device=rows.index_device))
        with torch.no_grad():
            names = ("loss", "reconstruction_error", "reconstruction_kl", "free_energy")
            record = dict(zip(names, self._figures(seen).mean(0), strict=True))
            free_energy = record.pop("free_energy")
        if held_out is not None:
            record["validation_loss"], *_, held_out_free = mean_over_rows(self._figures, held_out)
            record["free_energy_gap"] = held_out_free - free_energy.cpu()
        return record

    def _figures(self, v: Tensor) -> Tensor:
        """Minus log pseudo-likelihood, squared error, divergence, free energy: a column each."""
        machine = self.machine
        if self.resample:  # the same bits at each epoch, so that epochs compare
            v = Stream(0, v.device).bernoulli(v)
        x = machine.visible_input(machine.encode(v))
        figures = (
            -pseudo_log_likelihood_estimate(machine, v),
            (v - machine.visible.mean(x)).square().sum(-1),
            machine.visible.divergence(v, x).sum(-1),
            machine.free_energy(v),
        )
        return torch.stack(figures, dim=1)

    def state_dict(self) -> dict[str, Any]:
        return {
            "module": self.machine.state_dict(),
            "chains": self.chains,
            "activity": self.activity,
            "velocity": self.velocity,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.machine.load_state_dict(state["module"])
        self.activity.copy_(state["activity"])
        if self.chains.shape == state["chains"].shape:  # else n_chains was set anew
            self.chains = state["chains"].to(self.chains, copy=True)
        for u, stored in zip(self.velocity, state["velocity"], strict=False):  # momentum, likewise
            u.copy_(stored)
