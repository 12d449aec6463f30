"""The units u = (x − c) / s of errors, and records of a fit in the units of the data."""

import math
from typing import Any

import numpy as np
import scipy.sparse as sp

from .._caller import warn
from .._parameters import read_image_shape
from .._rows import Rows, mean_over_rows
from .._scaling import Scaling, feature_deviations, image_scaling, shared_scaling
from ..training import Report
from .encoders import units_of
from .fit import TrainingData

IN_NATS = ("loss", "reconstruction")
"""The entries of an epoch's record that contain −log p of the rows."""


UNLIKE = 30.0
"""So many times the deviation of the median feature is that of one in another unit: in tables such
as those of wines, penguins and tumours it is 80 to 3000 times, in images at most 5."""


def warn_of_unlike_features(
    estimator: Any, X: Any, weights: np.ndarray | None, also: str = ""
) -> None:
    """Warn of a feature that varies so much more than most that a network learns of little else.

    For models that see all features in one unit, and are not asked for PCA's error, in which such a
    feature counts for as much. Sparse rows are left out: rare entries make deviations small.
    ``also`` says what to do with the scaled rows before.
    """
    if sp.issparse(X):
        return
    deviations = feature_deviations(X, weights)
    varying = np.sort(deviations[deviations > 0])
    if not len(varying):
        return
    # Python's numbers: their products and quotients may be infinite without a warning.
    most, median = float(varying[-1]), float(varying[(len(varying) - 1) // 2])
    if most <= UNLIKE * median:
        return
    worst = int(deviations.argmax())
    name = getattr(estimator, "feature_names_in_", np.arange(X.shape[1]))[worst]
    warn(
        f"Column {name} of X varies {most / median:.3g} times as much as the median column, "
        "and the network, which sees all in one unit, learns of little else. Scale X first, as by "
        f"sklearn.preprocessing.StandardScaler(){also}."
    )


def encoder_scaling(estimator: Any, encoder: Any, data: TrainingData) -> Scaling | None:
    """Return the units in which a fitted encoder takes rows.

    Warns of a feature that varies far more than most where all features share a unit.
    """
    scaling = units_of(encoder)
    if scaling is not None and (scaling.scale == scaling.scale[0]).all():
        was_fitted = encoder is estimator.encoder
        also = ", and fit encoder to the scaled rows" if was_fitted else ""
        warn_of_unlike_features(estimator, data.X, data.weights, also)
    return scaling


def error_scaling(data: TrainingData, image_shape: Any) -> Scaling:
    """Return one scale for all features; of images, one centre for each channel."""
    if image_shape is None:
        return shared_scaling(data.X, data.weights)
    *_, n_channels = read_image_shape("image_shape", image_shape, data.X.shape[1])
    return image_scaling(data.X, data.weights, n_channels)


def reported_error(scaling: Scaling) -> Report:
    """Return the function that multiplies the records of a fit by s², the unit of errors.

    Warns where s² is beyond the range of float64.
    """
    unit = scaling.squared
    if not 0 < unit < math.inf:
        warn(
            f"The rows vary by about {scaling.pooled:.0e}, whose square is beyond float64: the "
            f"errors in history_ are {unit:g}, and scores cannot be told, though the fit itself is "
            f"right. Divide X by {scaling.pooled:.0e} first."
        )
    return lambda record: {name: unit * value for name, value in record.items()}


def reported_density(scaling: Scaling, rows: Rows, held_out: Rows | None, masks: bool) -> Report:
    """Return the function that turns −log p(u) into −log p(x) in the records of a fit.

    −log p(x) = −log p(u) + Σᵢ log sᵢ, over the observed features of a row; its mean is that of the
    training rows, or of the rows held out for their loss. ``masks`` says whether some may be
    missing.
    """

    def mean_volume(of: Rows) -> float:
        return float(mean_over_rows(scaling.log_volume, of)) if masks else scaling.volume

    added = dict.fromkeys(IN_NATS, mean_volume(rows))
    if held_out is not None:
        volume = mean_volume(held_out)
        added |= dict.fromkeys((f"validation_{name}" for name in IN_NATS), volume)
    return lambda record: {name: value + added.get(name, 0.0) for name, value in record.items()}
