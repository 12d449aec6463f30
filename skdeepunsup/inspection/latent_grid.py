"""Images decoded from a grid of points in a plane of the latent space."""

from typing import Any, Self

import numpy as np
from scipy.special import ndtri
from sklearn.utils.validation import check_is_fitted

from .._parameters import check_integer
from ._axes import open_axes, tick_label
from ._codes import check_has, check_two_components, check_way_back, decode, encode, limits
from ._images import draw_tiles, drawable_shape, paint, required_image_shape, tiles_size

MAX_LABELS = 5


class LatentGridDisplay:
    """Images decoded over a grid of two code components, with the other components fixed.

    Create one by :meth:`from_estimator`.

    Parameters
    ----------
    images : array-like of shape (n_steps, n_steps, n_features)
        Decoded rows; ``images[i, j]`` belongs to ``values[0][j]`` and ``values[1][i]``.
    values : array-like of shape (2, n_steps)
        Values of the component along each axis.
    components : tuple of int
        Indices of the components along the two axes, from 0.
    image_shape : tuple of int
        Height and width of an image, and 3 if it has colours.
    limits : tuple of float, default=None
        Values drawn in black and white; None takes the smallest and the largest of ``images``.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The axes; values increase to the right and upwards.
    figure_ : matplotlib Figure
        The figure.

    See Also
    --------
    LatentSpaceDisplay : The codes of rows in this plane.

    References
    ----------
    Kingma, D. P. and Welling, M., "Auto-encoding variational Bayes", ICLR 2014, figure 4.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.decomposition import PCA
    >>> from skdeepunsup.inspection import LatentGridDisplay
    >>> X = load_digits().data
    >>> display = LatentGridDisplay.from_estimator(PCA(2).fit(X), X, image_shape=(8, 8))
    >>> display.images.shape
    (15, 15, 64)
    """

    def __init__(
        self,
        *,
        images: Any,
        values: Any,
        components: tuple[int, int],
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
        X: Any = None,
        *,
        components: tuple[int, int] = (0, 1),
        n_steps: int = 15,
        image_shape: tuple[int, ...] | None = None,
        ax: Any = None,
    ) -> Self:
        """Draw images that a fitted estimator decodes from a plane of its codes.

        Parameters
        ----------
        estimator : fitted transformer
            Has ``inverse_transform``, and with ``X`` also ``transform``: PCA, an estimator of this
            package, or a Pipeline of these.
        X : {array-like, sparse matrix} of shape (n_samples, n_features), default=None
            The values along the axes are quantiles of the codes of these rows, from the 5th to the
            95th percentile, and the other components are fixed at their medians. None takes the
            quantiles of the standard normal distribution, the prior of a variational autoencoder,
            and fixes the other components at 0.
        components : tuple of int, default=(0, 1)
            Indices of the components along the two axes, from 0.
        n_steps : int, default=15
            Images along each axis.
        image_shape : tuple of int, default=None
            Height and width of the image in each row, and 3 if it has colours; None takes the
            estimator's own ``image_shape``.
        ax : matplotlib Axes, default=None
            Axes to draw on; None opens a figure.

        Returns
        -------
        LatentGridDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If the code has no such components, ``image_shape`` is missing or does not match, or the
            model is conditional on classes and ``X`` is None.
        """
        check_is_fitted(estimator)
        check_way_back(estimator)
        check_integer("n_steps", n_steps, 2)
        image_shape = required_image_shape(estimator, image_shape)
        shares = np.linspace(0.05, 0.95, n_steps)
        if X is None:
            check_has(estimator, "get_feature_names_out", "pass X, whose codes give the values.")
            if hasattr(estimator, "classes_"):
                raise ValueError(
                    f"codes of this {type(estimator).__name__} contain the class of an image; "
                    "pass X, rows of the class to draw."
                )
            centre = np.zeros(len(estimator.get_feature_names_out()))
            quantiles = np.tile(ndtri(shares)[:, None], len(centre))
        else:
            Z = encode(estimator, X)
            centre = np.median(Z, axis=0)
            quantiles = np.quantile(Z, shares, axis=0)
        pair = check_two_components(components, len(centre))
        values = quantiles[:, pair].T
        return cls(
            images=decode(estimator, _grid(centre, pair, values)),
            values=values,
            components=(pair[0], pair[1]),
            image_shape=image_shape,
            limits=None if X is None else limits(X),
        ).plot(ax=ax)

    def plot(self, ax: Any = None) -> Self:
        """Draw the images.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on; None opens a figure.

        Returns
        -------
        LatentGridDisplay
            The display itself.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        """
        images, values = np.asarray(self.images), np.asarray(self.values)
        low, high = limits(images) if self.limits is None else self.limits
        n_steps = values.shape[1]
        shape = drawable_shape(self.image_shape, images.shape[-1])
        width, height = tiles_size(n_steps, n_steps, shape)
        self.ax_ = open_axes(self, ax, width + 0.9, height + 0.6, "compressed")
        self.figure_ = self.ax_.figure
        upwards = paint(images[::-1], shape, low, high)
        rows, columns = draw_tiles(self.ax_, upwards, n_steps)
        labelled = slice(None, None, -(-n_steps // MAX_LABELS))
        across, up = ([tick_label(value) for value in axis[labelled]] for axis in values)
        self.ax_.set_xticks(columns[labelled], across)
        self.ax_.set_yticks(rows[::-1][labelled], up)
        self.ax_.set_xlabel(f"Component {self.components[0]}")
        self.ax_.set_ylabel(f"Component {self.components[1]}")
        return self


def _grid(centre: np.ndarray, pair: list[int], values: np.ndarray) -> np.ndarray:
    """Codes, shape (n_steps, n_steps, n_components); the first of the pair varies over columns."""
    n_steps = values.shape[1]
    Z = np.tile(centre, (n_steps, n_steps, 1))
    Z[..., pair[0]], Z[..., pair[1]] = np.meshgrid(*values)
    return Z
