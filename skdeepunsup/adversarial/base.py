"""Base of the family's estimators: how they are fitted, sampled and scored."""

from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from .._parameters import (
    check_boolean,
    check_descent,
    check_image_shape,
    check_integer,
    check_option,
    check_real,
    check_sizes,
)
from .._random import Stream
from .._rows import Rows, drawn_rows
from .._scaling import Scaling
from .._unused import NEEDS_LAYER, IdleOptions
from .._validation import leaves_unit_interval, value_range
from ..base.fit import TrainingData
from ..base.generative import GenerativeModel
from ..base.transformer import DeepTransformer
from ..base.units import error_scaling, warn_of_unlike_features
from ..networks import ACTIVATIONS
from .completion import CodeSearch
from .learning.games import GAMES
from .learning.quality import QUALITIES, Monitor
from .learning.two_players import TwoPlayers
from .modules.base import AdversarialModule

OUTPUTS = ("auto", "identity", "logistic")
PENALTIES = ("r1", "one-lipschitz")


class AdversarialModel(GenerativeModel, DeepTransformer):
    """Base of the estimators whose module is an `AdversarialModule`."""

    n_components: Any
    hidden_layer_sizes: Any
    activation: Any
    output: Any
    image_shape: Any
    loss: Any
    gradient_penalty: Any
    penalty_weight: Any
    penalty_interval: Any
    spectral_norm: Any
    n_critic: Any
    averaging: Any
    learning_rate: Any
    discriminator_learning_rate: Any
    learning_rate_schedule: Any
    batch_size: Any
    max_iter: Any
    early_stopping: Any
    validation_fraction: Any
    quality: Any
    quality_interval: Any
    n_iter_no_change: Any
    tol: Any
    warm_start: Any

    def discriminate(self, X: Any) -> np.ndarray:
        """Compute the probability that each row is real rather than generated.

        The discriminator was trained against all generators of the game, last of all the final one.
        Against a good generator it cannot tell better than 0.5.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame, Tensor} of shape (n_samples, n_features)
            Data.

        Returns
        -------
        ndarray of shape (n_samples,)
            In [0, 1]. With ``loss="wasserstein"``, whose critic has no probabilities, it is
            σ(d − m): d is the logit, m is halfway between the mean logits of real and of generated
            rows.
        """
        check_is_fitted(self)
        X = self._checked(X)
        return self._answer(X, lambda module: module.probability)

    def score_samples(self, X: Any, *, out: Any = None) -> Any:
        """Compute the discriminator's logit of each row.

        It compares rows, not models, as each model has its own discriminator. To choose a model,
        use `metrics.kernel_score`.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame, Tensor} of shape (n_samples, n_features)
            Data.
        out : array, default=None
            Array of the answers' shape to write them into, a part at a time, such as a memory map,
            an HDF5 dataset or a zarr array; it is returned. None makes an array.

        Returns
        -------
        ndarray of shape (n_samples,)
            Logits, higher for rows that look real.
        """
        check_is_fitted(self)
        X = self._checked(X)
        return self._answer(X, lambda module: module.log_score, out=out)

    def _sample(self, n_samples: int, random_state: Any, label: Tensor | None = None) -> np.ndarray:
        """Draw rows, of the given classes if any."""
        module: AdversarialModule = self._module
        stream = Stream(random_state, module.center.device)

        def drawn(part: slice) -> Tensor:
            labels = None if label is None else label[part]
            codes = module.draw_codes(part.stop - part.start, stream, labels)
            return self._in_units_of_data(module.decode(codes))

        return drawn_rows(drawn, n_samples, self.n_features_in_)

    def _completion(self, module: AdversarialModule, x: Tensor, stream: Stream) -> CodeSearch:
        return CodeSearch(module, x, stream)

    def _idle_options(self) -> IdleOptions:
        yield from super()._idle_options()
        layers = check_sizes("hidden_layer_sizes", self.hidden_layer_sizes)
        if self.image_shape is None and not layers:
            yield "activation", NEEDS_LAYER
        if self.gradient_penalty is None:
            for name in ("penalty_weight", "penalty_interval"):
                yield name, "a gradient_penalty"
        if not self.early_stopping:
            for name in ("quality", "quality_interval", "n_iter_no_change", "tol"):
                yield name, "early_stopping=True"

    def _check_values(self, X: Any, training: bool) -> None:
        """Accept any values: ``_output`` checks whether the generator can reach them."""

    def _schedule_arguments(self) -> dict[str, Any]:
        """Return the arguments of the schedule that both models share."""
        return {
            "batch_size": self.batch_size,
            "validation_fraction": self.validation_fraction if self.early_stopping else 0.0,
            "patience": self.n_iter_no_change if self.early_stopping else None,
            "tol": self.tol,
        }

    def _architecture(self, rows: Rows, fitted: dict[str, Any] | None) -> dict[str, Any]:
        """Return the arguments that the modules of both models take."""
        shape = self.image_shape
        if shape is not None:
            shape = check_image_shape("image_shape", shape, rows.n_features)
        return {
            "n_features": rows.n_features,
            "n_components": self.n_components,
            "hidden_layer_sizes": check_sizes("hidden_layer_sizes", self.hidden_layer_sizes),
            "activation": self.activation,
            "loss": self.loss,
            "image_shape": shape,
            "output": self._output(rows, fitted),
        }

    def _scaling(self, data: TrainingData, **prepared: Any) -> Scaling | None:
        """Return one scale for all features; None if the generator keeps rows in (0, 1)."""
        low, high = value_range(data.X)
        outside = leaves_unit_interval(low, high)
        if self.output == "logistic" or (
            self.output == "auto" and not outside and high - low >= 0.5
        ):
            return None
        warn_of_unlike_features(self, data.X, data.weights)
        return error_scaling(data, self.image_shape)

    def _output(self, rows: Rows, fitted: dict[str, Any] | None) -> str:
        """Return the generator's last function; raise if it cannot reach all rows."""
        output = self.output
        if output == "auto":
            new = "logistic" if rows.scaling is None else "identity"
            output = new if fitted is None else fitted["output"]
        if output == "logistic" and (outside := leaves_unit_interval(*rows.value_range())):
            raise ValueError(f"output == {self.output!r}, here 'logistic', needs {outside}")
        return str(output)

    def _initialize(self, module: AdversarialModule, rows: Rows, stream: Stream) -> None:
        module.initialize(rows, stream)

    def _game(self, module: AdversarialModule, stream: Stream) -> TwoPlayers:
        penalty = self.gradient_penalty
        weight = self.penalty_weight
        if weight is None:
            weight = 0.05 if penalty == "r1" else 1.0
        rate = self.discriminator_learning_rate
        return TwoPlayers(
            module,
            stream,
            rates=(3 * self.learning_rate if rate is None else rate, self.learning_rate),
            decay=self.learning_rate_schedule == "linear",
            n_critic=int(self.n_critic),
            penalty=penalty,
            penalty_weight=weight,
            penalty_interval=self.penalty_interval,
            spectral_norm=self.spectral_norm,
            averaging=self.averaging,
            autocast=self._autocast_dtype(),
            monitor=Monitor(module, self.quality, self.quality_interval),
        )


