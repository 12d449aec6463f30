"""The codes of rows as points in a plane of the latent space."""

from typing import Any, Self

import numpy as np
from sklearn.utils import column_or_1d
from sklearn.utils.validation import check_is_fitted

from .._reducers import spread_rows
from ._axes import open_axes
from ._codes import check_has, check_two_components, count_rows, encode, take_rows
from ._panels import COLOURS, Style, scatter

MAX_POINTS = 5000


class LatentSpaceDisplay:
    """Two components of the codes of rows, as a scatter plot.

    Create one by :meth:`from_estimator`.

    Parameters
    ----------
    codes : array-like of shape (n_points, n_components)
        Codes.
    y : array-like of shape (n_points,), default=None
        Colours the points: classes (text, or few integers that repeat) get a legend, numbers a
        colour bar.
    components : tuple of int, default=(0, 1)
        Indices of the components along the two axes, from 0.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The axes.
    figure_ : matplotlib Figure
        The figure.

    See Also
    --------
    LatentGridDisplay : Images decoded from points of this plane.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.decomposition import PCA
    >>> from skdeepunsup.inspection import LatentSpaceDisplay
    >>> X, y = load_digits(return_X_y=True)
    >>> display = LatentSpaceDisplay.from_estimator(PCA(2).fit(X), X, y)
    >>> display.codes.shape
    (1797, 2)
    """

    def __init__(self, *, codes: Any, y: Any = None, components: tuple[int, int] = (0, 1)) -> None:
        self.codes = codes
        self.y = y
        self.components = components

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: Any = None,
        *,
        components: tuple[int, int] = (0, 1),
        ax: Any = None,
    ) -> Self:
        """Draw the codes of rows by a fitted estimator.

        Parameters
        ----------
        estimator : fitted transformer
            Has ``transform``.
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows; at most 5000 of them, evenly spaced, are drawn.
        y : array-like of shape (n_samples,), default=None
            Classes or numbers that colour the points.
        components : tuple of int, default=(0, 1)
            Indices of the components along the two axes, from 0.
        ax : matplotlib Axes, default=None
            Axes to draw on; None opens a figure.

        Returns
        -------
        LatentSpaceDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If the code has no such components, or ``y`` and ``X`` differ in length.
        """
        check_is_fitted(estimator)
        check_has(estimator, "transform", "pass a transformer, such as PCA or Autoencoder.")
        if y is not None:
            y = column_or_1d(y)
            if len(y) != count_rows(X):
                raise ValueError(
                    f"y has {len(y)} entries, but X has {count_rows(X)} rows; give one per row."
                )
            y = y[spread_rows(len(y), MAX_POINTS)]
        codes = encode(estimator, take_rows(X, MAX_POINTS))
        return cls(codes=codes, y=y, components=components).plot(ax=ax)

    def plot(self, ax: Any = None) -> Self:
        """Draw the points.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on, legend included; None opens a figure, with the legend beside the axes.

        Returns
        -------
        LatentSpaceDisplay
            The display itself.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        """
        codes = np.asarray(self.codes)
        pair = check_two_components(self.components, codes.shape[1])
        self.ax_ = open_axes(self, ax, 6.0, 4.8)
        self.figure_ = self.ax_.figure
        points = scatter(self.ax_, codes[:, pair], self.y, Style(COLOURS[0], "o", "-"))
        if isinstance(points, dict):
            beside = {"loc": "center left", "bbox_to_anchor": (1.0, 0.5), "frameon": False}
            within = {"loc": "best", "fontsize": "small"}
            self.ax_.legend(
                points.values(),
                points.keys(),
                markerscale=2,
                **(beside if ax is None else within),
            )
        elif self.y is not None:
            self.figure_.colorbar(points, ax=self.ax_)
        self.ax_.set(xlabel=f"Component {pair[0]}", ylabel=f"Component {pair[1]}")
        self.ax_.spines[["top", "right"]].set_visible(False)
        return self
