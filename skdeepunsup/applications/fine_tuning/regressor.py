"""The fine-tuned regressor as an estimator."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.utils import Tags, check_array, column_or_1d

from ..._finite import finite, finite_score
from ..._remedies import remedies
from ..._rows import Rows
from .base import FineTunedModel, Targets
from .module import RegressorModule


class FineTunedRegressor(RegressorMixin, FineTunedModel):
    """Regressor on an unsupervised encoder: pre-trained on all rows, fine-tuned on labels.

    An affine map, or a small network, maps the encoder's code to the labels, and both are trained
    to minimise the squared error. Rows without a label, marked NaN, are used for pre-training.

    Parameters
    ----------
    encoder : estimator, default=None
        Any model of this package that has ``transform``, or a Pipeline of such models, each of
        which learns from the code of the one before: a stack, trained layer by layer. Training
        starts from a copy of a fitted encoder; otherwise a clone is fitted to all rows first.
        (Cloning, as a search does, forgets a fit, unless the encoder is within a
        ``sklearn.frozen.FrozenEstimator``.) None takes ``DenoisingAutoencoder()``.
    hidden_layer_sizes : sequence of int, default=()
        Widths of hidden layers between the code and the labels.
    activation : {"identity", "logistic", "tanh", "relu", "elu", "gelu", "silu"}, default="relu"
        Activation of the hidden layers.
    dropout : float, default=0.0
        Share of the hidden units dropped at each update, in [0, 1). The code's units are among
        them.
    learning_rate : float, default=1e-3
        Learning rate of Adam.
    encoder_learning_rate : float, default=None
        Learning rate of Adam for the encoder; None takes ``learning_rate``, and 0 leaves it as it
        was pre-trained.
    learning_rate_schedule : {"linear", "constant"}, default="constant"
        "linear" keeps the rate over the first half of the fit and lowers it to 1 % over the second.
        The halves are those of ``max_iter``; training may stop before.
    batch_size : int, default=32
        Rows per update.
    max_iter : int, default=200
        Maximum number of epochs. It is that of fine-tuning; pre-training has the encoder's own.
    early_stopping : bool, default=False
        Whether to hold out rows, stop when their loss no longer improves, and keep the parameters
        of this call's best epoch. Otherwise the training loss decides when to stop, and the last
        parameters are kept. Only labelled rows are held out.
    validation_fraction : float, default=0.1
        Share of the rows held out for ``early_stopping``. Only labelled rows are held out, and
        pre-training sees them.
    n_iter_no_change : int, default=10
        Epochs without improvement after which training stops.
    tol : float, default=1e-4
        Smallest improvement that counts, relative to the loss.
    warm_start : bool, default=False
        Whether ``fit`` goes on from where the last one ended, the optimiser's state included. It
        does not pre-train again.
    device : str, default="auto"
        Where to compute: "cpu", "cuda", "mps", or "auto" for the first of the last two that is
        available, else "cpu".
    precision : {"float32", "bfloat16", "float64"}, default="float32"
        Precision of the products in training; parameters and answers stay at least float32.
        Pre-training has the encoder's own.
    verbose : int, default=0
        Whether to print a line for each epoch.
    random_state : int, RandomState instance or None, default=None
        Seeds all that is random in ``fit``, and each model within that has no ``random_state`` of
        its own.

    Attributes
    ----------
    y_mean_ : ndarray of shape (n_outputs,)
        Mean of the labels.
    y_scale_ : ndarray of shape (n_outputs,)
        Standard deviation of the labels, 1 for a constant label.
    encoder_ : estimator
        The encoder as it was pre-trained.
    module_ : RegressorModule
        Encoder and head, fine-tuned.
    history_ : dict of lists
        One entry per epoch of fine-tuning: ``"loss"``, the mean squared error of standardised
        labels of training rows, summed over outputs, and ``"validation_loss"``, NaN if no rows are
        held out.
    n_iter_ : int
        Epochs run. They are those of fine-tuning.
    n_features_in_ : int
        Features seen in ``fit``.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Their names, where they had any.

    See Also
    --------
    FineTunedClassifier : For labels that are classes.
    sklearn.neural_network.MLPRegressor : The same network from scratch.

    Notes
    -----
    The labels are standardised internally, so that one learning rate suits labels of any scale.

    References
    ----------
    Hinton, G. E. and Salakhutdinov, R. R., "Using deep belief nets to learn covariance kernels for
    Gaussian processes", NIPS 2007.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.preprocessing import scale
    >>> from skdeepunsup import DenoisingAutoencoder, FineTunedRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> encoder = DenoisingAutoencoder(16, max_iter=20)
    >>> model = FineTunedRegressor(encoder, max_iter=20, random_state=0).fit(scale(X), y)
    >>> model.predict(scale(X)).shape
    (442,)
    """

    _module_class = RegressorModule

    def __init__(
        self,
        encoder: Any = None,
        *,
        hidden_layer_sizes: Sequence[int] = (),
        activation: str = "relu",
        dropout: float = 0.0,
        learning_rate: float = 1e-3,
        encoder_learning_rate: float | None = None,
        learning_rate_schedule: str = "constant",
        batch_size: int = 32,
        max_iter: int = 200,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 10,
        tol: float = 1e-4,
        warm_start: bool = False,
        device: str = "auto",
        precision: str = "float32",
        verbose: int = 0,
        random_state: Any = None,
    ) -> None:
        self.encoder = encoder
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.dropout = dropout
        self.learning_rate = learning_rate
        self.encoder_learning_rate = encoder_learning_rate
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

    def predict(self, X: Any) -> np.ndarray:
        """Predict the label.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame, Tensor} of shape (n_samples, n_features)
            Data.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Predicted labels in the shape of ``y`` in ``fit``, as float64.
        """
        output = self._answer(self._checked(X), lambda module: module.output)
        with np.errstate(over="ignore"):
            expected = self.y_mean_ + self.y_scale_ * output.astype(np.float64)
        finite(expected, output)
        return expected[:, 0] if self._module.arguments["flat"] else expected

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return R², the share of explained variance of the labels.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame, Tensor} of shape (n_samples, n_features)
            Data.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Labels.
        sample_weight : array-like of shape (n_samples,), default=None
            How much each row counts; None lets all count alike.

        Returns
        -------
        float
            1 − Σ (y − ŷ)² / Σ (y − ȳ)², the mean over labels if a row has several.
        """
        return finite_score(partial(super().score, X, y, sample_weight))

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    def _targets(self, y: Any, reset: bool, weights: np.ndarray | None) -> Targets:
        with remedies(y, name="y"):
            y = check_array(
                y, dtype=np.float64, ensure_2d=False, ensure_all_finite="allow-nan", input_name="y"
            )
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        flat = y.ndim == 1
        y = y.reshape(len(y), -1)
        labelled = ~np.isnan(y).any(1)
        if not labelled.any():
            raise ValueError("y has no label: all rows have NaN, as unlabelled.")
        y = y[labelled]
        if reset:
            shares = None if weights is None or not weights.any() else weights[labelled]
            self.y_mean_, self.y_scale_ = units(y, shares)
        with np.errstate(all="ignore"):
            y = (y - self.y_mean_) / self.y_scale_
        if not np.abs(y).max() <= MOST:
            raise ValueError(
                "y has labels that differ from their mean, weighted by sample_weight if given, by "
                f"more than {MOST:.0e} times their scale, or by more than float64 can hold: divide "
                "y, or leave out such rows."
            )
        y = y[:, 0] if flat else y
        # Not every device has float64.
        return Targets(y if self.precision == "float64" else y.astype(np.float32), labelled)

    def _module_arguments(
        self, rows: Rows, fitted: dict[str, Any] | None, *, encoder_: Any
    ) -> dict[str, Any]:
        assert rows.labels is not None
        flat = rows.labels.ndim == 1
        n_outputs = 1 if flat else rows.labels.shape[1]
        return self._common_arguments(encoder_, n_outputs) | {"flat": flat}


MOST = 1e18
"""Squares of such numbers, summed, are finite in float32."""


def units(y: np.ndarray, weights: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """Mean ȳ and scale √(mean of (y − ȳ)²) of each column, 1 where it is 0.

    Sums and squares of the numbers may overflow.
    """
    power = np.ldexp(1.0, np.frexp(np.abs(y).max(0))[1] - 1)  # divides without rounding
    mean = np.average(y / power, axis=0, weights=weights) * power
    with np.errstate(all="ignore"):
        return mean, spread(y - mean, weights)


def spread(d: np.ndarray, weights: np.ndarray | None) -> np.ndarray:
    """√(mean of d²) of each column, 1 where it is 0; of numbers whose squares overflow too."""
    largest = np.abs(d).max(0, initial=0.0)
    largest = np.where(largest > 0, largest, 1.0)
    shares = np.sqrt(np.average((d / largest) ** 2, axis=0, weights=weights))
    return np.where(shares > 0, largest * shares, 1.0)
