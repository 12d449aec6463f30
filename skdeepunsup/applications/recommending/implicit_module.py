"""Interactions as draws from one distribution over the items, whose logits are decoded."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import normalize

from ..._persistence import RecordedModule
from ..._random import Stream
from ...formulas.regularizers import kl_divergence
from ...networks import ACTIVATIONS, dense
from ...networks.dropout import noise
from ...reconstruction.modules.variational import MAX_LOG_VARIANCE


class ImplicitModule(RecordedModule):
    """log p(x | z) = Σᵢ xᵢ log softmax(f(z))ᵢ, with q(z | x) = N(μ(x), σ²(x)) and p(z) = N(0, 1).

    Parameters
    ----------
    n_items : int
        Width of x.
    n_components : int
        Width of z.
    hidden_layer_sizes : sequence of int
        Of the encoder; the decoder mirrors them.
    activation : str
        Of these.
    variational : bool
        Whether z is drawn; otherwise it is the activation of the encoder's output.
    beta : float
        What KL(q(z | x) ‖ p(z)) counts.
    kl_warmup : int
        Epochs over which it comes to count so much.
    corruption_level : float
        Share of x that the encoder does not see in training.
    """

    def __init__(
        self,
        n_items: int,
        n_components: int,
        hidden_layer_sizes: Sequence[int],
        activation: str,
        variational: bool,
        beta: float,
        kl_warmup: int,
        corruption_level: float,
    ) -> None:
        super().__init__()
        self.n_components, self.variational = n_components, variational
        self.beta, self.kl_warmup, self.corruption_level = beta, kl_warmup, corruption_level
        n_outputs = n_components * (2 if variational else 1)
        self.encoder = dense((n_items, *hidden_layer_sizes, n_outputs), activation)
        self.decoder = dense((n_components, *hidden_layer_sizes[::-1], n_items), activation)
        self.activation = ACTIVATIONS[activation]()
        self.register_buffer("warmth", torch.zeros(()))
        self.warmth: Tensor

    def posterior(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """μ and log σ² of q(z | x), given x as the encoder is to see it."""
        mean, log_variance = self.encoder(x).chunk(2, dim=-1)
        return mean, log_variance.clamp(-MAX_LOG_VARIANCE, MAX_LOG_VARIANCE)

    def code(self, x: Tensor) -> Tensor:
        """μ, or the code where none is drawn, given x as the encoder is to see it."""
        return self.posterior(x)[0] if self.variational else self.activation(self.encoder(x))

    def encode(self, x: Tensor) -> Tensor:
        """The code of whole rows; that of a row of zeros is finite too."""
        return self.code(normalize(x)).to(x.dtype)

    def logits(self, x: Tensor) -> Tensor:
        """f(z) of each row, z being its code."""
        return self.decoder(self.encode(x)).to(x.dtype)

    def losses(self, x: Tensor, stream: Stream, weights: Tensor | None = None) -> dict[str, Tensor]:
        """Of each row −log p(x | z), given x / ‖x‖ with dropout, and what KL costs."""
        seen = normalize(x) * noise(x, self.corruption_level, stream)
        if not self.variational:
            return {"reconstruction": self.cross_entropy(x, self.code(seen))}
        mean, log_variance = self.posterior(seen)
        z = mean + (log_variance / 2).exp() * stream.normal_like(mean)
        price = self.beta * (self.warmth if self.training else 1.0)
        kl = kl_divergence(mean, log_variance).sum(-1)
        return {"reconstruction": self.cross_entropy(x, z), "regularization": price * kl}

    def cross_entropy(self, x: Tensor, z: Tensor) -> Tensor:
        """−Σᵢ xᵢ log softmax(f(z))ᵢ of each row."""
        return -(x * self.decoder(z).log_softmax(-1)).sum(-1)

    def begin_epoch(self) -> None:
        """Let KL count a little more, until it counts in full."""
        self.warmth.add_(1 / self.kl_warmup if self.kl_warmup else 1).clamp_max_(1)
