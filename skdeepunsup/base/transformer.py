"""Base of all estimators that map rows to codes and back."""

from abc import abstractmethod
from typing import Any, ClassVar

import numpy as np
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils import Tags, check_consistent_length
from sklearn.utils.metadata_routing import UNUSED
from sklearn.utils.validation import check_is_fitted

from .._finite import finite_score
from .._out import check_container
from .._unused import warn_of_empty_columns
from .._validation import check_codes, check_rows, check_weights
from .estimator import DeepEstimator
from .fit import TrainingData


class DeepTransformer(ClassNamePrefixFeaturesOutMixin, TransformerMixin, DeepEstimator):
    """Base of the models: maps arrays through a module, and scores rows.

    A subclass adds, beside the hooks of `DeepEstimator`, a public ``fit`` and ``partial_fit`` that
    call ``_fit`` and ``_partial_fit``, ``_check_values``, and ``score_samples``. The module has
    ``encode``, ``decode``, and ``n_components``, the width of its codes.

    Attributes
    ----------
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Only if the input had names.
    """

    # ``out`` is no metadata, which Pipelines and searches would be asked to pass on.
    __metadata_request__transform: ClassVar = {"out": UNUSED}
    __metadata_request__inverse_transform: ClassVar = {"out": UNUSED}

    @abstractmethod
    def _check_values(self, X: Any, training: bool) -> None:
        """Warn of values in checked ``X`` that the model is not made for, or raise."""

    @abstractmethod
    def score_samples(self, X: Any, *, out: Any = None) -> Any:
        """Score each row, higher being better."""

    @property
    def _encodes_entries(self) -> bool:
        """Whether the module encodes a `SparseBatch`, whose entries that are not stored are 0."""
        return False

    @property
    def _n_features_out(self) -> int:
        """Width of the code."""
        return int(self._module.n_components)

    def transform(self, X: Any, *, out: Any = None) -> Any:
        """Map rows to their codes.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame, Tensor} of shape (n_samples, n_features)
            Data.
        out : array, default=None
            Array of the answers' shape to write them into, a part at a time, such as a memory map,
            an HDF5 dataset or a zarr array; it is returned. None makes an array.

        Returns
        -------
        ndarray of shape (n_samples, n_components)
            Codes; float32 for float32 input, else float64.
        """
        check_is_fitted(self)
        check_container(self, out)
        X = self._checked(X)
        return self._answer(X, lambda module: module.encode, entries=self._encodes_entries, out=out)

    def inverse_transform(self, X: Any, *, out: Any = None) -> Any:
        """Map codes back to rows.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_components)
            Codes.
        out : array, default=None
            Array of the answers' shape to write them into, a part at a time, such as a memory map,
            an HDF5 dataset or a zarr array; it is returned. None makes an array.

        Returns
        -------
        ndarray of shape (n_samples, n_features)
            Rows; float32 for float32 input, else float64.
        """
        check_is_fitted(self)
        Z = check_codes(X, self._n_features_out, type(self).__name__)
        return self._answer(Z, lambda module: module.decode, codes=True, rows_out=True, out=out)

    def reconstruct(self, X: Any, *, out: Any = None) -> Any:
        """Map rows to their codes and back.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame, Tensor} of shape (n_samples, n_features)
            Data.
        out : array, default=None
            Array of the answers' shape to write them into, a part at a time, such as a memory map,
            an HDF5 dataset or a zarr array; it is returned. None makes an array.

        Returns
        -------
        ndarray of shape (n_samples, n_features)
            Reconstructions; float32 for float32 input, else float64.
        """
        check_is_fitted(self)
        X = self._checked(X)
        return self._answer(
            X, lambda module: lambda x: module.decode(module.encode(x)), rows_out=True, out=out
        )

    def score(self, X: Any, y: Any = None, sample_weight: Any = None) -> float:
        """Return the mean of ``score_samples``.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame, Tensor} of shape (n_samples, n_features)
            Data.
        y : Ignored
            Present for API consistency.
        sample_weight : array-like of shape (n_samples,), default=None
            How much each row counts; None lets all count alike.

        Returns
        -------
        float
            Mean score of a row, higher being better.
        """
        scores = self.score_samples(X)
        weights = check_weights(sample_weight, scores)
        return finite_score(lambda: np.average(scores, weights=weights))

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags

    def _checked(self, X: Any) -> Any:
        """Check ``X`` for the fitted model, and return it as an array."""
        X = check_rows(self, X, reset=False)
        self._check_values(X, training=False)
        return X

    def _training_data(
        self, X: Any, *, reset: bool, sample_weight: Any = None, labels: Any = None
    ) -> TrainingData:
        """Check the arguments of ``fit``; ``labels`` is the pair that ``check_labels`` returns."""
        X = check_rows(self, X, reset=reset)
        if reset:
            warn_of_empty_columns(self, X)
        self._check_values(X, training=True)
        weights = check_weights(sample_weight, X)
        if labels is None:
            return TrainingData(X, weights)
        check_consistent_length(X, labels[0])
        return TrainingData(X, weights, *labels)
