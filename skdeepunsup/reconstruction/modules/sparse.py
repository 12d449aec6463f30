"""Four ways to keep most units of a code at rest.

Each says what is made of the encoder's output a, what is lowered beside the error, and what is owed
to the parameters after an update that no gradient gives.
"""

import math
from abc import ABC, abstractmethod
from typing import Any

import torch
from torch import Tensor, nn

from ..._random import Stream
from ...formulas.penalties import bernoulli_divergence, keep_largest, log_mean_activity, row_mean
from .deterministic import DeterministicModule


class Sparsity(nn.Module, ABC):
    """One way to be sparse.

    Parameters
    ----------
    n_components : int
        Width of the code.
    target : float
        Wanted mean activity, where the way has one.
    cost : float
        How much it counts beside the error.
    n_nonzero : int
        Units that may be active at once, where the way has that.
    """

    def __init__(self, n_components: int, target: float, cost: float, n_nonzero: int) -> None:
        super().__init__()
        self.target, self.cost, self.n_nonzero = target, cost, n_nonzero

    @abstractmethod
    def initialize(self, module: DeterministicModule) -> None:
        """Set what the first parameters have to be."""

    @abstractmethod
    def code(self, a: Tensor) -> Tensor:
        """h."""

    @abstractmethod
    def penalty(
        self,
        module: DeterministicModule,
        x: Tensor,
        observed: Tensor | None,
        a: Tensor,
        h: Tensor,
        weights: Tensor | None,
    ) -> Tensor:
        """What is lowered beside the error: a number for each row, or one for all."""

    @abstractmethod
    def begin_epoch(self) -> None:
        """Called before each epoch."""

    @abstractmethod
    def after_update(self, module: DeterministicModule, learning_rate: float) -> None:
        """What no gradient gives."""


class Divergence(Sparsity):
    """The mean activity ρ̂ⱼ of each logistic unit over a batch is drawn to ρ: β Σⱼ KL(ρ ‖ ρ̂ⱼ)."""

    def initialize(self, module: DeterministicModule) -> None:
        pass

    def code(self, a: Tensor) -> Tensor:
        return a.sigmoid()

    def penalty(
        self,
        module: DeterministicModule,
        x: Tensor,
        observed: Tensor | None,
        a: Tensor,
        h: Tensor,
        weights: Tensor | None,
    ) -> Tensor:
        log_on, log_off = log_mean_activity(a, weights), log_mean_activity(-a, weights)
        return self.cost * bernoulli_divergence(self.target, log_on, log_off)

    def begin_epoch(self) -> None:
        pass

    def after_update(self, module: DeterministicModule, learning_rate: float) -> None:
        pass


class Absolute(Sparsity):
    """β Σⱼ |hⱼ| of rectified units, whose columns in the decoder are held at norm 1.

    Without that, a small code and large columns would do the same at no cost.
    """

    def initialize(self, module: DeterministicModule) -> None:
        hold_columns(module)

    def code(self, a: Tensor) -> Tensor:
        return a.relu()

    def penalty(
        self,
        module: DeterministicModule,
        x: Tensor,
        observed: Tensor | None,
        a: Tensor,
        h: Tensor,
        weights: Tensor | None,
    ) -> Tensor:
        return self.cost * h.sum(-1)  # which are not negative

    def begin_epoch(self) -> None:
        pass

    def after_update(self, module: DeterministicModule, learning_rate: float) -> None:
        hold_columns(module)


class RunningMean(Sparsity):
    """The bias of each tanh unit follows how far its running mean activity ρ̂ⱼ is from ρ.

    After each update, with the activity a of the batch and the learning rate α,

        ρ̂ⱼ ← 0.999 ρ̂ⱼ + 0.001 aⱼ,   bⱼ ← bⱼ − α β (ρ̂ⱼ − ρ).

    This is for batches of one row; of n rows, the mean activity is taken in n times over, so that ρ̂
    keeps 0.999ⁿ of itself and remembers as many rows whatever the size of a batch. At first ρ̂ = ρ
    and b = artanh ρ, for units that rest where they should.

    References
    ----------
    A. Ng, "Unsupervised feature learning: sparse autoencoders", CS294A lecture notes.
    """

    KEPT = 0.999

    running_mean: Tensor

    def __init__(self, n_components: int, target: float, cost: float, n_nonzero: int) -> None:
        super().__init__(n_components, target, cost, n_nonzero)
        self.register_buffer("running_mean", torch.zeros(n_components))
        self._seen: tuple[int, Tensor] | None = None

    def initialize(self, module: DeterministicModule) -> None:
        # Where it rests: on the way there from 0, b would run far past it before ρ̂ is told.
        self.running_mean.fill_(self.target)
        with torch.no_grad():
            module.encoder[-1].bias.add_(math.atanh(self.target))

    def code(self, a: Tensor) -> Tensor:
        return a.tanh()

    def penalty(
        self,
        module: DeterministicModule,
        x: Tensor,
        observed: Tensor | None,
        a: Tensor,
        h: Tensor,
        weights: Tensor | None,
    ) -> Tensor:
        if self.training:
            self._seen = len(h), row_mean(h.detach(), weights)
        return h.new_zeros(())

    def begin_epoch(self) -> None:
        pass

    def after_update(self, module: DeterministicModule, learning_rate: float) -> None:
        assert self._seen is not None
        n, activity = self._seen
        self._seen = None
        self.running_mean.lerp_(activity.to(self.running_mean), 1 - self.KEPT**n)
        module.encoder[-1].bias.sub_(
            self.running_mean - self.target, alpha=learning_rate * self.cost
        )


