"""The autoencoder as an estimator."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from sklearn.utils.validation import check_is_fitted
from torch import nn

from .._parameters import (
    check_boolean,
    check_integer,
    check_option,
    check_real,
    check_sizes,
    resolve_device,
    resolve_precision,
)
from .._random import Stream
from .._validation import Rows, outside_unit_interval, to_array
from ..base import DeepTransformer
from ..networks import ACTIVATIONS, initialize
from ..training import GradientDescent, Schedule
from .module import LOSSES, AutoencoderModule


class Autoencoder(DeepTransformer):
    """Autoencoder: a code from which a network can give the input back.

    Without hidden layers it is linear and, given the epochs, reaches the subspace that PCA finds;
    with them it bends.

    Parameters
    ----------
    n_components : int, default=32
        Width of the code.
    hidden_layer_sizes : sequence of int, default=()
        Widths of the encoder's hidden layers, from the features to the code; the decoder mirrors
        them.
    activation : {"identity", "logistic", "tanh", "relu", "elu", "gelu", "silu"}, default="relu"
        Of the hidden layers. The code and the output are affine.
    loss : {"squared", "bernoulli"}, default="squared"
        What is lowered, summed over features: the squared error, or, for data in [0, 1], the
        cross-entropy in nats.
    tied_weights : bool, default=False
        Whether the decoder's weights are the encoder's, transposed.
    encoder : torch.nn.Module, default=None
        In place of the dense encoder: maps (n, n_features) to (n, n_components). It is copied; its
        weights are where training starts. Layers of it that draw, such as dropout, do so from
        torch's global generator, which ``random_state`` does not seed.
    decoder : torch.nn.Module, default=None
        In place of the dense decoder: maps (n, n_components) to (n, n_features), before the
        logistic link where ``loss="bernoulli"``.
    learning_rate : float, default=1e-3
        Of Adam.
    batch_size : int, default=32
        Rows of one update.
    max_iter : int, default=200
        At most this many epochs.
    early_stopping : bool, default=False
        Whether to hold out rows, stop when their loss no longer improves, and keep the parameters
        of this call's best epoch. Otherwise the training loss decides when to stop, and the last
        ones are kept.
    validation_fraction : float, default=0.1
        Share of the rows held out for ``early_stopping``.
    n_iter_no_change : int, default=10
        Epochs without improvement before a stop.
    tol : float, default=1e-4
        Improvement that counts, relative to the loss.
    warm_start : bool, default=False
        Whether ``fit`` goes on from where the last one ended, the optimiser's state included.
    device : str, default="auto"
        "cpu", "cuda", "mps", or the first of the last two that is there.
    precision : {"float32", "bfloat16", "float64"}, default="float32"
        Of the products in training; parameters and answers stay at least float32.
    verbose : int, default=0
        Whether to print a line for each epoch.
    random_state : int, RandomState instance or None, default=None
        Seeds the initial weights, the held-out rows and the order of rows.

    Attributes
    ----------
    components_ : ndarray of shape (n_components, n_features)
        Encoder weights; only without hidden layers and custom encoder.
    module_ : AutoencoderModule
        Encoder and decoder.
    history_ : dict of lists
        An entry an epoch: ``"loss"``, the mean over rows while training, and
        ``"validation_loss"``, NaN where nothing is held out.
    n_iter_ : int
        Epochs run.
    n_features_in_ : int
        Features seen in ``fit``.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Their names, where they had any.

    Raises
    ------
    ValueError
        If ``loss="bernoulli"`` and the data leave [0, 1], where the loss has no lower bound.

    See Also
    --------
    BernoulliRBM : Codes by an energy model.
    sklearn.decomposition.PCA : The linear answer, in closed form.

    References
    ----------
    Hinton, G. E. and Salakhutdinov, R. R., "Reducing the dimensionality of data with neural
    networks", Science 313, 2006.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from skdeepunsup import Autoencoder
    >>> X = load_digits().data / 16
    >>> model = Autoencoder(n_components=8, hidden_layer_sizes=(64,), max_iter=20, random_state=0)
    >>> codes = model.fit_transform(X)
    >>> codes.shape
    (1797, 8)
    >>> model.inverse_transform(codes).shape
    (1797, 64)
    """

    _module_class = AutoencoderModule

    def __init__(
        self,
        n_components: int = 32,
        *,
        hidden_layer_sizes: Sequence[int] = (),
        activation: str = "relu",
        loss: str = "squared",
        tied_weights: bool = False,
        encoder: nn.Module | None = None,
        decoder: nn.Module | None = None,
        learning_rate: float = 1e-3,
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
        self.n_components = n_components
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.loss = loss
        self.tied_weights = tied_weights
        self.encoder = encoder
        self.decoder = decoder
        self.learning_rate = learning_rate
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

    @property
    def components_(self) -> np.ndarray:  # numpydoc ignore=RT01
        """Encoder weights of a model without hidden layers, code by features."""
        check_is_fitted(self)
        arguments = self._module.arguments
        if arguments["hidden_layer_sizes"] or arguments["encoder"] is not None:
            raise AttributeError(
                "components_ exists only without hidden layers and custom encoder."
            )
        return to_array(self._module.encoder[0].weight)

    def score_samples(self, X: Any) -> np.ndarray:
        """Compute minus the squared error of each row's reconstruction, summed over features.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame, Tensor} of shape (n_samples, n_features)
            Data.

        Returns
        -------
        ndarray of shape (n_samples,)
            −‖x − r‖², whatever ``loss`` was trained on.
        """
        check_is_fitted(self)
        X = self._checked(X)
        return self._answer(X, lambda module: module.log_score)

    def _check_parameters(self) -> None:
        check_integer("n_components", self.n_components, 1)
        check_sizes("hidden_layer_sizes", self.hidden_layer_sizes)
        check_option("activation", self.activation, ACTIVATIONS)
        check_option("loss", self.loss, LOSSES)
        for name in ("encoder", "decoder"):
            network = getattr(self, name)
            if network is not None and not isinstance(network, nn.Module):
                raise TypeError(f"{name} == {network!r}, must be a torch.nn.Module or None.")
            if network is not None and self.tied_weights:
                raise ValueError(f"tied_weights == True needs the dense networks; drop {name}.")
        for name in ("tied_weights", "early_stopping", "warm_start"):
            check_boolean(name, getattr(self, name))
        check_real("learning_rate", self.learning_rate, 0, boundaries="neither")
        check_integer("batch_size", self.batch_size, 1)
        check_integer("max_iter", self.max_iter, 1)
        check_real("validation_fraction", self.validation_fraction, 0, 1, "neither")
        check_integer("n_iter_no_change", self.n_iter_no_change, 1)
        check_real("tol", self.tol, 0)
        resolve_precision(self.precision)
        resolve_device(self.device, self.precision)

    def _check_values(self, X: Any, training: bool) -> None:
        if training and self.loss == "bernoulli" and (outside := outside_unit_interval(X)):
            raise ValueError(f"loss == 'bernoulli' needs {outside}")

    def _schedule(self) -> Schedule:
        return Schedule(
            self.max_iter,
            self.batch_size,
            self.validation_fraction if self.early_stopping else 0.0,
            self.n_iter_no_change,
            self.tol,
        )

    def _module_arguments(self, rows: Rows, fitted: dict[str, Any] | None) -> dict[str, Any]:
        return {
            "n_features": rows.n_features,
            "n_components": self.n_components,
            "hidden_layer_sizes": check_sizes("hidden_layer_sizes", self.hidden_layer_sizes),
            "activation": self.activation,
            "loss": self.loss,
            "tied_weights": bool(self.tied_weights),
            "encoder": self.encoder,
            "decoder": self.decoder,
        }

    def _initialize(self, module: AutoencoderModule, rows: Rows, stream: Stream) -> None:
        for name in ("encoder", "decoder"):
            if module.arguments[name] is None:
                initialize(getattr(module, name), stream)
            else:
                _check_shapes(name, module, rows.n_features)

    def _objective(self, module: AutoencoderModule, stream: Stream) -> GradientDescent:
        parameters = [p for p in module.parameters() if p.requires_grad]
        if not parameters:
            raise ValueError("encoder and decoder have no parameters to train.")
        optimizer = torch.optim.Adam(parameters, lr=self.learning_rate, fused=True)
        precision = resolve_precision(self.precision)
        autocast = precision if precision == torch.bfloat16 else None
        return GradientDescent(module, optimizer, autocast)


def _check_shapes(name: str, module: AutoencoderModule, n_features: int) -> None:
    """Raise if the user's own network does not map rows to codes, or codes to rows."""
    n_inputs, n_outputs = n_features, module.n_components
    if name == "decoder":
        n_inputs, n_outputs = n_outputs, n_inputs
    module.eval()
    try:
        with torch.no_grad():
            output = getattr(module, name)(torch.zeros(1, n_inputs))
    except RuntimeError as error:
        raise ValueError(f"{name} fails on input of shape (1, {n_inputs}): {error}") from error
    found = tuple(output.shape) if isinstance(output, torch.Tensor) else type(output).__name__
    if found != (1, n_outputs):
        raise ValueError(
            f"{name} maps (1, {n_inputs}) to {found}, but must give (1, {n_outputs}): "
            f"n_components is {module.n_components}, and X has {n_features} features."
        )
