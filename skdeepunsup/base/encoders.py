"""Models of this package as parts of another model: fitted if they are not, copied, trained on."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline
from sklearn.utils import Tags, get_tags
from sklearn.utils.validation import check_is_fitted, has_fit_parameter
from torch import Tensor, nn

from .._scaling import Scaling
from .._validation import check_rows
from .transformer import DeepTransformer

Part = tuple[type[nn.Module], dict[str, Any]]
"""Class of a module, and the arguments of its constructor."""


def models_of(encoder: Any) -> list[Any]:
    """The models of an encoder, which may be a Pipeline, from the features to the code."""
    encoder = unfrozen(encoder)
    if isinstance(encoder, Pipeline):
        return [model for _, step in encoder.steps for model in models_of(step)]
    return [encoder]


def check_encoder(name: str, encoder: Any) -> None:
    """Raise unless ``encoder`` is a model of this package, or a Pipeline of only such models."""
    for model in models_of(encoder):
        if not isinstance(model, DeepTransformer):
            raise TypeError(
                f"{name} == {encoder!r}, must be a model of this package that has transform, such "
                f"as a DenoisingAutoencoder, or a Pipeline of such; {type(model).__name__} is none."
                + (" Put it before this estimator." if isinstance(encoder, Pipeline) else "")
            )


def fitted_model(name: str, model: Any, X: Any, names: Any, fit: Callable[[Any], Any]) -> Any:
    """Return the model itself if it is fitted, else a fitted clone.

    Parameters
    ----------
    name : str
        Name of the parameter that holds the model, for errors.
    model : estimator
        A model of this package, a Pipeline of such, or a FrozenEstimator of either.
    X : ndarray or CSR matrix of shape (n_samples, n_features)
    names : ndarray or None
        Names of the columns; None if they have none.
    fit : callable
        Fits the clone it is given, and returns it.

    Returns
    -------
    estimator

    Raises
    ------
    ValueError
        If the model is frozen but not fitted, or was fitted to other columns than those of ``X``.
    """
    models = models_of(model)
    try:
        for each in models:
            check_is_fitted(each)
    except NotFittedError as error:
        if isinstance(model, FrozenEstimator):
            raise ValueError(f"{name} is frozen, but not fitted; fit it before.") from error
        return fit(clone(model))
    check_columns(name, models[0], X.shape[1], names)
    return model


def fitted_encoder(
    name: str, encoder: Any, X: Any, weights: np.ndarray | None, random_state: Any, names: Any
) -> Any:
    """Return the encoder itself if it is fitted, else a clone of it fitted to ``X``.

    Each model of the clone whose ``random_state`` is None is given this one. Models whose ``fit``
    takes ``sample_weight`` are given ``weights``; rows of weight 0 are left out for all.
    ``names`` are the names of the columns; None if they have none.
    """

    def fit(fresh: Any) -> Any:
        _seed(fresh, random_state)
        if weights is None:
            return fresh.fit(X)
        counting = np.flatnonzero(weights)
        return fresh.fit(X[counting], **_weight_arguments(fresh, weights[counting]))

    fitted = fitted_model(name, encoder, X, names, fit)
    if fitted is encoder:
        models_of(encoder)[0]._check_values(X, training=False)
    return fitted


def check_columns(name: str, model: Any, n_features: int, names: Any) -> None:
    """Raise unless a model was fitted to as many columns, named the same if both have names."""
    if model.n_features_in_ != n_features:
        raise ValueError(
            f"{name} was fitted to {model.n_features_in_} features, but X has {n_features}; fit it "
            "to the same columns."
        )
    own = getattr(model, "feature_names_in_", None)
    if own is not None and names is not None and list(own) != list(names):
        raise ValueError(
            f"{name} was fitted to the columns {list(own)}, but X has {list(names)}; give the "
            "same, in the same order."
        )


def names_of(estimator: Any) -> Any:
    """Names of the columns that an estimator was fitted to; None if they had none."""
    return getattr(estimator, "feature_names_in_", None)


def checked_rows(estimator: Any, X: Any) -> Any:
    """Check ``X`` for an estimator whose input is that of its ``encoder_``; return an array."""
    check_is_fitted(estimator)
    X = check_rows(estimator, X, reset=False)
    models_of(estimator.encoder_)[0]._check_values(X, training=False)
    return X


def _seed(encoder: Any, random_state: Any) -> None:
    """Set ``random_state`` of each model of an unfitted encoder where it is None."""
    if isinstance(encoder, Pipeline):
        for _, step in encoder.steps:
            _seed(step, random_state)
    elif not isinstance(encoder, FrozenEstimator) and encoder.random_state is None:
        encoder.set_params(random_state=random_state)


def take_input_tags(tags: Tags, encoder: Any) -> None:
    """Set the input tags of an estimator to those of its encoder."""
    first = models_of(encoder)[0]
    if isinstance(first, DeepTransformer):  # otherwise fit raises
        seen = get_tags(first).input_tags
        tags.input_tags.sparse, tags.input_tags.allow_nan = seen.sparse, seen.allow_nan
        tags.input_tags.categorical = seen.categorical
        tags.input_tags.positive_only = seen.positive_only


def _weight_arguments(encoder: Any, weights: np.ndarray) -> dict[str, np.ndarray]:
    """The weights as arguments of ``fit``, for each model that takes ``sample_weight``."""
    if not isinstance(encoder, Pipeline):
        return {"sample_weight": weights} if has_fit_parameter(encoder, "sample_weight") else {}
    return {
        f"{name}__{argument}": value
        for name, step in encoder.steps
        for argument, value in _weight_arguments(step, weights).items()
    }


def units_of(encoder: Any) -> Scaling | None:
    """The units of the rows in which the first module of a fitted encoder works."""
    return getattr(models_of(encoder)[0].module_, "scaling", None)


def parts_of(encoder: Any) -> tuple[Part, ...]:
    """The ``parts`` of an `EncoderStack` with the architecture of a fitted encoder."""
    return tuple((type(model.module_), model.module_.arguments) for model in models_of(encoder))


class EncoderStack(nn.Module):
    """Modules of fitted models in sequence, with all parameters trainable.

    Parameters
    ----------
    parts : sequence of (type, dict)
        Class and constructor arguments of each module, from the features to the code.
    """

    def __init__(self, parts: Sequence[Part]) -> None:
        super().__init__()
        modules: list[Any] = [kind(**arguments) for kind, arguments in parts]
        self.modules_up: Any = nn.ModuleList(modules)
        self.n_components = modules[-1].n_components
        self.requires_grad_()

    def load(self, encoder: Any) -> None:
        """Copy the parameters of a fitted encoder."""
        for own, model in zip(self.modules_up, models_of(encoder), strict=True):
            own.load_state_dict(model.module_.state_dict())

    @property
    def scaling(self) -> Scaling | None:
        """The units of the rows, which are those of the first module."""
        return getattr(self.modules_up[0], "scaling", None)

    def encode(self, x: Tensor) -> Tensor:
        """The code of each row.

        A machine whose mean field is iterated until it settles takes a few rounds instead, through
        which gradients can flow.
        """
        for i, module in enumerate(self.modules_up):
            if i and (scaling := getattr(module, "scaling", None)) is not None:
                x = scaling.inward(x)
            x = getattr(module, "encode_in_rounds", module.encode)(x)
        return x

    def decode(self, h: Tensor) -> Tensor:
        """The row of each code, by a few rounds of mean field where a machine needs them."""
        for i, module in reversed(list(enumerate(self.modules_up))):
            h = getattr(module, "decode_in_rounds", module.decode)(h)
            if i and (scaling := getattr(module, "scaling", None)) is not None:
                h = scaling.outward(h)
        return h


def unfrozen(estimator: Any) -> Any:
    """The estimator inside a ``FrozenEstimator``, or the estimator itself."""
    return estimator.estimator if isinstance(estimator, FrozenEstimator) else estimator
