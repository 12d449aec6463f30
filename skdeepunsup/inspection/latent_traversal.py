"""Images decoded while one component of a code varies and the others are fixed."""

from typing import Any, Self

import numpy as np
from sklearn.utils.validation import check_is_fitted

from ._axes import open_axes, tick_label
from ._codes import (
    check_components,
    check_index,
    check_way_back,
    count_rows,
    decode,
    encode,
    limits,
)
from ._images import draw_tiles, drawable_shape, paint, required_image_shape, tiles_size

N_STEPS = 7
MAX_COMPONENTS = 8


class LatentTraversalDisplay:
    """Images decoded while a single code component varies, a row of images for each component.

    Create one by :meth:`from_estimator`.

    Parameters
    ----------
    images : array-like of shape (n_components, n_steps, n_features)
        Decoded rows.
    values : array-like of shape (n_components, n_steps)
        Values of the component that varies.
    components : sequence of int of length n_components
        Index of the component that varies, from 0.
    image_shape : tuple of int
        Height and width of an image, and 3 if it has colours.
    limits : tuple of float, default=None
        Values drawn in black and white; None takes the smallest and the largest of ``images``.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The axes.
    figure_ : matplotlib Figure
        The figure.

    See Also
    --------
    LatentGridDisplay : Two components that vary together.

    References
    ----------
    Higgins, I. et al., "beta-VAE: learning basic visual concepts with a constrained variational
    framework", ICLR 2017.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.decomposition import PCA
    >>> from skdeepunsup.inspection import LatentTraversalDisplay
    >>> X = load_digits().data
    >>> display = LatentTraversalDisplay.from_estimator(PCA(4).fit(X), X, image_shape=(8, 8))
    >>> display.images.shape
    (4, 7, 64)
    """

    def __init__(
        self,
        *,
        images: Any,
        values: Any,
        components: Any,
        image_shape: tuple[int, ...],
        limits: tuple[float, float] | None = None,
    ) -> None:
        self.images = images
        self.values = values
        self.components = components
        self.image_shape = image_shape
        self.limits = limits

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        *,
        components: Any = None,
        values: Any = None,
        row: int = 0,
        image_shape: tuple[int, ...] | None = None,
        ax: Any = None,
    ) -> Self:
        """Draw images that a fitted estimator decodes as components of a code vary.

        Parameters
        ----------
        estimator : fitted transformer
            Has ``transform`` and ``inverse_transform``: PCA, an estimator of this package, or a
            Pipeline of these.
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows whose codes give the ranges of the components. Pixels outside the range of ``X``
            are drawn in black or white.
        components : sequence of int, default=None
            Indices of the components to vary, from 0; None takes at most 8 with the largest
            variance over the codes of ``X``, in decreasing order.
        values : array-like of shape (n_steps,), default=None
            Values of each component; None takes 7 equal steps from the 1st to the 99th percentile
            of the component over the codes of ``X``.
        row : int, default=0
            The row of ``X`` whose code gives the fixed components.
        image_shape : tuple of int, default=None
            Height and width of the image in each row, and 3 if it has colours; None takes the
            estimator's own ``image_shape``.
        ax : matplotlib Axes, default=None
            Axes to draw on; None opens a figure.

        Returns
        -------
        LatentTraversalDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If there is no such row or component, or ``image_shape`` is missing or does not match.
        """
        check_is_fitted(estimator)
        check_way_back(estimator)
        image_shape = required_image_shape(estimator, image_shape)
        row = check_index("row", row, count_rows(X), "rows in X")
        Z = encode(estimator, X)
        if components is None:
            components = np.argsort(-Z.var(axis=0), kind="stable")[:MAX_COMPONENTS].tolist()
        components = check_components(components, Z.shape[1])
        steps = _percentile_steps(Z[:, components]) if values is None else _check_steps(values)
        steps = np.broadcast_to(steps, (len(components), steps.shape[-1]))
        return cls(
            images=decode(estimator, _move(Z[row], components, steps)),
            values=steps,
            components=components,
            image_shape=image_shape,
            limits=limits(X),
        ).plot(ax=ax)

    def plot(self, ax: Any = None) -> Self:
        """Draw the images.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on; None opens a figure.

        Returns
        -------
        LatentTraversalDisplay
            The display itself.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        """
        images, values = np.asarray(self.images), np.asarray(self.values)
        low, high = limits(images) if self.limits is None else self.limits
        n_rows, n_steps = values.shape
        shape = drawable_shape(self.image_shape, images.shape[-1])
        width, height = tiles_size(n_rows, n_steps, shape)
        self.ax_ = open_axes(self, ax, max(3.0, width + 1.5), height + 0.6, "compressed")
        self.figure_ = self.ax_.figure
        rows, columns = draw_tiles(self.ax_, paint(images, shape, low, high), n_steps)
        labels = [f"component {component}" for component in self.components]
        if (values == values[0]).all():
            self.ax_.set_xticks(columns, [tick_label(value) for value in values[0]])
            self.ax_.set_xlabel("Value of the component")
        else:
            labels = [
                f"{label}\n{tick_label(own[0])} to {tick_label(own[-1])}"
                for label, own in zip(labels, values, strict=True)
            ]
            self.ax_.set_xlabel("Value of the component, in equal steps")
        self.ax_.set_yticks(rows, labels)
        return self


def _percentile_steps(Z: np.ndarray) -> np.ndarray:
    """Equal steps from the 1st to the 99th percentile of each column, as rows of an array."""
    low, high = np.percentile(Z, (1, 99), axis=0)
    return np.linspace(low, high, N_STEPS, axis=1)


def _check_steps(values: Any) -> np.ndarray:
    steps = np.asarray(values, dtype=np.float64)
    if steps.ndim != 1 or not len(steps) or not np.isfinite(steps).all():
        raise ValueError(f"values == {values!r}, must be a sequence of finite numbers.")
    return steps


def _move(z: np.ndarray, components: list[int], steps: np.ndarray) -> np.ndarray:
    """Copies of the code ``z``, shape (n_moved, n_steps, n_components).

    In row i, the entry ``components[i]`` takes the values ``steps[i]``.
    """
    Z = np.tile(z, (*steps.shape, 1))
    for moved, component, own in zip(Z, components, steps, strict=True):
        moved[:, component] = own
    return Z
