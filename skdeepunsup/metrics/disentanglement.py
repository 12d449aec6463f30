"""Disentanglement: how far each code dimension represents one known factor of variation."""

from typing import Any, NamedTuple

import numpy as np
from scipy.stats import entropy
from sklearn.metrics import mutual_info_score
from sklearn.model_selection import train_test_split
from sklearn.utils import check_array

from .._parameters import check_integer, check_real, check_rows_fit, check_seed


class DCI(NamedTuple):
    """Disentanglement, completeness and informativeness of a code, each 1 at best.

    Attributes
    ----------
    disentanglement : float
        How far each code dimension depends on a single factor, in [0, 1].
    completeness : float
        How far each factor is represented by a single code dimension, in [0, 1].
    informativeness : float
        Accuracy of the factors predicted from the code, on held-out rows.
    """

    disentanglement: float
    completeness: float
    informativeness: float


def mutual_information_gap(codes: Any, factors: Any, *, n_bins: int = 20) -> float:
    """Compute how much more the best code dimension tells about a factor than the second best.

    It is the mean over factors y of (I(z₁; y) − I(z₂; y)) / H(y), where z₁ and z₂ are the two
    dimensions that have the most mutual information I with y, and H is the entropy. For I, each
    code dimension is divided into bins of equal width over its range; a dimension that varies by
    rounding errors alone is one bin.

    Parameters
    ----------
    codes : array-like of shape (n_samples, n_components)
        Codes, for instance from ``transform``; at least two columns.
    factors : array-like of shape (n_samples, n_factors)
        Integer classes of the factors that the data were generated from. A constant factor has no
        entropy to divide by: leave its column out.
    n_bins : int, default=20
        Bins of each code dimension.

    Returns
    -------
    float
        In [0, 1]: 1 where each factor is determined by one dimension alone, 0 where another
        dimension tells as much. A factor with more classes than bins gives less than 1.

    Raises
    ------
    ValueError
        If ``codes`` or ``factors`` is not such an array, or a factor is constant.

    References
    ----------
    Chen, R. T. Q., Li, X., Grosse, R. and Duvenaud, D., "Isolating sources of disentanglement in
    variational autoencoders", NeurIPS 2018.

    Locatello, F. et al., "Challenging common assumptions in the unsupervised learning of
    disentangled representations", ICML 2019.

    Examples
    --------
    >>> import numpy as np
    >>> from skdeepunsup.metrics import mutual_information_gap
    >>> y = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    >>> round(mutual_information_gap(-3.0 * y, y), 6)
    1.0
    """
    check_integer("n_bins", n_bins, 2)
    check_rows_fit("n_bins", n_bins, 1)
    Z, Y = _checked(codes, factors)
    bins = [_binned(z, n_bins) for z in Z.T]
    information = np.array([[mutual_info_score(y, b) for b in bins] for y in Y.T])
    second, first = np.sort(information, axis=1)[:, -2:].T
    H = [mutual_info_score(y, y) for y in Y.T]
    return float(np.mean((first - second) / H))


def dci(
    codes: Any,
    factors: Any,
    *,
    n_estimators: int = 50,
    test_size: float = 0.25,
    random_state: Any = None,
) -> DCI:
    """Compute disentanglement, completeness and informativeness of a code.

    A forest predicts each factor from the code; Rᵢⱼ is the importance of dimension i for factor j.

    Parameters
    ----------
    codes : array-like of shape (n_samples, n_components)
        Codes, for instance from ``transform``; at least two columns.
    factors : array-like of shape (n_samples, n_factors)
        Integer classes of the factors that the data were generated from; at least two columns, none
        of them constant.
    n_estimators : int, default=50
        Trees of each forest, a :class:`~sklearn.ensemble.RandomForestClassifier`.
    test_size : float, default=0.25
        Share of the rows, in (0, 1), held out of the forests to measure informativeness.
    random_state : int, RandomState instance or None, default=None
        Seeds the split and the forests; None takes NumPy's global state.

    Returns
    -------
    DCI
        A tuple (disentanglement, completeness, informativeness). For codes without information,
        informativeness is not 0 but the accuracy of guessing.

    Raises
    ------
    ValueError
        If ``codes`` or ``factors`` is not such an array, or a factor is constant.

    Notes
    -----
    With Pᵢ the normalised row i of R, ρᵢ its share of R, and H the entropy to the base of the
    number of factors, disentanglement is Σᵢ ρᵢ (1 − H(Pᵢ)); completeness is the same formula
    applied to Rᵀ.

    Each split of a tree chooses among all dimensions: if it chose among a random subset, as is
    usual, dimensions without information would get a share of R. A leaf has at least 5 rows.

    References
    ----------
    Eastwood, C. and Williams, C. K. I., "A framework for the quantitative evaluation of
    disentangled representations", ICLR 2018.

    Examples
    --------
    >>> import numpy as np
    >>> from skdeepunsup.metrics import dci
    >>> y = np.random.default_rng(0).integers(0, 3, (200, 2))
    >>> mixed = y @ [[1, 1], [1, -1]]
    >>> [round(figure, 2) for figure in dci(y, y, random_state=0)]
    [1.0, 1.0, 1.0]
    >>> bool(dci(mixed, y, random_state=0).disentanglement < 0.5)
    True
    """
    check_integer("n_estimators", n_estimators, 1)
    check_real("test_size", test_size, 0, 1, "neither")
    Z, Y = _checked(codes, factors)
    if Y.shape[1] < 2:
        raise ValueError("factors has one column, but at least two can be entangled: give two.")
    random = check_seed(random_state)
    Z, Z_test, Y, Y_test = train_test_split(Z, Y, test_size=test_size, random_state=random)
    # Imported here, since it takes half a second, which users who do not call this should not wait.
    from sklearn.ensemble import RandomForestClassifier

    forest = RandomForestClassifier(
        n_estimators, max_features=None, min_samples_leaf=5, random_state=random
    )
    R, accuracy = np.empty((Z.shape[1], Y.shape[1])), np.empty(Y.shape[1])
    for j, (y, y_test) in enumerate(zip(Y.T, Y_test.T, strict=True)):
        forest.fit(Z, y)
        R[:, j], accuracy[j] = forest.feature_importances_, forest.score(Z_test, y_test)
    return DCI(_concentration(R), _concentration(R.T), float(accuracy.mean()))


