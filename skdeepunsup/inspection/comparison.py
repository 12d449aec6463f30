"""The comparison of transformers as a figure: reconstructions, codes, error by code width."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
from sklearn.utils import check_array
from sklearn.utils.validation import check_is_fitted

from .._reducers import flatten_reducers, spread_rows
from ..metrics import reconstruction_error as row_errors
from ._axes import pyplot
from ._codes import encode, reconstruct
from ._panels import draw_codes, draw_errors, draw_images, lay_out, model_styles

MAX_POINTS = 1000


class ReducerComparisonDisplay:
    """Comparison of transformers that can decode their codes, as a figure.

    It shows the reconstruction error against the width of the code and, if the data allow it,
    reconstructions next to originals, and two-dimensional codes. Create one by
    :meth:`from_estimators`.

    Parameters
    ----------
    names : sequence of str of length n_reducers
        The model of each reducer; reducers with the same name are one model at several code widths.
        The first is the reference.
    n_components : array-like of shape (n_reducers,)
        Code widths.
    reconstruction_error : array-like of shape (n_reducers,)
        Squared errors summed over features, averaged over rows.
    originals : array-like of shape (n_images, n_features), default=None
        Images to show.
    reconstructions : array-like of shape (n_reducers, n_images, n_features), default=None
        Their reconstructions.
    image_shape : tuple of int, default=None
        Height, width and, if there are several, channels of an image; None for data that are not
        images.
    codes : list of array-like of shape (n_rows, n_components), default=None
        A code for each reducer.
    y : array-like of shape (n_rows,), default=None
        Classes or numbers that colour the codes.

    Attributes
    ----------
    figure_ : matplotlib Figure
        The figure.
    ax_ : matplotlib Axes
        The panel of error against width.
    axes_ : dict of str to matplotlib Axes or ndarray of them
        The panels: ``"error"``, and ``"images"`` and ``"codes"`` where they are drawn.

    See Also
    --------
    compare_reducers : The comparison as a table.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.decomposition import PCA
    >>> from skdeepunsup import Autoencoder, ReducerComparisonDisplay
    >>> X, y = load_digits(return_X_y=True)
    >>> X = X / 16
    >>> deep = [Autoencoder(k, max_iter=20, random_state=0) for k in (2, 8)]
    >>> reducers = {
    ...     "pca": [PCA(k).fit(X[:1000]) for k in (2, 8)],
    ...     "deep": [model.fit(X[:1000]) for model in deep],
    ... }
    >>> display = ReducerComparisonDisplay.from_estimators(
    ...     reducers, X[1000:], y[1000:], image_shape=(8, 8)
    ... )
    >>> sorted(display.axes_)
    ['codes', 'error', 'images']
    """

    def __init__(
        self,
        *,
        names: Any,
        n_components: Any,
        reconstruction_error: Any,
        originals: Any = None,
        reconstructions: Any = None,
        image_shape: tuple[int, ...] | None = None,
        codes: Any = None,
        y: Any = None,
    ) -> None:
        self.names = names
        self.n_components = n_components
        self.reconstruction_error = reconstruction_error
        self.originals = originals
        self.reconstructions = reconstructions
        self.image_shape = image_shape
        self.codes = codes
        self.y = y

    @classmethod
    def from_estimators(
        cls,
        reducers: Mapping[str, Any],
        X: Any,
        y: Any = None,
        *,
        reconstruction_error: Any = None,
        image_shape: tuple[int, ...] | None = None,
        n_images: int = 10,
        ax: Any = None,
    ) -> Self:
        """Draw the comparison of fitted transformers on held-out data.

        Parameters
        ----------
        reducers : dict of str to fitted transformer, or to a list of them
            A list holds one model at several code widths. The first name is the reference.
        X : array-like of shape (n_samples, n_features)
            Held-out data; the codes of at most 1000 rows are drawn.
        y : array-like of shape (n_samples,), default=None
            Classes or numbers that colour the codes.
        reconstruction_error : array-like of shape (n_reducers,), default=None
            Errors to draw, for instance cross-validated ones; None measures them on ``X``.
        image_shape : tuple of int, default=None
            Height, width and, if there are several, channels of the image in each row.
        n_images : int, default=10
            Number of images to show.
        ax : matplotlib Axes, default=None
            If given, only the error against the code width is drawn, on these axes.

        Returns
        -------
        ReducerComparisonDisplay
            The display, drawn.
        """
        named = flatten_reducers(reducers)
        for _, reducer in named:
            check_is_fitted(reducer)
        X = check_array(X, dtype=[np.float64, np.float32])
        drawn = spread_rows(len(X), MAX_POINTS)
        codes = [encode(reducer, X[drawn]) for _, reducer in named]
        if reconstruction_error is None:
            reconstruction_error = [row_errors(reducer, X).mean() for _, reducer in named]
        originals = reconstructions = None
        if image_shape is not None:
            originals = X[_pick_images(X, y, n_images)]
            reconstructions = np.array([reconstruct(reducer, originals) for _, reducer in named])
        return cls(
            names=[name for name, _ in named],
            n_components=np.array([code.shape[1] for code in codes]),
            reconstruction_error=np.asarray(reconstruction_error),
            originals=originals,
            reconstructions=reconstructions,
            image_shape=image_shape,
            codes=codes,
            y=None if y is None else np.asarray(y)[drawn],
        ).plot(ax=ax)

    def plot(self, ax: Any = None) -> Self:
        """Draw the figure.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            If given, only the error against the code width is drawn, on these axes.

        Returns
        -------
        ReducerComparisonDisplay
            The display itself.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        """
        plt = pyplot(self)
        styles = model_styles(self.names)
        curve = (self.names, self.n_components, self.reconstruction_error, styles)
        if ax is not None:
            draw_errors(ax, *curve)
            self.ax_, self.figure_, self.axes_ = ax, ax.figure, {"error": ax}
            return self
        image_rows = [] if self.originals is None else _near_middle(self.names, self.n_components)
        code_rows = [] if self.codes is None else _narrowest(self.names, self.n_components)
        self.figure_, panels = lay_out(plt, len(image_rows), len(code_rows))
        self.ax_ = panels["error"].subplots()
        self.axes_ = {"error": self.ax_}
        draw_errors(self.ax_, *curve)
        if image_rows:
            rows = [
                (
                    self.names[i],
                    self.n_components[i],
                    self.reconstruction_error[i],
                    self.reconstructions[i],
                    styles[self.names[i]],
                )
                for i in image_rows
            ]
            self.axes_["images"] = draw_images(
                panels["images"], self.originals, rows, self.image_shape
            )
        if code_rows:
            scatters = [(self.names[i], self.codes[i], styles[self.names[i]]) for i in code_rows]
            self.axes_["codes"] = draw_codes(panels["codes"], scatters, self.y)
        return self


def _pick_images(X: np.ndarray, y: Any, n_images: int) -> np.ndarray:
    """Row numbers of one image of each class, filled up with evenly spaced rows."""
    firsts = [] if y is None else np.unique(np.asarray(y), return_index=True)[1].tolist()
    others = [row for row in spread_rows(len(X), 2 * n_images).tolist() if row not in firsts]
    return np.array((firsts + others)[:n_images])


def _near_middle(names: Sequence[str], widths: Any) -> list[int]:
    """For each model, the index of the reducer whose width is nearest to the median width."""
    middle = np.unique(widths)[len(np.unique(widths)) // 2]
    return _best_of_each(names, [abs(width - middle) for width in widths])


def _narrowest(names: Sequence[str], widths: Any) -> list[int]:
    """For each model, the index of the reducer with the narrowest code of at least 2 dimensions."""
    costs = [width if width >= 2 else math.inf for width in widths]
    return [i for i in _best_of_each(names, costs) if math.isfinite(costs[i])]


def _best_of_each(names: Sequence[str], costs: Sequence[float]) -> list[int]:
    """Index of the lowest cost for each name, in the order in which names first appear."""
    best: dict[str, int] = {}
    for i, name in enumerate(names):
        if name not in best or costs[i] < costs[best[name]]:
            best[name] = i
    return list(best.values())
