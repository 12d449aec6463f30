"""The denoising autoencoder as an estimator."""

from collections.abc import Sequence
from typing import Any, ClassVar

from .._parameters import check_option, check_real
from .._random import Stream
from .._rows import Rows
from .._scaling import Scaling
from .._unused import IdleOptions
from ..networks import ACTIVATIONS
from ..training import GradientDescent
from .base.deterministic import DeterministicAutoencoder
from .base.parameters import check_shared, check_tied
from .modules.base import OwnNetwork
from .modules.denoising import CORRUPTIONS, Corruption, DenoisingModule
from .modules.deterministic import LOSSES


class DenoisingAutoencoder(DeterministicAutoencoder):
    """Autoencoder trained to reconstruct clean rows from rows with noise.

    Noise is added in training only; ``reconstruct`` removes it from noisy rows.

    Parameters
    ----------
    n_components : int, default=128
        Width of the code. It may be wider than the data.
    hidden_layer_sizes : sequence of int, default=None
        Widths of the encoder's hidden layers, from the features to the code; the decoder mirrors
        them. With ``image_shape``, the channels of convolutions, each of which halves the image's
        height and width. None stands for (32, 64) with ``image_shape``, else for ().
    activation : {"identity", "logistic", "tanh", "relu", "elu", "gelu", "silu"}, default="gelu"
        Activation of the hidden layers. The code has it too. (Noise leaves many "relu" units dead.)
    code_activation : str, default=None
        Activation of the code; None takes ``activation``. "identity" makes the code affine in the
        last hidden layer, as suits a narrow one.
    dropout : float, default=0.0
        Share of the hidden units dropped at each update, in [0, 1).
    loss : {"squared", "bernoulli"}, default="squared"
        Error between a row and its reconstruction, summed over features: the squared error or, for
        data in [0, 1], the cross-entropy in nats.
    tied_weights : bool, default=False
        Whether the decoder's weights are the encoder's, transposed.
    corruption : {"gaussian", "masking", "salt-and-pepper"} or callable, default="masking"
        Kind of noise. "gaussian" adds normal deviates; "masking" replaces entries by the mean of
        their feature (with ``image_shape``, of their channel; with ``loss="bernoulli"`` or a
        network of your own, by 0), or with ``missing="mask"`` treats them as missing;
        "salt-and-pepper" replaces entries by the smallest or the largest value of the training
        data. A callable is given a batch, a Tensor of shape (n, n_features), and a
        ``torch.Generator`` on its device to draw from, and returns the batch with noise; with
        ``missing="mask"``, entries that it sets to NaN are missing.
    corruption_level : float, default=0.3
        Standard deviation of Gaussian noise, in units of the data's scale (with
        ``loss="bernoulli"`` or a network of your own, in those of the data); otherwise the share of
        the entries that are masked or replaced.
    image_shape : tuple of int, default=None
        Height and width, and channels where there are several, of the image that a row is, channels
        last: the networks are then convolutional.
    encoder : torch.nn.Module or callable, default=None
        Network that replaces the encoder: maps (n, n_features) to (n, n_components). A module is
        copied, and training starts at its weights; a callable is given those two widths and returns
        a module. ``random_state`` seeds what the callable draws, and ``torch.nn.Dropout`` in both.
    decoder : torch.nn.Module or callable, default=None
        Network that replaces the decoder: maps (n, n_components) to (n, n_features); with
        ``loss="bernoulli"`` to logits.
    missing : {"error", "mask"}, default="error"
        Whether NaN is refused, or marks a missing entry, which is neither fed to the encoder (the
        feature's mean is) nor counted in the loss; ``reconstruct`` fills it in.
    learning_rate : float, default=1e-3
        Learning rate of Adam.
    batch_size : int, default=32
        Rows per update.
    max_iter : int, default=None
        Maximum number of epochs. None takes 200; with ``early_stopping`` or without hidden layers,
        as many as make 5000 updates where rows are few, and as many times ``n_iter_no_change``.
    early_stopping : bool, default=False
        Whether to hold out rows, stop when their loss no longer improves, and keep the parameters
        of this call's best epoch. Otherwise the training loss decides when to stop, and the last
        parameters are kept.
    validation_fraction : float, default=0.1
        Share of the rows held out for ``early_stopping``.
    n_iter_no_change : int, default=30
        Epochs without improvement after which training stops. The loss is noisy here.
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
    components_ : ndarray of shape (n_components, n_features)
        Encoder weights; only without hidden layers, ``image_shape`` and ``encoder``.
    module_ : DenoisingModule
        Encoder and decoder.
    history_ : dict of lists
        An entry an epoch: ``"loss"``, the mean error over rows while training, and
        ``"validation_loss"``, with one draw of the noise that is the same in each epoch; NaN where
        nothing is held out.
    n_iter_ : int
        Epochs run.
    gradients_ : str
        "written" if the last fit used gradients that are written out, which is faster; "autograd"
        for networks or settings for which there are none.
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
    Autoencoder : Without noise.
    ContractiveAutoencoder : Insensitive to small noise, by a penalty.

    References
    ----------
    Vincent, P., Larochelle, H., Bengio, Y. and Manzagol, P.-A., "Extracting and composing robust
    features with denoising autoencoders", ICML 2008.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.datasets import load_digits
    >>> from skdeepunsup import DenoisingAutoencoder
    >>> X = load_digits().data / 16
    >>> scale = np.sqrt(X.var(axis=0).mean())
    >>> noisy = X + np.random.default_rng(0).normal(scale=0.8 * scale, size=X.shape)
    >>> model = DenoisingAutoencoder(
    ...     corruption="gaussian", corruption_level=0.8, max_iter=30, random_state=0
    ... ).fit(X)
    >>> denoised = model.reconstruct(noisy)
    >>> bool(np.square(denoised - X).sum() < 0.5 * np.square(noisy - X).sum())
    True
    """

    _module_class = DenoisingModule
    _default_widths = ()
    _argument_names: ClassVar = {"level": "corruption_level"}

    def __init__(
        self,
        n_components: int = 128,
        *,
        hidden_layer_sizes: Sequence[int] | None = None,
        activation: str = "gelu",
        code_activation: str | None = None,
        dropout: float = 0.0,
        loss: str = "squared",
        tied_weights: bool = False,
        corruption: Corruption = "masking",
        corruption_level: float = 0.3,
        image_shape: tuple[int, ...] | None = None,
        encoder: OwnNetwork = None,
        decoder: OwnNetwork = None,
        missing: str = "error",
        learning_rate: float = 1e-3,
        batch_size: int = 32,
        max_iter: int | None = None,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 30,
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
        self.code_activation = code_activation
        self.dropout = dropout
        self.loss = loss
        self.tied_weights = tied_weights
        self.corruption = corruption
        self.corruption_level = corruption_level
        self.image_shape = image_shape
        self.encoder = encoder
        self.decoder = decoder
        self.missing = missing
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

    def _check_parameters(self) -> None:
        check_shared(self)
        check_option("loss", self.loss, LOSSES)
        check_tied(self)
        if self.code_activation is not None:
            check_option("code_activation", self.code_activation, ACTIVATIONS)
        if not callable(self.corruption):
            check_option("corruption", self.corruption, CORRUPTIONS)
        high = None if self.corruption == "gaussian" else 1
        check_real("corruption_level", self.corruption_level, 0, high)

    def _idle_options(self) -> IdleOptions:
        for name, needs in super()._idle_options():
            if name != "activation" or self.code_activation is not None:  # else it is the code's
                yield name, needs
        if not isinstance(self.corruption, str):
            yield "corruption_level", "a corruption by name"

    def _module_arguments(self, rows: Rows, fitted: dict[str, Any] | None) -> dict[str, Any]:
        if fitted is not None:  # a fit that goes on keeps them
            low, high = fitted["low"], fitted["high"]
        else:
            low, high = _extremes(rows) if self.corruption == "salt-and-pepper" else (0.0, 1.0)
        return self._architecture(rows.n_features) | {
            "loss": self.loss,
            "tied_weights": bool(self.tied_weights),
            "corruption": self.corruption,
            "level": float(self.corruption_level),
            "low": low,
            "high": high,
            "code_activation": self.code_activation or self.activation,
        }

    def _initialize(self, module: DenoisingModule, rows: Rows, stream: Stream) -> None:
        self._initialize_networks(module, rows, stream)

    def _objective(self, module: DenoisingModule, stream: Stream) -> GradientDescent:
        module.take_extremes()
        return self._descent(module, stream)


def _extremes(rows: Rows) -> tuple[float, float]:
    """The smallest and the largest observed entry of the data; 0 and 1 if there is none."""
    scaling = rows.scaling or Scaling(rows.n_features)
    observed = (scaling.original(x)[~x.cpu().isnan()] for x in rows.chunks())
    pairs = [(float(x.min()), float(x.max())) for x in observed if len(x)] or [(0.0, 1.0)]
    return min(low for low, _ in pairs), max(high for _, high in pairs)
