"""Base of the family's estimators: how they are fitted, and their networks."""

from abc import abstractmethod
from typing import Any, ClassVar, Self

import numpy as np
import scipy.sparse as sp
from sklearn.callback import with_callbacks
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

from ..._caller import names_its_class, warn
from ..._parameters import check_image_shape, descent_schedule, is_option, layer_sizes
from ..._random import Stream
from ..._rows import Rows
from ..._scaling import Scaling
from ..._unused import NEEDS_LAYER, IdleOptions
from ..._validation import to_array
from ...base.fit import Fit, TrainingData
from ...base.transformer import DeepTransformer
from ...base.units import error_scaling
from ...training import Adam, GradientDescent, Schedule
from ..learning.deterministic import WrittenDescent
from ..learning.variational import WrittenVariationalDescent
from ..modules.base import ReconstructionModule
from .parameters import check_widths

FAR = 30.0
"""A scale beyond this or its inverse, or an offset beyond it, is far for a user's own network."""


class ReconstructionModel(DeepTransformer):
    """Base of the estimators whose module is a `ReconstructionModule`."""

    _default_widths: ClassVar[tuple[int, ...]] = (128,)
    n_components: Any
    hidden_layer_sizes: Any
    activation: Any
    dropout: Any
    image_shape: Any
    encoder: Any
    decoder: Any
    missing: Any
    learning_rate: Any
    batch_size: Any
    max_iter: Any
    early_stopping: Any
    validation_fraction: Any
    n_iter_no_change: Any
    tol: Any
    warm_start: Any

    @with_callbacks
    @names_its_class
    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> Self:
        """Fit the model to ``X``.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame, Tensor} of shape (n_samples, n_features)
            Training data. Features of larger scale count for more in an error; otherwise units and
            offsets of the data do not matter. Sparse and memory-mapped data are never loaded as a
            whole.
        y : Ignored
            Present for API consistency.
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
        return self._fit(X, y, sample_weight=sample_weight)

    @names_its_class
    def partial_fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> Self:
        """Go on with one pass over ``X``, from where the last call or the fit ended.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame, Tensor} of shape (n_samples, n_features)
            Training data, or a part of it.
        y : Ignored
            Present for API consistency.
        sample_weight : array-like of shape (n_samples,), default=None
            How much each row counts, beside the others of this call. Nothing is held out.

        Returns
        -------
        self : object
            The fitted estimator.
        """
        return self._partial_fit(X, sample_weight=sample_weight)

    @property
    def components_(self) -> np.ndarray:
        """Encoder weights of shape (n_components, n_features), if there is one dense layer."""
        check_is_fitted(self)
        arguments = self._module.arguments
        single = not arguments["hidden_layer_sizes"] and arguments["image_shape"] is None
        if not single or arguments["encoder"] is not None:
            raise AttributeError(
                "components_ exists only without hidden layers and custom encoder."
            )
        weights = to_array(self._module.encoder[0].weight[: self._n_features_out])
        n_inputs = weights.shape[1] // self.n_features_in_  # of codes, one for each category
        scale = to_array(self._module.scaling.scale).repeat(n_inputs)
        return np.asarray(weights / scale, weights.dtype)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        fitted = self.__sklearn_is_fitted__()
        tags.input_tags.allow_nan = is_option(self.missing, "mask") and (
            not fitted or self.module_.masks
        )
        return tags

    def _idle_options(self) -> IdleOptions:
        yield from super()._idle_options()
        if self.encoder is not None and self.decoder is not None:
            for name in ("hidden_layer_sizes", "activation", "dropout"):
                yield name, "encoder=None or decoder=None"
        elif self.image_shape is None and not self._widths():
            for name in ("activation", "dropout"):
                yield name, NEEDS_LAYER

    @abstractmethod
    def _is_real(self) -> bool:
        """Whether rows are real values, in whatever units, rather than probabilities or codes."""

    def _scaling(self, data: TrainingData, **prepared: Any) -> Scaling | None:
        """Return one scale for all features; None for a network of the user's own, which warns."""
        if not self._is_real():
            return None
        scaling = self._real_scaling(data)
        if self.encoder is None and self.decoder is None:
            return scaling
        _warn_if_far(scaling, sp.issparse(data.X))
        return None

    def _real_scaling(self, data: TrainingData) -> Scaling:
        """Return the units of real rows: one scale for all features."""
        return error_scaling(data, self.image_shape)

    def _schedule(self) -> Schedule:
        """Return the schedule: few rows have more epochs, unless that would fit them too well.

        With hidden layers and nothing held out, networks fit few rows in 200 epochs, and too well
        in more.
        """
        linear = self.encoder is None and self.image_shape is None and not self._widths()
        schedule = descent_schedule(self)
        if self.max_iter is None and (self.early_stopping or linear):
            schedule |= {"epochs": None, "usual": schedule["epochs"]}
        return Schedule(**schedule)

    def _widths(self) -> tuple[int, ...]:
        """Return the widths of the hidden layers, or the channels of convolutions."""
        images = self.image_shape is not None
        return layer_sizes(self.hidden_layer_sizes, self._default_widths, images)

    def _architecture(self, n_features: int) -> dict[str, Any]:
        """Return the arguments that every module of the family takes."""
        shape = self.image_shape
        if shape is not None:
            shape = check_image_shape("image_shape", shape, n_features)
        return {
            "n_features": n_features,
            "n_components": self.n_components,
            "hidden_layer_sizes": self._widths(),
            "activation": self.activation,
            "dropout": float(self.dropout),
            "image_shape": shape,
            "encoder": self.encoder,
            "decoder": self.decoder,
            "missing": self.missing,
        }

    def _initialize_networks(
        self, module: ReconstructionModule, rows: Rows, stream: Stream
    ) -> None:
        module.initialize(rows, stream)
        for name in module.own:
            check_widths(name, module)

    def _descent(
        self, module: ReconstructionModule, stream: Stream, **hooks: Any
    ) -> GradientDescent:
        """Return Adam on all parameters of ``module``; dropout draws from ``stream``.

        Gradients are written out where they can be.
        """
        module.draw_from(stream)
        parameters = [p for p in module.parameters() if p.requires_grad]
        if not parameters:
            raise ValueError("encoder and decoder have no parameters to train.")
        optimizer = Adam((parameters, self.learning_rate))
        dtype = self._autocast_dtype()
        kinds: tuple[Any, ...] = (WrittenDescent, WrittenVariationalDescent)
        for written in kinds if dtype is None else ():
            if written.trains(module):
                return written(module, optimizer, stream, **hooks)
        return GradientDescent(module, optimizer, stream, dtype, **hooks)

    def _finish(self, fit: Fit) -> None:
        super()._finish(fit)
        objective: Any = fit.objective
        self.gradients_ = objective.gradients


def _warn_if_far(scaling: Scaling, sparse: bool) -> None:
    """Warn of rows that a network of the user's own, which gets them as they are, may not suit."""
    offset, scale = float(scaling.center.abs().max()), scaling.pooled
    if not (1 / FAR < scale < FAR and offset < FAR):
        warn(
            "encoder and decoder of your own work on the rows as they are, but the means of "
            f"features reach {offset:.3g} and their scale is {scale:.3g}: networks train best on "
            "features near 0 that vary by about 1. Put sklearn.preprocessing.StandardScaler"
            f"{'(with_mean=False)' if sparse else ''} before."
        )
