"""The bidirectional GAN as an estimator."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from sklearn.callback import with_callbacks
from sklearn.utils.validation import check_is_fitted

from .._parameters import check_rows_fit
from .._random import Stream
from .._rows import Rows
from ..training import Schedule
from .base import AdversarialModel, check_shared
from .learning.two_players import TwoPlayers
from .modules.bigan import BiGANModule


class BiGAN(AdversarialModel):
    """Bidirectional GAN: a generator, and an encoder that learns its inverse in the same game.

    The generator G maps normal codes z to rows, the encoder E maps rows to codes, and the
    discriminator sees pairs: (x, E(x)) of real rows and (G(z), z) of drawn codes. If it cannot tell
    them apart, both kinds of pairs have the same joint distribution, and E inverts G.

    Parameters
    ----------
    n_components : int, default=8
        Width of the code. The generator's input, z, has it too.
    hidden_layer_sizes : sequence of int, default=(128, 128)
        Widths of the discriminator's hidden layers, from the features on, and of the encoder's; the
        generator mirrors them. With ``image_shape``, the channels of convolutions, each of which
        halves the image's height and width; () then stands for (32, 64, 128), which suits most
        images better than the default.
    activation : {"identity", "logistic", "tanh", "relu", "elu", "gelu", "silu"}, default="relu"
        Activation of the hidden layers.
    output : {"auto", "identity", "logistic"}, default="auto"
        Last function of the generator. "logistic" keeps its rows in (0, 1), for data in [0, 1];
        "auto" takes it if the data of the first ``fit`` lie in [0, 1] and span at least half of it.
    image_shape : tuple of int, default=None
        Height and width, and channels where there are several, of the image that a row is, channels
        last: the networks are then convolutional. They are like the DCGAN's.
    loss : {"non-saturating", "wasserstein", "least-squares", "hinge"}, default="non-saturating"
        The game: what each network loses by the discriminator's logits.
    gradient_penalty : {"r1", "one-lipschitz"} or None, default="r1"
        Penalty on the discriminator's slopes with respect to a row and its code, in units of the
        root mean square distance of such pairs from their mean: "r1" is ½ ‖slope‖² at real pairs,
        "one-lipschitz" (‖slope‖ − 1)² at points between real and generated pairs, as in the
        WGAN-GP.
    penalty_weight : float, default=None
        Weight of the penalty; None is 0.05 for "r1", 1 for "one-lipschitz". Large images may need
        less: a discriminator that is kept too flat tells the generator nothing.
    penalty_interval : int, default=1
        Moves of the discriminator from one penalty to the next, which is weighted by as much more:
        cheaper, and rougher.
    spectral_norm : bool, default=False
        Whether each of the discriminator's weight matrices is divided by its largest singular
        value.
    n_critic : int, default=1
        Moves of the discriminator, one a batch, for each of the generator. The encoder moves with
        the generator.
    averaging : float, default=0.999
        Share of itself that the average generator keeps at each move, less while they are few, in
        [0, 1). It is what ``sample`` and ``inverse_transform`` use; 0 takes the last generator. The
        encoder is always the last.
    learning_rate : float, default=1e-3
        Learning rate of Adam. It is that of generator and encoder; the discriminator has its own.
    discriminator_learning_rate : float, default=None
        Learning rate of Adam for the discriminator; None is three times ``learning_rate``.
    learning_rate_schedule : {"linear", "constant"}, default="linear"
        "linear" keeps the rate over the first half of the fit and lowers it to 1 % over the second.
        There the players would otherwise go on circling. ``partial_fit`` always keeps the rate.
    batch_size : int, default=64
        Rows per update.
    max_iter : int, default=200
        Maximum number of epochs.
    early_stopping : bool, default=False
        Whether to hold out rows, compare samples with them, stop when ``quality`` no longer
        improves, and keep the networks of this call's best epoch. The players' losses tell nothing
        of the kind: without it, all ``max_iter`` epochs are run.
    validation_fraction : float, default=0.1
        Share of the rows held out for ``early_stopping``.
    quality : {"kernel", "frechet", "precision-recall", "density-coverage"} or callable, \
            default="kernel"
        How held-out rows are compared with as many samples, 5,000 at most: by
        `metrics.kernel_distance`, `metrics.frechet_distance`, or one minus the harmonic mean of the
        two parts of `metrics.precision_recall` or `metrics.density_coverage`, where a density d
        above 1 counts as 1 / d. A callable is given both arrays and returns a number, lower being
        better; with features of your own, for instance
        ``lambda X, S: metrics.frechet_distance(X, S, features=f)``.
    quality_interval : int, default=5
        Epochs from one comparison to the next, beginning with the first epoch; in between, the last
        result stands.
    n_iter_no_change : int, default=100
        Epochs without improvement after which training stops. By few held-out rows, comparisons are
        noisy.
    tol : float, default=0.0
        Smallest improvement that counts, relative to the quality.
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
    module_ : BiGANModule
        Generator, its average, encoder, discriminator.
    history_ : dict of lists
        An entry an epoch: ``"loss"`` and ``"generator"``, the loss of generator and encoder,
        ``"discriminator"``, that of the discriminator without its penalty; ``"validation_loss"``,
        the quality of samples, and its parts, NaN without ``early_stopping``.
    n_iter_ : int
        Epochs run.
    n_features_in_ : int
        Features seen in ``fit``.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Their names, where they had any.

    Raises
    ------
    ValueError
        If ``output="logistic"`` and the data leave [0, 1].

    See Also
    --------
    GAN : Learns its encoder after the game, and of classes.
    Autoencoder : Reconstructs much better, and does not sample.

    Notes
    -----
    No loss asks a row's reconstruction to be close to it. They come to share what the discriminator
    looks at: the kind of object rather than its pixels.

    References
    ----------
    Donahue, J., Krähenbühl, P. and Darrell, T., "Adversarial feature learning", ICLR 2017.

    Dumoulin, V. et al., "Adversarially learned inference", ICLR 2017.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from skdeepunsup import BiGAN
    >>> X = load_digits().data / 16
    >>> model = BiGAN(max_iter=5, random_state=0).fit(X)
    >>> model.transform(X).shape
    (1797, 8)
    >>> model.sample(2, random_state=0).shape
    (2, 64)
    """

    _module_class = BiGANModule

    def __init__(
        self,
        n_components: int = 8,
        *,
        hidden_layer_sizes: Sequence[int] = (128, 128),
        activation: str = "relu",
        output: str = "auto",
        image_shape: tuple[int, ...] | None = None,
        loss: str = "non-saturating",
        gradient_penalty: str | None = "r1",
        penalty_weight: float | None = None,
        penalty_interval: int = 1,
        spectral_norm: bool = False,
        n_critic: int = 1,
        averaging: float = 0.999,
        learning_rate: float = 1e-3,
        discriminator_learning_rate: float | None = None,
        learning_rate_schedule: str = "linear",
        batch_size: int = 64,
        max_iter: int = 200,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        quality: Any = "kernel",
        quality_interval: int = 5,
        n_iter_no_change: int = 100,
        tol: float = 0.0,
        warm_start: bool = False,
        device: str = "auto",
        precision: str = "float32",
        verbose: int = 0,
        random_state: Any = None,
    ) -> None:
        self.n_components = n_components
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.output = output
        self.image_shape = image_shape
        self.loss = loss
        self.gradient_penalty = gradient_penalty
        self.penalty_weight = penalty_weight
        self.penalty_interval = penalty_interval
        self.spectral_norm = spectral_norm
        self.n_critic = n_critic
        self.averaging = averaging
        self.learning_rate = learning_rate
        self.discriminator_learning_rate = discriminator_learning_rate
        self.learning_rate_schedule = learning_rate_schedule
        self.batch_size = batch_size
        self.max_iter = max_iter
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.quality = quality
        self.quality_interval = quality_interval
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.warm_start = warm_start
        self.device = device
        self.precision = precision
        self.verbose = verbose
        self.random_state = random_state

    @with_callbacks
    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> Self:
        """Play the game against ``X``.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame, Tensor} of shape (n_samples, n_features)
            Training data, best of one scale: features of larger scale count for more. Sparse and
            memory-mapped data are never loaded as a whole.
        y : Ignored
            Present for API consistency.
        sample_weight : array-like of shape (n_samples,), default=None
            How much each row counts, on any scale; None lets all count alike. Rows of weight 0 are
            left out. Of those held out, all count alike in ``quality``.

        Returns
        -------
        self : object
            The fitted estimator.

        Notes
        -----
        Ctrl-C ends a fit with what its finished epochs learned, and a ConvergenceWarning;
        within another fit, a search or a Pipeline it is passed on.
        """
        return self._fit(X, y, sample_weight=sample_weight)

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

    def sample(self, n_samples: int = 1, *, random_state: Any = None) -> np.ndarray:
        """Draw rows: z from N(0, 1), then G(z).

        Parameters
        ----------
        n_samples : int, default=1
            Rows to draw.
        random_state : int, RandomState instance or None, default=None
            Seeds the sampling; None takes NumPy's global state.

        Returns
        -------
        ndarray of shape (n_samples, n_features)
            Rows of data, as float64.
        """
        check_is_fitted(self)
        check_rows_fit("n_samples", n_samples, self.n_features_in_)
        return self._sample(n_samples, random_state)

    def _check_parameters(self) -> None:
        check_shared(self)

    def _schedule(self) -> Schedule:
        return Schedule(self.max_iter, **self._schedule_arguments())

    def _module_arguments(self, rows: Rows, fitted: dict[str, Any] | None) -> dict[str, Any]:
        return self._architecture(rows, fitted)

    def _objective(self, module: BiGANModule, stream: Stream) -> TwoPlayers:
        return self._game(module, stream)
