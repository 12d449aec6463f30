"""How far each code dimension stands for one factor of variation, where the factors are known."""

from typing import Any, NamedTuple

import numpy as np
from scipy.stats import entropy
from sklearn.metrics import mutual_info_score
from sklearn.model_selection import train_test_split
from sklearn.utils import check_array, check_random_state

from .._parameters import check_integer, check_real


class DCI(NamedTuple):
    """Three sides of disentanglement, each 1 at best.

    Attributes
    ----------
    disentanglement : float
        Whether each code dimension tells of one factor only, in [0, 1].
    completeness : float
        Whether each factor is told by one code dimension only, in [0, 1].
    informativeness : float
        How well the factors are predicted from the code: accuracy on held-out rows.
    """

    disentanglement: float
    completeness: float
    informativeness: float


def mutual_information_gap(codes: Any, factors: Any, *, n_bins: int = 20) -> float:
    """Compute how much more the best code dimension tells of a factor than the second best.

    It is (I(z₁; y) − I(z₂; y)) / H(y), z₁ and z₂ being the two dimensions that share most
    information with factor y; its mean over factors. For I, each code dimension is cut into bins of
    equal width over its range; one that varies by rounding alone is one bin.

    Parameters
    ----------
    codes : array-like of shape (n_samples, n_components)
        Codes, for instance of ``transform``; at least two columns.
    factors : array-like of shape (n_samples, n_factors)
        Integer classes of the factors that the data were made from. A factor without variation has
        no entropy to divide by: leave its column out.
    n_bins : int, default=20
        Of each code dimension.

    Returns
    -------
    float
        In [0, 1]: 1 where one dimension alone determines each factor, 0 where another one tells as
        much. A factor of more classes than bins stays below 1.

    Raises
    ------
    ValueError
        If ``codes`` or ``factors`` is no such array, or a factor does not vary.

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
        Codes, for instance of ``transform``; at least two columns.
    factors : array-like of shape (n_samples, n_factors)
        Integer classes of the factors that the data were made from; at least two columns, none of
        them constant.
    n_estimators : int, default=50
        Trees of each forest, a :class:`~sklearn.ensemble.RandomForestClassifier`.
    test_size : float, default=0.25
        Share of the rows, in (0, 1), that is held out of the forests to measure informativeness.
    random_state : int, RandomState instance or None, default=None
        Seeds the split and the forests; None takes NumPy's global state.

    Returns
    -------
    DCI
        A tuple (disentanglement, completeness, informativeness). For codes that tell nothing,
        informativeness is not 0 but that of guessing.

    Raises
    ------
    ValueError
        If ``codes`` or ``factors`` is no such array, or a factor does not vary.

    Notes
    -----
    With Pᵢ the row i of R, normalised, ρᵢ its share of R, and H the entropy to the base of the
    number of factors, disentanglement is Σᵢ ρᵢ (1 − H(Pᵢ)); completeness is the same of Rᵀ.

    Each split of a tree chooses among all dimensions: chosen among some of them, as is usual, R
    would be spread over dimensions that tell nothing. A leaf has at least 5 rows.

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
        raise ValueError("factors has one column, but a code is entangled of two at least.")
    random = check_random_state(random_state)
    Z, Z_test, Y, Y_test = train_test_split(Z, Y, test_size=test_size, random_state=random)
    # Here, since it takes half a second that importing the package can do without.
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
        Means of the posterior, as a variational autoencoder's ``transform`` gives them.
    threshold : float, default=0.01
        Variance over rows that an active dimension exceeds.

    Returns
    -------
    int
        How many are active.

    Raises
    ------
    ValueError
        If ``codes`` is no array of at least two rows of finite numbers.

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
    """The number, from 1, of the bin of equal width where each value of one dimension falls."""
    if np.ptp(z) <= n_bins * np.spacing(np.abs(z).max()):  # no room for so many bins
        return np.ones(len(z), dtype=int)
    return np.digitize(z, np.histogram_bin_edges(z, n_bins)[:-1])


def _concentration(R: np.ndarray) -> float:
    """Σᵢ ρᵢ (1 − H(Pᵢ)): 1 where each row has one entry, 0 where its entries are alike."""
    R = R[R.any(axis=1)]
    if not len(R):  # nothing is of any importance
        return 0.0
    return float((R.sum(axis=1) / R.sum()) @ (1 - entropy(R, base=R.shape[1], axis=1)))


def _as_table(array: Any, name: str) -> np.ndarray:
    """An array of finite numbers with two dimensions and two rows at least."""
    shape = np.shape(array)
    if len(shape) != 2 or shape[0] < 2:
        raise ValueError(f"{name} must have two dimensions and some rows; found shape {shape}.")
    return check_array(array, dtype=np.float64, input_name=name)


def _checked(codes: Any, factors: Any) -> tuple[np.ndarray, np.ndarray]:
    """Codes as float64 and factors as integers, of as many rows."""
    Z, Y = _as_table(codes, "codes"), _as_table(factors, "factors")
    if len(Z) != len(Y):
        raise ValueError(f"codes has {len(Z)} rows, but factors has {len(Y)}.")
    if Z.shape[1] < 2:
        raise ValueError("codes has one column, but dimensions are compared: give two at least.")
    for column, y in enumerate(Y.T):
        if (y != np.floor(y)).any():
            raise ValueError(
                f"factors has {y[y != np.floor(y)][0]} in column {column}, but a factor is an "
                "integer class; encode it, for instance by sklearn.preprocessing.OrdinalEncoder."
            )
        if (y == y[0]).all():
            raise ValueError(f"factors does not vary in column {column}; leave it out.")
    return Z, Y.astype(np.int64)
