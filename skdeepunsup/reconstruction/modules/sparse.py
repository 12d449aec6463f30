"""The sparse autoencoder, and four ways to keep most units of its code at rest.

Each way defines the code h as a function of the encoder's output a, a penalty beside the error, and
changes of the parameters after an update that are no gradient steps.
"""

import math
from abc import ABC, abstractmethod
from typing import Any

import torch
from torch import Tensor, nn

from ...formulas.penalties import bernoulli_divergence, keep_largest, log_mean_activity, row_mean
from .deterministic import DeterministicModule


class Sparsity(nn.Module, ABC):
    """Base of the ways to be sparse.

    Parameters
    ----------
    n_components : int
        Width of the code.
    target : float
        Target mean activity, for the ways that have one.
    cost : float
        Weight of the penalty beside the error.
    n_nonzero : int
        Units that may be active at once, for the ways that limit them.
    """

    def __init__(self, n_components: int, target: float, cost: float, n_nonzero: int) -> None:
        super().__init__()
        self.target, self.cost, self.n_nonzero = target, cost, n_nonzero

    def initialize(self, module: DeterministicModule) -> None:
        """Adapt the module's first parameters; by default they stay as they are."""

    @abstractmethod
    def code(self, a: Tensor) -> Tensor:
        """Return h, given the encoder's output a."""

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
        """Return the penalty beside the error: a number for each row, or one for the batch.

        Parameters
        ----------
        module : DeterministicModule
            The autoencoder.
        x : Tensor of shape (n, n_features)
            Rows, missing entries filled.
        observed : Tensor of shape (n, n_features) or None
            1 where an entry was observed, else 0; None if all were.
        a, h : Tensor of shape (n, n_components)
            The encoder's output and the code.
        weights : Tensor of shape (n,) or None
            Weights of the rows; None if all count alike.
        """

    def begin_epoch(self) -> None:
        """Prepare for an epoch; called before each, and does nothing by default."""

    def after_update(self, module: DeterministicModule, learning_rate: float) -> None:
        """Change parameters other than by gradients; called after each update."""


class Divergence(Sparsity):
    """β Σⱼ KL(ρ ‖ ρ̂ⱼ): draws the mean activity ρ̂ⱼ of each logistic unit over a batch to ρ.

    At first logit ρ is added to the biases, so that units start near their target. Rows are
    centred, so that biases alone would have to lower the mean activity from a half: at the default
    learning rate and batch size 200 epochs of 400 rows move them by 2.6, and logit 0.05 is −2.9.
    """

    def initialize(self, module: DeterministicModule) -> None:
        if "encoder" not in module.own:
            with torch.no_grad():
                module.encoder[-1].bias.add_(math.log(self.target / (1 - self.target)))

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


class Absolute(Sparsity):
    """β Σⱼ |hⱼ| of rectified units, with the decoder's column of each unit kept at norm 1.

    Otherwise a smaller code with larger columns would give the same rows at less cost.
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
        return self.cost * h.sum(-1)  # h is not negative

    def after_update(self, module: DeterministicModule, learning_rate: float) -> None:
        hold_columns(module)


class RunningMean(Sparsity):
    """The bias of each tanh unit is moved against the distance of its running mean ρ̂ⱼ from ρ.

    After each update, with the mean activity a over the batch and the learning rate α,

        ρ̂ⱼ ← 0.999 ρ̂ⱼ + 0.001 aⱼ,   bⱼ ← bⱼ − α β (ρ̂ⱼ − ρ).

    This is the rule for batches of one row. For n rows ρ̂ keeps 0.999ⁿ of itself, so that it
    remembers the same number of rows whatever the batch size. At first ρ̂ = ρ, and artanh ρ is
    added to b, so that units start at their target.

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
        # Starting from 0, b would run far past the target before ρ̂ reached it.
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

    def after_update(self, module: DeterministicModule, learning_rate: float) -> None:
        assert self._seen is not None
        n, activity = self._seen
        self._seen = None
        self.running_mean.lerp_(activity.to(self.running_mean), 1 - self.KEPT**n)
        module.encoder[-1].bias.sub_(
            self.running_mean - self.target, alpha=learning_rate * self.cost
        )


class TopK(Sparsity):
    """Only the k largest units of a row are active; dead units learn from the remaining error.

    A unit that is never among the largest gets no gradient. Units that were silent for a hundred
    updates before an epoch count as dead during it. The k largest of them are added to the code of
    each row, and β times the error of that reconstruction is a penalty; with a linear decoder and
    the squared error it is

        β ‖e − ê‖²,   e = x − r,   ê the dead units' activities times their columns of the decoder.

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
        # Not rectified, so that the gradient reaches units below zero.
        revived = h.detach().scatter(-1, columns, values)
        return self.cost * module.error(x, revived, observed)

    def begin_epoch(self) -> None:
        self.dead.copy_(self.silent >= self.DEAD_AFTER)
        self._n_dead = int(self.dead.sum())

    def after_update(self, module: DeterministicModule, learning_rate: float) -> None:
        hold_columns(module)


@torch.no_grad()
def hold_columns(module: DeterministicModule) -> None:
    """Scale the column of each unit in the decoder's first layer to norm 1."""
    W = module.decoder[0].weight  # of shape (n_outputs, n_components)
    W.div_(W.square().sum(0).sqrt().clamp_min(torch.finfo(W.dtype).tiny))


SPARSITIES: dict[str, type[Sparsity]] = {
    "kl": Divergence,
    "l1": Absolute,
    "running-mean": RunningMean,
    "top-k": TopK,
}
"""The ways to be sparse by name."""


class SparseModule(DeterministicModule):
    """h = s(f(x)), r = g(h), where most units of h are at rest.

    Parameters
    ----------
    sparsity : {"kl", "l1", "running-mean", "top-k"}
        How the code is kept sparse.
    target, cost, n_nonzero : float, float, int
        Arguments of `Sparsity`.
    **architecture : Any
        Arguments of `DeterministicModule`.
    """

    def __init__(
        self, *, sparsity: str, target: float, cost: float, n_nonzero: int, **architecture: Any
    ) -> None:
        super().__init__(**architecture)
        self.sparsity = SPARSITIES[sparsity](self.n_components, target, cost, n_nonzero)

    def code(self, a: Tensor) -> Tensor:
        """Return the sparse code h = s(a)."""
        return self.sparsity.code(a)

    @property
    def penalties_of_codes(self) -> bool:
        return not isinstance(self.sparsity, TopK)  # which decodes dead units

    def penalties(
        self, a: Tensor, h: Tensor, x: Tensor, observed: Tensor | None, weights: Tensor | None
    ) -> dict[str, Tensor]:
        """Return the price of activity."""
        penalty = self.sparsity.penalty(self, x, observed, a, h, weights)
        return {"sparsity": penalty.expand(len(x))}
