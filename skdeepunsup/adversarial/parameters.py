"""The parameters that both models of the family have: what is checked of them."""

from typing import Any

from .._parameters import (
    check_boolean,
    check_descent,
    check_integer,
    check_option,
    check_real,
    check_sizes,
)
from ..networks import ACTIVATIONS
from .learning.games import GAMES
from .learning.quality import QUALITIES

OUTPUTS = ("auto", "identity", "logistic")
PENALTIES = ("r1", "one-lipschitz")


def check_shared(estimator: Any) -> None:
    """Raise an error that names the first of an estimator's shared parameters that is not sound."""
    check_integer("n_components", estimator.n_components, 1)
    check_sizes("hidden_layer_sizes", estimator.hidden_layer_sizes)
    check_option("activation", estimator.activation, ACTIVATIONS)
    check_option("output", estimator.output, OUTPUTS)
    check_option("loss", estimator.loss, GAMES)
    if estimator.gradient_penalty is not None:
        check_option("gradient_penalty", estimator.gradient_penalty, PENALTIES)
    if estimator.penalty_weight is not None:
        check_real("penalty_weight", estimator.penalty_weight, 0)
    for name in ("penalty_interval", "n_critic"):
        check_integer(name, getattr(estimator, name), 1)
    check_real("averaging", estimator.averaging, 0, 1, "left")
    if estimator.discriminator_learning_rate is not None:
        rate = estimator.discriminator_learning_rate
        check_real("discriminator_learning_rate", rate, 0, boundaries="neither")
    schedule = estimator.learning_rate_schedule
    check_option("learning_rate_schedule", schedule, ("linear", "constant"))
    check_boolean("spectral_norm", estimator.spectral_norm)
    check_integer("quality_interval", estimator.quality_interval, 1)
    check_descent(estimator)
    if estimator.early_stopping and estimator.n_iter_no_change < estimator.quality_interval:
        raise ValueError(
            f"n_iter_no_change == {estimator.n_iter_no_change} epochs end before samples are "
            f"compared a second time; lower quality_interval == {estimator.quality_interval}."
        )
    if not callable(estimator.quality):
        check_option("quality", estimator.quality, QUALITIES)
