"""Base of the clusterers: how they are fitted, and their predictions."""

from abc import abstractmethod
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import ClassNamePrefixFeaturesOutMixin, ClusterMixin, TransformerMixin
from sklearn.callback import with_callbacks
from sklearn.utils import Tags
from sklearn.utils.metadata_routing import UNUSED
from sklearn.utils.validation import check_is_fitted

from ..._caller import all_or_nothing, names_its_class
from ..._out import check_container
from ..._parameters import check_boolean, check_integer, check_real, check_rows_fit, check_updates
from ..._random import Stream
from ..._rows import Rows, drawn_rows, map_rows
from ..._scaling import Scaling
from ..._validation import check_codes, check_rows, to_array
from ...base.encoders import checked_rows, fitted_encoder, names_of, take_input_tags
from ...base.estimator import DeepEstimator
from ...base.fit import TrainingData
from ...base.units import encoder_scaling
from ...networks import draw_from
from ...training import Adam, GradientDescent, Schedule, linear_pace
from .descent import ClusterDescent


class DeepClusterer(ClusterMixin, ClassNamePrefixFeaturesOutMixin, TransformerMixin, DeepEstimator):
    """Base of the clusterers, whose module is a `ClusterModule`.

    Training begins at a fitted encoder, and changes it together with the clusters.
    """

    # ``out`` is no metadata, which Pipelines and searches would be asked to pass on.
    __metadata_request__transform: ClassVar = {"out": UNUSED}
    __metadata_request__inverse_transform: ClassVar = {"out": UNUSED}
    __metadata_request__predict_proba: ClassVar = {"out": UNUSED}
    n_clusters: Any
    encoder: Any
    learning_rate: Any
    batch_size: Any
    max_iter: Any
    tol: Any
    warm_start: Any
    encoder_: Any
    labels_: np.ndarray

    @with_callbacks
    @names_its_class
    def fit(self, X: Any, y: Any = None) -> Self:
        """Pre-train the encoder where it is not fitted, and train it with the clusters.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame, Tensor} of shape (n_samples, n_features)
            Training data.
        y : Ignored
            Present for API consistency.

        Returns
        -------
        self : object
            The fitted estimator.

        Notes
        -----
        Ctrl-C ends a fit with what its finished epochs learned, and a ConvergenceWarning;
        within another fit, a search or a Pipeline it is passed on.
        """
        with all_or_nothing(self):
            self._fit(X, y)
            self._finish_rows(X)
        return self

    @names_its_class
    def partial_fit(self, X: Any, y: Any = None) -> Self:
        """Go on with one pass over ``X``, from where the last call or the fit ended.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame, Tensor} of shape (n_samples, n_features)
            Training data, or a part of it.
        y : Ignored
            Present for API consistency.

        Returns
        -------
        self : object
            The fitted estimator.

        Notes
        -----
        The first call pre-trains the encoder, and needs as many rows as there are clusters.
        ``labels_`` are those of the rows of the last call.
        """
        with all_or_nothing(self):
            self._partial_fit(X)
            self._finish_rows(X)
        return self

    def _finish_rows(self, X: Any) -> None:
        """Set the labels of the rows of training, and drop what only training needs of them."""
        X = self._checked(X)
        self.labels_ = self._answer(X, lambda module: module.probabilities).argmax(1)
        self._finish_clusters(X)
        self._module.forget()
        self._training["objective"].pop("assignments")

    def predict_proba(self, X: Any, *, out: Any = None) -> Any:
        """Compute the probability of each cluster for each row.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame, Tensor} of shape (n_samples, n_features)
            Data.
        out : array, default=None
            Array of the answers' shape to write them into, a part at a time, such as a memory map,
            an HDF5 dataset or a zarr array; it is returned. None makes an array.

        Returns
        -------
        ndarray of shape (n_samples, n_clusters)
            Rows sum to 1; float32 for float32 input, else float64.
        """
        return self._answer(self._checked(X), lambda module: module.probabilities, out=out)

    def predict(self, X: Any) -> np.ndarray:
        """Return the most probable cluster of each row.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame, Tensor} of shape (n_samples, n_features)
            Data.

        Returns
        -------
        ndarray of int, of shape (n_samples,)
            Clusters, numbered from 0.
        """
        return self.predict_proba(X).argmax(1)

    def transform(self, X: Any, *, out: Any = None) -> Any:
        """Map rows to their codes, in which they are clustered.

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
        check_container(self, out)
        return self._answer(self._checked(X), lambda module: module.encode, out=out)

    def inverse_transform(self, X: Any, *, out: Any = None) -> Any:
        """Map codes back to rows; those of ``cluster_centers_`` show what clusters look like.

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
        return self._answer(
            Z, lambda module: module.stack.decode, codes=True, rows_out=True, out=out
        )

    def sample(self, cluster: int, n_samples: int = 1, *, random_state: Any = None) -> np.ndarray:
        """Draw rows of a cluster: codes from its normal distribution, then decoded.

        Parameters
        ----------
        cluster : int
            Number of the cluster, from 0.
        n_samples : int, default=1
            Rows to draw.
        random_state : int, RandomState instance or None, default=None
            Seeds the sampling; None takes NumPy's global state.

        Returns
        -------
        ndarray of shape (n_samples, n_features)
            Rows of data, as float64.

        Raises
        ------
        ValueError
            If there is no such cluster.
        """
        check_is_fitted(self)
        check_integer("cluster", cluster, 0)
        check_rows_fit("n_samples", n_samples, self.n_features_in_)
        module = self._module
        if cluster >= len(module.centers):
            raise ValueError(f"cluster == {cluster}, but there are 0 … {len(module.centers) - 1}.")
        stream = Stream(random_state, module.centers.device)
        return drawn_rows(
            lambda part: self._in_units_of_data(
                module.sample(cluster, part.stop - part.start, stream)
            ),
            n_samples,
            self.n_features_in_,
        )

    @property
    def cluster_centers_(self) -> np.ndarray:
        """Centres of the clusters in the code, of shape (n_clusters, n_components)."""
        return to_array(self._module.centers)

    @property
    def _n_features_out(self) -> int:
        """Width of the code."""
        return int(self._module.n_components)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        take_input_tags(tags, self._encoder())
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags

    @abstractmethod
    def _encoder(self) -> Any:
        """Return the encoder, or the default one for None."""

    @abstractmethod
    def _check_own_parameters(self) -> None:
        """Raise an error that names the first invalid parameter that not all clusterers share."""

    def _check_parameters(self) -> None:
        self._check_own_parameters()
        check_integer("n_clusters", self.n_clusters, 1)
        check_updates(self)
        check_real("tol", self.tol, 0)
        check_boolean("warm_start", self.warm_start)

    def _finish_clusters(self, X: Any) -> None:
        """Set what of the clusters is still unknown after training; by default, nothing."""

    def _schedule(self) -> Schedule:
        return Schedule(self.max_iter, self.batch_size, settled=("moved", self.tol))

    def _training_data(self, X: Any, *, reset: bool) -> TrainingData:
        X = check_rows(self, X, reset=reset)
        if reset and X.shape[0] < self.n_clusters:
            raise ValueError(f"n_samples={X.shape[0]} should be >= n_clusters={self.n_clusters}.")
        return TrainingData(X)

    def _prepare(self, data: TrainingData, *, reset: bool) -> dict[str, Any]:
        if not reset:
            return {"encoder_": self.encoder_}
        encoder = self._encoder()
        if self.encoder is None and encoder.max_iter is not None:  # or more, if few rows need them
            schedule = Schedule(None, encoder.batch_size, usual=encoder.max_iter)
            encoder.set_params(max_iter=schedule.for_rows(data.X.shape[0]).epochs)
        encoder = fitted_encoder(
            "encoder", encoder, data.X, None, self.random_state, names_of(self)
        )
        return {"encoder_": encoder}

    def _scaling(self, data: TrainingData, **prepared: Any) -> Scaling | None:
        return encoder_scaling(self, prepared["encoder_"], data)

    def _go_on(self, module: Any, rows: Rows) -> None:
        module.eval().assign(module.assigned(rows))

    def _loaded_codes(self, module: Any, rows: Rows, stream: Stream, encoder: Any) -> np.ndarray:
        """Load the encoder's parameters into the module, and return the codes of all rows."""
        module.stack.load(encoder)
        module.to(device=stream.device, dtype=self._parameter_dtype()).eval()
        return map_rows(module.encode, rows, np.dtype(np.float64))

    def _objective(self, module: Any, stream: Stream) -> GradientDescent:
        draw_from(module, stream)
        parameters = [p for p in module.parameters() if p.requires_grad]
        optimizer = Adam((parameters, self.learning_rate))
        return ClusterDescent(module, optimizer, stream, self._autocast_dtype(), pace=linear_pace)

    def _checked(self, X: Any) -> Any:
        """Check ``X`` against the fitted model, and return it as an array."""
        return checked_rows(self, X)
