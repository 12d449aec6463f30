"""Descent of autoencoders of dense layers, with the gradients of their networks written out."""

from collections.abc import Iterable
from functools import reduce
from operator import add
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
from ...training import Adam, GradientDescent, mean_term
from ..modules.contractive import ContractiveModule
from ..modules.denoising import DenoisingModule
from ..modules.deterministic import AutoencoderModule, DeterministicModule
from ..modules.sparse import SparseModule

KNOWN = AutoencoderModule, DenoisingModule, SparseModule, ContractiveModule
"""The modules whose losses are written out here; those of a subclass may be others."""


class WrittenDescent(GradientDescent):
    """`GradientDescent` of a `DeterministicModule`: the same updates at less cost.

    The error's gradient goes back through the decoder to ∂L/∂h, by autograd through h = s(a) and
    the penalties to ∂L/∂a, and through the encoder.

    Parameters
    ----------
    module : DeterministicModule
        One that ``trains`` says yes to.
    optimizer : Adam
        Holds all parameters.
    stream : Stream
    **hooks : callable
        Those of `GradientDescent`.
    """

    gradients = "written"
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
        self,
        module: DeterministicModule,
        optimizer: Adam,
        stream: Stream,
        **hooks: Any,
    ) -> None:
        super().__init__(module, optimizer, stream, **hooks)
        optimizer.flatten()
        # Weights that serve twice, or in a penalty, have gradients of several parts.
        adds = module.tied or isinstance(module, ContractiveModule)
        self._sums = gradients_of(module.encoder) if adds else []
        self._encoder = written(module.encoder, adds)
        self._decoder = written_tied(module) if module.tied else written(module.decoder)
        self._error, self._memory = error_of(module), Memory(module.fill, module.n_features)

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
        back_through(h, dh, terms.values())
        assert a.grad is not None
        self._encoder.backward(a.grad, wants_dx=False)
        return {"reconstruction": error} | {name: t.detach() for name, t in terms.items()}

    def _through_decoder(
        self, h: Tensor, x: Tensor, observed: Tensor | None, weight: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        """Return the mean error, and its gradient by the codes; set the decoder's gradients."""
        share = 1 / x.size(0) if weight is None else (weight / x.size(0))[:, None]
        output = self._decoder.forward(h)
        error, d = self._error(x, output, observed, share, self._memory(x))
        dh = self._decoder.backward(d, wants_dx=True)
        assert dh is not None
        return error, dh


@torch.enable_grad()
def back_through(h: Tensor, dh: Tensor, terms: Iterable[Tensor]) -> None:
    """Back-propagate the gradient of h, and terms that are lowered beside."""
    # Given gradients, torch.autograd.backward would import sympy, for a third of a second.
    reduce(add, terms, torch.dot(h.view(-1), dh.view(-1))).backward()


def gradients_of(network: nn.Module) -> list[Tensor]:
    """The gradients of all parameters of a network."""
    return [p.grad for p in network.parameters() if p.grad is not None]


def has_kernels(device: torch.device) -> bool:
    """Whether the kernels that networks are written out in are there, and tested, on a device."""
    return device.type in ("cpu", "cuda")


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
