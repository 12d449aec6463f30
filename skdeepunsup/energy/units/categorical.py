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
        return self.coding.groups(x).logsumexp(-1)

    def mean(self, x: Tensor) -> Tensor:
        """softmax(x), the probabilities of the K categories."""
        return self.coding.groups(x).softmax(-1).flatten(-2)

    def sample(self, x: Tensor, stream: Stream) -> Tensor:
        """The first category whose cumulated probability exceeds a uniform number."""
        cumulated = self.coding.groups(x).softmax(-1).cumsum(-1)
        r = stream.uniform(tuple(cumulated.shape[:-1]), cumulated.dtype)[..., None]
        code = (cumulated[..., :-1] <= r).sum(-1, dtype=x.dtype)
        return self.coding.to_states(code)

    def values(self, like: Tensor) -> Tensor:
        """The K one-hot codes."""
        return torch.eye(self.n_categories).to(like)

    def divergence(self, u: Tensor, x: Tensor) -> Tensor:
        """−log P(u | x), summed over the units that are not missing."""
        log_p = self.coding.groups(x).log_softmax(-1)
        return (-(self.coding.groups(u) * log_p).sum(-1)).sum(-1)

    def start_(self, rows: Rows) -> Tensor:
        """Log of the categories' shares, as if each category had been seen once more."""
        shares = self.coding.groups(mean_over_rows(self.coding.to_states, rows))
        shares = shares * len(rows) + 1
        return (shares / shares.sum(1, keepdim=True)).log().flatten()

    def constrain_(self, W: Tensor, a: Tensor) -> None:
        """The zero-sum gauge: softmax does not change with the mean over the K categories."""
        for parameter in (W, a) if self.zero_sum else (a,):
            groups = parameter.unflatten(0, (-1, self.n_categories))
            groups.sub_(groups.mean(1, keepdim=True))
