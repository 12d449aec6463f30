"""The sparse autoencoder as an estimator."""

from collections.abc import Sequence
from functools import partial
from typing import Any, ClassVar

from .._parameters import check_integer, check_option, check_real
from .._random import Stream
from .._rows import Rows
from .._unused import IdleOptions
from ..training import GradientDescent
from .base.deterministic import DeterministicAutoencoder
from .base.parameters import check_shared
from .modules.base import OwnNetwork
from .modules.deterministic import LOSSES
from .modules.sparse import SPARSITIES, SparseModule

TARGETS = {"kl": 0.05, "running-mean": -0.9}
"""Mean activity of a unit, where the way to be sparse has one."""
COSTS = {
    "squared": {"kl": 4.0, "l1": 0.4, "running-mean": 300.0, "top-k": 1 / 32},
    "bernoulli": {"kl": 1.0, "l1": 0.1, "running-mean": 300.0, "top-k": 1 / 32},
}
"""Default weight of each way to be sparse beside each loss; the squared error is in units of s².

With these, 128 units have mean activities of 0.05 ("kl") and 81 % zeros ("l1") on digits and on
breast_cancer, and leave 0.005 and 0.045, 0.004 and 0.022 of the variance unexplained.
Adam moves a bias, and each weight that its unit reads, by about α an update however small the
gradient; the rule of the running mean has to outweigh them all to hold its target.
"""
NONZERO_SHARE = 0.1
"""Share of the units that may be active at once in "top-k"."""


