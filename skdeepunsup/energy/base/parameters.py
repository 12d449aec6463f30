"""The parameters of training that all energy models share."""

from typing import Any

from ..._caller import warn
from ..._parameters import (
    check_boolean,
    check_integer,
    check_option,
    check_real,
    check_rows_fit,
    resolve_device,
    resolve_precision,
)
from ..._validation import outside_unit_interval


def check_training(estimator: Any) -> None:
    """Raise an error that names the first invalid one of an estimator's shared parameters."""
    for name in ("batch_size", "n_iter", "cd_steps"):
        check_integer(name, getattr(estimator, name), 1)
    if estimator.n_chains is not None:
        check_integer("n_chains", estimator.n_chains, 1)
    schedule = estimator.learning_rate_schedule
    check_option("learning_rate_schedule", schedule, ("linear", "constant"))
    check_real("weight_decay", estimator.weight_decay, 0)
    check_real("averaging", estimator.averaging, 0, 1, "left")
    check_boolean("centered", estimator.centered)
    check_real("validation_fraction", estimator.validation_fraction, 0, 1, "left")
    resolve_precision(estimator.precision)
    resolve_device(estimator.device, estimator.precision)


def warn_outside_unit_interval(estimator: Any, X: Any) -> None:
    """Warn the caller of ``fit`` if training rows are neither bits nor probabilities."""
    if outside := outside_unit_interval(X):
        warn(f"{type(estimator).__name__} models {outside}")


def shared_options(estimator: Any) -> dict[str, Any]:
    """The shared parameters as arguments of a learning rule."""
    return {
        "decay": estimator.learning_rate_schedule == "linear",
        "averaging": estimator.averaging,
        "weight_decay": estimator.weight_decay,
        "centered": estimator.centered,
        "precision": resolve_precision(estimator.precision),
    }


def chain_options(estimator: Any) -> dict[str, Any]:
    """The number of persistent chains, by default ``batch_size``, and their sweeps per update."""
    name = "n_chains" if estimator.n_chains else "batch_size"
    n_chains = getattr(estimator, name)
    replicas = getattr(estimator, "n_temperatures", 1)
    check_rows_fit(name, n_chains, replicas * estimator.n_features_in_)
    return {
        "n_chains": n_chains,
        "n_steps": estimator.cd_steps,
    }
