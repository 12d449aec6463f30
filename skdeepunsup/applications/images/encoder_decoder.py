"""The encoder-decoder as an estimator: a regressor from one image, or row, to another."""

from collections.abc import Sequence
from typing import Any, ClassVar, Self

import numpy as np
import torch
from sklearn.base import ClassNamePrefixFeaturesOutMixin, RegressorMixin, TransformerMixin
from sklearn.callback import with_callbacks
from sklearn.metrics import r2_score
from sklearn.utils import Tags, check_consistent_length
from sklearn.utils.metadata_routing import UNUSED
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from ..._finite import finite, finite_score
from ..._out import check_container
from ..._parameters import (
    check_boolean,
    check_descent,
    check_image_shape,
    check_integer,
    check_option,
    check_real,
    check_sizes,
    descent_schedule,
    layer_sizes,
)
from ..._random import Stream
from ..._rows import Rows
from ..._scaling import Scaling, shared_scaling
from ..._unused import NEEDS_LAYER, IdleOptions
from ..._validation import check_rows, check_weights, copied
from ...base.estimator import DeepEstimator
from ...base.fit import TrainingData
from ...base.units import error_scaling, warn_of_unlike_features
from ...networks import ACTIVATIONS, draw_from
from ...training import PACES, Adam, GradientDescent, Schedule
from .module import LOSSES, EncoderDecoderModule
from .targets import checked_targets, count_target_categories


