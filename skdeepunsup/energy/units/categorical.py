"""Units that take one of K categories, or are missing."""

import torch
from torch import Tensor

from ..._random import Stream
from ..._rows import Rows, mean_over_rows
from .base import Units
from .coding import OneHot


class Categorical(Units):
    """u is one of K categories, t(u) its one-hot code: P(u = k | x) = softmax(x)ₖ.

    Parameters
    ----------
    n_units : int
    n_categories : int
        K.
    zero_sum : bool, default=True
        Whether weights sum to 0 over each K. Where units may be missing, this is more than a choice
        of gauge: the mean over K is what a unit adds to the hidden inputs by being observed at all,
        whatever its category.
    """

    coding: OneHot

    def __init__(self, n_units: int, n_categories: int, zero_sum: bool = True) -> None:
        super().__init__(n_units)
        self.n_categories, self.zero_sum = n_categories, zero_sum
        self.coding = OneHot(n_categories)

    def statistic(self, u: Tensor) -> Tensor:
        """The one-hot code."""
        return u

    def log_base(self, u: Tensor) -> Tensor:
        """0."""
        return torch.zeros(len(u), dtype=u.dtype, device=u.device)

    def log_normalizer(self, x: Tensor) -> Tensor:
        """The logarithm of Σₖ exp(xₖ)."""
        return self._categories(x).logsumexp(0)

    def mean(self, x: Tensor) -> Tensor:
        """softmax(x), the probabilities of the K categories."""
        return self._categories(x).softmax(0).movedim(0, -1).flatten(-2)

    def sample(self, x: Tensor, stream: Stream) -> Tensor:
        """The first category whose cumulated probability exceeds a uniform number."""
        cumulated = self._categories(x).softmax(0).cumsum_(0)
        r = stream.uniform(tuple(cumulated.shape[1:]), cumulated.dtype)
        reached = (cumulated > r).to(x.dtype)
        reached[-1] = 1  # whatever rounding makes of the last sum
        first = reached.diff(dim=0, prepend=torch.zeros_like(reached[:1]))
        return first.movedim(0, -1).flatten(-2)

    def values(self, like: Tensor) -> Tensor:
        """The K one-hot codes."""
        return torch.eye(self.n_categories).to(like)

    def divergence(self, u: Tensor, x: Tensor) -> Tensor:
        """−log P(u | x), summed over the units that are not missing."""
        log_p = self._categories(x).log_softmax(0)
        return -(self._categories(u) * log_p).sum((0, -1))

    def start_(self, rows: Rows) -> Tensor:
        """Log of the categories' shares, as if each category had been seen once more."""
        shares = self.coding.groups(mean_over_rows(self.coding.to_states, rows))
        shares = shares * len(rows) + 1
        return (shares / shares.sum(1, keepdim=True)).log().flatten()

    def _categories(self, x: Tensor) -> Tensor:
        """The K columns of each unit as the first axis, apart in memory.

        A softmax over a last axis of 4 takes six times as long, of 16 half, of 100 a third.
        """
        return self.coding.groups(x).movedim(-1, 0).contiguous()

    def constrain_(self, W: Tensor, a: Tensor) -> None:
        """The zero-sum gauge: softmax does not change with the mean over the K categories."""
        for parameter in (W, a) if self.zero_sum else (a,):
            groups = parameter.unflatten(0, (-1, self.n_categories))
            groups.sub_(groups.mean(1, keepdim=True))
