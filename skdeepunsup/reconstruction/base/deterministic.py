"""Autoencoders whose code is a function of the row: what they share."""

from abc import abstractmethod
from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from ..._parameters import descent_schedule
from ..._validation import outside_unit_interval
from ...formulas.errors import bernoulli_cross_entropy, squared_error
from ...training import Schedule
from ..modules.base import ReconstructionModule
from .model import ReconstructionModel

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
        self.arguments |= {"loss": loss, "bounded": bounded}
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


class DeterministicAutoencoder(ReconstructionModel):
    """Base of the estimators whose module is a `DeterministicModule`."""

    loss: Any

    def score_samples(self, X: Any) -> np.ndarray:
        """Compute minus the squared error of each row's reconstruction, summed over features.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame, Tensor} of shape (n_samples, n_features)
            Data.

        Returns
        -------
        ndarray of shape (n_samples,)
            −‖x − r‖², whatever ``loss`` was trained on; of missing entries nothing.
        """
        check_is_fitted(self)
        X = self._checked(X)
        return self._answer(X, lambda module: module.log_score)

    def _schedule(self) -> Schedule:
        return Schedule(**descent_schedule(self))

    def _check_values(self, X: Any, training: bool) -> None:
        if training and self.loss == "bernoulli" and (outside := outside_unit_interval(X)):
            raise ValueError(f"loss == 'bernoulli' needs {outside}")
