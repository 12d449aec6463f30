"""The contractive autoencoder: the code is kept from changing much where the rows are."""

from typing import Any

import torch
from torch import Tensor

from ..._random import Stream
from ...formulas.penalties import DERIVATIVES, sampled_squared_jacobian, squared_jacobian
from ...networks import ACTIVATIONS
from .deterministic import DeterministicModule


class ContractiveModule(DeterministicModule):
    """h = s(f(x)), r = g(h); training adds λ ‖∂h/∂x‖² to the error.

    With one dense layer the norm has a closed form; otherwise a random projection estimates it.

    Parameters
    ----------
    contraction : float
        λ.
    activation : str, default="relu"
        s, also used between layers.
    **architecture : Any
        Further arguments of `DeterministicModule`.
    """

    def __init__(
        self, *, contraction: float, activation: str = "relu", **architecture: Any
    ) -> None:
        super().__init__(activation=activation, **architecture)
        self.contraction = contraction
        self.activation, self.derivative = ACTIVATIONS[activation](), DERIVATIVES[activation]
        self.one_layer = "encoder" not in self.own and len(self.encoder) == 1

    def code(self, a: Tensor) -> Tensor:
        """Return h = s(a)."""
        return self.activation(a)

    @property
    def penalties_of_codes(self) -> bool:
        return self.one_layer

    def penalties(
        self, a: Tensor, h: Tensor, x: Tensor, observed: Tensor | None, weights: Tensor | None
    ) -> dict[str, Tensor]:
        """Return λ times the squared norm of the code's Jacobian, in closed form."""
        norm = squared_jacobian(self.derivative(a, h), self.encoder[0].weight)
        return {"contraction": self.contraction * norm}

    def losses(self, x: Tensor, stream: Stream, weights: Tensor | None = None) -> dict[str, Tensor]:
        """Return the error of each row, and λ times the squared norm of the code's Jacobian."""
        if self.one_layer:
            return super().losses(x, stream, weights)
        observed, fed = self.observed_and_fed(x)
        with torch.enable_grad():  # held-out rows are measured without gradients
            fed = fed.detach().requires_grad_()
            h = self.code(self.encoder_output(fed))
            norm = sampled_squared_jacobian(h, fed, stream)
        return {
            "reconstruction": self.error(fed.detach(), h, observed),
            "contraction": self.contraction * norm,
        }
