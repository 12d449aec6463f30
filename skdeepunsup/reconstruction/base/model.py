"""Base of the family's estimators: how they are fitted, and their networks."""

from typing import Any, Self

import numpy as np
import torch
from sklearn.callback import with_callbacks
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

from ..._caller import names_its_class
from ..._parameters import check_image_shape, check_sizes
from ..._random import Stream
from ..._rows import Rows
from ..._validation import to_array
from ...base.transformer import DeepTransformer
from ...training import GradientDescent
from ..modules.base import ReconstructionModule
from .parameters import check_widths


class ReconstructionModel(DeepTransformer):
    """Base of the estimators whose module is a `ReconstructionModule`."""

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
            Training data, best standardised, or scaled to [0, 1]: features of larger scale count
            for more in the error. Sparse and memory-mapped data are never loaded as a whole.
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
        Ctrl-C ends a fit with what its finished epochs learned, and a ConvergenceWarning; directly
        within a search or a Pipeline it is passed on.
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
        return to_array(self._module.encoder[0].weight[: self._n_features_out])

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        fitted = self.__sklearn_is_fitted__()
        tags.input_tags.allow_nan = self.missing == "mask" and (not fitted or self.module_.masks)
        return tags

    def _architecture(self, n_features: int) -> dict[str, Any]:
        """Return the arguments that every module of the family takes."""
        shape = self.image_shape
        if shape is not None:
            shape = check_image_shape("image_shape", shape, n_features)
        return {
            "n_features": n_features,
            "n_components": self.n_components,
            "hidden_layer_sizes": check_sizes("hidden_layer_sizes", self.hidden_layer_sizes),
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
        """Return Adam on all parameters of ``module``; dropout draws from ``stream``."""
        module.draw_from(stream)
        parameters = [p for p in module.parameters() if p.requires_grad]
        if not parameters:
            raise ValueError("encoder and decoder have no parameters to train.")
        optimizer = torch.optim.Adam(parameters, lr=self.learning_rate, fused=True)
        return GradientDescent(module, optimizer, stream, self._autocast_dtype(), **hooks)
