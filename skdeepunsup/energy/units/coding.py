"""Codings: how the columns of a row of data become those of a state, and back.

A row has one number for each unit. A state has ``width`` columns for each unit: the number itself,
or the one-hot code of a category.
"""

import torch
from torch import Tensor


class Coding:
    """Units that take one number each, never missing: the state is the row.

    Attributes
    ----------
    width : int
        Columns of a state for each unit.
    may_miss : bool
        Whether a row may lack some of its entries.
    """

    width = 1
    may_miss = False

    def to_states(self, rows: Tensor) -> Tensor:
        """States of rows of data."""
        return rows

    def to_rows(self, u: Tensor) -> Tensor:
        """Rows of data of states, or expected rows of means of states."""
        return u

    def likeliest_rows(self, mean: Tensor) -> Tensor:
        """Rows of data that stand for means of states: the mean, or the likeliest category."""
        return mean

    def to_columns(self, mask: Tensor) -> Tensor:
        """A mask of the columns of rows as a mask of the columns of states."""
        return mask

    def observed(self, u: Tensor) -> Tensor:
        """1 in the columns of units that have a value, 0 in those of missing ones; like ``u``."""
        return torch.ones_like(u)


class OneHot(Coding):
    """Units that take one of K categories: rows hold codes 0 … K − 1, or NaN where missing.

    A missing unit has 0 in all its K columns, and so adds nothing to any sum over states.

    Parameters
    ----------
    n_categories : int
        K.
    """

    may_miss = True

    def __init__(self, n_categories: int) -> None:
        self.width = n_categories

    def groups(self, u: Tensor) -> Tensor:
        """The K columns of each unit as an axis of their own, the last one."""
        return u.unflatten(-1, (-1, self.width))

    def to_states(self, rows: Tensor) -> Tensor:
        """One-hot codes."""
        return (rows[..., None] == self._codes(rows)).to(rows.dtype).flatten(-2)

    def to_rows(self, u: Tensor) -> Tensor:
        """Σₖ k uₖ: the code of a one-hot state, the expected code of probabilities."""
        return self.groups(u) @ self._codes(u)

    def likeliest_rows(self, mean: Tensor) -> Tensor:
        """The likeliest code."""
        return self.groups(mean).argmax(-1).to(mean.dtype)

    def to_columns(self, mask: Tensor) -> Tensor:
        """The mask, each column K times."""
        return mask.repeat_interleave(self.width, -1)

    def observed(self, u: Tensor) -> Tensor:
        """1 in all K columns of a unit that has a code, 0 in those of a missing one."""
        groups = self.groups(u)
        there = groups @ groups.new_ones(self.width)  # a sum over so few takes four times as long
        return there[..., None].expand(groups.shape).flatten(-2)

    def _codes(self, like: Tensor) -> Tensor:
        return torch.arange(self.width, dtype=like.dtype, device=like.device)