class SparseAutoencoder(DeterministicAutoencoder):
    """Autoencoder with a wide code: only a few of its units are active for each row.

    Parameters
    ----------
    n_components : int, default=128
        Width of the code. It may be wider than the data.
    hidden_layer_sizes : sequence of int, default=None
        Widths of the encoder's hidden layers, from the features to the code; the decoder mirrors
        them. With ``image_shape``, the channels of convolutions, each of which halves the image's
        height and width. None stands for (32, 64) with ``image_shape``, else for ().
    activation : {"identity", "logistic", "tanh", "relu", "elu", "gelu", "silu"}, default="relu"
        Activation of the hidden layers. That of the code belongs to ``sparsity``.
    dropout : float, default=0.0
        Share of the hidden units dropped at each update, in [0, 1).
    loss : {"squared", "bernoulli"}, default="squared"
        Error between a row and its reconstruction, summed over features: the squared error or, for
        data in [0, 1], the cross-entropy in nats.
    sparsity : {"kl", "l1", "running-mean", "top-k"}, default="kl"
        How the code is kept sparse.
        "kl": logistic units; a penalty on the Kullback-Leibler divergence between the target and
        their mean activities over a batch.
        "l1": rectified units; a penalty on their sum, with decoder columns of norm 1.
        "running-mean": tanh units, whose biases are moved against the distance of their running
        mean activity from the target.
        "top-k": rectified units; only the ``n_nonzero`` largest of a row are kept, with decoder
        columns of norm 1. Units that have long been silent learn from the remaining error.
    sparsity_target : float, default=None
        Target of the mean activity: in (0, 1) for "kl", where None is 0.05, and in (-1, 1) for
        "running-mean", where None is -0.9. Not used otherwise.
    sparsity_cost : float, default=None
        Weight of sparsity beside the error. Error and code are in units of the data's scale, except
        with ``loss="bernoulli"`` or a network of your own. None is 4 for "kl" and 0.4 for "l1",
        with ``loss="bernoulli"`` 1 and 0.1; 300 for "running-mean", where it is the β of
        b ← b − αβ(ρ̂ − ρ); and 1/32 for "top-k", where it weighs the error by which dead units
        learn.
    n_nonzero : int, default=None
        Units that may be active at once in "top-k"; None is a tenth of them.
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
    learning_rate : float, default=3e-3
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
    module_ : SparseModule
        Encoder and decoder.
    history_ : dict of lists
        An entry an epoch: ``"loss"``, the mean over rows while training, of which
        ``"reconstruction"`` is the error and ``"sparsity"`` the rest; the same of held-out rows,
        ``"validation_loss"`` and so on, NaN where there are none.
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
    Autoencoder : Without sparsity.
    sklearn.decomposition.DictionaryLearning : Sparse codes by optimisation for each row.

    Notes
    -----
    With "running-mean", each update with learning rate α is followed by
    ρ̂ ← 0.999 ρ̂ + 0.001 a, once for each row of the batch, and by b ← b − αβ(ρ̂ − ρ), where a is the
    mean activity over the batch.

    References
    ----------
    Ng, A., "Sparse autoencoder", CS294A lecture notes, 2011.

    Makhzani, A. and Frey, B., "k-sparse autoencoders", ICLR 2014.

    Gao, L. et al., "Scaling and evaluating sparse autoencoders", ICLR 2025.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from skdeepunsup import SparseAutoencoder
    >>> X = load_digits().data / 16
    >>> model = SparseAutoencoder(sparsity="top-k", n_nonzero=8, max_iter=20, random_state=0)
    >>> codes = model.fit_transform(X)
    >>> codes.shape
    (1797, 128)
    >>> int((codes > 0).sum(axis=1).max())
    8
    """

    _module_class = SparseModule
    _default_widths = ()
    _argument_names: ClassVar = {"cost": "sparsity_cost", "target": "sparsity_target"}

    def __init__(
        self,
        n_components: int = 128,
        *,
        hidden_layer_sizes: Sequence[int] | None = None,
        activation: str = "relu",
        dropout: float = 0.0,
        loss: str = "squared",
        sparsity: str = "kl",
        sparsity_target: float | None = None,
        sparsity_cost: float | None = None,
        n_nonzero: int | None = None,
        image_shape: tuple[int, ...] | None = None,
        encoder: OwnNetwork = None,
        decoder: OwnNetwork = None,
        missing: str = "error",
        learning_rate: float = 3e-3,
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
        self.sparsity = sparsity
        self.sparsity_target = sparsity_target
        self.sparsity_cost = sparsity_cost
        self.n_nonzero = n_nonzero
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
        check_option("sparsity", self.sparsity, SPARSITIES)
        if self.sparsity_target is not None:
            low = -1 if self.sparsity == "running-mean" else 0
            check_real("sparsity_target", self.sparsity_target, low, 1, "neither")
        if self.sparsity_cost is not None:
            check_real("sparsity_cost", self.sparsity_cost, 0)
        if self.n_nonzero is not None:
            check_integer("n_nonzero", self.n_nonzero, 1)
            if self.n_nonzero > self.n_components:
                raise ValueError(
                    f"n_nonzero == {self.n_nonzero}, but n_components is {self.n_components}."
                )
        held = {"l1": "decoder", "top-k": "decoder", "running-mean": "encoder"}.get(self.sparsity)
        if held is not None and getattr(self, held) is not None:
            raise ValueError(
                f"sparsity == {self.sparsity!r} sets parameters of the {held} that a network of "
                f"your own need not have; drop {held}, or take sparsity='kl'."
            )

    def _idle_options(self) -> IdleOptions:
        yield from super()._idle_options()
        if self.sparsity not in TARGETS:
            yield "sparsity_target", f"sparsity in {sorted(TARGETS)}"
        if self.sparsity != "top-k":
            yield "n_nonzero", "sparsity='top-k'"

    def _module_arguments(self, rows: Rows, fitted: dict[str, Any] | None) -> dict[str, Any]:
        target, cost, k = self.sparsity_target, self.sparsity_cost, self.n_nonzero
        return self._architecture(rows.n_features) | {
            "loss": self.loss,
            "sparsity": self.sparsity,
            "target": float(TARGETS.get(self.sparsity, 0.0) if target is None else target),
            "cost": float(COSTS[self.loss][self.sparsity] if cost is None else cost),
            "n_nonzero": max(1, round(NONZERO_SHARE * self.n_components)) if k is None else k,
        }

    def _initialize(self, module: SparseModule, rows: Rows, stream: Stream) -> None:
        self._initialize_networks(module, rows, stream)
        module.sparsity.initialize(module)

    def _objective(self, module: SparseModule, stream: Stream) -> GradientDescent:
        return self._descent(
            module,
            stream,
            before_epoch=module.sparsity.begin_epoch,
            after_update=partial(module.sparsity.after_update, module, self.learning_rate),
        )
