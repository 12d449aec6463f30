"""A multinomial variational autoencoder: interactions as draws from a distribution over items."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import normalize

from ..._persistence import RecordedModule
from ..._random import Stream
from ..._sparse_rows import SparseBatch
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
    n_sampled : int, default=None
        Items that stand for all that a batch does not have in the softmax's sum in training; None
        if the sum is over all.
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
        n_sampled: int | None = None,
    ) -> None:
        super().__init__()
        self.n_components, self.variational = n_components, variational
        self.beta, self.kl_warmup, self.corruption_level = beta, kl_warmup, corruption_level
        self.n_sampled = n_sampled
        n_outputs = n_components * (2 if variational else 1)
        self.encoder = dense((n_items, *hidden_layer_sizes, n_outputs), activation)
        self.decoder = dense((n_components, *hidden_layer_sizes[::-1], n_items), activation)
        self.activation = ACTIVATIONS[activation]()
        self.register_buffer("warmth", torch.zeros(()))
        self.warmth: Tensor

    def split(self, output: Tensor) -> tuple[Tensor, Tensor]:
        """μ and log σ² of q(z | x), given the encoder's output."""
        mean, log_variance = output.chunk(2, dim=-1)
        return mean, log_variance.clamp(-MAX_LOG_VARIANCE, MAX_LOG_VARIANCE)

    def encode(self, x: Any) -> Tensor:
        """μ, or the code of a model that is not variational; the encoder's input is x / ‖x‖.

        Rows of zeros have a finite code, too.
        """
        output = self.encoder(x.normalized() if isinstance(x, SparseBatch) else normalize(x))
        code = self.split(output)[0] if self.variational else self.activation(output)
        return code.to(x.dtype)

    def logits(self, x: Any) -> Tensor:
        """f(z) of each row, where z is its code."""
        return self.decoder(self.encode(x)).to(x.dtype)

    def losses(self, x: Tensor, stream: Stream, weights: Tensor | None = None) -> dict[str, Tensor]:
        """−log p(x | z) of each row, with z from x / ‖x‖ with dropout, and the weighted KL."""
        seen, stored = normalize(x), x != 0
        seen[stored] *= noise(x[stored], self.corruption_level, stream)
        z, beside = self.drawn(self.encoder(seen), stream)
        return {"reconstruction": self.cross_entropy(x, z)} | beside

    def drawn(self, output: Tensor, stream: Stream) -> tuple[Tensor, dict[str, Tensor]]:
        """Draw z, given the encoder's output; also return the terms lowered beside the error."""
        if not self.variational:
            return self.activation(output), {}
        mean, log_variance = self.split(output)
        z = mean + (log_variance / 2).exp() * stream.normal_like(mean)
        beta = self.beta * (self.warmth if self.training else 1.0)
        return z, {"regularization": beta * kl_divergence(mean, log_variance).sum(-1)}

    def cross_entropy(self, x: Tensor, z: Tensor) -> Tensor:
        """−Σᵢ xᵢ log softmax(f(z))ᵢ of each row."""
        return -(x * self.decoder(z).log_softmax(-1)).sum(-1)

    def begin_epoch(self) -> None:
        """Increase the weight of KL by 1 / ``kl_warmup`` of ``beta``, up to ``beta``."""
        self.warmth.add_(1 / self.kl_warmup if self.kl_warmup else 1).clamp_max_(1)
