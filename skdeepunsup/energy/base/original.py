"""Machines of Gaussian units u = (x − c)/s as machines of x: their parameters, and their energy.

With x = c + s u, σ = s σᵤ is the deviation of x given h, and the energy of u is that of x with

    W = s Wᵤ,   a = c + s aᵤ,   b = bᵤ − Wᵤᵀ(r/σᵤ²),   r = c/s,

plus the constant Σᵢ rᵢ(rᵢ/2 + aᵤᵢ)/σᵤᵢ².
"""

from typing import Any

import numpy as np

from ..._caller import warn
from ..._scaling import Scaling, feature_scaling, root_mean_square
from ..._validation import to_array, to_dense
from ...base.fit import TrainingData
from ..machines.restricted import RestrictedBoltzmannMachine
from ..units.gaussian import FEW_ROWS

Parameters = tuple[np.ndarray, np.ndarray, np.ndarray]


FAR = 10.0
"""Few rows that are this many times further from 0 than they spread are no standardised ones."""


def scaling_of_rows(data: TrainingData) -> Scaling | None:
    """The scale of each feature; None for few rows, which do not tell it."""
    if data.X.shape[0] >= FEW_ROWS:
        return feature_scaling(data.X, data.weights)
    _warn_if_far(to_dense(data.X))
    return None


def _warn_if_far(X: np.ndarray) -> None:
    """Warn of few rows, taken as they are, whose offset would be mistaken for their spread."""
    with np.errstate(over="ignore", invalid="ignore"):  # beyond float32, which is an error below
        offset = float(np.abs(X.mean(0)).max())
        spread = root_mean_square(X.std(0)) if len(X) > 1 else max(1.0, float(X.std()))
    if offset > FAR * spread:
        warn(
            f"It takes {FEW_ROWS} rows to tell the units of features, but the first call of fit or "
            f"partial_fit has {len(X)}, whose means reach {offset:.3g}: give more rows at first, "
            "or put sklearn.preprocessing.StandardScaler before."
        )


def parameters_of_rows(machine: RestrictedBoltzmannMachine) -> Parameters:
    """W, a and b of the machine of x."""
    W, a, b = (to_array(parameter) for parameter in (machine.W, machine.a, machine.b))
    if machine.scaling is None:
        return W, a, b
    c, s = machine.scaling.center.numpy(), machine.scaling.scale.numpy()
    shifted = b - (c / s / _variances(machine)) @ W
    return tuple(
        np.asarray(parameter, W.dtype) for parameter in (s[:, None] * W, c + s * a, shifted)
    )  # type: ignore[return-value]


def variances_of_rows(machine: RestrictedBoltzmannMachine) -> np.ndarray:
    """σ² of each Gaussian feature, in float64."""
    assert machine.scaling is not None
    return np.asarray(np.square(machine.scaling.scale.numpy()) * _variances(machine))


def _variances(machine: RestrictedBoltzmannMachine) -> np.ndarray:
    """σᵤ² of each Gaussian unit, in float64."""
    units: Any = machine.visible
    return np.asarray(np.exp(to_array(units.log_variance).astype(np.float64)))


def energy_shift(machine: RestrictedBoltzmannMachine) -> float:
    """The energy of u minus that of x."""
    if machine.scaling is None:
        return 0.0
    c, s = machine.scaling.center.numpy(), machine.scaling.scale.numpy()
    r, a = c / s, to_array(machine.a).astype(np.float64)
    return float((r * (r / 2 + a) / _variances(machine)).sum())
