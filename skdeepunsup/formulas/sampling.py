"""Sums over many columns, estimated from some: those that a batch has, and a draw of the others.

Σᵢ f(i) over all d columns is Σ over the columns P that some row of the batch has, plus, for the d −
|P| others, (d − |P|) / |N| times the sum over a draw N of them; its mean over draws is the sum.

References
----------
Y. Dauphin, X. Glorot, Y. Bengio, "Large-scale learning of embeddings with reconstruction sampling",
ICML 2011, for errors of reconstruction; A. Botev, B. Zheng, D. Barber, "Complementary sum sampling
for likelihood approximation in large scale classification", AISTATS 2017, for the softmax's sum.
"""

import numpy as np
import torch
from torch import Tensor

from .._random import Stream


def drawn_columns(own: np.ndarray, n_columns: int, n: int, stream: Stream) -> tuple[Tensor, Tensor]:
    """Draw columns beside those that a batch has.

    Parameters
    ----------
    own : ndarray of int64, of shape (n_own,)
        P, in rising order.
    n_columns : int
        d.
    n : int
        Columns to draw of the others, or all of them if they are fewer.
    stream : Stream

    Returns
    -------
    columns : Tensor of int64, of shape (n_own + n_drawn,), on the device of the stream
        P, then N.
    weights : Tensor of float32, of the same shape
        By how much a column counts in a sum: 1, or (d − |P|) / |N|.
    """
    is_other = np.ones(n_columns, bool)
    is_other[own] = False
    others = np.flatnonzero(is_other)
    n_drawn = min(n, len(others))
    drawn = stream.numpy.choice(len(others), n_drawn, replace=False, shuffle=False)
    weights = np.ones(len(own) + n_drawn, np.float32)
    weights[len(own) :] = len(others) / max(n_drawn, 1)
    columns = torch.from_numpy(np.concatenate([own, others[drawn]]))
    return columns.to(stream.device), torch.from_numpy(weights).to(stream.device)
