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

OFFSET_RATE = 0.01
"""How fast the hidden offset of centring, and the sparsity rule's mean, follow the activity."""


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


def phase_weights(n_data: int, n_chains: int, device: torch.device | None = None) -> Tensor:
    """Weights of a sum that is E_data − E_model.

    +1/n for each row of data, −1/k for each chain, and 0 for the offset's row below them.
    """
    counts = torch.tensor([n_data, n_chains, 1], device=device)
    return torch.tensor([1 / n_data, -1 / n_chains, 0], device=device).repeat_interleave(counts)


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
    visible_mean : Tensor of shape (n_visible,) or None
        μ of the centred gradient, λ being a running mean of E[h | data]; None for the plain one.
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
        visible_mean: Tensor | None = None,
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
        self.centered = visible_mean is not None
        self.pace = 1.0
        W, a, b = machine.W, machine.a, machine.b
        self.mu = torch.zeros_like(a)[None]
        if visible_mean is not None:
            self.mu.copy_(visible_mean)
        self.lam = torch.zeros_like(b)
        self.activity = machine.hidden.mean(torch.zeros_like(b))
        self.chains = torch.zeros(n_chains, len(b), dtype=b.dtype, device=b.device)
        self.velocity = tuple(map(torch.zeros_like, (W, a, b))) if momentum else ()
        self._phase_weights: tuple[int, int, Tensor] | None = None

    def begin_epoch(self, progress: float) -> None:
        self.pace = min(1.0, 1.0 - 0.99 * (2 * progress - 1)) if self.decay else 1.0

    @torch.no_grad()
    def step(self, x: Tensor) -> dict[str, Tensor]:
        machine, n = self.machine, len(x)
        if self.resample:
            x = self.stream.bernoulli(x)
        h = self.chains if self.persistent else machine.sample_hidden(x, self.stream)
        v = machine.sample_visible(h, self.stream)
        v = machine.gibbs(v, self.stream, self.cd_steps - 1)
        V = torch.cat([x, v, self.mu]).to(self.precision)
        inputs = machine.hidden_input(V)[:-1]
        h = machine.hidden.mean(inputs)
        if self.persistent:
            self.chains = machine.hidden.sample(inputs[n:], self.stream)
        self._follow(h[:n])
        self._ascend(centered_gradient(V, h, self._c(n, len(v), h), self.lam))
        return {}

    def _c(self, n: int, k: int, h: Tensor) -> Tensor:
        """The phase weights, kept while the counts stay the same."""
        if self._phase_weights is None or self._phase_weights[:2] != (n, k):
            self._phase_weights = n, k, phase_weights(n, k, h.device).to(h.dtype)
        return self._phase_weights[2]

    def _follow(self, h: Tensor) -> None:
        """Let the running mean of the data's hidden activity follow this batch."""
        if self.centered or self.sparsity_target is not None:
            self.activity.lerp_(h.mean(0), OFFSET_RATE)
        if self.centered:
            self.lam = self.activity

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
        machine = self.machine
        every = max(10, -(-len(rows) // 500))
        v = rows.take(torch.arange(0, len(rows), every)).to(machine.a.dtype)
        with torch.no_grad():
            x = machine.visible_input(machine.encode(v))
            r = machine.visible.mean(x)
            record = {
                "loss": -pseudo_log_likelihood_estimate(machine, v).mean(),
                "reconstruction_error": (v - r).square().sum(-1).mean(),
                "reconstruction_kl": machine.visible.divergence(v, x).sum(-1).mean(),
            }
            if held_out is not None:
                record["validation_loss"], free_energy = mean_over_rows(self._held_out, held_out)
                record["free_energy_gap"] = free_energy - machine.free_energy(v).mean().cpu()
        return record

    def _held_out(self, v: Tensor) -> Tensor:
        v = v.to(self.machine.a.dtype)
        loss = -pseudo_log_likelihood_estimate(self.machine, v)
        return torch.stack([loss, self.machine.free_energy(v)], dim=1)

    def state_dict(self) -> dict[str, Any]:
        return {
            "machine": self.machine.state_dict(),
            "chains": self.chains,
            "mu": self.mu,
            "activity": self.activity,
            "velocity": self.velocity,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.machine.load_state_dict(state["machine"])
        self.activity.copy_(state["activity"])
        if self.centered:
            self.mu.copy_(state["mu"])
            self.lam = self.activity
        if self.chains.shape == state["chains"].shape:  # else n_chains was set anew
            self.chains = state["chains"].to(self.chains, copy=True)
        for u, stored in zip(self.velocity, state["velocity"], strict=False):  # momentum, likewise
            u.copy_(stored)
