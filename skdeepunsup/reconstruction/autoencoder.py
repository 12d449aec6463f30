"""The autoencoder as an estimator."""

from collections.abc import Sequence
from typing import Any

import scipy.sparse as sp

from .._caller import warn
from .._parameters import check_option, resolve_device
from .._random import Stream
from .._rows import Rows, StreamedRows
from .._scaling import Scaling
from .._sparse_rows import SparseRows, sparse_rows
from .._unused import IdleOptions
from ..base.encoders import fitted_encoder, names_of, unfrozen
from ..base.fit import TrainingData
from ..training import GradientDescent
from .base.deterministic import DeterministicAutoencoder
from .base.parameters import check_shared, check_tied
from .base.pretraining import (
    check_pretrained,
    idle_beside_pretrained,
    start_at,
    unrolled_arguments,
)
from .learning.base import has_kernels
from .learning.sampled import SampledDescent
from .learning.sampled_ends import SampledEnds, check_sampled, columns_to_sample
from .modules.base import OwnNetwork
from .modules.deterministic import LOSSES, AutoencoderModule

NEEDS_DENSE = (
    "dense networks that are not your own, with tied_weights=False, missing='error' and "
    "pretrained=None, in full precision"
)


class Autoencoder(DeterministicAutoencoder):
    """Autoencoder: learns a code from which a second network reconstructs the input.

    With hidden layers, as by default, codes are those of a curved surface through the data. With
    ``hidden_layer_sizes=()`` it is linear, and reaches the subspace of PCA.

    Parameters
    ----------
    n_components : int, default=32
        Width of the code.
    hidden_layer_sizes : sequence of int, default=None
        Widths of the encoder's hidden layers, from the features to the code; the decoder mirrors
        them. With ``image_shape``, the channels of convolutions, each of which halves the image's
        height and width. None stands for (32, 64) with ``image_shape``, else for (128,).
    activation : {"identity", "logistic", "tanh", "relu", "elu", "gelu", "silu"}, default="relu"
        Activation of the hidden layers. The code and the output are affine.
    dropout : float, default=0.0
        Share of the hidden units dropped at each update, in [0, 1).
    loss : {"squared", "bernoulli"}, default="squared"
        Error between a row and its reconstruction, summed over features: the squared error or, for
        data in [0, 1], the cross-entropy in nats.
    tied_weights : bool, default=False
        Whether the decoder's weights are the encoder's, transposed.
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
    pretrained : estimator, default=None
        A `DeepBeliefNetwork`, `BernoulliRBM` or `GaussianRBM`: training starts at its unrolled
        layers, as for the deep autoencoder of 2006. They determine ``n_components`` and
        ``hidden_layer_sizes``, whatever is given here. Hidden units are logistic, the code is
        affine, and with binary visible units reconstructions lie in (0, 1). An unfitted model is
        cloned and first fitted to the rows of ``fit``, held-out ones included, without
        ``sample_weight`` but for leaving out rows of weight 0. It takes ``random_state`` if it has
        none of its own.
    missing : {"error", "mask"}, default="error"
        Whether NaN is refused, or marks a missing entry, which is neither fed to the encoder (the
        feature's mean is) nor counted in the loss; ``reconstruct`` fills it in.
    n_sampled : int, default=None
        Features that are drawn for each update of sparse rows, beside those that a row of the batch
        stores: the errors of all other features are estimated from them, and an update takes a time
        that does not depend on the number of features. As many as there are make it exact. None
        stands for 1000 where there are more than 10,000 features, else for all.
    learning_rate : float, default=1e-3
        Learning rate of Adam.
    batch_size : int, default=32
        Rows per update.
    max_iter : int, default=None
        Maximum number of epochs. None takes 200; with ``early_stopping`` or without hidden layers,
        as many as make 5000 updates where rows are few, and as many times ``n_iter_no_change``.
    early_stopping : bool, default=True
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
    pretrained_ : estimator
        The fitted model whose layers were unrolled; only with ``pretrained``.
    module_ : AutoencoderModule
        Encoder and decoder.
    history_ : dict of lists
        An entry an epoch: ``"loss"``, the mean over rows while training, and
        ``"validation_loss"``, NaN where nothing is held out.
    n_iter_ : int
        Epochs run.
    gradients_ : str
        "written" if the last fit used gradients that are written out, which is faster; "sampled" if
        they also were those of some features, see ``n_sampled``; "autograd" for networks or
        settings for which there are none.
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
    VariationalAutoencoder : With a density.
    SparseAutoencoder : With a code in which most units are at rest.
    DenoisingAutoencoder : Learns by removing noise.
    ContractiveAutoencoder : With a code that changes little with the row.
    DeepBeliefNetwork : The start of the deep autoencoder of 2006.
    sklearn.decomposition.PCA : The linear solution, in closed form.

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
    pretrained_: Any

    def __init__(
        self,
        n_components: int = 32,
        *,
        hidden_layer_sizes: Sequence[int] | None = None,
        activation: str = "relu",
        dropout: float = 0.0,
        loss: str = "squared",
        tied_weights: bool = False,
        image_shape: tuple[int, ...] | None = None,
        encoder: OwnNetwork = None,
        decoder: OwnNetwork = None,
        pretrained: Any = None,
        missing: str = "error",
        n_sampled: int | None = None,
        learning_rate: float = 1e-3,
        batch_size: int = 32,
        max_iter: int | None = None,
        early_stopping: bool = True,
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
        self.image_shape = image_shape
        self.encoder = encoder
        self.decoder = decoder
        self.pretrained = pretrained
        self.missing = missing
        self.n_sampled = n_sampled
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
        check_sampled(self)
        if self.pretrained is not None:
            check_pretrained(self)

    def _idle_options(self) -> IdleOptions:
        yield from super()._idle_options()
        if self.pretrained is not None:
            yield from idle_beside_pretrained(self)
        if not self._may_sample():
            yield "n_sampled", NEEDS_DENSE

    @property
    def _encodes_entries(self) -> bool:
        return self._module.n_sampled is not None

    def _may_sample(self) -> bool:
        """Whether errors may be estimated from some features, whatever the rows."""
        device = resolve_device(self.device, self.precision)
        return (
            all(x is None for x in (self.image_shape, self.encoder, self.decoder, self.pretrained))
            and not self.tied_weights
            and self.missing == "error"
            and self._autocast_dtype() is None
            and has_kernels(device)
        )

    def _n_sampled(self, X: Any) -> int | None:
        """How many features an update draws; None if it takes all."""
        if not (sp.issparse(X) and self._may_sample()):
            return None
        return columns_to_sample(self.n_sampled, X.shape[1])

    def _training_data(self, X: Any, **options: Any) -> TrainingData:
        data = super()._training_data(X, **options)
        if self.n_sampled is not None and not sp.issparse(data.X):
            warn(f"n_sampled == {self.n_sampled} does nothing: it needs X as a sparse matrix.")
        return data

    def _rows(self, data: TrainingData, scaling: Scaling | None) -> Rows:
        if self._n_sampled(data.X) is None:
            return super()._rows(data, scaling)
        rows = super()._rows(data, scaling)
        assert isinstance(rows, StreamedRows)
        return sparse_rows(rows)

    def _prepare(self, data: TrainingData, *, reset: bool) -> dict[str, Any]:
        if reset:
            return {"pretrained_": self._fitted_stack(data)}
        stack = getattr(self, "pretrained_", None)
        if (self.pretrained is None) != (stack is None):
            raise ValueError(
                f"pretrained == {self.pretrained!r}, but the fit to go on from had {stack!r}; set "
                "it back, or start anew by fit, without warm_start."
            )
        return {"pretrained_": stack}

    def _fitted_stack(self, data: TrainingData) -> Any:
        """The model to unroll, fitted; None without one."""
        if self.pretrained is None:
            return None
        return unfrozen(
            fitted_encoder(
                "pretrained",
                self.pretrained,
                data.X,
                data.weights,
                self.random_state,
                names_of(self),
            )
        )

    def _scaling(self, data: TrainingData, **prepared: Any) -> Scaling | None:
        """Return the units; None for those of the data if the stack's reconstructions are bits."""
        stack = prepared["pretrained_"]
        bounded = stack is not None and stack.unroll().output == "logistic"
        scaling = None if bounded else super()._scaling(data)
        if scaling is not None and self._n_sampled(data.X) is not None:
            scaling.center.zero_()  # so that entries that are not stored are 0
        return scaling

    def _module_arguments(
        self, rows: Rows, fitted: dict[str, Any] | None, *, pretrained_: Any
    ) -> dict[str, Any]:
        arguments = self._architecture(rows.n_features) | {
            "loss": self.loss,
            "bounded": False,
            "tied_weights": bool(self.tied_weights),
            "n_sampled": self._n_sampled(rows.X) if isinstance(rows, SparseRows) else None,
        }
        if fitted is not None and (arguments["n_sampled"] is None) != (fitted["n_sampled"] is None):
            raise ValueError(
                f"an update draws {arguments['n_sampled'] or 'all'} features of these rows, but in "
                f"the fit to go on from it drew {fitted['n_sampled'] or 'all'}: give X as that fit "
                "got it, sparse or dense, and set n_sampled, missing, tied_weights and precision "
                "back, or start anew by fit, without warm_start."
            )
        if pretrained_ is None:
            return arguments
        return arguments | unrolled_arguments(pretrained_.unroll(), self.loss)

    def _initialize(
        self, module: AutoencoderModule, rows: Rows, stream: Stream, *, pretrained_: Any
    ) -> None:
        self._initialize_networks(module, rows, stream)
        if pretrained_ is not None:
            start_at(module, pretrained_.unroll())

    def _objective(self, module: AutoencoderModule, stream: Stream) -> GradientDescent:
        if module.n_sampled is not None:
            module.draw_from(stream)
            ends = SampledEnds(module, module.n_sampled, self.learning_rate)
            return SampledDescent(module, ends, stream)
        return self._descent(module, stream)
