"""Up-down: contrastive wake-sleep, which trains all layers of a belief network together."""

from collections.abc import Callable, Sequence
from typing import Any

from torch import Tensor

from ..._products import add_product_
from ..._random import Stream
from ..._rows import Rows
from ..machines.belief_network import BeliefNetwork
from ..machines.restricted import RestrictedBoltzmannMachine
from .ascent import LikelihoodAscent
from .contrastive import ContrastiveDivergence
from .monitors import Figures, fixed_bits, restricted_figures


def wake_(machine: RestrictedBoltzmannMachine, below: Tensor, above: Tensor, rate: float) -> None:
    """One step up the mean of log p(below | above), along the error of the pass down.

        ∂W = (u − E[u | h]) hᵀ,   ∂a = u − E[u | h],

    times σ² if u is Gaussian, and 0 for missing units.
    """
    error = below - machine.visible.mean(machine.visible_input(above))
    error *= machine.coding.observed(below)
    add_product_(machine.W, error, above, rate / len(error))
    machine.a.add_(error.mean(0), alpha=rate)
    machine.visible.constrain_(machine.W, machine.a)


def sleep_(network: BeliefNetwork, layer: int, below: Tensor, above: Tensor, rate: float) -> None:
    """One step up the mean of log q(above | below) on samples of the model, with known causes.

    ∂R = t(u) (h − E_q[h | u])ᵀ,   ∂b = h − E_q[h | u].
    """
    machine = network.layers[layer]
    error = above - network.mean_up(layer, below)
    R = network.recognition_weights(layer)
    add_product_(R, machine.visible.statistic(below), error, rate / len(error))
    machine.b.add_(error.mean(0), alpha=rate)


class UpDown(LikelihoodAscent):
    """Contrastive wake-sleep on all layers of a network with untied recognition weights.

    Wake: a batch goes up by q, and the generative weights learn to reconstruct each layer from the
    one above. The top machine learns from the activities that arrive there, by its own chains.
    Sleep: the states of these chains go down by p, and the recognition weights learn to infer each
    layer from the one below. The variances of Gaussian units stay as they are.

    Parameters
    ----------
    network : BeliefNetwork
    stream : Stream
        All randomness.
    learner : callable
        ``learner(machine)`` makes the learning rule of the top machine.
    rates : sequence of float
        The learning rate of each layer.
    **ascent : Any
        Arguments of `LikelihoodAscent`, except its learning rate.

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
        **ascent: Any,
    ) -> None:
        super().__init__(network, stream, learning_rate=1.0, **ascent)
        self.top, self.rates = learner(self.machine.top), rates

    def _update(self, x: Tensor) -> None:
        network: BeliefNetwork = self.machine
        rates = [self.pace * rate for rate in self.rates]
        states = [network.coding.to_states(x)]
        for layer in range(len(network.directed)):
            states.append(network.sample_up(layer, states[-1], self.stream))
        for layer, machine in enumerate(network.directed):
            wake_(machine, states[layer], states[layer + 1], rates[layer])
        self.top.pace = self.pace
        self.top.step(states[-1])
        if not network.directed:
            return
        above = self.top.chains.draw(states[-1]).to(x.dtype)
        for layer, machine in reversed(list(enumerate(network.directed))):
            below = machine.sample_visible(above, self.stream)
            sleep_(network, layer, below, above, rates[layer])
            above = below

    @property
    def n_sweeps(self) -> int:
        """Sweeps of the top machine's chains."""
        return self.top.n_sweeps

    def watched(self, rows: Rows) -> None:
        """Nothing: the network's likelihood has no annealing path."""

    def _figures(self, rows: Tensor) -> Figures:
        """Figures of the top machine, from rows as they arrive there."""
        network: BeliefNetwork = self.module
        return restricted_figures(network.top, fixed_bits(rows) if network.directed else rows)

    def _state(self) -> dict[str, Any]:
        return {"top": self.top.state_dict()}

    def _take(self, state: dict[str, Any]) -> None:
        self.top.load_state_dict(state["top"])
