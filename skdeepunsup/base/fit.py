"""Data, state and observer of a fit."""

import copy
import time
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from .._parameters import check_truth
from .._random import Stream
from .._rows import Rows
from .._sliced_rows import SlicedRows
from .._validation import n_held_out
from ..training import Objective, Schedule


class TrainingData(NamedTuple):
    """Checked arguments of ``fit``, as arrays in the host's memory.

    Attributes
    ----------
    X : ndarray or CSR matrix of shape (n_samples, n_features)
    weights : ndarray of shape (n_samples,) or None
        How much each row counts; None if all count the same.
    labels : ndarray of shape (n_labelled,) or (n_labelled, n_targets), or None
        Training target of each row that has one: the index of its class in ``classes``, or numbers.
    classes : tuple
        The classes; empty if targets are numbers.
    labelled : ndarray of bool, of shape (n_samples,), or None
        Which rows have a target and are trained on; None means all rows.
    """

    X: Any
    weights: np.ndarray | None = None
    labels: np.ndarray | None = None
    classes: tuple[Any, ...] = ()
    labelled: np.ndarray | None = None


@dataclass
class Fit:
    """A running fit: module, objective and rows, and what becomes a fitted attribute."""

    module: Any
    objective: Objective
    stream: Stream
    split_seed: int
    history: dict[str, list[float]]
    schedule: Schedule
    rows: Rows
    held_out: Rows | None

    def __post_init__(self) -> None:
        self.epochs_before = len(self.history["loss"])

    def attributes(self) -> dict[str, Any]:
        """The fitted attributes as of now; a later fit goes on from ``_training``."""
        n_epochs = len(self.history["loss"])
        return {
            "module_": self.module,
            "history_": self.history,
            "n_iter_": n_epochs,
            "_training": {
                "objective": self.objective.state_dict(),
                "stream": self.stream.state_dict(),
                "split_seed": self.split_seed,
                "stages_left": self.schedule.stages_left(n_epochs - self.epochs_before),
            },
        }


class CallbackObserver:
    """Runs scikit-learn's callbacks, and prints a line for each epoch if ``verbose`` is set."""

    def __init__(
        self,
        estimator: Any,
        X: Any,
        y: Any,
        fit: Fit,
    ) -> None:
        self.estimator, self.fit, self.data = estimator, fit, {"X": X, "y": y}
        self.verbose = check_truth("verbose", estimator.verbose)
        self.epochs = fit.schedule.n_epochs
        self.context = estimator._init_callback_context(max_subtasks=self.epochs)
        self.context.call_on_fit_task_begin(estimator=estimator, **self.data)

    def begin_epoch(self) -> None:
        self.started = time.perf_counter()
        self.task = self.context.subcontext(task_name="epoch")
        self.task.call_on_fit_task_begin(estimator=self.estimator, **self.data)

    def skip_epochs(self, n_epochs: int) -> None:
        for _ in range(n_epochs):  # so that epochs keep their numbers
            self.context.subcontext(task_name="epoch")

    def end_epoch(self, record: dict[str, float]) -> bool:
        if self.verbose:
            seconds = time.perf_counter() - self.started
            scalars = ", ".join(f"{name} = {value:.4g}" for name, value in record.items())
            name, epoch = type(self.estimator).__name__, self.task.task_id + 1
            print(f"[{name}] epoch {epoch}/{self.epochs}, {scalars}, time = {seconds:.2f}s")
        return bool(
            self.task.call_on_fit_task_end(
                estimator=self.estimator, reconstruction_attributes=self._fitted, **self.data
            )
        )

    def end_fit(self) -> None:
        """Called when the fit is over and the estimator fitted."""
        self.context.call_on_fit_task_end(
            estimator=self.estimator, reconstruction_attributes=self._fitted, **self.data
        )

    def _fitted(self) -> dict[str, Any]:
        """Copies of the fitted attributes as of now, which further training does not change."""
        attributes = copy.deepcopy(self.fit.attributes())
        attributes["module_"].eval()
        return attributes


def split(rows: Rows, fraction: float, seed: int) -> tuple[Rows, Rows | None]:
    """Hold out a random ``fraction`` of the rows, determined by ``seed``.

    Of rows that are read by slices, these are runs of neighbours.
    Of rows with classes, about the same fraction of each, and one row at least stays in training.
    Returns the rows to train on, and those held out; None if there are none.
    """
    held_out = n_held_out(len(rows), fraction)
    if not held_out:
        return rows, None
    by_class = rows.classes and rows.labels is not None and rows.labels.ndim == 1
    if isinstance(rows, SlicedRows) and not by_class:
        chosen = torch.zeros(len(rows), dtype=torch.bool, device="cpu")
        chosen[rows.part(held_out, Stream(seed))] = True
        return rows.select((~chosen).nonzero()[:, 0]), rows.select(chosen.nonzero()[:, 0])
    order = Stream(seed).permutation(len(rows))
    if by_class and rows.labels is not None:
        places = places_in_classes(rows.labels.cpu()[order.cpu()])
        held_out = min(held_out, int(places.isfinite().sum()))
        if not held_out:
            raise ValueError(
                "early stopping holds out rows, but each class has one row only, which is needed "
                "for training; give more labels, or set early_stopping=False."
            )
        order = order[places.argsort(stable=True).to(order.device)]
    held, trained = order[:held_out], order[held_out:]
    if isinstance(rows, SlicedRows):
        held, trained = held.sort().values, trained.sort().values
    return rows.select(trained), rows.select(held)


def places_in_classes(labels: Tensor) -> Tensor:
    """The place of each row among those of its class, in (0, 1); infinity for the last of each.

    Sorted by it, every class is spread evenly, but for the last ones.
    """
    sizes = torch.bincount(labels)
    by_class = labels.argsort(stable=True)
    rank = torch.empty_like(by_class)
    rank[by_class] = torch.arange(len(labels)) - (sizes.cumsum(0) - sizes)[labels[by_class]]
    size = sizes[labels]
    return torch.where(rank < size - 1, (rank + 0.5) / size, torch.inf)
