"""What the places of a latent plane decode to."""

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
    """Images decoded over a grid of two components of a code, the others held.

    Use :meth:`from_estimator` to make one.

    Parameters
    ----------
    images : array-like of shape (n_steps, n_steps, n_features)
        Decoded rows; ``images[i, j]`` is that of ``values[0][j]`` and ``values[1][i]``.
    values : array-like of shape (2, n_steps)
        The places along both axes.
    components : tuple of int
        The components along the two axes, counted from 0.
    image_shape : tuple of int
        Height and width of an image, and 3 channels where it is one in colours.
    limits : tuple of float, default=None
        Values drawn black and white; None takes the smallest and the largest of ``images``.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The axes; as in any plot, values grow to the right and upwards.
    figure_ : matplotlib Figure
        The figure.

    See Also
    --------
    LatentSpaceDisplay : Where in this plane the rows lie.

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
        """Draw what a fitted estimator decodes over a plane of its code.

        Parameters
        ----------
        estimator : fitted transformer
            Has ``inverse_transform``, and with ``X`` also ``transform``: PCA, ours, or a Pipeline
            of such.
        X : {array-like, sparse matrix} of shape (n_samples, n_features), default=None
            Rows whose codes say where to look: the grid stands on their quantiles, from the 5th to
            the 95th percentile, and the other components are held at their medians. None takes
            the quantiles of the standard normal distribution, the prior of a variational
            autoencoder, and holds the others at 0.
        components : tuple of int, default=(0, 1)
            The components along the two axes, counted from 0.
        n_steps : int, default=15
            Images along each axis.
        image_shape : tuple of int, default=None
            Height and width of the image that a row is, and 3 channels where it is one in colours;
            None takes the estimator's own ``image_shape``.
        ax : matplotlib Axes, default=None
            Axes to draw on; None opens a figure.

        Returns
        -------
        LatentGridDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If the code has no such components, ``image_shape`` is missing or does not match, or a
            model of classes is given no ``X`` to say which.
        """
        check_is_fitted(estimator)
        check_way_back(estimator)
        check_integer("n_steps", n_steps, 2)
        image_shape = required_image_shape(estimator, image_shape)
        shares = np.linspace(0.05, 0.95, n_steps)
        if X is None:
            check_has(estimator, "get_feature_names_out", "pass X, whose codes it is to show.")
            if hasattr(estimator, "classes_"):
                raise ValueError(
                    f"codes of this {type(estimator).__name__} say of which class an image is; "
                    "pass X, rows of the class that is to be drawn."
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
    """Codes (n_steps, n_steps, n_components): the first of the pair varies along the columns."""
    n_steps = values.shape[1]
    Z = np.tile(centre, (n_steps, n_steps, 1))
    Z[..., pair[0]], Z[..., pair[1]] = np.meshgrid(*values)
    return Z
