"""Where displays draw: matplotlib, imported late, on their own axes or on the caller's."""

from typing import Any

import numpy as np

from .._optional import optional


def pyplot(display: Any) -> Any:
    """Matplotlib, needed only where something is drawn and so imported only there."""
    return optional("matplotlib.pyplot", extra="plot", user=type(display).__name__)


def open_axes(
    display: Any, ax: Any, width: float, height: float, layout: str = "constrained"
) -> Any:
    """The axes given, or new ones in a figure of so many inches; images want "compressed"."""
    plt = pyplot(display)
    if ax is None:
        _, ax = plt.subplots(figsize=(width, height), layout=layout)
    return ax


def tick_label(value: float) -> str:
    """Return a number as matplotlib's own ticks have it: short, and with a minus sign."""
    return f"{round(float(value), 12) + 0.0:.3g}".replace("-", "\N{MINUS SIGN}")


def subdivide(ax: Any, n_rows: int, n_columns: int) -> np.ndarray:
    """Panels of equal scales in the place of ``ax``, which becomes their empty frame."""
    ax.set_axis_off()
    spec = ax.get_subplotspec()
    if spec is None:
        raise ValueError(
            "ax was not made by subplots, and its place cannot be divided into panels; pass "
            "plt.subplots()[1], or None for a figure of its own."
        )
    grid = spec.subgridspec(n_rows, n_columns)
    return grid.subplots(sharex=True, sharey=True, squeeze=False)
