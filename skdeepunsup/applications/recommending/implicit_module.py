"""A multinomial variational autoencoder: interactions as draws from a distribution over items."""

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
        Widths of the encoder's hidden layers; the decoder mirrors them.
    activation : str
        Activation of the hidden layers.
    variational : bool
        Whether z is drawn from q; otherwise z is the activation of the encoder's output.
    beta : float
        Weight of KL(q(z | x) ‖ p(z)) in the loss.
    kl_warmup : int
        Epochs over which this weight grows linearly from 0 to ``beta``.
    corruption_level : float
        Share of the entries of x that dropout hides from the encoder in training.
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
        """μ and log σ² of q(z | x), given the encoder's input x."""
        mean, log_variance = self.encoder(x).chunk(2, dim=-1)
        return mean, log_variance.clamp(-MAX_LOG_VARIANCE, MAX_LOG_VARIANCE)

    def code(self, x: Tensor) -> Tensor:
        """μ, or the code of a model that is not variational, given the encoder's input x."""
        return self.posterior(x)[0] if self.variational else self.activation(self.encoder(x))

    def encode(self, x: Tensor) -> Tensor:
        """The code of complete rows x, whose input is x / ‖x‖; zeros have a finite code too."""
        return self.code(normalize(x)).to(x.dtype)

    def logits(self, x: Tensor) -> Tensor:
        """f(z) of each row, where z is its code."""
        return self.decoder(self.encode(x)).to(x.dtype)

    def losses(self, x: Tensor, stream: Stream, weights: Tensor | None = None) -> dict[str, Tensor]:
        """−log p(x | z) of each row, with z from x / ‖x‖ with dropout, and the weighted KL."""
        seen = normalize(x) * noise(x, self.corruption_level, stream)
        if not self.variational:
            return {"reconstruction": self.cross_entropy(x, self.code(seen))}
        mean, log_variance = self.posterior(seen)
        z = mean + (log_variance / 2).exp() * stream.normal_like(mean)
        beta = self.beta * (self.warmth if self.training else 1.0)
        kl = kl_divergence(mean, log_variance).sum(-1)
        return {"reconstruction": self.cross_entropy(x, z), "regularization": beta * kl}

    def cross_entropy(self, x: Tensor, z: Tensor) -> Tensor:
        """−Σᵢ xᵢ log softmax(f(z))ᵢ of each row."""
        return -(x * self.decoder(z).log_softmax(-1)).sum(-1)

    def begin_epoch(self) -> None:
        """Increase the weight of KL by 1 / ``kl_warmup`` of ``beta``, up to ``beta``."""
        self.warmth.add_(1 / self.kl_warmup if self.kl_warmup else 1).clamp_max_(1)
