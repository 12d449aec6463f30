"""The units u = (x − c) / s of errors, and records of a fit in the units of the data."""

from typing import Any

from .._parameters import read_image_shape
from .._rows import Rows, mean_over_rows
from .._scaling import Scaling, image_scaling, shared_scaling
from ..training import Report
from .fit import TrainingData

IN_NATS = ("loss", "reconstruction")
"""The entries of an epoch's record that contain −log p of the rows."""


def error_scaling(data: TrainingData, image_shape: Any) -> Scaling:
    """Return one scale for all features; of images, one centre for each channel."""
    if image_shape is None:
        return shared_scaling(data.X, data.weights)
    *_, n_channels = read_image_shape("image_shape", image_shape, data.X.shape[1])
    return image_scaling(data.X, data.weights, n_channels)


def reported_error(scaling: Scaling) -> Report:
    """Return the function that multiplies the records of a fit by s², the unit of errors."""
    unit = scaling.squared
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
