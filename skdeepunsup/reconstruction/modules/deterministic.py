"""Modules whose code is a function of the row; among them the plain autoencoder."""

from abc import abstractmethod
from collections.abc import Callable
from typing import Any

from torch import Tensor

from ..._random import Stream
from ...formulas.errors import bernoulli_cross_entropy, squared_error
from .base import ReconstructionModule

LOSSES: dict[str, Callable[[Tensor, Tensor, Tensor | None], Tensor]] = {
    "squared": squared_error,
    "bernoulli": bernoulli_cross_entropy,
}
"""By name: the loss of a row, given its reconstruction; of "bernoulli", given its logits."""


class DeterministicModule(ReconstructionModule):
    """h = f(x), r = g(h), trained to lower the loss between x and r.

    Parameters
    ----------
    loss : {"squared", "bernoulli"}, default="squared"
        Between x and r.
    bounded : bool, default=False
        Whether r is held in (0, 1) by the logistic function, as it is for "bernoulli" anyway.
    **architecture : Any
        As `ReconstructionModule` has it.
    """

    def __init__(
        self, *, loss: str = "squared", bounded: bool = False, **architecture: Any
    ) -> None:
        super().__init__(**architecture)
        self.loss, self.bounded = loss, bounded

    def output_at(self, means: Tensor) -> Tensor:
        """The means themselves, or their logits, short of 0 and 1."""
        probabilities = self.bounded or self.loss == "bernoulli"
        return means.clamp(0.01, 0.99).logit() if probabilities else means

    @abstractmethod
    def code(self, a: Tensor) -> Tensor:
        """What is made of the encoder's output: h."""

    def encode(self, x: Tensor) -> Tensor:
        """Return h = f(x)."""
        return self.code(self.encoder_output(self.observed_and_fed(x)[1]))

    def decode(self, h: Tensor) -> Tensor:
        """Return r = g(h)."""
        output = self.decoder_output(h)
        return output.sigmoid() if self.bounded or self.loss == "bernoulli" else output

    def error(self, x: Tensor, h: Tensor, observed: Tensor | None) -> Tensor:
        """The loss of each row, given its code."""
        r = self.decoder_output(h) if self.loss == "bernoulli" else self.decode(h)
        return LOSSES[self.loss](x, r, observed)

    def log_score(self, x: Tensor) -> Tensor:
        """−‖x − r‖² of each row, over what is observed of it."""
        observed, fed = self.observed_and_fed(x)
        return -squared_error(fed, self.decode(self.encode(x)), observed)


class AutoencoderModule(DeterministicModule):
    """h is affine in the last hidden layer, and nothing but the error is lowered."""

    def code(self, a: Tensor) -> Tensor:
        """h = a."""
        return a

    def losses(self, x: Tensor, stream: Stream, weights: Tensor | None = None) -> dict[str, Tensor]:
        """The error of each row."""
        observed, fed = self.observed_and_fed(x)
        return {"reconstruction": self.error(fed, self.code(self.encoder_output(fed)), observed)}
