"""TODO."""

from typing import Any

import torch
from torch import Tensor

from ..._random import Stream
from ...formulas.penalties import DERIVATIVES, sampled_squared_jacobian, squared_jacobian
from ...networks import ACTIVATIONS
from .deterministic import DeterministicModule


class ContractiveModule(DeterministicModule):
    """h = s(f(x)), r = g(h), with λ ‖∂h/∂x‖² added to the error.

    Parameters
    ----------
    contraction : float
        λ.
    activation : str, default="relu"
        s, which is also that between layers.
    **architecture : Any
        As `DeterministicModule` has it.
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

    def losses(self, x: Tensor, stream: Stream, weights: Tensor | None = None) -> dict[str, Tensor]:
        """The error of each row, and λ times the squared norm of the code's Jacobian there."""
        observed, fed = self.observed_and_fed(x)
        h, jacobian = (self._in_closed_form if self.one_layer else self._by_draws)(fed, stream)
        return {
            "reconstruction": self.error(fed, h, observed),
            "contraction": self.contraction * jacobian,
        }

    def _in_closed_form(self, x: Tensor, stream: Stream) -> tuple[Tensor, Tensor]:
        a = self.encoder_output(x)
        h = self.code(a)
        return h, squared_jacobian(self.derivative(a, h), self.encoder[0].weight)

    def _by_draws(self, x: Tensor, stream: Stream) -> tuple[Tensor, Tensor]:
        with torch.enable_grad():  # held-out rows are measured without
            x = x.detach().requires_grad_()
            h = self.code(self.encoder_output(x))
            return h, sampled_squared_jacobian(h, x, stream)