def check_shared(estimator: Any) -> None:
    """Raise an error that names the first invalid one of an estimator's shared parameters."""
    check_integer("n_components", estimator.n_components, 1)
    check_sizes("hidden_layer_sizes", estimator.hidden_layer_sizes)
    check_option("activation", estimator.activation, ACTIVATIONS)
    check_option("output", estimator.output, OUTPUTS)
    check_option("loss", estimator.loss, GAMES)
    if estimator.gradient_penalty is not None:
        check_option("gradient_penalty", estimator.gradient_penalty, PENALTIES)
    if estimator.penalty_weight is not None:
        check_real("penalty_weight", estimator.penalty_weight, 0)
    for name in ("penalty_interval", "n_critic"):
        check_integer(name, getattr(estimator, name), 1)
    check_real("averaging", estimator.averaging, 0, 1, "left")
    if estimator.discriminator_learning_rate is not None:
        rate = estimator.discriminator_learning_rate
        check_real("discriminator_learning_rate", rate, 0, boundaries="neither")
    schedule = estimator.learning_rate_schedule
    check_option("learning_rate_schedule", schedule, ("linear", "constant"))
    check_boolean("spectral_norm", estimator.spectral_norm)
    check_integer("quality_interval", estimator.quality_interval, 1)
    check_descent(estimator)
    if estimator.early_stopping and estimator.n_iter_no_change < estimator.quality_interval:
        raise ValueError(
            f"n_iter_no_change == {estimator.n_iter_no_change} epochs end before samples are "
            f"compared a second time; lower quality_interval == {estimator.quality_interval}."
        )
    if not callable(estimator.quality):
        check_option("quality", estimator.quality, QUALITIES)
