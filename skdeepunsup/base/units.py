"""Records of a fit in the units of the data: nats of x, where a model works in u = (x − c) / s."""

from .._rows import Rows, mean_over_rows
from .._scaling import Scaling
from ..training import Report

IN_NATS = ("loss", "reconstruction")
"""The entries of an epoch's record that contain −log p of the rows."""


def reported_density(scaling: Scaling, rows: Rows, held_out: Rows | None) -> Report:
    """Return the function that turns −log p(u) into −log p(x) in the records of a fit.

    −log p(x) = −log p(u) + Σᵢ log sᵢ, over the observed features of a row; its mean is that of the
    training rows, or of the rows held out for their loss.
    """
    volume = float(mean_over_rows(scaling.log_volume, rows))
    added = dict.fromkeys(IN_NATS, volume)
    if held_out is not None:
        volume = float(mean_over_rows(scaling.log_volume, held_out))
        added |= dict.fromkeys((f"validation_{name}" for name in IN_NATS), volume)
    return lambda record: {name: value + added.get(name, 0.0) for name, value in record.items()}
