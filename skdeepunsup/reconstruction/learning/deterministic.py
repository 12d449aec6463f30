"""Descent of autoencoders of dense layers, with the gradients of their networks written out."""

from typing import Any

import torch
from torch import Tensor, nn

from ..._random import Stream
from ...formulas.gradients import (
    WrittenError,
    bernoulli_error,
    bounded_squared_error,
    squared_error,
)
from ...networks import Linear
from ...networks.written import (
    DroppedOut,
    Layer,
    Memory,
    WrittenNetwork,
    activation_layer,
    affine_layer,
    is_writable,
    written,
)
from ...training import Adam, mean_term
from ..modules.contractive import ContractiveModule
from ..modules.denoising import DenoisingModule
from ..modules.deterministic import AutoencoderModule, DeterministicModule
from ..modules.sparse import SparseModule
from .base import WrittenGradients, gradients_of, has_kernels

KNOWN = AutoencoderModule, DenoisingModule, SparseModule, ContractiveModule
"""The modules whose losses are written out here; those of a subclass may be others."""


class WrittenDescent(WrittenGradients):
    """Descent of a `DeterministicModule`.

    The error's gradient goes back through the decoder to ∂L/∂h, by autograd through h = s(a) and
    the penalties to ∂L/∂a, and through the encoder. Parameters are those of `WrittenGradients`.
    """

    module: DeterministicModule

    @classmethod
    def trains(cls, module: Any) -> bool:
        """Whether this is written for all parts of a module, in float32 or float64."""
        return (
            type(module) in KNOWN
            and not module.own
            and is_writable(module.encoder)
            and (module.tied or is_writable(module.decoder))
            and module.penalties_of_codes
            and has_kernels(module.fill.device)
        )

    def __init__(
        self, module: DeterministicModule, optimizer: Adam, stream: Stream, **hooks: Any
    ) -> None:
        super().__init__(module, optimizer, stream, **hooks)
        # Weights that serve twice, or in a penalty, have gradients of several parts.
        adds = module.tied or isinstance(module, ContractiveModule)
        self._sums = gradients_of(module.encoder) if adds else []
        self._encoder = written(module.encoder, adds)
        self._decoder = written_tied(module) if module.tied else written(module.decoder)
        self._error = error_of(module)

    @torch.no_grad()
    def differentiate(self, x: Tensor, weight: Tensor | None, *label: Tensor) -> dict[str, Tensor]:
        module = self.module
        for gradient in self._sums:
            gradient.zero_()
        observed, fed = module.observed_and_fed(x)
        a = self._encoder.forward(module.noisy(fed, observed, self.stream))
        if module.is_plain:
            error, dh = self._through_decoder(a, fed, observed, weight)
            self._encoder.backward(dh, wants_dx=False)
            return {"reconstruction": error}
        a = a.detach().requires_grad_()
        with torch.enable_grad():
            h = module.code(a)
            penalties = module.penalties(a, h, fed, observed, weight)
            terms = {name: mean_term(term, weight) for name, term in penalties.items()}
        error, dh = self._through_decoder(h.detach(), fed, observed, weight)
        self._through_encoder(a, h, dh, terms.values())
        return {"reconstruction": error} | {name: t.detach() for name, t in terms.items()}


def written_tied(module: DeterministicModule) -> WrittenNetwork:
    """The decoder with the encoder's weights, transposed, to whose gradients it adds."""
    linear = [layer for layer in module.encoder if isinstance(layer, Linear)]
    layers: list[Layer] = []
    for layer, bias in zip(reversed(linear), module.decoder.biases, strict=True):
        if layers:
            activation, dropout = module.decoder.between
            if not isinstance(activation, nn.Identity):
                layers.append(activation_layer(activation))
            if dropout.p:
                layers.append(DroppedOut(dropout, Memory(bias.detach(), layer.weight.shape[0])))
        layers.append(affine_layer(layer.weight, bias, adds=True, transposed=True))
    return WrittenNetwork(layers)


def error_of(module: DeterministicModule) -> WrittenError:
    """The error between rows and the decoder's output, with its gradient."""
    if module.loss == "bernoulli":
        return bernoulli_error
    return bounded_squared_error if module.bounded else squared_error
