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
        Columns to draw of all d; those in P, which count in any case, are left out.
    stream : Stream

    Returns
    -------
    columns : Tensor of int64, of shape (n_own + n_drawn,), on the device of the stream
        P, then N.
    weights : Tensor of float32, of the same shape
        By how much a column counts in a sum: 1, or (d − |P|) / |N|.
    """
    n_others = n_columns - len(own)
    drawn = np.empty(0, np.int64)
    if n >= n_others:
        drawn = np.setdiff1d(np.arange(n_columns), own, assume_unique=True)
    while len(drawn) < min(n_others, 1):
        drawn = stream.numpy.choice(n_columns, n, replace=False, shuffle=False)
        places = np.minimum(np.searchsorted(own, drawn), max(len(own) - 1, 0))
        drawn = drawn[own[places] != drawn] if len(own) else drawn
    weights = np.ones(len(own) + len(drawn), np.float32)
    weights[len(own) :] = n_others / max(len(drawn), 1)
    columns = torch.from_numpy(np.concatenate([own, drawn]))
    return columns.to(stream.device), torch.from_numpy(weights).to(stream.device)
