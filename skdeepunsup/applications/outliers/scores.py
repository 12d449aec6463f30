"""Scores of rows by a model, higher for inliers, and the contributions of features to them."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from sklearn.utils import gen_batches, get_tags

from ..._finite import finite
from ..._rows import CHUNK_ENTRIES, MAX_ENTRIES
from ..._validation import to_dense
from ...adversarial.base import AdversarialModel
from ...reconstruction.base.deterministic import DeterministicAutoencoder

CRITERIA = ("auto", "free-energy", "log-likelihood", "reconstruction-error")


def check_criterion(criterion: str, model: Any) -> None:
    """Raise unless the model has a free energy or a likelihood if the criterion needs it."""
    name = type(model).__name__
    if criterion == "free-energy" and not hasattr(model, "free_energy"):
        raise ValueError(
            f"criterion == 'free-energy', but {name} has none; use a Boltzmann machine, or "
            "criterion='auto'."
        )
    without_likelihood = (DeterministicAutoencoder, AdversarialModel)
    if criterion == "log-likelihood" and isinstance(model, without_likelihood):
        raise ValueError(
            f"criterion == 'log-likelihood', but {name} has none; use a Boltzmann machine or a "
            "VariationalAutoencoder, or criterion='auto'."
        )


def is_error(criterion: str, model: Any) -> bool:
    """Whether the score is minus the squared error of the reconstruction."""
    squared = criterion == "auto" and isinstance(model, DeterministicAutoencoder)
    return squared or criterion == "reconstruction-error"


@contextmanager
def arrays_accepted() -> Iterator[None]:
    """Let a model that was fitted to names take arrays whose names the detector has checked."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "X does not have valid feature names", UserWarning)
        yield


@arrays_accepted()
def scores(criterion: str, model: Any, X: Any) -> np.ndarray:
    """Score of each row, higher for inliers."""
    if criterion == "reconstruction-error":
        return -summed_errors(model, X)
    if criterion != "log-likelihood" and hasattr(model, "free_energy"):
        return -model._own_free_energy(X)
    return model.score_samples(X)


def summed_errors(model: Any, X: Any) -> np.ndarray:
    """‖x − x̂‖² of each row, over its observed entries; sparse rows become dense a few at a time."""
    n_rows = max(1, CHUNK_ENTRIES // X.shape[1])
    parts = [squared_errors(model, X[part]).sum(1) for part in gen_batches(X.shape[0], n_rows)]
    return np.concatenate(parts)


def squared_errors(model: Any, X: Any) -> np.ndarray:
    """(x − x̂)² of each entry, 0 where it is missing."""
    rows = to_dense(X)
    differences = np.where(np.isnan(rows), 0, rows - model.reconstruct(X))
    with np.errstate(over="ignore"):
        return finite(differences**2, rows)


@arrays_accepted()
def contributions(criterion: str, model: Any, X: Any) -> np.ndarray:
    """Increase of a row's score if one feature is replaced by its reconstruction, per feature.

    For reconstruction errors, the squared error of the feature. 0 where an entry is missing.
    """
    if is_error(criterion, model):
        return squared_errors(model, X)
    rows, expected = to_dense(X), to_dense(model.reconstruct(X))
    if get_tags(model).input_tags.categorical:
        expected = expected.round()  # a mean of codes need not be a code
    n_features = rows.shape[1]
    every, parts = np.arange(n_features), []
    n_rows = max(1, MAX_ENTRIES // n_features**2)
    for start in range(0, len(rows), n_rows):
        part, usual = rows[start : start + n_rows], expected[start : start + n_rows]
        changed = np.repeat(part[:, None], n_features, axis=1)
        changed[:, every, every] = np.where(np.isnan(part), np.nan, usual)
        after = scores(criterion, model, changed.reshape(-1, n_features))
        gains = after.reshape(part.shape) - scores(criterion, model, part)[:, None]
        parts.append(np.where(np.isnan(part), 0, gains))
    return np.concatenate(parts)
