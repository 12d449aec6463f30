"""What displays ask of a fitted transformer: rows to codes, codes to rows, and there and back."""

from typing import Any

import numpy as np
import scipy.sparse as sp
from sklearn.utils import _safe_indexing

from .._reducers import spread_rows
from .._validation import to_dense, value_range


def check_has(estimator: Any, name: str, remedy: str) -> None:
    """Raise, with what to do about it, where the estimator lacks ``name``."""
    if not hasattr(estimator, name):
        raise TypeError(f"{type(estimator).__name__} has no {name}; {remedy}")


def check_way_back(estimator: Any) -> None:
    """Raise unless codes can be decoded."""
    for name in ("transform", "inverse_transform"):
        check_has(
            estimator, name, "pass a transformer with a way back, such as PCA or Autoencoder."
        )


def count_rows(X: Any) -> int:
    """Return the number of rows of an array, a sparse matrix, a DataFrame or a list."""
    return X.shape[0] if hasattr(X, "shape") else len(X)


def take_rows(X: Any, n_rows: int) -> Any:
    """At most ``n_rows`` of the rows, evenly spread, in a container of the same kind."""
    return _safe_indexing(X, spread_rows(count_rows(X), n_rows))


def encode(estimator: Any, X: Any) -> np.ndarray:
    """Codes of rows, (n_samples, n_components)."""
    return to_dense(estimator.transform(X))


def decode(estimator: Any, codes: np.ndarray) -> np.ndarray:
    """Rows of codes; of any number of axes, the last of which is that of the components."""
    rows = to_dense(estimator.inverse_transform(codes.reshape(-1, codes.shape[-1])))
    return rows.reshape(*codes.shape[:-1], -1)


def reconstruct(estimator: Any, X: Any) -> np.ndarray:
    """Rows to codes and back."""
    if hasattr(estimator, "reconstruct"):
        return to_dense(estimator.reconstruct(X))
    return to_dense(estimator.inverse_transform(estimator.transform(X)))


def check_index(name: str, value: Any, n: int, what: str) -> int:
    """Return ``value`` as the number of one of ``n`` things, counted from 0."""
    if not isinstance(value, int | np.integer) or isinstance(value, bool) or not 0 <= value < n:
        raise ValueError(
            f"{name} == {value!r}, must be between 0 and {n - 1}: there are {n} {what}."
        )
    return int(value)


def check_components(components: Any, n_components: int) -> list[int]:
    """Return ``components`` as a list of numbers of components."""
    if isinstance(components, str) or not hasattr(components, "__len__") or len(components) == 0:
        raise ValueError(f"components == {components!r}, must be a sequence of integers.")
    return [
        check_index(f"components[{i}]", component, n_components, "components")
        for i, component in enumerate(components)
    ]


def check_two_components(components: Any, n_components: int) -> list[int]:
    """Return ``components`` as a list of the numbers of two different components."""
    if n_components < 2:
        raise ValueError(
            f"the code has {n_components} component, and two are drawn; fit an estimator with "
            "n_components >= 2."
        )
    pair = check_components(components, n_components)
    if len(set(pair)) != 2 or len(pair) != 2:
        raise ValueError(f"components == {components!r}, must be two different components.")
    return pair


def limits(X: Any) -> tuple[float, float]:
    """The smallest and the largest entry that is not missing, of sparse rows too."""
    return value_range(X if sp.issparse(X) else np.asarray(X))