class TopK(Sparsity):
    """The k largest units of a row alone are active; those that never are learn from what is left.

    A unit that no row chooses gets no gradient. So those that were silent for a hundred updates
    before an epoch are taken for dead in it: as many of them as may be active at once are added to
    the code as it is, and β times the error of that reconstruction is lowered as well: with a
    linear decoder and the squared error,

        β ‖e − ê‖²,   e = x − r,   ê the decoder's columns of the dead units times their activities.

    References
    ----------
    L. Gao et al., "Scaling and evaluating sparse autoencoders", ICLR 2025, section 2.4 and A.2.
    """

    DEAD_AFTER = 100  # updates

    silent: Tensor
    dead: Tensor

    def __init__(self, n_components: int, target: float, cost: float, n_nonzero: int) -> None:
        super().__init__(n_components, target, cost, n_nonzero)
        self.register_buffer("silent", torch.zeros(n_components, dtype=torch.int64))
        self.register_buffer("dead", torch.zeros(n_components, dtype=torch.bool))
        self._n_dead = 0

    def initialize(self, module: DeterministicModule) -> None:
        hold_columns(module)

    def code(self, a: Tensor) -> Tensor:
        return keep_largest(a, self.n_nonzero)

    def penalty(
        self,
        module: DeterministicModule,
        x: Tensor,
        observed: Tensor | None,
        a: Tensor,
        h: Tensor,
        weights: Tensor | None,
    ) -> Tensor:
        if not self.training:
            return h.new_zeros(())
        self.silent.add_(1).masked_fill_((h > 0).any(0), 0)
        if self._n_dead == 0:
            return h.new_zeros(())
        values, columns = a.where(self.dead, -torch.inf).topk(min(self._n_dead, self.n_nonzero))
        # Not rectified: the gradient must reach units that are below zero, too.
        revived = h.detach().scatter(-1, columns, values)
        return self.cost * module.error(x, revived, observed)

    def begin_epoch(self) -> None:
        self.dead.copy_(self.silent >= self.DEAD_AFTER)
        self._n_dead = int(self.dead.sum())

    def after_update(self, module: DeterministicModule, learning_rate: float) -> None:
        hold_columns(module)


@torch.no_grad()
def hold_columns(module: DeterministicModule) -> None:
    """Scale the columns by which the decoder reads each unit of the code to norm 1."""
    W = module.decoder[0].weight  # of shape (n_outputs, n_components)
    W.div_(W.square().sum(0).sqrt().clamp_min(torch.finfo(W.dtype).tiny))


SPARSITIES: dict[str, type[Sparsity]] = {
    "kl": Divergence,
    "l1": Absolute,
    "running-mean": RunningMean,
    "top-k": TopK,
}
"""By name."""


class SparseModule(DeterministicModule):
    """h = s(f(x)), most of it at rest.

    Parameters
    ----------
    sparsity : {"kl", "l1", "running-mean", "top-k"}
        How.
    target, cost, n_nonzero : float, float, int
        As `Sparsity` has them.
    **architecture : Any
        As `DeterministicModule` has it.
    """

    def __init__(
        self, *, sparsity: str, target: float, cost: float, n_nonzero: int, **architecture: Any
    ) -> None:
        super().__init__(**architecture)
        self.sparsity = SPARSITIES[sparsity](self.n_components, target, cost, n_nonzero)

    def code(self, a: Tensor) -> Tensor:
        """Return the sparse code h = s(a)."""
        return self.sparsity.code(a)

    def losses(self, x: Tensor, stream: Stream, weights: Tensor | None = None) -> dict[str, Tensor]:
        """The error of each row, and what sparsity asks for."""
        observed, fed = self.observed_and_fed(x)
        a = self.encoder_output(fed)
        h = self.code(a)
        penalty = self.sparsity.penalty(self, fed, observed, a, h, weights)
        return {
            "reconstruction": self.error(fed, h, observed),
            "sparsity": penalty.expand(len(x)),
        }
