"""Autoencoders whose code is a function of the row: their base, and the plain one."""

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
"""The losses by name, each given x and r; "bernoulli" is given the logits of r instead."""


class DeterministicModule(ReconstructionModule):
    """h = f(x), r = g(h), trained to lower the loss between x and r.

    Parameters
    ----------
    loss : {"squared", "bernoulli"}, default="squared"
        Loss between x and r.
    bounded : bool, default=False
        Whether the logistic function keeps r in (0, 1), as it does for "bernoulli" in any case.
    **architecture : Any
        Arguments of `ReconstructionModule`.
    """

    def __init__(
        self, *, loss: str = "squared", bounded: bool = False, **architecture: Any
    ) -> None:
        super().__init__(**architecture)
        self.loss, self.bounded = loss, bounded

    def output_at(self, means: Tensor) -> Tensor:
        """Return the means, or their logits after clamping them away from 0 and 1."""
        probabilities = self.bounded or self.loss == "bernoulli"
        return means.clamp(0.01, 0.99).logit() if probabilities else means

    @abstractmethod
    def code(self, a: Tensor) -> Tensor:
        """Return h, given the encoder's output a."""

    def encode(self, x: Tensor) -> Tensor:
        """Return h = f(x)."""
        return self.code(self.encoder_output(self.observed_and_fed(x)[1]))

    def decode(self, h: Tensor) -> Tensor:
        """Return r = g(h)."""
        output = self.decoder_output(h)
        return output.sigmoid() if self.bounded or self.loss == "bernoulli" else output

    def error(self, x: Tensor, h: Tensor, observed: Tensor | None) -> Tensor:
        """Return the loss of each row, given its code."""
        r = self.decoder_output(h) if self.loss == "bernoulli" else self.decode(h)
        return LOSSES[self.loss](x, r, observed)

    @property
    def is_plain(self) -> bool:
        """Whether h = a, without penalties."""
        return False

    @property
    def penalties_of_codes(self) -> bool:
        """Whether penalties are functions of a and the first layer alone."""
        return True

    def noisy(self, x: Tensor, observed: Tensor | None, stream: Stream) -> Tensor:
        """Return what the encoder is fed in training; by default the rows themselves."""
        return x

    def penalties(
        self, a: Tensor, h: Tensor, x: Tensor, observed: Tensor | None, weights: Tensor | None
    ) -> dict[str, Tensor]:
        """Return what is lowered beside the error of each row, by name; by default nothing.

        ``x`` are rows without NaN, ``a`` the encoder's output for them and ``h`` their codes.
        """
        return {}

    def losses(self, x: Tensor, stream: Stream, weights: Tensor | None = None) -> dict[str, Tensor]:
        """Return the error and the penalties of each row."""
        observed, fed = self.observed_and_fed(x)
        a = self.encoder_output(self.noisy(fed, observed, stream))
        h = self.code(a)
        errors = {"reconstruction": self.error(fed, h, observed)}
        return errors | self.penalties(a, h, fed, observed, weights)

    def log_score(self, x: Tensor) -> Tensor:
        """Return −‖x − r‖² of each row, over its observed entries."""
        observed, fed = self.observed_and_fed(x)
        return -squared_error(fed, self.decode(self.encode(x)), observed)


class AutoencoderModule(DeterministicModule):
    """The plain autoencoder: h is the encoder's output, and the error is the only loss.

    Parameters
    ----------
    n_sampled : int, default=None
        Features that stand for all that no row of a batch has, in the error that training lowers;
        None if it is that of all.
    **arguments : Any
        Arguments of `DeterministicModule`.
    """

    is_plain = True

    def __init__(self, *, n_sampled: int | None = None, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.n_sampled = n_sampled

    def code(self, a: Tensor) -> Tensor:
        """Return h = a."""
        return a
