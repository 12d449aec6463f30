"""The weights of each hidden unit as an image."""

import math
from typing import Any, Self

import numpy as np
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from .._parameters import check_integer, check_option
from ._axes import open_axes
from ._codes import check_has
from ._images import (
    DIVERGING,
    draw_tiles,
    drawable_shape,
    paint_signed,
    required_image_shape,
    tiles_size,
)

MAX_COMPONENTS = 100


class ComponentsDisplay:
    """The components of an estimator, as a grid of images.

    Each image is divided by its own largest absolute value, so that weak components are as visible
    as strong ones: images can be compared in shape, not in strength. In greyscale images, negative
    weights are blue, 0 is white and positive weights are red; in colour images, 0 is grey. Create
    one by :meth:`from_estimator`.

    Parameters
    ----------
    components : array-like of shape (n_components, n_features)
        Weights.
    image_shape : tuple of int
        Height and width of an image, and 3 if it has colours.
    indices : array-like of shape (n_components,), default=None
        Indices of these components, from 0; None if they are the first ones, in order.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The axes of the images.
    figure_ : matplotlib Figure
        The figure.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.decomposition import PCA
    >>> from skdeepunsup.inspection import ComponentsDisplay
    >>> pca = PCA(16).fit(load_digits().data)
    >>> display = ComponentsDisplay.from_estimator(pca, image_shape=(8, 8))
    >>> display.components.shape
    (16, 64)
    """

    def __init__(
        self, *, components: Any, image_shape: tuple[int, ...], indices: Any = None
    ) -> None:
        self.components = components
        self.image_shape = image_shape
        self.indices = indices

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        *,
        n_components: int | None = None,
        image_shape: tuple[int, ...] | None = None,
        order: str | None = None,
        ax: Any = None,
    ) -> Self:
        """Draw the components of a fitted estimator.

        Parameters
        ----------
        estimator : fitted estimator
            Has ``components_``: PCA, an RBM, an Autoencoder without hidden layers.
        n_components : int, default=None
            Number of components to draw, the first ones in ``order``; None draws all, at most 100.
        image_shape : tuple of int, default=None
            Height and width of the image in each row, and 3 if it has colours; None takes the
            estimator's own ``image_shape``.
        order : {"norm"}, default=None
            "norm" sorts by Euclidean norm, the largest first; None keeps the estimator's order.
        ax : matplotlib Axes, default=None
            Axes to draw on; None opens a figure.

        Returns
        -------
        ComponentsDisplay
            The display, drawn.

        Raises
        ------
        TypeError
            If the estimator has no ``components_``.
        ValueError
            If it has fewer than ``n_components``, or ``image_shape`` is missing or does not match.
        """
        check_is_fitted(estimator)
        check_has(
            estimator,
            "components_",
            f"{_other_way(estimator)}draw the effect of each component of the code by "
            "LatentTraversalDisplay.",
        )
        if order is not None:
            check_option("order", order, ("norm",))
        image_shape = required_image_shape(estimator, image_shape)
        W = np.asarray(estimator.components_)
        n_drawn = _check_count(n_components, len(W))
        indices = np.arange(len(W))
        if order == "norm":
            indices = np.argsort(-np.linalg.norm(W, axis=1), kind="stable")
        indices = indices[:n_drawn]
        return cls(components=W[indices], image_shape=image_shape, indices=indices).plot(ax=ax)

    def plot(self, ax: Any = None) -> Self:
        """Draw the images.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on; None opens a figure.

        Returns
        -------
        ComponentsDisplay
            The display itself.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        """
        n = len(self.components)
        shape = drawable_shape(self.image_shape, np.shape(self.components)[1])
        n_columns = n if n <= 4 else math.ceil(math.sqrt(n))
        n_rows = -(-n // n_columns)
        width, height = tiles_size(n_rows, n_columns, shape)
        self.ax_ = open_axes(self, ax, max(3.0, width + 1.6), max(2.0, height + 0.2), "compressed")
        self.figure_ = self.ax_.figure
        heights, _ = draw_tiles(self.ax_, paint_signed(self.components, shape), n_columns)
        if self.indices is None or np.array_equal(self.indices, np.arange(n)):
            firsts = range(0, n, n_columns)
            lasts = [min(first + n_columns, n) - 1 for first in firsts]
            labels = [
                f"{first}-{last}" if last > first else str(first)
                for first, last in zip(firsts, lasts, strict=True)
            ]
            self.ax_.set_yticks(heights, labels)
            self.ax_.set_ylabel("Components")
        if shape[2] == 1:
            self._explain_colours()
        return self

    def _explain_colours(self) -> None:
        from matplotlib.cm import ScalarMappable
        from matplotlib.colors import Normalize

        colours = ScalarMappable(Normalize(-1, 1), DIVERGING)
        bar = self.figure_.colorbar(colours, ax=self.ax_, ticks=(-1, 0, 1))
        bar.set_label("Relative weight")


def _other_way(estimator: Any) -> str:
    """How to get ``components_``, where there is a way."""
    if isinstance(estimator, Pipeline):
        return "pass the step that has them, such as pipeline[-1], or "
    if hasattr(type(estimator), "components_"):  # for some settings
        return "fit it with hidden_layer_sizes=() and without networks of your own, or "
    return ""


def _check_count(n_components: int | None, n_present: int) -> int:
    if n_components is None:
        return min(n_present, MAX_COMPONENTS)
    check_integer("n_components", n_components, 1)
    if n_components > n_present:
        raise ValueError(
            f"n_components == {n_components}, but the estimator has {n_present} components; ask "
            f"for at most {n_present}."
        )
    return n_components
