"""A lower bound on a deep belief network's log-likelihood."""

import torch
from torch import Tensor

from ..._random import Stream
from ..machines.belief_network import BeliefNetwork
from ..machines.states import binary_states

MAX_SUMMED_DIRECTED = 10
"""Most directed hidden units whose states, 2¹⁰ at most, are all summed; else some are drawn."""


def log_model_and_posterior(
    network: BeliefNetwork, v: Tensor, hidden: list[Tensor]
) -> tuple[Tensor, Tensor]:
    """Log p*(v, h) and log q(h | v), with hᴸ summed out and without Z.

        log p*(v, h) = Σ_{l<L} log p(hˡ⁻¹ | hˡ) − F_top(hᴸ⁻¹),   log q = Σ_{l<L} log q(hˡ | hˡ⁻¹).

    Parameters
    ----------
    network : BeliefNetwork
    v : Tensor of shape (n, n_visible)
        Visible states.
    hidden : list of Tensor of shape (n, size) or (1, size)
        States of h¹, …, hᴸ⁻¹, one for each row or one for all.
    """
    log_p = log_q = torch.zeros(len(v)).to(v)
    below = v
    for layer, (machine, h) in enumerate(zip(network.directed, hidden, strict=True)):
        log_p = log_p + machine.visible.log_probability(below, machine.visible_input(h))
        log_q = log_q + machine.hidden.log_probability(h, network.hidden_input(layer, below))
        below = h
    return log_p - network.top.free_energy(below), log_q


def enumerated_bound(network: BeliefNetwork, v: Tensor) -> Tensor:
    """E_q[log p*(v, h) − log q(h | v)] of each visible state, by summing over all h."""
    sizes = [machine.n_components for machine in network.directed]
    total = torch.zeros(len(v)).to(v)
    for block in binary_states(sum(sizes)):
        for h in block.to(v):
            hidden = list(h[None].split(sizes, 1))
            log_p, log_q = log_model_and_posterior(network, v, hidden)
            total += log_q.exp() * (log_p - log_q)
    return total


def stratified(n_draws: int, n_units: int, stream: Stream) -> Tensor:
    """Uniform numbers, a row a draw; each column has one number in each 1/n_draws of [0, 1).

    A Latin hypercube: columns are independent, so that each row by itself is a fair draw, while the
    rows together cover the range of every single unit evenly.
    """
    shape = (n_draws, n_units)
    order = stream.uniform(shape, torch.float64).argsort(0)
    return (order + stream.uniform(shape, torch.float64)) / n_draws


def sampled_bound(network: BeliefNetwork, v: Tensor, n_draws: int, stream: Stream) -> Tensor:
    """E_q[log p*(v, h) − log q(h | v)] of each visible state, estimated from ``n_draws`` of h.

    One set of uniform numbers serves all rows, so that no figure depends on the other rows. If q is
    the posterior, each draw gives log p(v) itself.
    """
    uniforms = [stratified(n_draws, m.n_components, stream) for m in network.directed]
    total = torch.zeros(len(v)).to(v)
    for draw in range(n_draws):
        hidden, below = [], v
        for layer, u in enumerate(uniforms):
            below = (u[draw].to(v) < network.mean_up(layer, below)).to(v.dtype)
            hidden.append(below)
        log_p, log_q = log_model_and_posterior(network, v, hidden)
        total += log_p - log_q
    return total / n_draws


def lower_bound(network: BeliefNetwork, v: Tensor, n_draws: int) -> Tensor:
    """Lower bound of log p(v) + log Z: E_q[log p*(v, h)] plus the entropy of q.

    References
    ----------
    G. Hinton, S. Osindero, Y.-W. Teh, "A fast learning algorithm for deep belief nets", Neural
    Computation 18, 2006; R. Salakhutdinov, I. Murray, "On the quantitative analysis of deep belief
    networks", ICML 2008.
    """
    if sum(machine.n_components for machine in network.directed) <= MAX_SUMMED_DIRECTED:
        return enumerated_bound(network, v)
    return sampled_bound(network, v, n_draws, Stream(0))