def active_units(codes: Any, *, threshold: float = 0.01) -> int:
    """Count the code dimensions that vary with the data.

    Parameters
    ----------
    codes : array-like of shape (n_samples, n_components)
        Means of the posterior, from ``transform`` of a variational autoencoder.
    threshold : float, default=0.01
        A dimension is active if its variance over rows exceeds this.

    Returns
    -------
    int
        Number of active dimensions.

    Raises
    ------
    ValueError
        If ``codes`` is not an array of finite numbers with at least two rows.

    References
    ----------
    Burda, Y., Grosse, R. and Salakhutdinov, R., "Importance weighted autoencoders", ICLR 2016.

    Examples
    --------
    >>> from skdeepunsup.metrics import active_units
    >>> active_units([[1.0, 0.02], [-1.0, -0.02]])
    1
    """
    check_real("threshold", threshold, 0)
    return int((_as_table(codes, "codes").var(axis=0) > threshold).sum())


def _binned(z: np.ndarray, n_bins: int) -> np.ndarray:
    """The number of the bin, from 1, of each value of a dimension; bins have equal widths."""
    if np.ptp(z) <= n_bins * np.spacing(np.abs(z).max()):  # no room for so many bins
        return np.ones(len(z), dtype=int)
    return np.digitize(z, np.histogram_bin_edges(z, n_bins)[:-1])


def _concentration(R: np.ndarray) -> float:
    """Σᵢ ρᵢ (1 − H(Pᵢ)): 1 if each row of R has one entry that is not 0, 0 if all are equal.

    Pᵢ is the normalised row i, ρᵢ its share of R, and H the entropy to the base of the row's width.
    """
    R = R[R.any(axis=1)]
    if not len(R):  # no importance anywhere
        return 0.0
    return float((R.sum(axis=1) / R.sum()) @ (1 - entropy(R, base=R.shape[1], axis=1)))


def _as_table(array: Any, name: str) -> np.ndarray:
    """Return a float64 array of finite numbers with two dimensions and at least two rows."""
    shape = np.shape(array)
    if len(shape) != 2 or shape[0] < 2:
        raise ValueError(f"{name} must have two dimensions and some rows; found shape {shape}.")
    return check_array(array, dtype=np.float64, input_name=name)


def _checked(codes: Any, factors: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return codes as float64 and factors as integers, with equally many rows."""
    Z, Y = _as_table(codes, "codes"), _as_table(factors, "factors")
    if len(Z) != len(Y):
        raise ValueError(f"codes has {len(Z)} rows, but factors has {len(Y)}.")
    if Z.shape[1] < 2:
        raise ValueError("codes has one column, but dimensions are compared: give at least two.")
    for column, y in enumerate(Y.T):
        if (y != np.floor(y)).any():
            raise ValueError(
                f"factors has {y[y != np.floor(y)][0]} in column {column}, but a factor is an "
                "integer class; encode it, for instance by sklearn.preprocessing.OrdinalEncoder."
            )
        if (y == y[0]).all():
            raise ValueError(f"factors is constant in column {column}; leave the column out.")
    return Z, Y.astype(np.int64)
