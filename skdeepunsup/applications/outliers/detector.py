"""Outlier detection with any model of this package."""

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, OutlierMixin, clone
from sklearn.callback import with_callbacks
from sklearn.utils import Tags, get_tags
from sklearn.utils.validation import check_is_fitted

from ..._categories import MAX_COUNTED
from ..._parameters import check_integer, check_option, check_real, check_seed
from ..._validation import check_rows, output_dtype, value_range
from ...base.checkpoint import TakesCheckpoints, checkpointed
from ...base.encoders import fitted_encoder, models_of, names_of, take_input_tags
from ...base.transformer import DeepTransformer
from ...energy import GaussianRBM
from .scores import CRITERIA, check_criterion, contributions, scores

ROUNDING = 1e-6
"""Share of the largest score by which scores of a row may differ."""


class OutlierDetector(TakesCheckpoints, OutlierMixin, BaseEstimator):
    """Outlier detector: the rows to which a model gives the lowest scores are outliers.

    Parameters
    ----------
    model : estimator, default=None
        Any model of this package. Fitted, it is used as it is; otherwise a clone is fitted to the
        rows of ``fit``. (Cloning, as a search does, forgets a fit, unless the model is within a
        ``sklearn.frozen.FrozenEstimator``.) None stands for ``GaussianRBM(50, n_iter=10,
        weight_decay=0.3)``, for features in any units.
    contamination : float, default=0.1
        Share of the training rows to label as outliers, in (0, 0.5].
    criterion : {"auto", "free-energy", "log-likelihood", "reconstruction-error"}, default="auto"
        Score of a row. "free-energy": minus its free energy, but for a constant, which ranks rows
        as the likelihood does but does not need log Z. "log-likelihood": ``score_samples`` of a
        model for which it is a log-likelihood or a bound on it. "reconstruction-error": minus the
        squared error of its reconstruction, summed over features. "auto": the free energy if the
        model has one, else the model's ``score_samples``.
    n_estimators : int, default=1
        Number of clones of the model to fit, each with its own seed and, with ``max_samples``, its
        own rows. The score is then the mean of their scores, each minus its median and divided by
        its interquartile range.
    max_samples : int, default=None
        Rows that each clone is fitted to, drawn without replacement; None takes all. A small sample
        has few outliers, so the model cannot learn them.
    random_state : int, RandomState instance or None, default=None
        Seeds all that is random in ``fit``, and each model within that has no ``random_state`` of
        its own.

    Attributes
    ----------
    estimators_ : list of estimators
        The fitted models.
    offset_ : float
        Rows with lower scores are outliers, as the share ``contamination`` of the training rows is.
    n_features_in_ : int
        Features seen in ``fit``.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Their names, where they had any.

    Raises
    ------
    ValueError
        If the model does not have the score that ``criterion`` names, or scores are NaN.

    See Also
    --------
    sklearn.ensemble.IsolationForest : Scores rows by how few random splits isolate them.
    sklearn.neighbors.LocalOutlierFactor : Scores rows by the density around them.

    Notes
    -----
    Scores are higher for inliers, as everywhere in scikit-learn; those of PyOD have the opposite
    sign.

    Examples
    --------
    >>> import numpy as np
    >>> from skdeepunsup import Autoencoder, OutlierDetector
    >>> t = np.random.default_rng(0).normal(size=200)
    >>> X = np.c_[t, t, t]
    >>> X[0] = [1, -1, 1]
    >>> detector = OutlierDetector(Autoencoder(1, random_state=0), contamination=0.005).fit(X)
    >>> np.flatnonzero(detector.predict(X) == -1)
    array([0])
    >>> int(detector.feature_contributions(X[:1]).argmax())
    1
    """

    def __init__(
        self,
        model: Any = None,
        contamination: float = 0.1,
        *,
        criterion: str = "auto",
        n_estimators: int = 1,
        max_samples: int | None = None,
        random_state: Any = None,
    ) -> None:
        self.model = model
        self.contamination = contamination
        self.criterion = criterion
        self.n_estimators = n_estimators
        self.max_samples = max_samples
        self.random_state = random_state

    @with_callbacks
    def fit(self, X: Any, y: Any = None) -> "OutlierDetector":
        """Fit the model, unless it is fitted, and compute the threshold for outliers.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame, Tensor} of shape (n_samples, n_features)
            Training data, which may contain outliers.
        y : Ignored
            Present for API consistency.

        Returns
        -------
        self : object
            The fitted estimator.
        """
        model = self._model()
        if not isinstance(models_of(model)[-1], DeepTransformer) or len(models_of(model)) > 1:
            raise TypeError(f"model == {model!r}, must be a model of this package.")
        check_real("contamination", self.contamination, 0, 0.5, "right")
        check_option("criterion", self.criterion, CRITERIA)
        check_criterion(self.criterion, models_of(model)[0])
        check_integer("n_estimators", self.n_estimators, 1)
        if self.max_samples is not None:
            check_integer("max_samples", self.max_samples, 1)
        with self._composite_fit(X, y):
            X = check_rows(self, X, reset=True)
            with checkpointed(self, {"X": X}):
                self._fit_models(model, X)
            found = self._scores(X)
            self.offset_ = threshold(found, self.contamination)
        return self

    def _fit_models(self, model: Any, X: Any) -> None:
        """Fit clones of ``model``, or take it if it is fitted, and measure location and scale.

        These are the median and the interquartile range of each clone's scores of its rows.
        """
        self.estimators_, self._scales = [], []
        several = self.n_estimators > 1
        random = check_seed(self.random_state)
        if self.max_samples is not None:
            model = with_categories(model, X)
        for _ in range(self.n_estimators):
            seed = random.randint(2**31 - 1) if several else self.random_state
            rows = X
            if self.max_samples is not None and self.max_samples < X.shape[0]:
                rows = X[random.choice(X.shape[0], self.max_samples, replace=False)]
            fitted = models_of(fitted_encoder("model", model, rows, None, seed, names_of(self)))[0]
            if fitted is models_of(model)[0] and (several or self.max_samples is not None):
                raise ValueError(
                    f"n_estimators == {self.n_estimators} and max_samples == {self.max_samples}, "
                    "but model is fitted already; give one that is not, or keep both defaults."
                )
            self.estimators_.append(fitted)
            low, middle, high = (0.0, 0.0, 1.0)
            if several:
                found = scores(self.criterion, fitted, rows)
                low, middle, high = np.quantile(found, [0.25, 0.5, 0.75])
            self._scales.append((float(middle), float(high - low) or 1.0))

    def score_samples(self, X: Any) -> np.ndarray:
        """Compute the score of each row, which is higher for inliers.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame, Tensor} of shape (n_samples, n_features)
            Data.

        Returns
        -------
        ndarray of shape (n_samples,)
            Scores; higher for inliers.
        """
        return self._scores(self._checked(X))

    def decision_function(self, X: Any) -> np.ndarray:
        """Compute the score of each row relative to the threshold.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame, Tensor} of shape (n_samples, n_features)
            Data.

        Returns
        -------
        ndarray of shape (n_samples,)
            ``score_samples(X) - offset_``: negative for outliers.
        """
        return self.score_samples(X) - self.offset_

    def predict(self, X: Any) -> np.ndarray:
        """Label rows as inliers or outliers.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame, Tensor} of shape (n_samples, n_features)
            Data.

        Returns
        -------
        ndarray of shape (n_samples,)
            −1 for outliers, else 1.
        """
        return np.where(self.decision_function(X) >= 0, 1, -1)  # NaN is an outlier

    def feature_contributions(self, X: Any) -> np.ndarray:
        """Compute how much each feature lowers the score of a row.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame, Tensor} of shape (n_samples, n_features)
            Data.

        Returns
        -------
        ndarray of shape (n_samples, n_features)
            Increase of the score if this feature alone were replaced by its value in the model's
            reconstruction of the row; for reconstruction errors, the squared error of the feature.
            0 where it is missing. For several models, the mean, with each in units of the
            interquartile range of its scores.

        Notes
        -----
        The cost is n_features times that of ``score_samples``, except for reconstruction errors.
        """
        X = self._checked(X)
        total = sum(
            contributions(self.criterion, model, X) / scale
            for model, (_, scale) in zip(self.estimators_, self._scales, strict=True)
        )
        return np.asarray(total / len(self.estimators_), dtype=output_dtype(X))

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "offset_")

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        take_input_tags(tags, self._model())
        return tags

    def _model(self) -> Any:
        """The model, or the default one for None."""
        if self.model is None:
            return GaussianRBM(50, n_iter=10, weight_decay=0.3)
        return self.model

    def _checked(self, X: Any) -> Any:
        """Check ``X`` for the fitted model."""
        check_is_fitted(self)
        return check_rows(self, X, reset=False)

    def _scores(self, X: Any) -> np.ndarray:
        """Mean score of the models for each row of a checked array; higher for inliers."""
        total = sum(
            (scores(self.criterion, model, X) - middle) / scale
            for model, (middle, scale) in zip(self.estimators_, self._scales, strict=True)
        )
        return np.asarray(total / len(self.estimators_))


def with_categories(model: Any, X: Any) -> Any:
    """The model, told of the categories of all rows if it would count those of a sample."""
    first = models_of(model)[0]
    counts = get_tags(first).input_tags.categorical and first.n_categories is None
    if not counts or first.__sklearn_is_fitted__():
        return model
    largest = value_range(X)[1]
    if not largest < MAX_COUNTED:  # which fit refuses
        return model
    return clone(first).set_params(n_categories=max(2, int(largest) + 1))


def threshold(found: np.ndarray, share: float) -> float:
    """The score below which a ``share`` of those of training lies, apart from all of them.

    A row's score differs by rounding when the row comes alone. So where the quantile is a score, or
    as near to one, it is moved half the way to the next lower one.
    """
    q = float(np.quantile(found, share))
    rounding = ROUNDING * float(np.abs(found).max())
    if not (np.abs(found - q) <= rounding).any():
        return q
    lower = found[found < q - rounding]
    return (q + float(lower.max())) / 2 if len(lower) else q - rounding
