"""Comparison of PCA and deep models as a table: the same folds and the same measures for all."""

import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.utils import check_array, check_consistent_length, column_or_1d
from sklearn.utils.parallel import Parallel, delayed

from ._parameters import check_integer
from ._reducers import Fold, flatten_reducers, holds_classes, split_rows, spread_rows
from .metrics import reconstruction_error
from .metrics.reconstruction import explained_share

WITH_SPREAD = ("explained_variance", "reconstruction_error")
MAX_TRUSTWORTHINESS_ROWS = 1000  # it ranks all pairs of rows


def compare_reducers(
    reducers: Mapping[str, Any],
    X: Any,
    y: Any = None,
    *,
    cv: Any = 5,
    n_neighbors: int = 5,
    n_jobs: int | None = None,
    return_estimator: bool = False,
) -> dict[str, list[Any]]:
    """Compare transformers that can decode their codes, on held-out rows.

    Parameters
    ----------
    reducers : dict of str to transformer, or to a list of transformers
        PCA, estimators of this package, or any others with ``inverse_transform``. A list holds one
        model at several code widths. Clones are fitted; the transformers themselves stay as they
        are.
    X : {array-like, sparse matrix} of shape (n_samples, n_features)
        Data. Errors add up over features in their own units: scale features whose units differ.
    y : array-like of shape (n_samples,), default=None
        Classes (text, or few integers that repeat) or numbers, used for the k-NN score alone; the
        transformers are fitted without them.
    cv : int, cross-validation generator or iterable of (train, test), default=5
        An int is a number of folds. Rows are then shuffled, since files are often sorted, always
        in the same way, and stratified where ``y`` holds classes that each have a row for every
        fold.
    n_neighbors : int, default=5
        Neighbours for the k-NN score and for trustworthiness.
    n_jobs : int, default=None
        Fits that run in parallel; the seconds are most reliable with one.
    return_estimator : bool, default=False
        Whether to return the fitted transformers as well.

    Returns
    -------
    dict of str to list
        Each list has one entry per transformer, ready for ``pandas.DataFrame``. All figures are
        measured on held-out rows and averaged over the folds:

        - ``"name"``, the key in ``reducers``; ``"n_components"``, the width of the code;
        - ``"explained_variance"``, :func:`~skdeepunsup.metrics.reconstruction_score`, and
          ``"explained_variance_std"``, its standard deviation over the folds;
        - ``"reconstruction_error"``, the squared error summed over features, its mean over the
          rows, and ``"reconstruction_error_std"``;
        - ``"knn_score"``, if ``y`` is given: how well the k nearest training codes predict it,
          accuracy for classes and R² for numbers;
        - ``"trustworthiness"``, how far neighbours among the codes are neighbours in ``X``, on at
          most 1000 rows of a fold;
        - ``"fit_seconds"`` and ``"transform_seconds"``, the latter for the held-out rows;
        - ``"estimator"``, if ``return_estimator``: a list of one fitted transformer per fold.

    Raises
    ------
    TypeError
        If ``reducers`` is not such a dict, or one of them has no ``inverse_transform``.
    ValueError
        If there are too few rows for the folds or the neighbours.

    See Also
    --------
    ReducerComparisonDisplay : The comparison as a figure.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.decomposition import PCA
    >>> from skdeepunsup import Autoencoder, compare_reducers
    >>> X, y = load_digits(return_X_y=True)
    >>> deep = Autoencoder(8, hidden_layer_sizes=(64,), max_iter=20, random_state=0)
    >>> table = compare_reducers({"pca": PCA(8), "deep": deep}, X / 16, y, cv=3)
    >>> table["name"]
    ['pca', 'deep']
    >>> table["reconstruction_error"][1] < table["reconstruction_error"][0]
    True
    """
    named = flatten_reducers(reducers)
    X = check_array(X, accept_sparse="csr", dtype=[np.float64, np.float32], ensure_min_samples=2)
    if y is not None:
        y = column_or_1d(y)
        check_consistent_length(X, y)
    folds = split_rows(cv, X, y)
    _check_folds(folds, n_neighbors)
    results = Parallel(n_jobs=n_jobs)(
        delayed(_evaluate)(reducer, X, y, fold, n_neighbors, return_estimator)
        for _, reducer in named
        for fold in folds
    )
    rows = [
        {"name": name} | _average(results[i * len(folds) : (i + 1) * len(folds)])
        for i, (name, _) in enumerate(named)
    ]
    return {key: [row[key] for row in rows] for key in rows[0]}


def _check_folds(folds: list[Fold], n_neighbors: int) -> None:
    """Raise if a fold has too few rows for the neighbours asked for."""
    check_integer("n_neighbors", n_neighbors, 1)
    n_test = min(len(test) for _, test in folds)
    needed = 2 * n_neighbors + 1  # of trustworthiness
    if n_test < needed:
        raise ValueError(
            f"n_neighbors == {n_neighbors} needs at least {needed} held-out rows in each fold, but "
            f"one has {n_test}; lower n_neighbors or cv, or give more rows."
        )
    n_train = min(len(train) for train, _ in folds)
    if n_train < n_neighbors:
        raise ValueError(
            f"n_neighbors == {n_neighbors}, but a fold has only {n_train} training rows."
        )


def _evaluate(
    reducer: Any, X: Any, y: Any, fold: Fold, n_neighbors: int, return_estimator: bool
) -> dict[str, Any]:
    """Fit a clone of ``reducer`` to the training rows of a fold and measure it on the others."""
    test = X[fold[1]]
    model = clone(reducer)
    # Imported here: they take a twentieth of a second of every import of the package.
    from sklearn.manifold import trustworthiness
    from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor

    train, held_out = (X[rows] for rows in fold)  # a model with copy=False may write to these
    fit_seconds = _seconds(lambda: model.fit(train))
    transform_seconds = _seconds(lambda: model.transform(held_out))
    code = np.asarray(model.transform(test.copy()))
    errors = reconstruction_error(model, test)
    result = {
        "n_components": code.shape[1],
        "explained_variance": explained_share(errors, test),
        "reconstruction_error": float(errors.mean()),
    }
    if y is not None:
        predictor = KNeighborsClassifier if holds_classes(y) else KNeighborsRegressor
        codes = np.asarray(model.transform(X[fold[0]]))
        knn = predictor(n_neighbors).fit(codes, y[fold[0]])
        result["knn_score"] = float(knn.score(code, y[fold[1]]))
    kept = spread_rows(len(code), MAX_TRUSTWORTHINESS_ROWS)
    result |= {
        "trustworthiness": float(trustworthiness(test[kept], code[kept], n_neighbors=n_neighbors)),
        "fit_seconds": fit_seconds,
        "transform_seconds": transform_seconds,
    }
    return result | ({"estimator": model} if return_estimator else {})


def _seconds(work: Callable[[], Any]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _average(results: list[dict[str, Any]]) -> dict[str, Any]:
    """One row of the table from the results of all folds."""
    row: dict[str, Any] = {}
    for key in results[0]:
        values = [result[key] for result in results]
        if key == "estimator":
            row[key] = values
        elif key == "n_components":
            row[key] = values[0]
        else:
            row[key] = float(np.mean(values))
            if key in WITH_SPREAD:
                with np.errstate(invalid="ignore"):  # a fold without variance scores −∞
                    row[f"{key}_std"] = float(np.std(values))
    return row