class EncoderDecoder(
    ClassNamePrefixFeaturesOutMixin, TransformerMixin, RegressorMixin, DeepEstimator
):
    """Regressor with many outputs, through a code: from an image, or any row, to another.

    An encoder maps a row to a code, and a decoder maps the code to the targets. With convolutions
    and skip connections (U-Net), the layers of the encoder are also inputs of the decoder, so the
    code need not contain local details. Such a network can denoise, enlarge and segment images.

    Parameters
    ----------
    n_components : int, default=64
        Width of the code.
    hidden_layer_sizes : sequence of int, default=None
        Widths of the encoder's hidden layers, from the features to the code; the decoder mirrors
        them. With images, the channels of convolutions, each of which halves height and width. None
        stands for (32, 64) where either side is an image, else for (256,).
    activation : {"identity", "logistic", "tanh", "relu", "elu", "gelu", "silu"}, default="relu"
        Activation of the hidden layers. The code and the output are affine.
    dropout : float, default=None
        Share of the hidden units dropped at each update, in [0, 1). None stands for 0 where either
        side is an image, else for 0.2: from one half of the digits to the other, errors of held-out
        rows are then .19 and .18, and .23 and .21 without.
    loss : {"squared", "bernoulli", "categorical"}, default="squared"
        Training loss, summed over targets: the squared error; the cross-entropy, in nats, of
        targets in [0, 1]; or that of codes 0 … K − 1, such as classes of pixels.
    n_categories : int, default=None
        Number of categories, K; None takes one more than the largest code in ``fit``. Used with
        ``loss="categorical"``.
    image_shape : tuple of int, default=None
        Height, width and, if there are several, channels of the image in each row of ``X``,
        flattened with channels last: the encoder is then convolutional.
    target_shape : tuple of int, default=None
        Height, width and, if there are several, channels of the image in each row of ``y``,
        flattened with channels last: the decoder is then convolutional.
    skip_connections : bool, default=False
        Whether the encoder's layers are concatenated to the decoder's (U-Net). Needs both shapes.
        If the loss is squared and ``X`` and ``y`` have equally many channels, the network learns
        the difference between the target and the image, resized and scaled as needed.
    learning_rate : float, default=1e-3
        Learning rate of Adam.
    learning_rate_schedule : {"linear", "constant"}, default="constant"
        "linear" keeps the rate over the first half of the fit and lowers it to 1 % over the second.
        The halves are those of ``max_iter``; training may stop before.
    batch_size : int, default=32
        Rows per update.
    max_iter : int, default=200
        Maximum number of epochs.
    early_stopping : bool, default=True
        Whether to hold out rows, stop when their loss no longer improves, and keep the parameters
        of this call's best epoch. Otherwise the training loss decides when to stop, and the last
        parameters are kept.
    validation_fraction : float, default=0.1
        Share of the rows held out for ``early_stopping``.
    n_iter_no_change : int, default=10
        Epochs without improvement after which training stops.
    tol : float, default=1e-4
        Smallest improvement that counts, relative to the loss.
    warm_start : bool, default=False
        Whether ``fit`` goes on from where the last one ended, the optimiser's state included.
    device : str, default="auto"
        Where to compute: "cpu", "cuda", "mps", or "auto" for the first of the last two that is
        available, else "cpu".
    precision : {"float32", "bfloat16", "float64"}, default="float32"
        Precision of the products in training; parameters and answers stay at least float32.
    verbose : int, default=0
        Whether to print a line for each epoch.
    random_state : int, RandomState instance or None, default=None
        Seeds all that is random in ``fit``.

    Attributes
    ----------
    module_ : EncoderDecoderModule
        Encoder and decoder.
    n_outputs_ : int
        Number of targets.
    y_mean_ : ndarray of shape (n_outputs,)
        Mean of each target; only with ``loss="squared"``.
    y_scale_ : float
        Root of the mean variance of the targets; only with ``loss="squared"``.
    history_ : dict of lists
        One entry per epoch: ``"loss"``, the mean training loss of the rows, summed over targets (in
        nats, or squared errors in units of the pooled variance about the initial prediction), and
        ``"validation_loss"``, NaN if no rows are held out.
    n_iter_ : int
        Epochs run.
    n_features_in_ : int
        Features seen in ``fit``.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Their names, where they had any.

    Raises
    ------
    ValueError
        If a target is outside [0, 1] with ``loss="bernoulli"``, or not a code with "categorical".

    See Also
    --------
    DenoisingAutoencoder : Learns from clean rows alone to remove noise that it adds itself.
    FineTunedRegressor : For few rows with labels and many without.
    sklearn.neural_network.MLPRegressor : Dense networks with the squared error.

    Notes
    -----
    Features and targets are centred and divided by their pooled scales internally, so that one
    learning rate suits data of any scale; the relative scales of targets stay, as the squared error
    demands. Targets are stored in float32, unless ``precision="float64"``.

    References
    ----------
    Ronneberger, O., Fischer, P. and Brox, T., "U-Net: convolutional networks for biomedical image
    segmentation", MICCAI 2015.

    Examples
    --------
    The lower half of a digit from the upper half:

    >>> from sklearn.datasets import load_digits
    >>> from skdeepunsup import EncoderDecoder
    >>> images = load_digits().data / 16
    >>> X, Y = images[:, :32], images[:, 32:]
    >>> model = EncoderDecoder(16, image_shape=(4, 8), target_shape=(4, 8), max_iter=4)
    >>> model.fit(X, Y).predict(X).shape
    (1797, 32)
    >>> model.transform(X).shape
    (1797, 16)
    """

    _module_class = EncoderDecoderModule
    # ``out`` is no metadata, which Pipelines and searches would be asked to pass on.
    __metadata_request__transform: ClassVar = {"out": UNUSED}
    __metadata_request__predict_proba: ClassVar = {"out": UNUSED}

    def __init__(
        self,
        n_components: int = 64,
        *,
        hidden_layer_sizes: Sequence[int] | None = None,
        activation: str = "relu",
        dropout: float | None = None,
        loss: str = "squared",
        n_categories: int | None = None,
        image_shape: tuple[int, ...] | None = None,
        target_shape: tuple[int, ...] | None = None,
        skip_connections: bool = False,
        learning_rate: float = 1e-3,
        learning_rate_schedule: str = "constant",
        batch_size: int = 32,
        max_iter: int = 200,
        early_stopping: bool = True,
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 10,
        tol: float = 1e-4,
        warm_start: bool = False,
        device: str = "auto",
        precision: str = "float32",
        verbose: int = 0,
        random_state: Any = None,
    ) -> None:
        self.n_components = n_components
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.dropout = dropout
        self.loss = loss
        self.n_categories = n_categories
        self.image_shape = image_shape
        self.target_shape = target_shape
        self.skip_connections = skip_connections
        self.learning_rate = learning_rate
        self.learning_rate_schedule = learning_rate_schedule
        self.batch_size = batch_size
        self.max_iter = max_iter
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.warm_start = warm_start
        self.device = device
        self.precision = precision
        self.verbose = verbose
        self.random_state = random_state

    @with_callbacks
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Fit the model to pairs of rows and targets.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame, Tensor} of shape (n_samples, n_features)
            Training data.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets.
        sample_weight : array-like of shape (n_samples,), default=None
            How much each row counts, on any scale; None lets all count alike. Rows of weight 0 are
            left out.

        Returns
        -------
        self : object
            The fitted estimator.

        Notes
        -----
        Ctrl-C ends a fit with what its finished epochs learned, and a ConvergenceWarning;
        within another fit, a search or a Pipeline it is passed on.
        """
        return self._fit(X, y, targets=y, sample_weight=sample_weight)

    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Continue training with one pass over pairs, from the state after the last call or fit.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame, Tensor} of shape (n_samples, n_features)
            Training data, or a part of it.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets.
        sample_weight : array-like of shape (n_samples,), default=None
            How much each row counts, beside the others of this call. Nothing is held out.

        Returns
        -------
        self : object
            The fitted estimator.
        """
        return self._partial_fit(X, targets=y, sample_weight=sample_weight)

    def predict(self, X: Any) -> np.ndarray:
        """Predict the targets of rows.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame, Tensor} of shape (n_samples, n_features)
            Data.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Predictions in the shape of ``y`` in ``fit``: means (probabilities for
            ``loss="bernoulli"``), float32 for float32 input, else float64; or, for
            ``loss="categorical"``, the most probable codes, as int64.
        """
        X = self._checked(X)
        answer = self._answer(X, lambda module: module.predict)
        if self._module.loss == "squared":
            answer = np.asarray(self.y_mean_ + self.y_scale_ * answer, answer.dtype)
            finite(answer, X)
        if self._module.loss == "categorical":
            answer = answer.astype(np.int64)
        return answer[:, 0] if self._module.arguments["flat"] else answer

    @available_if(lambda self: self.loss == "categorical")
    def predict_proba(self, X: Any, *, out: Any = None) -> Any:
        """Predict the probability of each code; only for ``loss="categorical"``.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame, Tensor} of shape (n_samples, n_features)
            Data.
        out : array, default=None
            Array of the answers' shape to write them into, a part at a time, such as a memory map,
            an HDF5 dataset or a zarr array; it is returned. None makes an array.

        Returns
        -------
        ndarray of shape (n_samples, n_outputs, n_categories)
            Probabilities, which sum to 1 over the codes of a target.
        """
        return self._answer(self._checked(X), lambda module: module.predict_proba, out=out)

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
        check_container(self, out)
        return self._answer(self._checked(X), lambda module: module.encode, out=out)

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return the share of explained variance of the targets, or the share of correct codes.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame, Tensor} of shape (n_samples, n_features)
            Data.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets.
        sample_weight : array-like of shape (n_samples,), default=None
            How much each row counts; None lets all count alike.

        Returns
        -------
        float
            1 − Σ (y − ŷ)² / Σ (y − ȳ)², with both sums over all rows and targets, so that pixels
            that hardly vary hardly count; with ``loss="categorical"``, the share of targets whose
            most probable code is correct.
        """
        answer = self.predict(X)
        weights = check_weights(sample_weight, answer)
        answer, y = (
            t.reshape(len(t), -1)
            for t in (answer, checked_targets(y, self.loss, self.n_categories))
        )
        if y.shape != answer.shape:
            raise ValueError(f"y has shape {y.shape}, but predictions have {answer.shape}.")
        if self._module.loss != "categorical":
            return finite_score(
                lambda: r2_score(y, answer, sample_weight=weights, multioutput="variance_weighted")
            )
        right = (y == answer).mean(1)
        return float(np.average(right, weights=weights))

    @property
    def n_outputs_(self) -> int:
        """Number of targets of a row."""
        return int(self._module.n_targets)

    @property
    def _n_features_out(self) -> int:
        """Width of the code."""
        return int(self._module.n_components)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.target_tags.multi_output = True
        tags.target_tags.positive_only = self.loss == "categorical"
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags

    def _check_parameters(self) -> None:
        check_integer("n_components", self.n_components, 1)
        if self.hidden_layer_sizes is not None:
            check_sizes("hidden_layer_sizes", self.hidden_layer_sizes)
        check_option("activation", self.activation, ACTIVATIONS)
        if self.dropout is not None:
            check_real("dropout", self.dropout, 0, 1, "left")
        check_option("loss", self.loss, LOSSES)
        if self.n_categories is not None:
            check_integer("n_categories", self.n_categories, 2)
        check_boolean("skip_connections", self.skip_connections)
        if self.skip_connections and (self.image_shape is None or self.target_shape is None):
            raise ValueError(
                "skip_connections == True connects layers of images; set image_shape and "
                "target_shape."
            )
        if self.skip_connections and not self._widths():
            sizes = self.hidden_layer_sizes
            raise ValueError(f"skip_connections == True, but hidden_layer_sizes == {sizes!r}.")
        check_descent(self)
        check_option("learning_rate_schedule", self.learning_rate_schedule, PACES)

    def _idle_options(self) -> IdleOptions:
        yield from super()._idle_options()
        if self.loss != "categorical":
            yield "n_categories", "loss='categorical'"
        if not self._widths():
            for name in ("activation", "target_shape", *(["dropout"] if self.dropout else [])):
                yield name, NEEDS_LAYER

    def _has_images(self) -> bool:
        """Whether either side is an image."""
        return self.image_shape is not None or self.target_shape is not None

    def _widths(self) -> tuple[int, ...]:
        """Return the widths of the hidden layers, or the channels of convolutions."""
        return layer_sizes(self.hidden_layer_sizes, (256,), self._has_images())

    def _share_dropped(self) -> float:
        """Return ``dropout``, or what None stands for."""
        if self.dropout is not None:
            return float(self.dropout)
        return 0.0 if self._has_images() else 0.2

    def _schedule(self) -> Schedule:
        return Schedule(**descent_schedule(self))

    def _training_data(
        self, X: Any, *, reset: bool, targets: Any = None, sample_weight: Any = None
    ) -> TrainingData:
        X = check_rows(self, X, reset=reset)
        if targets is None:
            name = type(self).__name__
            raise ValueError(f"{name} requires y to be passed, but the target y is None.")
        y = checked_targets(targets, self.loss, self.n_categories)
        check_consistent_length(X, y)
        weights = check_weights(sample_weight, X)
        if self.loss == "squared":
            y = self._standardized(y, weights, reset)
        # Not every device has float64.
        y = copied(y, torch.device("cpu"), self._parameter_dtype(), "y").numpy()
        return TrainingData(X, weights, y)

    def _standardized(self, y: np.ndarray, weights: np.ndarray | None, reset: bool) -> np.ndarray:
        """Return targets centred and divided by one scale, those of the fit's first rows."""
        if reset:
            scaling = shared_scaling(y.reshape(len(y), -1), weights, "y")
            self.y_mean_ = scaling.center.numpy().copy()
            self.y_scale_ = scaling.pooled
        mean = self.y_mean_[0] if y.ndim == 1 else self.y_mean_
        return np.asarray((y - mean) / self.y_scale_)

    def _scaling(self, data: TrainingData, **prepared: Any) -> Scaling | None:
        warn_of_unlike_features(self, data.X, data.weights)
        return error_scaling(data, self.image_shape)

    def _module_arguments(self, rows: Rows, fitted: dict[str, Any] | None) -> dict[str, Any]:
        assert rows.labels is not None
        flat, shapes = rows.labels.ndim == 1, {}
        n_targets = 1 if flat else rows.labels.shape[1]
        for name, width, of in (
            ("image_shape", rows.n_features, "X"),
            ("target_shape", n_targets, "y"),
        ):
            shape = getattr(self, name)
            shapes[name] = None if shape is None else check_image_shape(name, shape, width, of)
        return {
            "n_features": rows.n_features,
            "n_components": int(self.n_components),
            "n_targets": n_targets,
            "hidden_layer_sizes": self._widths(),
            "activation": self.activation,
            "dropout": self._share_dropped(),
            "loss": self.loss,
            "n_categories": self._count_categories(rows.labels, fitted),
            **shapes,
            "skip_connections": bool(self.skip_connections),
            "flat": flat,
        }

    def _count_categories(self, targets: torch.Tensor, fitted: dict[str, Any] | None) -> int:
        """K, or 1 for other losses than "categorical"."""
        if self.loss != "categorical":
            return 1
        if self.n_categories is not None:
            return int(self.n_categories)
        before = None if fitted is None else int(fitted["n_categories"])
        return count_target_categories(targets, before)

    def _initialize(self, module: EncoderDecoderModule, rows: Rows, stream: Stream) -> None:
        module.initialize(rows, stream)

    def _objective(self, module: EncoderDecoderModule, stream: Stream) -> GradientDescent:
        draw_from(module, stream)
        optimizer = Adam((module.parameters(), self.learning_rate))
        pace = PACES[self.learning_rate_schedule]
        return GradientDescent(module, optimizer, stream, self._autocast_dtype(), pace=pace)

    def _checked(self, X: Any) -> Any:
        """Check ``X`` for the fitted model."""
        check_is_fitted(self)
        return check_rows(self, X, reset=False)
