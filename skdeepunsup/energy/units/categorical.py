"""Units that take one of K categories, or are missing."""

import torch
from torch import Tensor

from ..._random import Stream
from .base import Units


class Categorical(Units):
    """u is one of K categories, t(u) its one-hot code: P(u = k | x) = softmax(x)ₖ.

    A row has a code 0 … K − 1 for each unit, or NaN where it is missing. A state has K columns for
    each unit, all 0 for a missing one, which so adds nothing to any sum.

    Parameters
    ----------
    n_units : int
    n_categories : int
        K.
    zero_sum : bool, default=True
        Whether weights sum to 0 over each K. Where units may be missing, that is no mere gauge: the
        mean over K is what hidden units hear of a unit's being there at all.
    """

    may_miss = True

    def __init__(self, n_units: int, n_categories: int, zero_sum: bool = True) -> None:
        super().__init__(n_units)
        self.n_categories, self.zero_sum = n_categories, zero_sum

    @property
    def size(self) -> int:
        """K for each unit."""
        return self.n_units * self.n_categories

    def _codes(self, like: Tensor) -> Tensor:
        return torch.arange(self.n_categories, dtype=like.dtype, device=like.device)

    def _groups(self, x: Tensor) -> Tensor:
        return x.unflatten(-1, (-1, self.n_categories))

    def states(self, rows: Tensor) -> Tensor:
        """One-hot codes."""
        return (rows[..., None] == self._codes(rows)).to(rows.dtype).flatten(-2)

    def rows(self, u: Tensor) -> Tensor:
        """Σₖ k uₖ: of a one-hot state its code, of probabilities the expected code."""
        return self._groups(u) @ self._codes(u)

    def typical(self, mean: Tensor) -> Tensor:
        """The likeliest code."""
        return self._groups(mean).argmax(-1).to(mean.dtype)

    def spread(self, mask: Tensor) -> Tensor:
        """The mask, K times each column."""
        return mask.repeat_interleave(self.n_categories, -1)

    def statistic(self, u: Tensor) -> Tensor:
        """The one-hot code."""
        return u

    def log_base(self, u: Tensor) -> Tensor:
        """0."""
        return torch.zeros(len(u), dtype=u.dtype, device=u.device)

    def log_normalizer(self, x: Tensor) -> Tensor:
        """The logarithm of Σₖ exp(xₖ)."""
        return self._groups(x).logsumexp(-1)

    def mean(self, x: Tensor) -> Tensor:
        """softmax(x), the probabilities of the K categories."""
        return self._groups(x).softmax(-1).flatten(-2)

    def sample(self, x: Tensor, stream: Stream) -> Tensor:
        """The first category whose cumulated probability exceeds a uniform number."""
        cumulated = self._groups(x).softmax(-1).cumsum(-1)
        r = stream.uniform(tuple(cumulated.shape[:-1]), cumulated.dtype)[..., None]
        code = (cumulated[..., :-1] <= r).sum(-1, dtype=x.dtype)
        return self.states(code)

    def values(self, like: Tensor) -> Tensor:
        """All that a unit can be, a row each."""
        return torch.eye(self.n_categories).to(like)

    def divergence(self, u: Tensor, x: Tensor) -> Tensor:
        """−log P(u | x); 0 where it is missing."""
        return -(self._groups(u) * self._groups(x).log_softmax(-1)).sum(-1)

    def observed(self, u: Tensor) -> Tensor:
        """1 in all columns of a unit that is there, 0 in those of one that is missing."""
        return self._groups(u).sum(-1, keepdim=True).expand(self._groups(u).shape).flatten(-2)

    def ascend_(self, u: Tensor, x: Tensor, c: Tensor, rate: float) -> None:
        """Nothing to learn."""

    def constrain_(self, W: Tensor, a: Tensor) -> None:
        """The zero-sum gauge: softmax does not change with the mean over the K categories."""
        for parameter in (W, a) if self.zero_sum else (a,):
            groups = parameter.unflatten(0, (-1, self.n_categories))
            groups.sub_(groups.mean(1, keepdim=True))
