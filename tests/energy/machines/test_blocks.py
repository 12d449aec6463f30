"""Blocks of independent units, and sweeps over them."""

import numpy as np
import pytest
import torch

from skdeepunsup.energy.machines.blocks import BlockSweeps, independent_blocks
from tests.energy.machines.test_lateral import random_graph


@pytest.mark.parametrize("graph", [random_graph(12, 0.3), random_graph(12, 0.9)])
def test_blocks_hold_each_unit_once_and_no_two_neighbours(graph):
    connected = np.array(graph)
    np.fill_diagonal(connected, False)
    blocks = independent_blocks(connected)
    assert sorted(i for block in blocks for i in block) == list(range(12))
    assert not any(connected[np.ix_(block, block)].any() for block in blocks)


def test_a_chessboard_has_two_blocks_and_a_full_graph_one_for_each_unit():
    i, j = np.divmod(np.arange(36), 6)
    grid = np.abs(i[:, None] - i) + np.abs(j[:, None] - j) == 1
    assert [len(b) for b in independent_blocks(grid)] == [18, 18]
    assert [len(b) for b in independent_blocks(~np.eye(5, dtype=bool))] == [1] * 5


def test_mean_field_rows_do_not_depend_on_each_other():
    """Some settle late, near the edge of two modes, and must not move those that stopped before."""
    sweeps = BlockSweeps(~np.eye(3, dtype=bool))
    L = 2.0 * (1 - torch.eye(3))
    x = -2 + torch.linspace(0, 0.01, 21)[:, None].expand(-1, 3)
    together = sweeps.mean_field(L, x)
    alone = torch.cat([sweeps.mean_field(L, row[None]) for row in x])
    torch.testing.assert_close(together, alone, rtol=0, atol=1e-6)
