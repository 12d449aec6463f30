"""Axes of displays, new or the caller's; matplotlib is imported only here and when drawing."""

from typing import Any

import numpy as np

from .._optional import optional


def pyplot(display: Any) -> Any:
    """Import ``matplotlib.pyplot``, or raise an error that names ``display`` and the extra."""
    return optional("matplotlib.pyplot", extra="plot", user=type(display).__name__)


def open_axes(
    display: Any, ax: Any, width: float, height: float, layout: str = "constrained"
) -> Any:
    """Return ``ax``, or new axes in a figure of ``width`` × ``height`` inches if it is None.

    Images need ``layout="compressed"``.
    """
    plt = pyplot(display)
    if ax is None:
        _, ax = plt.subplots(figsize=(width, height), layout=layout)
    return ax


def tick_label(value: float) -> str:
    """Format a number like matplotlib's own ticks: short, and with a true minus sign."""
    return f"{round(float(value), 12) + 0.0:.3g}".replace("-", "\N{MINUS SIGN}")


def subdivide(ax: Any, n_rows: int, n_columns: int) -> np.ndarray:
    """Replace ``ax`` by a grid of panels with shared scales; ``ax`` itself becomes invisible."""
    ax.set_axis_off()
    spec = ax.get_subplotspec()
    if spec is None:
        raise ValueError(
            "ax was not made by subplots, so it cannot be divided into panels; pass "
            "plt.subplots()[1], or None for a new figure."
        )
    grid = spec.subgridspec(n_rows, n_columns)
    return grid.subplots(sharex=True, sharey=True, squeeze=False)
