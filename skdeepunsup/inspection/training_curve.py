"""The history of a fit, epoch by epoch."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from sklearn.utils.validation import check_is_fitted

from ._axes import open_axes
from ._codes import check_has
from ._panels import COLOURS

VALIDATION = "validation_loss"


class TrainingCurveDisplay:
    """Entries of the history of a fit against epochs.

    Create one by :meth:`from_estimator`. Entries that are NaN in all epochs, such as the validation
    loss if no rows were held out, are left out. The epoch of the lowest validation loss is marked,
    among those that early stopping considers. If layers were trained one after the other, nothing
    is marked and lines are broken between layers, since their losses are not comparable.

    Parameters
    ----------
    history : dict of str to sequence of float
        One number per epoch for each entry; an entry ``"layer"`` gives the layer that was trained.
    names : sequence of str
        The entries to draw.
    warmup : int, default=0
        Number of first epochs that early stopping does not consider.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The axes.
    figure_ : matplotlib Figure
        The figure.
    best_epoch_ : int or None
        The marked epoch, from 1; None if there is none.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from skdeepunsup import Autoencoder
    >>> from skdeepunsup.inspection import TrainingCurveDisplay
    >>> X = load_digits().data / 16
    >>> model = Autoencoder(8, max_iter=10, random_state=0).fit(X)
    >>> display = TrainingCurveDisplay.from_estimator(model)
    >>> display.best_epoch_
    10
    """

    def __init__(self, *, history: dict[str, Any], names: Sequence[str], warmup: int = 0) -> None:
        self.history = history
        self.names = names
        self.warmup = warmup

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        *,
        names: Sequence[str] = ("loss", VALIDATION),
        ax: Any = None,
    ) -> Self:
        """Draw the history of a fitted estimator.

        Parameters
        ----------
        estimator : fitted estimator
            Has ``history_``, as those of this package do. If it has a parameter ``kl_warmup``, its
            first ``kl_warmup`` - 1 epochs are not considered for the mark.
        names : sequence of str, default=("loss", "validation_loss")
            The entries of ``history_`` to draw.
        ax : matplotlib Axes, default=None
            Axes to draw on; None opens a figure.

        Returns
        -------
        TrainingCurveDisplay
            The display, drawn.

        Raises
        ------
        TypeError
            If the estimator has no ``history_``.
        ValueError
            If it has no such entries.
        """
        check_is_fitted(estimator)
        check_has(
            estimator,
            "history_",
            "pass an estimator of this package, or such a step of a Pipeline.",
        )
        warmup = max(0, getattr(estimator, "kl_warmup", 0) - 1)
        return cls(history=estimator.history_, names=names, warmup=warmup).plot(ax=ax)

    def plot(self, ax: Any = None) -> Self:
        """Draw the lines.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on; None opens a figure.

        Returns
        -------
        TrainingCurveDisplay
            The display itself.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        ValueError
            If ``names`` are not entries of ``history``, or all of them are NaN in all epochs.
        """
        curves = _finite_curves(self.history, self.names)
        self.ax_ = open_axes(self, ax, 6.4, 4.0)
        self.figure_ = self.ax_.figure
        stages = _stages(self.history, len(next(iter(curves.values()))))
        for i, (name, curve) in enumerate(curves.items()):
            colour = COLOURS[i % len(COLOURS)]
            for k, stage in enumerate(stages):
                self.ax_.plot(
                    stage + 1,
                    curve[stage],
                    color=colour,
                    label=name.replace("_", " ") if k == 0 else None,
                    marker="o" if len(stage) == 1 else None,
                )
        judged = curves.get(VALIDATION, np.empty(0))[self.warmup :]
        marked = len(stages) == 1 and not np.isnan(judged).all()
        self.best_epoch_ = self._mark_best(judged) if marked else None
        losses = all(name.endswith("loss") for name in curves)
        self.ax_.set(xlabel="Epoch", ylabel="Loss" if losses else "Value")
        self.ax_.xaxis.get_major_locator().set_params(integer=True)
        self.ax_.spines[["top", "right"]].set_visible(False)
        self.ax_.grid(color="0.92")
        self.ax_.set_axisbelow(True)
        self.ax_.legend(frameon=False)
        return self

    def _mark_best(self, judged: np.ndarray) -> int:
        epoch = self.warmup + int(np.nanargmin(judged)) + 1
        lowest = np.nanmin(judged)
        self.ax_.axvline(epoch, color="0.6", linestyle=":", linewidth=1)
        self.ax_.plot(
            epoch,
            lowest,
            color="0.2",
            marker="o",
            linestyle="none",
            label=f"best epoch {epoch} ({lowest:.4g})",
        )
        return epoch


def _finite_curves(history: dict[str, Any], names: Sequence[str]) -> dict[str, np.ndarray]:
    """The named entries, without those that are NaN in all epochs."""
    if isinstance(names, str):
        raise TypeError(f"names == {names!r}, must be a sequence of str, such as ({names!r},).")
    if unknown := [name for name in names if name not in history]:
        raise ValueError(f"names has {unknown}, but the history has {sorted(history)}.")
    curves = {name: np.asarray(history[name], dtype=np.float64) for name in names}
    curves = {name: curve for name, curve in curves.items() if not np.isnan(curve).all()}
    if not curves:
        raise ValueError(
            f"names == {tuple(names)!r}, but all values recorded for them are NaN; hold rows out "
            "in the fit, or draw other entries."
        )
    return curves


def _stages(history: dict[str, Any], n_epochs: int) -> list[np.ndarray]:
    """The epochs, from 0, split where training passes to another layer or network."""
    trained = history.get("layer", history.get("stage", np.zeros(n_epochs)))
    return np.split(np.arange(n_epochs), np.flatnonzero(np.diff(trained)) + 1)
