"""What displays need of a fitted transformer: encoding, decoding, reconstruction; and checks."""

import copy
from typing import Any

import numpy as np
import scipy.sparse as sp
from sklearn.utils import _safe_indexing

from .._reducers import spread_rows
from .._validation import to_dense, value_range


def check_has(estimator: Any, name: str, remedy: str) -> None:
    """Raise a TypeError that ends in ``remedy`` if the estimator has no attribute ``name``."""
    if not hasattr(estimator, name):
        raise TypeError(f"{type(estimator).__name__} has no {name}; {remedy}")


def check_way_back(estimator: Any) -> None:
    """Raise unless the estimator can encode and decode."""
    for name in ("transform", "inverse_transform"):
        check_has(
            estimator, name, "pass a transformer that can decode, such as PCA or Autoencoder."
        )


def count_rows(X: Any) -> int:
    """Return the number of rows of an array, a sparse matrix, a DataFrame or a list."""
    return X.shape[0] if hasattr(X, "shape") else len(X)


def take_rows(X: Any, n_rows: int) -> Any:
    """At most ``n_rows`` evenly spaced rows of ``X``, in a container of the same type."""
    return _safe_indexing(X, spread_rows(count_rows(X), n_rows))


def encode(estimator: Any, X: Any) -> np.ndarray:
    """Codes of rows, shape (n_samples, n_components)."""
    return to_dense(estimator.transform(lent(X)))


def decode(estimator: Any, codes: np.ndarray) -> np.ndarray:
    """Decode an array of codes, shape (…, n_components), to rows, shape (…, n_features)."""
    rows = to_dense(estimator.inverse_transform(lent(codes.reshape(-1, codes.shape[-1]))))
    return rows.reshape(*codes.shape[:-1], -1)


def reconstruct(estimator: Any, X: Any) -> np.ndarray:
    """Reconstruct rows: encode and decode them."""
    if hasattr(estimator, "reconstruct"):
        return to_dense(estimator.reconstruct(lent(X)))
    return to_dense(estimator.inverse_transform(estimator.transform(lent(X))))


def lent(X: Any) -> Any:
    """A copy of ``X`` for an estimator that may write to it, as those with copy=False do."""
    return copy.deepcopy(X)


def check_index(name: str, value: Any, n: int, what: str) -> int:
    """Return ``value`` as an index below ``n``; raise, saying that there are ``n`` ``what``."""
    if not isinstance(value, int | np.integer) or isinstance(value, bool) or not 0 <= value < n:
        raise ValueError(
            f"{name} == {value!r}, must be between 0 and {n - 1}: there are {n} {what}."
        )
    return int(value)


def check_components(components: Any, n_components: int) -> list[int]:
    """Return ``components`` as a list of indices of components."""
    if isinstance(components, str) or not hasattr(components, "__len__") or len(components) == 0:
        raise ValueError(f"components == {components!r}, must be a sequence of integers.")
    return [
        check_index(f"components[{i}]", component, n_components, "components")
        for i, component in enumerate(components)
    ]


def check_two_components(components: Any, n_components: int) -> list[int]:
    """Return ``components`` as a list of the indices of two different components."""
    if n_components < 2:
        raise ValueError(
            f"the code has {n_components} component, but two are drawn; fit an estimator with "
            "n_components >= 2."
        )
    pair = check_components(components, n_components)
    if len(set(pair)) != 2 or len(pair) != 2:
        raise ValueError(f"components == {components!r}, must be two different components.")
    return pair


def limits(X: Any) -> tuple[float, float]:
    """The smallest and the largest entry of dense or sparse rows, without missing ones (NaN)."""
    return value_range(X if sp.issparse(X) else np.asarray(X))
