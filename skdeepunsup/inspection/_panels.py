"""The panels of the figure that compares transformers, each drawn from arrays."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from .._reducers import holds_classes
from ._images import draw_tiles, paint

# Okabe and Ito's colours, which colour-blind readers can tell apart.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
MARKERS = ("o", "s", "D", "^", "v", "P")
MAX_CLASSES = 20  # tab20 has no more distinct colours
WIDTH = 11.0  # inches
TITLE: dict[str, Any] = {"fontsize": "medium", "fontweight": "bold"}


class Style(NamedTuple):
    """Colour, marker and line style of a model, in every panel."""

    color: str
    marker: str
    linestyle: str


def model_styles(names: Sequence[str]) -> dict[str, Style]:
    """A style for each name; the first is the reference, in dashed grey."""
    reference, *others = dict.fromkeys(names)
    styles = {reference: Style("#555555", "o", "--")}
    for i, name in enumerate(others):
        styles[name] = Style(COLOURS[i % len(COLOURS)], MARKERS[i % len(MARKERS)], "-")
    return styles


def lay_out(plt: Any, n_images: int, n_codes: int) -> tuple[Any, dict[str, Any]]:
    """A figure and its panels: images (if any) and error above, codes (if any) below."""
    top = 3.6 if not n_images else max(3.6, 0.6 * (n_images + 1) + 0.5)
    bottom = 0.0 if not n_codes else 3.1
    width = WIDTH if n_images or n_codes > 2 else 6.4
    figure = plt.figure(figsize=(width, top + bottom), layout="constrained")
    figure.get_layout_engine().set(w_pad=0.08, h_pad=0.08)
    above = figure
    panels = {}
    if n_codes:
        above, panels["codes"] = figure.subfigures(2, 1, height_ratios=(top, bottom))
    panels["error"] = above
    if n_images:
        panels["images"], panels["error"] = above.subfigures(1, 2, width_ratios=(6, 4))
    return figure, panels


def draw_errors(
    ax: Any, names: Sequence[str], widths: Any, errors: Any, styles: dict[str, Style]
) -> None:
    """Plot error against code width, a line for each model."""
    import matplotlib.ticker

    widths, errors = np.asarray(widths), np.asarray(errors)
    for name, style in styles.items():
        own = np.array([other == name for other in names])
        order = np.argsort(widths[own])
        ax.plot(widths[own][order], errors[own][order], label=name, markersize=5, **style._asdict())
    ticks = np.unique(widths)
    if ticks[-1] >= 8 * ticks[0]:
        ax.set_xscale("log", base=2)
    if errors.min() > 0 and errors.max() >= 8 * errors.min():
        ax.set_yscale("log")
        ax.yaxis.set_major_locator(matplotlib.ticker.LogLocator(subs=(1, 2, 5)))
        ax.yaxis.set_major_formatter("{x:g}")
    else:
        ax.set_ylim(bottom=0)
    ax.set_xticks(ticks, [str(tick) for tick in ticks])
    ax.minorticks_off()
    ax.set(xlabel="Code width", ylabel="Squared error, summed over features")
    ax.set_title("Held-out reconstruction error", **TITLE)
    ax.grid(color="0.92")
    ax.set_axisbelow(True)
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(frameon=False)


def draw_images(
    figure: Any,
    originals: Any,
    rows: Sequence[tuple[str, int, float, Any, Style]],
    image_shape: Any,
) -> np.ndarray:
    """Draw the originals, and below them a row of reconstructions for each of ``rows``.

    An entry of ``rows`` is (name, code width, error, reconstructions, style).
    """
    axes = figure.subplots(len(rows) + 1, 1, squeeze=False)[:, 0]
    low, high = float(np.min(originals)), float(np.max(originals))
    labels, stacks = [("originals", "black")], [originals]
    for name, width, error, reconstructions, style in rows:
        labels.append((f"{name}\ncode {width}, error {error:.2f}", style.color))
        stacks.append(reconstructions)
    for ax, (label, color), images in zip(axes, labels, stacks, strict=True):
        draw_tiles(ax, paint(images, image_shape, low, high), len(originals))
        ax.set_ylabel(label, rotation=0, ha="right", va="center", color=color)
    figure.suptitle("Held-out images and their reconstructions", **TITLE)
    return axes


def draw_codes(figure: Any, scatters: Sequence[tuple[str, Any, Style]], y: Any) -> np.ndarray:
    """Draw the first two code dimensions of each model, coloured by ``y``.

    An entry of ``scatters`` is (name, codes, style).
    """
    axes = figure.subplots(1, len(scatters), squeeze=False)[0]
    for ax, (name, code, style) in zip(axes, scatters, strict=True):
        artist = scatter(ax, np.asarray(code)[:, :2], y, style)
        note = "" if np.shape(code)[1] == 2 else f", first 2 of {np.shape(code)[1]}"
        ax.set_title(f"{name}{note}", fontsize="medium")  # black: colours mean classes here
        ax.set(xticks=[], yticks=[])
        ax.set_box_aspect(1)
        ax.spines[:].set_color("0.8")
    if isinstance(artist, dict):
        figure.legend(
            artist.values(), artist.keys(), loc="outside right center", frameon=False, markerscale=2
        )
    elif y is not None:
        figure.colorbar(artist, ax=axes, shrink=0.8)
    two = all(np.shape(code)[1] == 2 for _, code, _ in scatters)
    what = "their two-dimensional code" if two else "the first two numbers of their code"
    figure.suptitle(f"Held-out rows by {what}", **TITLE)
    return axes


def scatter(ax: Any, code: np.ndarray, y: Any, style: Style) -> Any:
    """Draw codes as points; return an artist for each class, or one artist for all points."""
    look = {"s": 7 if len(code) > 300 else 14, "linewidths": 0, "alpha": 0.8, "rasterized": True}
    if y is None:
        return ax.scatter(*code.T, color=style.color, **look)
    y = np.asarray(y)
    classes = np.unique(y)
    if len(classes) > MAX_CLASSES or not holds_classes(y):
        numbers = y if y.dtype.kind in "biuf" else np.searchsorted(classes, y)
        return ax.scatter(*code.T, c=numbers, cmap="viridis", **look)
    palette = "tab10" if len(classes) <= 10 else "tab20"
    return {
        f"{value:g}" if y.dtype.kind in "iuf" else str(value): ax.scatter(
            *code[y == value].T, color=_colour(palette, i), **look
        )
        for i, value in enumerate(classes)
    }


def _colour(palette: str, i: int) -> Any:
    import matplotlib

    return matplotlib.colormaps[palette](i)
