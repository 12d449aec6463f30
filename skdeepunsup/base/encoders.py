"""Models of ours as encoders within another model: fitted where they are not, copied, trainable."""

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

from .._validation import check_rows
from .transformer import DeepTransformer

Part = tuple[type[nn.Module], dict[str, Any]]
"""The class of a module, and what its constructor was given."""


def models_of(encoder: Any) -> list[Any]:
    """The models that an encoder stacks, from the features to the code."""
    encoder = unfrozen(encoder)
    if isinstance(encoder, Pipeline):
        return [model for _, step in encoder.steps for model in models_of(step)]
    return [encoder]


def check_encoder(name: str, encoder: Any) -> None:
    """Raise unless ``encoder`` is a model of ours, or a Pipeline of nothing but those."""
    for model in models_of(encoder):
        if not isinstance(model, DeepTransformer):
            raise TypeError(
                f"{name} == {encoder!r}, must be a model of this package that has transform, such "
                f"as a DenoisingAutoencoder, or a Pipeline of such; {type(model).__name__} is none."
                + (" Put it before this estimator." if isinstance(encoder, Pipeline) else "")
            )


def fitted_model(name: str, model: Any, X: Any, names: Any, fit: Callable[[Any], Any]) -> Any:
    """The model itself where it is fitted, to columns such as ``X`` has, else a fitted clone.

    Parameters
    ----------
    name : str
        The parameter that the model is, for errors.
    model : estimator
        One of ours, a Pipeline of such, or either frozen.
    X : ndarray or CSR matrix of shape (n_samples, n_features)
    names : ndarray or None
        Names of the columns; None where they have none.
    fit : callable
        Fits a clone, and returns it.

    Returns
    -------
    estimator

    Raises
    ------
    ValueError
        If the model is frozen without being fitted, or was fitted to other columns.
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
    """The encoder itself where it is fitted, else a clone of it fitted to ``X``.

    Each model of the clone that has no ``random_state`` takes this one. Those that know of weights
    are given them; for the others, rows of weight 0 are left out. ``names`` are those of the
    columns, None where they have none.
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
    """Raise unless a fitted model has seen as many columns, and the same where both have names."""
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
    """The columns' names that an estimator has seen, None where there were none."""
    return getattr(estimator, "feature_names_in_", None)


def checked_rows(estimator: Any, X: Any) -> Any:
    """``X`` as an array that an estimator can answer which began as its ``encoder_``."""
    check_is_fitted(estimator)
    X = check_rows(estimator, X, reset=False)
    models_of(estimator.encoder_)[0]._check_values(X, training=False)
    return X


def _seed(encoder: Any, random_state: Any) -> None:
    """Give ``random_state`` to each model that is to be fitted and has none."""
    if isinstance(encoder, Pipeline):
        for _, step in encoder.steps:
            _seed(step, random_state)
    elif not isinstance(encoder, FrozenEstimator) and encoder.random_state is None:
        encoder.set_params(random_state=random_state)


def take_input_tags(tags: Tags, encoder: Any) -> None:
    """Let what is built on an encoder take what the encoder takes."""
    first = models_of(encoder)[0]
    if isinstance(first, DeepTransformer):  # else there will be an error in fit
        seen = get_tags(first).input_tags
        tags.input_tags.sparse, tags.input_tags.allow_nan = seen.sparse, seen.allow_nan
        tags.input_tags.categorical = seen.categorical
        tags.input_tags.positive_only = seen.positive_only


def _weight_arguments(encoder: Any, weights: np.ndarray) -> dict[str, np.ndarray]:
    """The weights as each model is given them that takes some."""
    if not isinstance(encoder, Pipeline):
        return {"sample_weight": weights} if has_fit_parameter(encoder, "sample_weight") else {}
    return {
        f"{name}__{argument}": value
        for name, step in encoder.steps
        for argument, value in _weight_arguments(step, weights).items()
    }


def parts_of(encoder: Any) -> tuple[Part, ...]:
    """What an `EncoderStack` of a fitted encoder is made of."""
    return tuple((type(model.module_), model.module_.arguments) for model in models_of(encoder))


class EncoderStack(nn.Module):
    """The modules of fitted models, one upon the other, all of whose parameters can be trained.

    Parameters
    ----------
    parts : sequence of (type, dict)
        Of each module from the features to the code, its class and its constructor's arguments.
    """

    def __init__(self, parts: Sequence[Part]) -> None:
        super().__init__()
        modules: list[Any] = [kind(**arguments) for kind, arguments in parts]
        self.modules_up: Any = nn.ModuleList(modules)
        self.n_components = modules[-1].n_components
        self.requires_grad_()

    def load(self, encoder: Any) -> None:
        """Take copies of a fitted encoder's parameters."""
        for own, model in zip(self.modules_up, models_of(encoder), strict=True):
            own.load_state_dict(model.module_.state_dict())

    def encode(self, x: Tensor) -> Tensor:
        """The code of each row; a machine that settles does so in few rounds, for gradients."""
        for module in self.modules_up:
            x = getattr(module, "encode_in_rounds", module.encode)(x)
        return x

    def decode(self, h: Tensor) -> Tensor:
        """The row of each code, likewise."""
        for module in reversed(self.modules_up):
            h = getattr(module, "decode_in_rounds", module.decode)(h)
        return h


def unfrozen(estimator: Any) -> Any:
    """What a ``FrozenEstimator`` holds, or the estimator itself."""
    return estimator.estimator if isinstance(estimator, FrozenEstimator) else estimator
