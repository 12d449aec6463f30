"""Up-down: the contrastive version of wake-sleep, which tunes all layers together."""

from collections.abc import Callable, Sequence
from typing import Any

from torch import Tensor

from .._products import add_product_
from .._random import Stream
from .._validation import Rows
from .belief_network import BeliefNetwork
from .learning import ContrastiveDivergence, LikelihoodAscent
from .machine import RestrictedBoltzmannMachine
from .units import Categorical


def wake_(machine: RestrictedBoltzmannMachine, below: Tensor, above: Tensor, rate: float) -> None:
    """One step up the mean of log p(below | above), by what the pass down would get wrong.

        ∂W = (u − E[u | h]) hᵀ,   ∂a = u − E[u | h],

    times σ² where u is Gaussian; of a categorical unit that is missing, nothing.
    """
    error = below - machine.visible.mean(machine.visible_input(above))
    if isinstance(machine.visible, Categorical):
        error *= machine.visible.observed(below)
    add_product_(machine.W, error, above, rate / len(error))
    machine.a.add_(error.mean(0), alpha=rate)
    machine.visible.constrain_(machine.W, machine.a)


def sleep_(network: BeliefNetwork, layer: int, below: Tensor, above: Tensor, rate: float) -> None:
    """One step up the mean of log q(above | below), of fantasies, whose causes are known.

    ∂R = t(u) (h − E_q[h | u])ᵀ,   ∂b = h − E_q[h | u].
    """
    machine = network.layers[layer]
    error = above - network.mean_up(layer, below)
    R = network.recognition_weights(layer)
    add_product_(R, machine.visible.statistic(below), error, rate / len(error))
    machine.b.add_(error.mean(0), alpha=rate)


class UpDown(LikelihoodAscent):
    """Contrastive wake-sleep on all layers of a network whose recognition weights are untied.

    Wake: a batch goes up by q, and the weights down learn to give back each layer. The top machine
    learns from where the batch arrives, by its own chains. Sleep: what these chains are at goes
    down by p, and the weights up learn to find the causes. The variances of Gaussian units stay.

    Parameters
    ----------
    network : BeliefNetwork
    stream : Stream
        All randomness.
    learner : callable
        Gives the top machine's own learning rule.
    rates : sequence of float
        The learning rate of each layer.
    resample : bool
        Whether each batch is drawn anew, as bits with its entries for probabilities.
    **ascent : Any
        Of `LikelihoodAscent`, but for its learning rate.

    References
    ----------
    G. Hinton, S. Osindero, Y.-W. Teh, "A fast learning algorithm for deep belief nets", Neural
    Computation 18, 2006.
    """

    def __init__(
        self,
        network: BeliefNetwork,
        stream: Stream,
        *,
        learner: Callable[[RestrictedBoltzmannMachine], ContrastiveDivergence],
        rates: Sequence[float],
        resample: bool = False,
        **ascent: Any,
    ) -> None:
        super().__init__(network, stream, learning_rate=1.0, **ascent)  # type: ignore[arg-type]
        self.top = learner(self.machine.top)
        self.rates, self.resample = rates, resample

    def begin_epoch(self, progress: float, stage: int = 0) -> None:
        super().begin_epoch(progress, stage)
        self.top.begin_epoch(progress, stage)

    def _update(self, x: Tensor) -> None:
        network: BeliefNetwork = self.machine
        rates = [self.pace * rate for rate in self.rates]
        u = network.visible.states(x)
        states = [self.stream.bernoulli(u) if self.resample else u]
        for layer in range(len(network.directed)):
            states.append(network.sample_up(layer, states[-1], self.stream))
        for layer, machine in enumerate(network.directed):
            wake_(machine, states[layer], states[layer + 1], rates[layer])
        self.top.step(states[-1])
        above = self.top.chains.draw(states[-1]).to(u.dtype)
        for layer, machine in reversed(list(enumerate(network.directed))):
            below = machine.sample_visible(above, self.stream)
            sleep_(network, layer, below, above, rates[layer])
            above = below

    def measure(self, rows: Rows, held_out: Rows | None) -> dict[str, Tensor]:
        """Of the top machine, from rows as they arrive there."""
        return self.top.measure(rows, held_out)

    def state_dict(self) -> dict[str, Any]:
        top = self.top.state_dict()
        del top["module"]  # a part of the network
        return super().state_dict() | {"top": top}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        super().load_state_dict(state)
        self.top.load_state_dict(state["top"] | {"module": self.machine.top.state_dict()})
