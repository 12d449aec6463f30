"""The parameters of training that all energy models share."""

import math
from typing import Any

from ..._caller import warn
from ..._parameters import (
    check_boolean,
    check_integer,
    check_option,
    check_real,
    check_rows_fit,
    default_of,
    resolve_device,
    resolve_precision,
)
from ..._validation import outside_unit_interval, value_range
from ..learning.chains import MAX_CHAINS, n_chains_by_default


def check_training(estimator: Any) -> None:
    """Raise an error that names the first invalid one of an estimator's shared parameters."""
    for name in ("batch_size", "cd_steps"):
        check_integer(name, getattr(estimator, name), 1)
    if not (estimator.n_iter is None and default_of(estimator, "n_iter") is None):
        check_integer("n_iter", estimator.n_iter, 1)
    if estimator.n_chains is not None:
        check_integer("n_chains", estimator.n_chains, 1)
    check_integer("n_temperatures", estimator.n_temperatures, 1)
    if estimator.n_temperatures > 1 and not getattr(estimator, "persistent", True):
        raise ValueError(
            f"n_temperatures == {estimator.n_temperatures} needs persistent=True: chains that are "
            "forgotten at each update have no time to exchange temperatures."
        )
    schedule = estimator.learning_rate_schedule
    check_option("learning_rate_schedule", schedule, ("linear", "constant"))
    check_real("weight_decay", estimator.weight_decay, 0)
    check_real("averaging", estimator.averaging, 0, 1, "left")
    for name in ("centered", "warm_start"):
        check_boolean(name, getattr(estimator, name))
    check_real("validation_fraction", estimator.validation_fraction, 0, 1, "left")
    resolve_precision(estimator.precision)
    resolve_device(estimator.device, estimator.precision)


def warn_outside_unit_interval(estimator: Any, X: Any, training: bool = True) -> None:
    """Warn if rows are neither bits nor probabilities.

    Beside `training`, only of rows in other units, far from [0, 1]: new rows may go beyond those
    that a scaler was fitted to (pixels of digits that are nearly always 0 reach 6).
    """
    if not training:
        low, high = value_range(X)
        if not (low < -1 or high > 10):
            return
    if outside := outside_unit_interval(X, training):
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


def chain_options(estimator: Any, n_weights: int) -> dict[str, Any]:
    """The number of persistent chains, by default of a machine of so many weights, and sweeps."""
    n_chains = estimator.n_chains or n_chains_by_default(n_weights)
    replicas = estimator.n_temperatures
    check_rows_fit("n_chains", n_chains, replicas * estimator.n_features_in_)
    return {
        "n_chains": n_chains,
        "n_steps": estimator.cd_steps,
    }


LEAST_SHARE = 0.05
"""Smallest floor of a Gaussian unit's variance that is known to hold chains together."""


def advice(estimator: Any) -> str:
    """What to change in a fit that got worse, in a sentence."""
    few = estimator.n_chains is not None and estimator.n_chains < MAX_CHAINS
    ways = [f"n_chains={MAX_CHAINS}"] if few and getattr(estimator, "persistent", True) else []
    if estimator.n_temperatures == 1 and getattr(estimator, "persistent", True):
        ways.append("n_temperatures=10")
    if getattr(estimator, "min_variance", math.inf) < LEAST_SHARE:
        ways.append(f"min_variance={LEAST_SHARE}")
    return f"Set {' or '.join(ways)}, or lower learning_rate." if ways else "Lower learning_rate."
