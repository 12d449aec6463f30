"""Rows as images: their shape, their colours, and many images tiled into one."""

from typing import Any

import numpy as np

from .._parameters import check_image_shape

MISSING = "#E6007E"  # magenta: no shade of grey, and rare in photographs
DIVERGING = "RdBu_r"
GAP = 0.08  # of an image's width


def estimator_image_shape(estimator: Any, image_shape: Any) -> Any:
    """``image_shape`` if given, else the estimator's parameter ``image_shape``, else None."""
    return getattr(estimator, "image_shape", None) if image_shape is None else image_shape


def required_image_shape(estimator: Any, image_shape: Any) -> Any:
    """``image_shape`` if given, else the estimator's own; raise if both are None."""
    shape = estimator_image_shape(estimator, image_shape)
    if shape is None:
        raise ValueError(
            f"image_shape is None, and {type(estimator).__name__} has none of its own; pass "
            "image_shape=(height, width), or (height, width, channels) if there are several."
        )
    return shape


def drawable_shape(image_shape: Any, n_features: int) -> tuple[int, int, int]:
    """Return ``image_shape`` as (height, width, channels); raise unless it has 1 or 3 channels."""
    shape = check_image_shape("image_shape", image_shape, n_features)
    if shape[2] not in (1, 3):
        raise ValueError(
            f"image_shape == {image_shape!r} has {shape[2]} channels, but only images of 1 or of 3 "
            "(red, green and blue) can be drawn."
        )
    return shape


def paint(rows: Any, image_shape: Any, low: float, high: float) -> np.ndarray:
    """Colours of images, shape (n, height, width, 3): black at ``low``, white at ``high``.

    Three channels are red, green and blue. Pixels with NaN get the colour ``MISSING``.
    """
    rows = np.asarray(rows, dtype=np.float64)
    images = rows.reshape(-1, *drawable_shape(image_shape, rows.shape[-1]))
    missing = np.isnan(images).any(axis=-1)
    levels = (images.clip(low, high) - low) / (high - low if high > low else 1)
    colours = np.broadcast_to(levels, (*images.shape[:3], 3)).copy()
    colours[missing] = _rgb(MISSING)
    return colours


def paint_signed(rows: Any, image_shape: Any) -> np.ndarray:
    """Colours of weights as images, each divided by its own largest absolute value.

    With one channel, negative weights are blue, 0 is white and positive ones are red; with three,
    0 is grey.
    """
    import matplotlib

    rows = np.asarray(rows, dtype=np.float64)
    largest = np.abs(rows).max(axis=1, keepdims=True)
    shares = rows / np.where(largest > 0, largest, 1)
    height, width, channels = drawable_shape(image_shape, rows.shape[1])
    if channels == 3:
        return paint(shares, image_shape, -1, 1)
    images = shares.reshape(-1, height, width)
    return matplotlib.colormaps[DIVERGING]((images + 1) / 2)[..., :3]


def tile(images: np.ndarray, n_columns: int) -> np.ndarray:
    """Tile many images into one, row by row, with white gaps; the end of the last row is white."""
    n, height, width, _ = images.shape
    n_rows = -(-n // n_columns)
    gap = _gap(width)
    padding = [(0, n_rows * n_columns - n), (0, gap), (0, gap), (0, 0)]
    padded = np.pad(images, padding, constant_values=1.0)
    grid = padded.reshape(n_rows, n_columns, height + gap, width + gap, 3).swapaxes(1, 2)
    return grid.reshape(n_rows * (height + gap), n_columns * (width + gap), 3)[:-gap, :-gap]


def draw_tiles(ax: Any, images: np.ndarray, n_columns: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw images as tiles, and return the centres of their rows (y) and of their columns (x).

    The axes have no ticks; the centres serve to place labels.
    """
    n, height, width, _ = images.shape
    gap = _gap(width)
    ax.imshow(tile(images, n_columns))
    ax.set(xticks=[], yticks=[])
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    rows = np.arange(-(-n // n_columns)) * (height + gap) + (height - 1) / 2
    columns = np.arange(n_columns) * (width + gap) + (width - 1) / 2
    return rows, columns


def tiles_size(n_rows: int, n_columns: int, image_shape: Any) -> tuple[float, float]:
    """Suitable width and height in inches of a grid of tiles, without labels."""
    height, width = image_shape[:2]
    side = min(0.8, 8 / n_columns, 8 * width / (n_rows * height))
    return n_columns * side, n_rows * side * height / width


def _gap(width: int) -> int:
    return max(1, round(width * GAP))


def _rgb(colour: str) -> Any:
    from matplotlib.colors import to_rgb

    return to_rgb(colour)
