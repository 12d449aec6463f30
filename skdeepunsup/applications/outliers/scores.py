"""How usual a model finds each row, and what each feature adds to a row's being unusual."""

from typing import Any

import numpy as np
from sklearn.utils import get_tags

from ..._validation import to_dense
from ...adversarial.base import AdversarialModel
from ...reconstruction.base.deterministic import DeterministicAutoencoder

CRITERIA = ("auto", "free-energy", "log-likelihood", "reconstruction-error")
MAX_ENTRIES = 2**22
"""Of the rows that are scored at a time, each once for each of its features."""


def check_criterion(criterion: str, model: Any) -> None:
    """Raise unless the model has what the criterion asks for."""
    name = type(model).__name__
    if criterion == "free-energy" and not hasattr(model, "free_energy"):
        raise ValueError(
            f"criterion == 'free-energy', but {name} has none; take a Boltzmann machine, or "
            "criterion='auto'."
        )
    without_likelihood = (DeterministicAutoencoder, AdversarialModel)
    if criterion == "log-likelihood" and isinstance(model, without_likelihood):
        raise ValueError(
            f"criterion == 'log-likelihood', but {name} has none; take a Boltzmann machine or a "
            "VariationalAutoencoder, or criterion='auto'."
        )


def is_error(criterion: str, model: Any) -> bool:
    """Whether a score is minus a squared error, the sum of those of the features."""
    squared = criterion == "auto" and isinstance(model, DeterministicAutoencoder)
    return squared or criterion == "reconstruction-error"


def scores(criterion: str, model: Any, X: Any) -> np.ndarray:
    """Of each row, higher for usual ones."""
    if criterion == "reconstruction-error":
        return -squared_errors(model, X).sum(1)
    if criterion != "log-likelihood" and hasattr(model, "free_energy"):
        return -model.free_energy(X)
    return model.score_samples(X)


def squared_errors(model: Any, X: Any) -> np.ndarray:
    """(x − x̂)² of each entry, 0 where it is missing."""
    return np.nan_to_num((to_dense(X) - model.reconstruct(X)) ** 2)


def contributions(criterion: str, model: Any, X: Any) -> np.ndarray:
    """By how much the score would rise if a feature alone were as reconstructed; 0 if missing."""
    if is_error(criterion, model):
        return squared_errors(model, X)
    rows, expected = to_dense(X), to_dense(model.reconstruct(X))
    if get_tags(model).input_tags.categorical:
        expected = expected.round()  # a code is asked for, and the mean of codes may be none
    n_features = rows.shape[1]
    every, parts = np.arange(n_features), []
    n_rows = max(1, MAX_ENTRIES // n_features**2)
    for start in range(0, len(rows), n_rows):
        part, usual = rows[start : start + n_rows], expected[start : start + n_rows]
        changed = np.repeat(part[:, None], n_features, axis=1)
        changed[:, every, every] = np.where(np.isnan(part), np.nan, usual)
        after = scores(criterion, model, changed.reshape(-1, n_features))
        parts.append(after.reshape(part.shape) - scores(criterion, model, part)[:, None])
    return np.concatenate(parts)
