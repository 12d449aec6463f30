"""Learning of deep Boltzmann machines: layer by layer, then all together."""

import math
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from ..._products import add_product_, affine
from ..._random import Stream
from ..._rows import Rows
from ..machines.layered import LayeredMachine
from ..machines.restricted import RestrictedBoltzmannMachine
from ..units.binary import Bernoulli, Twin
from .ascent import LikelihoodAscent
from .chains import persistent_chains
from .contrastive import (
    ACTIVITY_RATE,
    ContrastiveDivergence,
    Gradient,
    centered_gradient,
    phase_weights,
)
from .ladder import Ladder
from .monitors import Figures, layered_figures
from .start import MEAN_FIELD_GAP, vary_inputs


def layered_gradient(
    H: list[Tensor], c: Tensor, mu: list[Tensor]
) -> tuple[list[Gradient], list[Tensor]]:
    """The gradient of the mean log-likelihood, or of its bound, with units centred on μ.

    With Δx = Σₛ cₛ xₛ, the difference of the phases' means,

        ∂Wₗ = Δ(hₗ₋₁ − μₗ₋₁)(hₗ − μₗ)ᵀ,   ∂bₗ = Δhₗ − ∂Wₗᵀμₗ₋₁ − ∂Wₗ₊₁μₗ₊₁:

    each pair of neighbours is as a restricted machine; a bias between two pairs has terms of both.

    Parameters
    ----------
    H : list of L + 1 Tensors of shape (n + k + 1, n_units)
        For each layer its means given the data, its states in the chains, and μ.
    c : Tensor of shape (n + k + 1,)
        The ``phase_weights``.
    mu : list of L + 1 Tensors of shape (n_units,)
        Offsets; zeros give the plain gradient.

    Returns
    -------
    pairs : list of L Gradients
        Their W is ∂Wₗ.
    biases : list of L + 1 Tensors
        ∂bₗ.

    References
    ----------
    G. Montavon, K.-R. Müller, "Deep Boltzmann machines and the centering trick", in Neural
    Networks: Tricks of the Trade, 2012; J. Melchior, A. Fischer, L. Wiskott, "How to center deep
    Boltzmann machines", JMLR 17, 2016.
    """
    neighbours = zip(H, H[1:], mu[1:], strict=False)
    pairs = [centered_gradient(V, h[:-1], c, lam) for V, h, lam in neighbours]
    between = [
        below.b + above.a - c @ h.to(c.dtype)
        for below, above, h in zip(pairs, pairs[1:], H[1:], strict=False)
    ]
    return pairs, [pairs[0].a, *between, pairs[-1].b]


