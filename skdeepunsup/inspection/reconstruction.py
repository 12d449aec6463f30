"""Rows next to their reconstructions."""

from typing import Any, Self

import numpy as np
from sklearn.utils.validation import check_is_fitted

from .._parameters import check_integer
from .._validation import to_dense
from ._axes import open_axes, subdivide
from ._codes import check_way_back, count_rows, limits, reconstruct, take_rows
from ._images import draw_tiles, drawable_shape, estimator_image_shape, paint, tiles_size
from ._panels import COLOURS


class ReconstructionDisplay:
    """Rows and their reconstructions, as images or as lines.

    Create one by :meth:`from_estimator`. All images share one scale, from the smallest to the
    largest value of the originals; values outside it are clipped. Missing entries (NaN) are magenta
    in images and gaps in lines.

    Parameters
    ----------
    originals : array-like of shape (n_rows, n_features)
        Rows that the reconstructions should equal.
    reconstructions : array-like of shape (n_rows, n_features)
        Reconstructed rows.
    image_shape : tuple of int, default=None
        Height and width of the image in each row, and 3 if it has colours; None draws rows as
        lines.
    inputs : array-like of shape (n_rows, n_features), default=None
        Rows that the estimator received, noisy or with missing entries; None if these are the
        originals.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The axes of the images, or the frame of the panels of lines.
    axes_ : ndarray of matplotlib Axes
        The panels: one for all images, or one for each row drawn as lines.
    figure_ : matplotlib Figure
        The figure.

    See Also
    --------
    ReducerComparisonDisplay : Reconstructions of several estimators.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.decomposition import PCA
    >>> from skdeepunsup.inspection import ReconstructionDisplay
    >>> X = load_digits().data
    >>> pca = PCA(8).fit(X[:1000])
    >>> display = ReconstructionDisplay.from_estimator(pca, X[1000:], image_shape=(8, 8))
    >>> display.reconstructions.shape
    (10, 64)
    """

    def __init__(
        self,
        *,
        originals: Any,
        reconstructions: Any,
        image_shape: tuple[int, ...] | None = None,
        inputs: Any = None,
    ) -> None:
        self.originals = originals
        self.reconstructions = reconstructions
        self.image_shape = image_shape
        self.inputs = inputs

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        *,
        targets: Any = None,
        n_images: int = 10,
        image_shape: tuple[int, ...] | None = None,
        ax: Any = None,
    ) -> Self:
        """Draw the reconstructions of rows by a fitted estimator.

        Parameters
        ----------
        estimator : fitted transformer
            Has ``transform`` and ``inverse_transform``: PCA, an estimator of this package, or a
            Pipeline of these.
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows to reconstruct; they may be noisy or incomplete if the estimator accepts that.
        targets : array-like of shape (n_samples, n_features), default=None
            The clean and complete rows, if ``X`` is noisy or incomplete.
        n_images : int, default=10
            At most this many rows are drawn, evenly spaced over ``X``.
        image_shape : tuple of int, default=None
            Height and width of the image in each row, and 3 if it has colours. None takes the
            estimator's own ``image_shape``; without one, rows are drawn as lines.
        ax : matplotlib Axes, default=None
            Axes to draw on; None opens a figure.

        Returns
        -------
        ReconstructionDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If ``targets`` or ``image_shape`` do not match ``X``.
        """
        check_is_fitted(estimator)
        check_way_back(estimator)
        check_integer("n_images", n_images, 1)
        if targets is not None and np.shape(targets) != np.shape(X):
            raise ValueError(
                f"targets has shape {np.shape(targets)}, but X has {np.shape(X)}; give the clean "
                "row of each row of X."
            )
        drawn = take_rows(X, n_images)
        inputs = to_dense(drawn)
        return cls(
            originals=inputs if targets is None else to_dense(take_rows(targets, n_images)),
            reconstructions=reconstruct(estimator, drawn),
            image_shape=estimator_image_shape(estimator, image_shape),
            inputs=None if targets is None else inputs,
        ).plot(ax=ax)

    def plot(self, ax: Any = None) -> Self:
        """Draw the rows.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on; None opens a figure. To draw lines, the axes are divided into panels,
            so they must have been made by ``plt.subplots``.

        Returns
        -------
        ReconstructionDisplay
            The display itself.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        """
        kinds = {"input": self.originals, "reconstruction": self.reconstructions}
        if self.inputs is not None:
            kinds |= {"input": self.inputs, "original": self.originals}
        if self.image_shape is None:
            self._plot_lines(kinds, ax)
        else:
            self._plot_images(kinds, ax)
        self.figure_ = self.ax_.figure
        return self

    def _plot_images(self, kinds: dict[str, Any], ax: Any) -> None:
        low, high = limits(self.originals)
        n_images = count_rows(self.originals)
        shape = drawable_shape(self.image_shape, np.shape(self.originals)[1])
        width, height = tiles_size(len(kinds), n_images, shape)
        self.ax_ = open_axes(self, ax, max(3.0, width + 1.4), height + 0.3, "compressed")
        self.axes_ = np.array([self.ax_])
        images = [paint(rows, shape, low, high) for rows in kinds.values()]
        heights, _ = draw_tiles(self.ax_, np.concatenate(images), n_images)
        self.ax_.set_yticks(heights, kinds)

    def _plot_lines(self, kinds: dict[str, Any], ax: Any) -> None:
        n_lines = count_rows(self.originals)
        n_columns = 1 if n_lines <= 3 else 2
        n_rows = -(-n_lines // n_columns)
        self.ax_ = open_axes(self, ax, 9.0, 1.1 * n_rows + 1.0)
        grid = subdivide(self.ax_, n_rows, n_columns)
        for unused in grid.ravel()[n_lines:]:
            unused.set_visible(False)
        self.axes_ = grid.ravel()[:n_lines]
        looks = {
            "original": {"color": "0.75", "linewidth": 3},
            "input": {"color": "0.35", "linewidth": 0.8, "marker": ".", "markersize": 4},
            "reconstruction": {"color": COLOURS[1], "linewidth": 1.2},
        }
        for i, panel in enumerate(self.axes_):
            for kind in (kind for kind in looks if kind in kinds):
                panel.plot(np.asarray(kinds[kind])[i], label=kind, **looks[kind])
            panel.spines[["top", "right"]].set_visible(False)
        for panel in self.axes_[-n_columns:]:
            panel.tick_params(labelbottom=True)
            panel.set_xlabel("Feature")
        for panel in grid[:, 0]:
            panel.set_ylabel("Value")
        handles, labels = self.axes_[0].get_legend_handles_labels()
        self.axes_[0].legend(
            handles,
            labels,
            loc="lower left",
            bbox_to_anchor=(0, 1),
            ncols=len(labels),
            frameon=False,
        )
