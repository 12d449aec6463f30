"""Sweeps over binary units that are connected with each other, block by block.

A block is a set of units of which no two are connected: given the others they are independent, and
so drawn at once. With connections L, and x the input of each unit from elsewhere, a unit obeys

    P(sᵢ = 1 | the others) = σ((Ls)ᵢ + xᵢ).
"""

from collections.abc import Iterator
from itertools import count

import numpy as np
import torch
from torch import Tensor, nn

from ..._random import Stream

MAX_SWEEPS = 500
"""Most sweeps of mean field, whether it has settled by then or not."""


def independent_blocks(connected: np.ndarray) -> list[list[int]]:
    """The units of each colour, where each unit takes the first that no neighbour has so far.

    A full graph gives blocks of one unit; layers, and the squares of a chessboard, give two.
    """
    color = np.full(len(connected), -1)
    for i, neighbours in enumerate(connected):
        taken = set(color[:i][neighbours[:i]].tolist())
        color[i] = next(k for k in count() if k not in taken)
    return [np.flatnonzero(color == k).tolist() for k in np.unique(color)]


class BlockSweeps(nn.Module):
    """Gibbs sampling and mean field over units, some of which are connected.

    Inside, units are rows, ordered by block, and chains are columns: so the step of a block is one
    product with contiguous rows.

    Parameters
    ----------
    connected : ndarray of shape (n_units, n_units)
        Booleans, symmetric.

    Attributes
    ----------
    blocks : list of lists of int
        The units of each block.
    """

    order: Tensor
    inverse: Tensor

    def __init__(self, connected: np.ndarray) -> None:
        super().__init__()
        self.blocks = independent_blocks(connected)
        self.sizes = [len(block) for block in self.blocks]
        order = torch.tensor([i for block in self.blocks for i in block], dtype=torch.int64)
        self.register_buffer("order", order, persistent=False)
        self.register_buffer("inverse", order.argsort(), persistent=False)

    def gibbs(
        self,
        s: Tensor,
        L: Tensor,
        x: Tensor,
        stream: Stream,
        n_sweeps: int = 1,
        *,
        beta: float | Tensor = 1.0,
        fixed: Tensor | None = None,
        backwards: bool = False,
    ) -> Tensor:
        """Make ``n_sweeps`` sweeps over all blocks, from the first to the last or ``backwards``.

        A unit is on where a uniform r is below σ(β(Ls)ᵢ + xᵢ): where (Ls)ᵢ > (logit(r) − xᵢ)/β.

        Parameters
        ----------
        s : Tensor of shape (n, n_units)
            States at which the chains start; their dtype is that of the products.
        L : Tensor of shape (n_units, n_units)
        x : Tensor of shape (n_units,) or (n, n_units)
        stream : Stream
        n_sweeps : int
        beta : float or Tensor of shape (n, 1)
        fixed : Tensor of shape (n, n_units), optional
            True for the units that stay as they are.
        backwards : bool

        Returns
        -------
        Tensor of shape (n, n_units)
        """
        s, x = self._inside(s), self._inside(x)
        order = slice(None, None, -1 if backwards else 1)
        blocks = list(self._parts(s, self._links(L).to(s.dtype)))[order]
        kept = None if fixed is None else self._inside(fixed).split(self.sizes)[order]
        scale = beta.T if isinstance(beta, Tensor) else beta
        for _ in range(n_sweeps):
            t = stream.uniform(tuple(s.shape), x.dtype, rows=1).logit_().sub_(x).div_(scale)
            thresholds = t.split(self.sizes)[order]
            for k, ((s_B, L_B), t_B) in enumerate(zip(blocks, thresholds, strict=True)):
                if kept is None:
                    torch.gt(torch.mm(L_B, s), t_B, out=s_B)
                else:
                    s_B.copy_(torch.where(kept[k], s_B, torch.mm(L_B, s) > t_B))
        return self._outside(s)

    def mean_field(self, L: Tensor, x: Tensor, n_sweeps: int | None = None) -> Tensor:
        """The fixed point m = σ(Lm + x) that sweeps reach from m = σ(x), for each row by itself.

        Each block's step raises the lower bound ½ mᵀLm + xᵀm + Σᵢ H(mᵢ) of
        log Σₛ exp(½ sᵀLs + xᵀs). A row stops once a sweep moves it no more than rounding does.
        Without connections the first step is exact.

        Parameters
        ----------
        L : Tensor of shape (n_units, n_units)
        x : Tensor of shape (n, n_units)
        n_sweeps : int, optional
            Make exactly this many sweeps of all rows instead.

        Returns
        -------
        Tensor of shape (n, n_units)
        """
        if len(self.sizes) < 2:
            return x.sigmoid()
        links, x = self._links(L), self._inside(x)
        m = x.sigmoid()
        if n_sweeps is not None:
            for _ in range(n_sweeps):
                self._mean_field_sweep_(m, links, x)
            return self._outside(m)
        moving = torch.ones(m.shape[1], dtype=torch.bool, device=m.device)
        tolerance = 8 * torch.finfo(m.dtype).eps
        for _ in range(MAX_SWEEPS):
            before = m.clone()
            self._mean_field_sweep_(m, links, x)
            m = torch.where(moving, m, before)
            moving &= (m - before).abs().amax(0) > tolerance
            if not moving.any():
                break
        return self._outside(m)

    def _mean_field_sweep_(self, m: Tensor, links: Tensor, x: Tensor) -> None:
        for m_B, L_B, x_B in self._parts(m, links, x):
            torch.sigmoid(torch.addmm(x_B, L_B, m), out=m_B)

    def _parts(self, *tensors: Tensor) -> Iterator[tuple[Tensor, ...]]:
        """For each block its rows of the tensors."""
        return zip(*(tensor.split(self.sizes) for tensor in tensors), strict=True)

    def _links(self, L: Tensor) -> Tensor:
        return L[self.order][:, self.order]

    def _inside(self, rows: Tensor) -> Tensor:
        """Units first and ordered by block; a copy."""
        rows = rows if rows.ndim == 2 else rows[None]
        return rows.T[self.order]

    def _outside(self, s: Tensor) -> Tensor:
        return s[self.inverse].T.contiguous()
