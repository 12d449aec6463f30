"""Base of classifier and regressor: an encoder with a head on top, both trained on labels."""

from abc import abstractmethod
from typing import Any, NamedTuple, Self

import numpy as np
from sklearn.callback import with_callbacks
from sklearn.utils import Tags, check_consistent_length

from ..._caller import names_its_class
from ..._parameters import (
    check_descent,
    check_option,
    check_real,
    check_sizes,
    descent_schedule,
)
from ..._random import Stream
from ..._rows import Rows
from ..._scaling import Scaling
from ..._unused import NEEDS_LAYER, IdleOptions
from ..._validation import as_host_array, check_rows, check_weights
from ...base.encoders import (
    check_encoder,
    checked_rows,
    fitted_encoder,
    models_of,
    names_of,
    parts_of,
    take_input_tags,
)
from ...base.estimator import DeepEstimator
from ...base.fit import TrainingData
from ...base.units import encoder_scaling
from ...networks import ACTIVATIONS, draw_from, initialize
from ...reconstruction import DenoisingAutoencoder
from ...training import PACES, Adam, GradientDescent, Schedule
from .module import FineTunedModule


class Targets(NamedTuple):
    """Checked labels of ``fit``.

    Attributes
    ----------
    values : ndarray of shape (n_labelled,) or (n_labelled, n_outputs)
        Indices of classes, or numbers.
    labelled : ndarray of bool, of shape (n_samples,)
        Whether each row has a label.
    classes : tuple
        Sorted classes; empty for a regressor.
    """

    values: np.ndarray
    labelled: np.ndarray
    classes: tuple[Any, ...] = ()


class FineTunedModel(DeepEstimator):
    """Base of the estimators whose module is a `FineTunedModule`."""

    encoder: Any
    hidden_layer_sizes: Any
    activation: Any
    dropout: Any
    learning_rate: Any
    encoder_learning_rate: Any
    learning_rate_schedule: Any
    batch_size: Any
    max_iter: Any
    early_stopping: Any
    validation_fraction: Any
    n_iter_no_change: Any
    tol: Any
    warm_start: Any
    encoder_: Any

    @with_callbacks
    @names_its_class
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Pre-train the encoder, unless it is fitted, and train encoder and head on the labels.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame, Tensor} of shape (n_samples, n_features)
            Training data; pre-training uses all rows.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Labels. Rows without a label have −1 for a classifier, NaN for a regressor.
        sample_weight : array-like of shape (n_samples,), default=None
            How much each row counts, on any scale; None lets all count alike. Rows of weight 0 are
            left out. An encoder that learns by an energy knows no other weights.

        Returns
        -------
        self : object
            The fitted estimator.

        Notes
        -----
        Ctrl-C ends a fit with what its finished epochs learned, and a ConvergenceWarning;
        within another fit, a search or a Pipeline it is passed on.
        """
        return self._fit(X, y, labels=y, sample_weight=sample_weight)

    @abstractmethod
    def _targets(self, y: Any, reset: bool, weights: np.ndarray | None) -> Targets:
        """Check ``y``, whose rows have ``weights``; ``reset`` says whether training starts anew."""

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        take_input_tags(tags, self._encoder())
        return tags

    def _encoder(self) -> Any:
        """The encoder, or the default one for None."""
        return DenoisingAutoencoder() if self.encoder is None else self.encoder

    def _check_parameters(self) -> None:
        check_encoder("encoder", self._encoder())
        check_sizes("hidden_layer_sizes", self.hidden_layer_sizes)
        check_option("activation", self.activation, ACTIVATIONS)
        check_real("dropout", self.dropout, 0, 1, "left")
        check_descent(self)
        check_option("learning_rate_schedule", self.learning_rate_schedule, PACES)
        if self.encoder_learning_rate is not None:
            check_real("encoder_learning_rate", self.encoder_learning_rate, 0)

    def _idle_options(self) -> IdleOptions:
        yield from super()._idle_options()
        if not check_sizes("hidden_layer_sizes", self.hidden_layer_sizes):
            yield "activation", NEEDS_LAYER

    def _schedule(self) -> Schedule:
        return Schedule(**descent_schedule(self))

    def _training_data(
        self, X: Any, *, reset: bool, labels: Any = None, sample_weight: Any = None
    ) -> TrainingData:
        X = check_rows(self, X, reset=reset)
        if labels is None:
            name = type(self).__name__
            raise ValueError(f"{name} requires y to be passed, but the target y is None.")
        weights = check_weights(sample_weight, X)
        labels = as_host_array(labels, "y")
        check_consistent_length(X, labels)
        targets = self._targets(labels, reset, weights)
        if weights is not None and not weights[targets.labelled].any():
            raise ValueError("sample_weight is 0 for all rows that have a label.")
        if not reset:
            models_of(self.encoder_)[0]._check_values(X, training=False)
        return TrainingData(X, weights, targets.values, targets.classes, targets.labelled)

    def _prepare(self, data: TrainingData, *, reset: bool) -> dict[str, Any]:
        """An encoder fitted to all rows, including those without a label."""
        if not reset:
            return {"encoder_": self.encoder_}
        encoder = fitted_encoder(
            "encoder", self._encoder(), data.X, data.weights, self.random_state, names_of(self)
        )
        return {"encoder_": encoder}

    def _scaling(self, data: TrainingData, **prepared: Any) -> Scaling | None:
        return encoder_scaling(self, prepared["encoder_"], data)

    def _common_arguments(self, encoder: Any, n_outputs: int) -> dict[str, Any]:
        """Arguments of the module of both classifier and regressor."""
        return {
            "parts": parts_of(encoder),
            "n_outputs": n_outputs,
            "hidden_layer_sizes": check_sizes("hidden_layer_sizes", self.hidden_layer_sizes),
            "activation": self.activation,
            "dropout": float(self.dropout),
        }

    def _initialize(
        self, module: FineTunedModule, rows: Rows, stream: Stream, *, encoder_: Any
    ) -> None:
        module.stack.load(encoder_)
        initialize(module.head, stream)

    def _objective(self, module: Any, stream: Stream) -> GradientDescent:
        draw_from(module, stream)
        rate = self.encoder_learning_rate
        rate = float(self.learning_rate if rate is None else rate)
        module.stack.requires_grad_(rate > 0)
        groups = [(module.head.parameters(), float(self.learning_rate))]
        if rate > 0:
            groups.append((module.stack.parameters(), rate))
        optimizer = Adam(*groups)
        pace = PACES[self.learning_rate_schedule]
        return GradientDescent(module, optimizer, stream, self._autocast_dtype(), pace=pace)

    def _checked(self, X: Any) -> Any:
        """Check ``X`` for the fitted model."""
        return checked_rows(self, X)
