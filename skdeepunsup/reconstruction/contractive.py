"""The contractive autoencoder as an estimator."""

from collections.abc import Sequence
from typing import Any

from .._parameters import check_option, check_real
from .._random import Stream
from .._rows import Rows
from .._unused import IdleOptions
from ..training import GradientDescent
from .base.deterministic import DeterministicAutoencoder
from .base.parameters import check_shared, check_tied
from .modules.base import OwnNetwork
from .modules.contractive import ContractiveModule
from .modules.deterministic import LOSSES

CONTRACTIONS = {"squared": 1.0, "bernoulli": 0.1}
"""Default weight λ of the penalty beside each loss.

The squared error is in units of s². There 0.1, 1, 5 and 20 leave 0.03, 0.05, 0.15 and 0.38 of the
variance of digits unexplained, and as much of breast_cancer's; labels are read off the codes best
at 1 and 5. Rows of "bernoulli" keep their unit, in which slopes are larger: 0.1 and 1 leave 0.23
and 0.56.
"""


class ContractiveAutoencoder(DeterministicAutoencoder):
    """Autoencoder with a penalty on how fast its code changes with the row.

    A change of the code pays only where the reconstruction needs it to tell training rows apart. So
    the code changes along the data, and little across them.

    Parameters
    ----------
    n_components : int, default=128
        Width of the code. It may be wider than the data.
    hidden_layer_sizes : sequence of int, default=None
        Widths of the encoder's hidden layers, from the features to the code; the decoder mirrors
        them. With ``image_shape``, the channels of convolutions, each of which halves the image's
        height and width. None stands for (32, 64) with ``image_shape``, else for ().
    activation : {"identity", "logistic", "tanh", "relu", "elu", "gelu", "silu"}, \
            default="logistic"
        Activation of the hidden layers. The code has it too.
    dropout : float, default=0.0
        Share of the hidden units dropped at each update, in [0, 1).
    loss : {"squared", "bernoulli"}, default="squared"
        Error between a row and its reconstruction, summed over features: the squared error or, for
        data in [0, 1], the cross-entropy in nats.
    tied_weights : bool, default=None
        Whether the decoder's weights are the encoder's, transposed. Otherwise a small encoder with
        a large decoder avoids the penalty. None ties them unless ``image_shape``, ``encoder`` or
        ``decoder`` is given.
    contraction : float, default=None
        λ of the penalty λ Σⱼ ‖∇ₓ hⱼ‖², which is added to each row's error. Error and derivative are
        in units of the data's scale, except with ``loss="bernoulli"`` or a network of your own.
        None is 1, or 0.1 with ``loss="bernoulli"``. Without hidden layers the penalty is computed
        in closed form, else estimated without bias by one random projection for each row.
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
    components_ : ndarray of shape (n_components, n_features)
        Encoder weights; only without hidden layers, ``image_shape`` and ``encoder``.
    module_ : ContractiveModule
        Encoder and decoder.
    history_ : dict of lists
        An entry an epoch: ``"loss"``, the mean over rows while training, of which
        ``"reconstruction"`` is the error and ``"contraction"`` the penalty, λ included; the same of
        held-out rows, ``"validation_loss"`` and so on, NaN where there are none.
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
    Autoencoder : Without the penalty.
    DenoisingAutoencoder : Insensitive to noise, by example.

    References
    ----------
    Rifai, S., Vincent, P., Muller, X., Glorot, X. and Bengio, Y., "Contractive auto-encoders:
    explicit invariance during feature extraction", ICML 2011.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from skdeepunsup import ContractiveAutoencoder
    >>> X = load_digits().data / 16
    >>> model = ContractiveAutoencoder(contraction=2.0, max_iter=20, random_state=0).fit(X)
    >>> model.transform(X).shape
    (1797, 128)
    """

    _module_class = ContractiveModule
    _default_widths = ()

    def __init__(
        self,
        n_components: int = 128,
        *,
        hidden_layer_sizes: Sequence[int] | None = None,
        activation: str = "logistic",
        dropout: float = 0.0,
        loss: str = "squared",
        tied_weights: bool | None = None,
        contraction: float | None = None,
        image_shape: tuple[int, ...] | None = None,
        encoder: OwnNetwork = None,
        decoder: OwnNetwork = None,
        missing: str = "error",
        learning_rate: float = 1e-3,
        batch_size: int = 32,
        max_iter: int | None = None,
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
        self.dropout = dropout
        self.loss = loss
        self.tied_weights = tied_weights
        self.contraction = contraction
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
        if self.tied_weights is not None:
            check_tied(self)
        if self.contraction is not None:
            check_real("contraction", self.contraction, 0)

    def _idle_options(self) -> IdleOptions:
        for name, needs in super()._idle_options():
            if name != "activation":  # which is the code's, too
                yield name, needs

    def _module_arguments(self, rows: Rows, fitted: dict[str, Any] | None) -> dict[str, Any]:
        architecture = self._architecture(rows.n_features)
        contraction = CONTRACTIONS[self.loss] if self.contraction is None else self.contraction
        plain = all(architecture[name] is None for name in ("image_shape", "encoder", "decoder"))
        return architecture | {
            "loss": self.loss,
            "tied_weights": plain if self.tied_weights is None else bool(self.tied_weights),
            "contraction": float(contraction),
        }

    def _initialize(self, module: ContractiveModule, rows: Rows, stream: Stream) -> None:
        self._initialize_networks(module, rows, stream)

    def _objective(self, module: ContractiveModule, stream: Stream) -> GradientDescent:
        return self._descent(module, stream)
