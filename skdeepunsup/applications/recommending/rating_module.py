"""An autoencoder with one hidden layer, from the known ratings of a row to all its ratings."""

import torch
from torch import Tensor, nn

from ..._persistence import RecordedModule
from ..._products import fast_linear
from ..._random import Stream
from ..._scaling import Scaling
from ...networks import Linear

FIRST_SCALE = 0.02
"""Standard deviation of the initial weights."""


class RatingModule(RecordedModule):
    """r̂ = V h + b with h = σ((W x + A m) / √(1 + Σm) + c), where x is 0 if m is 0.

    x are the ratings minus the biases of user and item, in units of their root mean square
    (``scaling``), so that the weight decay means the same whatever the scale of ratings, and m is 1
    where there is a rating: which ratings a row has tells much about it. The root makes rows with
    few and with many ratings comparable.

    Parameters
    ----------
    n_columns : int
        Width of a row.
    n_components : int
        Width of h.
    corruption_level : float
        Share of a row's ratings that is hidden from h in an update.
    ratings_per_row : float
        Mean number of ratings of a row; the loss is divided by it, to be that of one rating.

    References
    ----------
    S. Sedhain, A. K. Menon, S. Sanner, L. Xie, "AutoRec: autoencoders meet collaborative
    filtering", WWW 2015.
    """

    def __init__(
        self, n_columns: int, n_components: int, corruption_level: float, ratings_per_row: float
    ) -> None:
        super().__init__()
        self.n_components, self.corruption_level = n_components, corruption_level
        self.ratings_per_row = ratings_per_row
        self.encoder = Linear(2 * n_columns, n_components)  # W and A side by side, and c
        self.decoder = Linear(n_components, n_columns)  # V and b
        self.scaling = Scaling(n_columns)

    def initialize(self, stream: Stream) -> None:
        """Draw small weights, and set the biases to 0."""
        for layer in (self.encoder, self.decoder):
            layer.weight.data.copy_(FIRST_SCALE * stream.normal(*layer.weight.shape))
            nn.init.zeros_(layer.bias)

    def encode(self, x: Tensor) -> Tensor:
        """The hidden layer of each row; unknown ratings are NaN."""
        known = (~x.isnan()).to(x.dtype)
        return self._hidden(x.nan_to_num(0.0), known)

    def _hidden(self, x: Tensor, m: Tensor) -> Tensor:
        z = fast_linear(torch.cat([x * m, m], 1), self.encoder.weight, None)
        return (z / (1 + m.sum(1, keepdim=True)).sqrt() + self.encoder.bias).sigmoid()

    def decode(self, h: Tensor) -> Tensor:
        """All ratings of each row."""
        return self.decoder(h)

    def losses(self, x: Tensor, stream: Stream, weights: Tensor | None = None) -> dict[str, Tensor]:
        """Σ m (x − r̂)² of each row, divided by the mean number of ratings of a row."""
        m, x = (~x.isnan()).to(x.dtype), x.nan_to_num(0.0)
        shown, known = m.clone(), m > 0
        shown[known] = stream.bernoulli(torch.full_like(m[known], 1 - self.corruption_level))
        r = self.decode(self._hidden(x, shown)).to(x.dtype)
        return {"squared_error": (m * (x - r).square()).sum(1) / self.ratings_per_row}
