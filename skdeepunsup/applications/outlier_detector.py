"""Any model of ours as a detector of outliers."""

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, OutlierMixin
from sklearn.utils import Tags, get_tags
from sklearn.utils.validation import check_is_fitted

from .._parameters import check_option, check_real
from .._validation import check_rows, output_dtype, to_dense
from ..base import DeepTransformer
from ..energy import GaussianRBM
from ..estimator import all_or_nothing
from ..reconstruction.deterministic import DeterministicAutoencoder
from .encoders import fitted_encoder, models_of

CRITERIA = ("auto", "free-energy", "log-likelihood", "reconstruction-error")
MAX_ENTRIES = 2**22
"""Of the rows that are scored at a time, each once for each of its features."""


class OutlierDetector(OutlierMixin, BaseEstimator):
    """Detector of outliers: the rows that a model of what is usual finds least likely.

    Parameters
    ----------
    model : estimator, default=None
        Any model of this package. Fitted, it is used as it is; otherwise a clone is fitted to the
        rows of ``fit``. (Cloning, as a search does, forgets a fit, unless the model is within a
        ``sklearn.frozen.FrozenEstimator``.) None stands for ``GaussianRBM(n_components=8)``, for
        standardised features.
    contamination : float, default=0.1
        Share of the training rows that are called outliers, in (0, 0.5].
    criterion : {"auto", "free-energy", "log-likelihood", "reconstruction-error"}, default="auto"
        What tells how usual a row is: minus its free energy, which ranks rows as the likelihood
        does without its log Z; ``score_samples`` of a model for which that is a log-likelihood, or
        a bound on it; or minus the squared error of its reconstruction, summed over features.
        "auto" takes the first where the model has one, else the model's ``score_samples``.
    random_state : int, RandomState instance or None, default=None
        Given to a model that has none of its own.

    Attributes
    ----------
    model_ : estimator
        The fitted model.
    offset_ : float
        The score below which a row is an outlier: ``contamination`` of the training rows are.
    n_features_in_ : int
        Features seen in ``fit``.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Their names, where they had any.

    Raises
    ------
    ValueError
        If ``criterion`` asks for what the model does not have.

    See Also
    --------
    sklearn.ensemble.IsolationForest : By how soon random cuts isolate a row.
    sklearn.neighbors.LocalOutlierFactor : By how dense its neighbourhood is.

    Notes
    -----
    Scores are higher the more usual a row is, as everywhere in scikit-learn; those of PyOD have the
    opposite sign.

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
        random_state: Any = None,
    ) -> None:
        self.model = model
        self.contamination = contamination
        self.criterion = criterion
        self.random_state = random_state

    def fit(self, X: Any, y: Any = None) -> "OutlierDetector":
        """Fit the model, unless it is, and find the score of an outlier.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame, Tensor} of shape (n_samples, n_features)
            Training data, outliers among them.
        y : Ignored
            Present for API consistency.

        Returns
        -------
        self : object
            The fitted detector.
        """
        model = self._model()
        if not isinstance(models_of(model)[-1], DeepTransformer) or len(models_of(model)) > 1:
            raise TypeError(f"model == {model!r}, must be a model of this package.")
        check_real("contamination", self.contamination, 0, 0.5, "right")
        check_option("criterion", self.criterion, CRITERIA)
        if self.criterion == "free-energy" and not hasattr(models_of(model)[0], "free_energy"):
            raise ValueError(
                f"criterion == 'free-energy', but {type(model).__name__} has none; take a "
                "Boltzmann machine, or criterion='auto'."
            )
        with all_or_nothing(self):
            X = check_rows(self, X, reset=True)
            self.model_ = models_of(fitted_encoder("model", model, X, None, self.random_state))[0]
            self.offset_ = float(np.quantile(self._scores(self.model_, X), self.contamination))
        return self

    def score_samples(self, X: Any) -> np.ndarray:
        """Compute how usual each row is.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame, Tensor} of shape (n_samples, n_features)
            Data.

        Returns
        -------
        ndarray of shape (n_samples,)
            Higher for usual rows.
        """
        X = self._checked(X)
        return self._scores(self.model_, X)

    def decision_function(self, X: Any) -> np.ndarray:
        """Compute how far each row is from being an outlier.

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
        """Tell outliers from the others.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame, Tensor} of shape (n_samples, n_features)
            Data.

        Returns
        -------
        ndarray of shape (n_samples,)
            −1 for outliers, else 1.
        """
        return np.where(self.decision_function(X) < 0, -1, 1)

    def feature_contributions(self, X: Any) -> np.ndarray:
        """Compute what each feature adds to a row's being an outlier.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame, Tensor} of shape (n_samples, n_features)
            Data.

        Returns
        -------
        ndarray of shape (n_samples, n_features)
            By how much the score would rise if this feature alone were what the model's
            reconstruction of the row has in its place; of reconstruction errors, the feature's own
            squared error. 0 where it is missing.

        Notes
        -----
        Cost: that of ``score_samples``, n_features times, but of reconstruction errors.
        """
        X = self._checked(X)
        rows = to_dense(X)
        expected = self.model_.reconstruct(X).astype(np.float64)
        if self._by_error(self.model_):
            return np.nan_to_num((rows - expected) ** 2).astype(output_dtype(X))
        result = np.zeros(rows.shape, output_dtype(X))
        n_features = rows.shape[1]
        n_rows = max(1, MAX_ENTRIES // n_features**2)
        for start in range(0, len(rows), n_rows):
            part, usual = rows[start : start + n_rows], expected[start : start + n_rows]
            changed = np.repeat(part, n_features, axis=0).reshape(*part.shape, n_features)
            every = np.arange(n_features)
            changed[:, every, every] = np.where(np.isnan(part), np.nan, usual)
            scores = self._scores(self.model_, changed.reshape(-1, n_features))
            rise = scores.reshape(part.shape) - self._scores(self.model_, part)[:, None]
            result[start : start + n_rows] = rise
        return result

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "offset_")

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        seen = get_tags(models_of(self._model())[0]).input_tags
        tags.input_tags.sparse = seen.sparse
        tags.input_tags.allow_nan = seen.allow_nan
        tags.input_tags.categorical = seen.categorical
        tags.input_tags.positive_only = seen.positive_only
        return tags

    def _model(self) -> Any:
        """The model, or what stands in for None."""
        return GaussianRBM(n_components=8) if self.model is None else self.model

    def _checked(self, X: Any) -> Any:
        """``X`` as an array that the fitted model can answer."""
        check_is_fitted(self)
        return check_rows(self, X, reset=False)

    def _by_error(self, model: Any) -> bool:
        """Whether the score is minus a squared error."""
        errors = isinstance(model, DeterministicAutoencoder) and self.criterion == "auto"
        return errors or self.criterion == "reconstruction-error"

    def _scores(self, model: Any, X: Any) -> np.ndarray:
        """Higher for usual rows."""
        if self.criterion == "reconstruction-error":
            return -np.nansum((to_dense(X) - model.reconstruct(X)) ** 2, axis=1)
        if self.criterion != "log-likelihood" and hasattr(model, "free_energy"):
            return -model.free_energy(X)
        return model.score_samples(X)