class LayeredAscent(LikelihoodAscent):
    """A stage for each pair of neighbouring layers as a restricted machine, then joint ascent.

    A pair is trained by persistent contrastive divergence, on draws of its lower layer by a pass up
    from the data. In the deep machine a layer between two others has input from both. While one of
    them is missing, the input from the other counts twice, by `Twin` units: input from below for
    all layers but the top one, input from above for all but v.

    In the joint stage, the data's expectation is by mean field, and the model's by persistent
    chains, whose odd layers enter by their means given the even ones. These chains start at the
    first batch. Those of the pairs, which start nearly without weights, may start anywhere.

    Parameters
    ----------
    machine : LayeredMachine
    stream : Stream
    n_pretrained : int
        Stages before the joint one: as many as there are pairs, or 0.
    mean_field_steps : int
        Rounds of mean field per update.
    n_chains, n_steps, n_temperatures : int
        Persistent chains, their Gibbs sweeps per update, and the replicas of each; more than one
        exchange temperatures.
    pretraining_learning_rate : float
    weight_decay : float
        W ← (1 − learning_rate · weight_decay) W before each step.
    centered : bool
        Whether μ holds the visible means of the base machine and running means of the hidden layers
        given the data; otherwise it is 0.
    precision : torch.dtype
        Dtype of the products; in bfloat16 bits are exact.
    **ascent : Any
        Arguments of `LikelihoodAscent`.

    References
    ----------
    R. Salakhutdinov, G. Hinton, "Deep Boltzmann machines", AISTATS 2009.
    """

    machine: LayeredMachine

    def __init__(
        self,
        machine: LayeredMachine,
        stream: Stream,
        *,
        n_pretrained: int,
        mean_field_steps: int,
        n_chains: int,
        n_steps: int,
        n_temperatures: int = 1,
        pretraining_learning_rate: float,
        weight_decay: float = 0.0,
        centered: bool = True,
        precision: torch.dtype = torch.float32,
        **ascent: Any,
    ) -> None:
        super().__init__(machine, stream, **ascent)
        machine = self.machine
        self.n_pretrained = n_pretrained
        self.pair: ContrastiveDivergence | None = None
        self.entered = -1
        self.mean_field_steps, self.n_steps = mean_field_steps, n_steps
        self.pretraining_learning_rate = pretraining_learning_rate
        self.weight_decay, self.centered, self.precision = weight_decay, centered, precision
        first = (machine.a0, *machine.b[1:])
        self.activity = [b.sigmoid() for b in first]
        self.n_chains, self.n_temperatures = n_chains, n_temperatures
        self.chains = list[Tensor]()
        self.ladder: Ladder | None = None

    @property
    def n_sweeps(self) -> int:
        """Sweeps of the chains, and rounds of mean field."""
        return self.n_steps + self.mean_field_steps

    def watched(self, rows: Rows) -> tuple[LayeredMachine, Rows] | None:
        """The whole machine, once its layers learn together."""
        return (self.module, rows) if self.pair is None else None

    def _enter(self, stage: int) -> None:
        """Begin a stage from the parameters that the stage before has learned."""
        self._leave_pair()
        self.entered = stage
        self.pair = self._pair(stage) if stage < self.n_pretrained else None
        if self.pair is not None:
            self._start(self.pair.machine, stage)

    def _start(self, pair: RestrictedBoltzmannMachine, i: int) -> None:
        """Set the first parameters of layers i and i + 1, in the average as well."""
        pair.a.copy_(pair.a0)
        gap = math.inf if i == 0 else MEAN_FIELD_GAP
        vary_inputs(pair, pair.visible.mean(pair.a0), self.stream, gap)
        self.module.W[i].copy_(pair.W)
        self.module.b[i + 1].copy_(pair.b)
        if i == 0:
            self.module.b[0].copy_(pair.a)

    def _pair(self, i: int) -> ContrastiveDivergence:
        """The rule that trains layers i and i + 1 as a restricted machine with their parameters.

        A twin's statistics are twice those of a unit. The rate is lowered so that weights move at
        the given rate; biases then move at half of it if both layers are twins.
        """
        machine = self.machine
        kinds = [Twin if twin else Bernoulli for twin in (i + 1 < machine.depth, i > 0)]
        visible, hidden = (kind(n) for kind, n in zip(kinds, machine.sizes[i:], strict=False))
        a0 = self.activity[i].logit(eps=1e-3)
        pair = RestrictedBoltzmannMachine.of(
            visible,
            hidden,
            W=machine.W[i],
            a=nn.Parameter(a0.clone(), requires_grad=False) if i else machine.b[0],
            b=machine.b[i + 1],
            a0=a0,
        )
        scale = 2 ** kinds.count(Twin)
        return ContrastiveDivergence(
            pair,
            self.stream,
            chains=partial(
                persistent_chains(self.n_temperatures),
                n_chains=self.n_chains,
                n_steps=self.n_steps,
            ),
            learning_rate=self.pretraining_learning_rate / scale,
            weight_decay=self.weight_decay * scale,
            centered=self.centered,
            precision=self.precision,
        )

    def _leave_pair(self) -> None:
        """Take the mean activity of the upper layer from a pair whose stage is over."""
        if self.pair is not None:
            copies = 2 if self.entered > 0 else 1
            self.activity[self.entered + 1].copy_(self.pair.activity / copies)
            if self.entered > 0:
                self.machine.b[self.entered].lerp_(self.pair.machine.a, 0.5)

    def _update(self, x: Tensor) -> None:
        x = x.to(self.precision)
        if self.entered != self.stage:
            self._enter(self.stage)
        if self.pair is not None:
            self.pair.pace = self.pace
            self.pair.step(self._below(x))
            return
        data = self.machine.mean_field(x, self.mean_field_steps)
        if not self.chains:
            self._start_chains(data)
        self._ascend(data, self._advance())

    def _start_chains(self, data: list[Tensor]) -> None:
        """Start at draws from these means; far from the data they would undo the pre-training."""
        rows = torch.arange(self.n_chains, device=data[0].device) % len(data[0])
        self.chains = [self.stream.bernoulli(q[rows]).to(self.precision) for q in data]
        if self.n_temperatures > 1:
            self.ladder = self._new_ladder()
            self.ladder.start(torch.cat([self.chains[i] for i in self.machine.sides[0]], 1))

    def _new_ladder(self) -> Ladder:
        """Tempered chains; bfloat16 would round the energies that exchanges compare."""
        dtype = self.activity[0].dtype
        return Ladder(self.machine.path(), self.stream, self.n_chains, self.n_temperatures, dtype)

    def _below(self, v: Tensor) -> Tensor:
        """States of the lower layer of the pair in training, drawn by a doubled pass up."""
        h, machine = v, self.machine
        for i in range(self.entered):
            x = affine(h, machine.W[i], machine.b[i + 1])
            h = self.stream.bernoulli((2 * x - machine.b[i + 1]).sigmoid()).to(v.dtype)
        return 2 * h if self.entered + 1 < machine.depth else h

    def _advance(self) -> list[Tensor]:
        """Advance the chains; return one side's states and the other's means given them.

        The side that is drawn last enters by its means: the odd layers, or the larger side of
        tempered chains.
        """
        machine, h = self.machine, self.chains
        if self.ladder is not None:
            self.ladder.advance(self.n_steps)
            drawn = machine.layers_of(self.ladder.coldest(), machine.sides[0])
            rest = {i: machine.input(drawn, i).sigmoid() for i in machine.sides[1]}
            both = drawn | rest
            self.chains = [both[i].to(self.precision) for i in range(machine.depth + 1)]
            return self.chains
        for step in range(self.n_steps):
            if step:
                machine.draw(h, machine.odd, self.stream)
            machine.draw(h, machine.even, self.stream)
        means = list(h)
        for i in machine.odd:
            p = machine.input(h, i).sigmoid()
            means[i], h[i] = p.to(self.precision), self.stream.bernoulli(p).to(self.precision)
        return means

    def _ascend(self, data: list[Tensor], model: list[Tensor]) -> None:
        """One step uphill."""
        machine, rate = self.machine, self.learning_rate * self.pace
        for activity, q in zip(self.activity[1:], data[1:], strict=True):
            activity.lerp_(q.mean(0, dtype=activity.dtype), ACTIVITY_RATE)
        mu = self.activity if self.centered else [torch.zeros_like(m) for m in self.activity]
        layers = zip(data, model, mu, strict=True)
        H = [torch.cat([q, h, m[None].to(self.precision)]) for q, h, m in layers]
        c = phase_weights(len(data[0]), len(model[0]), mu[0])
        pairs, biases = layered_gradient(H, c, mu)
        for W, gradient in zip(machine.W, pairs, strict=True):
            if self.weight_decay:
                W.mul_(1 - rate * self.weight_decay)
            add_product_(W, gradient.V, gradient.K, rate)
        for b, db in zip(machine.b, biases, strict=True):
            b.add_(db, alpha=rate)

    def _figures(self, rows: Tensor) -> Figures:
        return layered_figures(self.module, rows, self.mean_field_steps)

    def _state(self) -> dict[str, Any]:
        pair = None
        if self.pair is not None:
            # Its other parameters are the machine's.
            pair = self.pair.state_dict() | {"a": self.pair.machine.a.detach()}
        return {
            "chains": [h.to(self.activity[0].dtype) for h in self.chains],
            "activity": self.activity,
            "entered": self.entered,
            "pair": pair,
            "ladder": None if self.ladder is None else self.ladder.state_dict(),
        }

    def _take(self, state: dict[str, Any]) -> None:
        for activity, stored in zip(self.activity, state["activity"], strict=True):
            activity.copy_(stored)
        self.chains = [
            h.to(self.activity[0].device, self.precision, copy=True)
            for h in state["chains"]
            if len(h) == self.n_chains  # else it was set anew
        ]
        if self.n_temperatures > 1 and self.chains:
            self.ladder = self._new_ladder()
            if not self.ladder.load_state_dict(state["ladder"] or {}):
                self.chains = []  # start anew
        self.entered, self.pair = state["entered"], None
        if state["pair"] is not None and self.entered < self.n_pretrained:
            self.pair = self._pair(self.entered)
            self.pair.machine.a.copy_(state["pair"]["a"])
            self.pair.load_state_dict(state["pair"])
