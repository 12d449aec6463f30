"""Mean field: rounds of updates of the means of units, until nothing moves."""

from collections.abc import Callable

import torch
from torch import Tensor

MAX_ROUNDS = 1000
"""Trained machines settle within some tens of rounds."""

EXPORTED_ROUNDS = 20
"""Rounds of a machine that is exported; its answers are compared with those that have settled."""


def settled(q: list[Tensor], one_round: Callable[[list[Tensor]], list[Tensor]]) -> list[Tensor]:
    """Repeat a round of mean field from ``q`` until nothing moves.

    Each row stops by itself, so that its answer does not depend on the other rows.
    """
    if torch.compiler.is_compiling():  # exported: no row can stop by itself
        for _ in range(EXPORTED_ROUNDS):
            q = one_round(q)
        return q
    tolerance = max(1e-9, 8 * torch.finfo(q[0].dtype).eps)
    q = [u.clone() for u in q]
    moving = torch.arange(len(q[0]), device=q[0].device)
    for _ in range(MAX_ROUNDS):
        before = [u[moving] for u in q]
        after = one_round(before)
        pairs = zip(before, after, strict=True)
        changes = [(new - old).abs().amax(1) for old, new in pairs if new is not old]
        for u, new in zip(q, after, strict=True):
            u[moving] = new
        moving = moving[torch.stack(changes).amax(0) > tolerance]
        if not len(moving):
            break
    return q
