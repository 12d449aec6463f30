"""Units as functions of their input x: the layers that Boltzmann machines are made of.

A unit with the total input x, its bias included, takes the value u with probability

    p(u | x) = exp(x t(u) + base(u)) / exp(log_normalizer(x)).

The statistic t and the base measure define its kind; a machine needs only the five abstract
functions below (an exponential-family harmonium: M. Welling, M. Rosen-Zvi, G. Hinton, NIPS 2004).
The derivative of the log-normaliser is E[t(u) | x].
"""

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn

from ..._random import Stream
from ..._rows import Rows
from .coding import Coding

MAX_FIRST_BIAS = 10.0
"""Largest size of a first bias that is found by bisection: weights can still overrule it."""

RARELY_ON = -1.0
"""Units that are rarely on at first end as a sparse code, which fits better and separates classes.

With weights of deviation .01, ``python -m benchmarks likelihood --set n_iter=30 weight_decay=0``
ended 2.7 nats higher from b = −2 than from b = 0. With weights from which inputs vary by 1, units
are on for some rows and off for others from −1 on, and small tables train.
"""


class Units(nn.Module, ABC):
    """A layer of units of one kind: five functions, and hooks that few kinds need.

    Parameters
    ----------
    n_units : int
        Columns of the rows of data.

    Attributes
    ----------
    coding : Coding
        How rows of data become states; by default they are the states.
    """

    binary = False
    """Whether each unit is one bit."""
    learned = False
    """Whether the units have parameters of their own, which ``ascend_`` moves."""
    first_bias = 0.0
    """Bias that hidden units of this kind start with above units of finitely many values."""
    coding = Coding()

    def __init__(self, n_units: int) -> None:
        super().__init__()
        self.n_units = n_units

    @property
    def size(self) -> int:
        """Columns of a state, and of its input."""
        return self.n_units * self.coding.width

    # The mathematics

    @abstractmethod
    def statistic(self, u: Tensor) -> Tensor:
        """t(u), shaped as ``u``."""

    @abstractmethod
    def log_base(self, u: Tensor) -> Tensor:
        """Σ base(u) of each state."""

    @abstractmethod
    def log_normalizer(self, x: Tensor) -> Tensor:
        """log ∫ exp(x t(u) + base(u)) du of each unit."""

    @abstractmethod
    def mean(self, x: Tensor) -> Tensor:
        """E[u | x]."""

    @abstractmethod
    def sample(self, x: Tensor, stream: Stream) -> Tensor:
        """Draw u given x."""

    def log_probability(self, u: Tensor, x: Tensor) -> Tensor:
        """Log p(u | x) = Σ x t(u) + base(u) − log_normalizer(x) of each state."""
        return (self.statistic(u) * x).sum(-1) + self.log_base(u) - self.total_log_normalizer(x)

    # Hooks

    def total_log_normalizer(self, x: Tensor, dtype: torch.dtype | None = None) -> Tensor:
        """Σ log_normalizer(x) of each state, summed in ``dtype``, by default that of ``x``."""
        return self.log_normalizer(x).sum(-1, dtype=dtype)

    def sample_given_mean(self, x: Tensor, mean: Tensor, stream: Stream) -> Tensor:
        """Draw u given x, of which ``mean`` is E[u | x]: not computed twice where it is needed."""
        return self.sample(x, stream)

    def values(self, like: Tensor) -> Tensor | None:
        """All states of a single unit, a row each, or None if they are not finitely many."""
        return None

    def divergence(self, u: Tensor, x: Tensor) -> Tensor:
        """−log p(u | x) of each state, in nats, less ``least_surprise`` where that is known."""
        return -self.log_probability(u, x)

    def least_surprise(self, u: Tensor) -> Tensor:
        """The part of −log p(u | x) of each state that ``divergence`` leaves out."""
        return torch.zeros(len(u), dtype=u.dtype, device=u.device)

    def start_(self, rows: Rows) -> Tensor:
        """Biases x, on the CPU, at which E[u | x] is the rows' mean; ``learned`` units fit too.

        By bisection, since E[u | x] rises with x.
        """
        mean = rows.mean().double().cpu()
        low = torch.full_like(mean, -MAX_FIRST_BIAS)
        high = -low
        for _ in range(50):
            x = (low + high) / 2
            below = self.mean(x) < mean
            low, high = torch.where(below, x, low), torch.where(below, high, x)
        return (low + high) / 2

    def ascend_(self, u: Tensor, x: Tensor, c: Tensor, rate: float) -> None:
        """One step of the units' own parameters up Σₛ cₛ log p(uₛ, xₛ), where ``learned``."""

    def constrain_(self, W: Tensor, a: Tensor) -> None:
        """Keep the parameters where the units are well defined, after an update."""
