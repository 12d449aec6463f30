"""Learning an unrestricted Boltzmann machine: one update.

With Δ the expectation with visible units clamped to data minus that without,

    ∂L = Δ s sᵀ,   ∂c = Δ s.

D. Ackley, G. Hinton, T. Sejnowski, "A learning algorithm for Boltzmann machines", Cognitive Science
9, 1985.
"""

from typing import Any

import torch
from torch import Tensor

from ..._products import affine
from ..._random import Stream
from ..machines.lateral import LateralMachine
from .ascent import LikelihoodAscent
from .contrastive import ACTIVITY_RATE, phase_weights
from .ladder import Ladder
from .monitors import Figures, lateral_figures


def lateral_gradient(
    S: Tensor, P: Tensor, weights: Tensor, mu: Tensor, mask: Tensor
) -> tuple[Tensor, Tensor]:
    """The gradient of the log-likelihood of a machine whose units are centred on μ.

    With Δx = Σₛ wₛ xₛ, the difference of the phases' means,

        ∂L = Δ(s − μ)(s − μ)ᵀ,   ∂c = Δs − ∂L μ;

    μ = 0 gives the plain gradient. In sᵢ sⱼ each factor in turn is replaced by its mean given all
    other units, which is less noisy: E[sᵢ sⱼ] = E[E[sᵢ | the others] sⱼ].

    Parameters
    ----------
    S, P : Tensor of shape (n, N)
        States, and each unit's mean given the others; for clamped units the states themselves.
    weights : Tensor of shape (n,)
        The ``phase_weights`` without the offset's; they sum to zero.
    mu : Tensor of shape (N,)
    mask : Tensor of shape (N, N)
        True where two units may be connected.

    Returns
    -------
    L, c : Tensor of shape (N, N) and (N,)

    References
    ----------
    G. Montavon, K.-R. Müller, "Deep Boltzmann machines and the centering trick", Neural Networks:
    Tricks of the Trade, 2012; J. Melchior, A. Fischer, L. Wiskott, "How to center deep Boltzmann
    machines", JMLR 17, 2016.
    """
    half = affine((S - mu).T, (P - mu).mul_(weights[:, None])).mul_(mask)
    gradient = (half + half.T).mul_(0.5)
    return gradient, torch.addmv(weights @ P, gradient, mu, alpha=-1)


class LateralAscent(LikelihoodAscent):
    """Ascent on the likelihood, with persistent Gibbs chains for the free phase.

    Parameters
    ----------
    machine : LateralMachine
    stream : Stream
    n_chains, n_steps, n_temperatures : int
        Chains of the free phase, their sweeps per update, and the replicas of each; more than one
        exchange temperatures.
    clamped : {"gibbs", "mean-field"}
        How hidden units are inferred from data: drawn, or set to their mean field.
    clamped_steps : int
        Sweeps over the hidden units for that, starting without their connections.
    weight_decay : float
        Each update shrinks L by this times the learning rate.
    centered : bool
        Whether the gradient is centred, on the base machine's visible means and a running mean of
        the hidden activity given data.
    precision : torch.dtype
        Dtype of the chains' products; in bfloat16 bits are exact.
    **ascent : Any
        Arguments of `LikelihoodAscent`.
    """

    machine: LateralMachine

    def __init__(
        self,
        machine: LateralMachine,
        stream: Stream,
        *,
        n_chains: int,
        n_steps: int,
        n_temperatures: int = 1,
        clamped: str,
        clamped_steps: int,
        weight_decay: float = 0.0,
        centered: bool = True,
        precision: torch.dtype = torch.float32,
        **ascent: Any,
    ) -> None:
        super().__init__(machine, stream, **ascent)
        self.n_steps, self.clamped, self.clamped_steps = n_steps, clamped, clamped_steps
        self.weight_decay, self.centered = weight_decay, centered
        D = machine.n_features
        self.ladder: Ladder | None = None
        if n_temperatures > 1:
            # Exchanges compare energies, which bfloat16 would round.
            self.ladder = Ladder(machine.path(), stream, n_chains, n_temperatures, machine.c.dtype)
            self.chains = self.ladder.coldest()
        else:
            self.chains = machine.path().base_state(n_chains, stream).to(precision)
        self.mu = torch.zeros_like(machine.c)
        self.activity = machine.c[D:].sigmoid()
        if centered:
            self.mu[:D] = machine.c0[:D].sigmoid()
            self.mu[D:] = self.activity

    @property
    def n_sweeps(self) -> int:
        """Sweeps of both phases."""
        return self.n_steps + self.clamped_steps

    def _update(self, x: Tensor) -> None:
        machine, rate = self.machine, self.learning_rate * self.pace
        s, p = self._clamped_phase(x)
        self._advance()
        chains = self.chains.to(x.dtype)
        S = torch.cat([s, chains])
        P = torch.cat([p, affine(chains, machine.L, machine.c).sigmoid_()])
        weights = phase_weights(len(x), len(chains), x)[:-1]
        L, c = lateral_gradient(S, P, weights, self.mu, machine.mask)
        if self.weight_decay:
            machine.L.mul_(1 - rate * self.weight_decay)
        machine.L.add_(L, alpha=rate)
        machine.c.add_(c, alpha=rate)

    def _advance(self) -> None:
        """Advance the chains of the free phase."""
        machine = self.machine
        if self.ladder is not None:
            self.ladder.advance(self.n_steps)
            self.chains = self.ladder.coldest()
            return
        self.chains = machine.everyone.gibbs(
            self.chains, machine.L, machine.c, self.stream, self.n_steps
        )

    def _clamped_phase(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """States of all units given the visible ones, and their means given the others."""
        machine = self.machine
        if not machine.n_components:
            return x, x
        inputs, L = machine.hidden_input(x), machine.L_hidden
        if self.clamped == "mean-field":
            h = mean = machine.hiddens.mean_field(L, inputs, self.clamped_steps)
        else:
            h = self.stream.bernoulli(inputs.sigmoid())
            h = machine.hiddens.gibbs(h, L, inputs, self.stream, self.clamped_steps)
            mean = torch.addmm(inputs, h, L).sigmoid_()
        self.activity.lerp_(mean.mean(0), ACTIVITY_RATE)
        if self.centered:
            self.mu[machine.n_features :] = self.activity
        return torch.cat([x, h], 1), torch.cat([x, mean], 1)

    def _figures(self, rows: Tensor) -> Figures:
        return lateral_figures(self.module, rows)

    def _state(self) -> dict[str, Any]:
        ladder = None if self.ladder is None else self.ladder.state_dict()
        chains = self.chains.to(self.machine.c.dtype)
        return {"chains": chains, "activity": self.activity, "ladder": ladder}

    def _take(self, state: dict[str, Any]) -> None:
        if self.chains.shape == state["chains"].shape:  # else n_chains was set anew
            self.chains = state["chains"].to(self.chains, copy=True)
        if self.ladder is not None:
            self.ladder.load_state_dict(state["ladder"] or {})
        self.activity.copy_(state["activity"])
