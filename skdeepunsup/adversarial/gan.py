"""The generative adversarial network as an estimator."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
import torch
from sklearn.callback import with_callbacks
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

from .._parameters import check_boolean, check_integer, check_rows_fit
from .._random import Stream
from .._rows import Rows
from .._validation import check_labels
from ..training import Adam, GradientDescent, Schedule
from .base import AdversarialModel, check_shared
from .learning.two_players import GameThenEncoder
from .modules.gan import GANModule


class GAN(AdversarialModel):
    """Generative adversarial network: draws rows that a second network cannot tell from real ones.

    The generator G maps normal codes z to rows; the discriminator D gives each row a logit, high if
    it looks real. They are trained against each other; ideally, D can only guess in the end. Then
    an encoder E learns to recover z from G(z), on rows that G generates, for ``transform`` and
    ``reconstruct``.

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
    conditional : bool, default=False
        Whether to learn the classes that ``fit`` is given as ``y``, so that ``sample`` can draw
        from one; otherwise ``y`` is ignored. Codes then end with a probability for each class.
    loss : {"non-saturating", "wasserstein", "least-squares", "hinge"}, default="non-saturating"
        The game: what each network loses by the logits of D.
    gradient_penalty : {"r1", "one-lipschitz"} or None, default="r1"
        Penalty on the discriminator's slopes ∂D/∂x, the unit of x being the rows' root mean square
        distance from their mean: "r1" is ½ ‖∂D/∂x‖² at real rows, "one-lipschitz" (‖∂D/∂x‖ − 1)²
        at points between real and generated rows, as in the WGAN-GP.
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
        Moves of the discriminator, one a batch, for each of the generator.
    averaging : float, default=0.999
        Share of itself that the average generator keeps at each move, less while they are few, in
        [0, 1). It is what ``sample`` and ``inverse_transform`` use; 0 takes the last generator.
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
        Maximum number of epochs. It is that of the game; the encoder has ``encoder_max_iter``.
    encoder_max_iter : int, default=None
        Maximum number of epochs of the encoder, after the game, each of as many generated rows as
        there are real ones. None takes ``max_iter``, but at most 20.
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
    classes_ : ndarray of shape (n_classes,)
        The classes; only with ``conditional=True``.
    encoder_error_ : float
        (E(G(z)) − z)², averaged over components and the last epoch: 0 if the encoder recovers the
        codes, 1 if it knows only their mean. ``verbose`` prints how long the encoder's epochs take.
    module_ : GANModule
        Generator, its average, discriminator, encoder.
    history_ : dict of lists
        An entry an epoch, NaN for what was not trained in it: ``"stage"``, 0 for the game and 1 for
        the encoder; ``"generator"`` and ``"discriminator"``, the players' losses without penalty;
        ``"encoder"``, the squared error of z summed over its components, and, with classes,
        ``"class"``, −log p in nats; ``"loss"``, the generator's loss in the game and the encoder's
        after it; ``"validation_loss"``, the quality of samples in the game and the encoder's error
        on other samples after it, NaN without ``early_stopping``; and the parts of either.
    n_iter_ : int
        Epochs run. Those of the encoder are included.
    n_features_in_ : int
        Features seen in ``fit``.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Their names, where they had any.

    Raises
    ------
    ValueError
        If ``output="logistic"`` and the data leave [0, 1]; if ``conditional=True`` and ``y`` is
        missing or continuous.

    See Also
    --------
    BiGAN : Learns the encoder inside the game.
    VariationalAutoencoder : With a density, and a bound on it by which to stop.
    metrics.sample_quality : Compares the samples of any models.

    Notes
    -----
    All networks see (x − x̄) / s, x̄ being the mean row and s the root of the features' mean
    variance: rates and penalties mean the same on any scale, but features of larger scale count for
    more, as with PCA.

    References
    ----------
    Goodfellow, I. et al., "Generative adversarial nets", NeurIPS 2014.

    Radford, A., Metz, L. and Chintala, S., "Unsupervised representation learning with deep
    convolutional generative adversarial networks", ICLR 2016.

    Arjovsky, M., Chintala, S. and Bottou, L., "Wasserstein generative adversarial networks", ICML
    2017.

    Gulrajani, I. et al., "Improved training of Wasserstein GANs", NeurIPS 2017.

    Heusel, M. et al., "GANs trained by a two time-scale update rule converge to a local Nash
    equilibrium", NeurIPS 2017.

    Mescheder, L., Geiger, A. and Nowozin, S., "Which training methods for GANs do actually
    converge?", ICML 2018.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from skdeepunsup import GAN
    >>> X, y = load_digits(return_X_y=True)
    >>> model = GAN(max_iter=5, conditional=True, encoder_max_iter=2, random_state=0)
    >>> model = model.fit(X / 16, y)
    >>> model.sample(3, y=7, random_state=0).shape
    (3, 64)
    >>> model.transform(X / 16).shape
    (1797, 18)
    >>> model.discriminate(X / 16).shape
    (1797,)
    """

    _module_class = GANModule

    def __init__(
        self,
        n_components: int = 8,
        *,
        hidden_layer_sizes: Sequence[int] = (128, 128),
        activation: str = "relu",
        output: str = "auto",
        image_shape: tuple[int, ...] | None = None,
        conditional: bool = False,
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
        encoder_max_iter: int | None = None,
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
        self.conditional = conditional
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
        self.encoder_max_iter = encoder_max_iter
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
        """Play the game against ``X``, then teach the encoder.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame, Tensor} of shape (n_samples, n_features)
            Training data, best of one scale: features of larger scale count for more. Sparse and
            memory-mapped data are never loaded as a whole.
        y : array-like of shape (n_samples,), default=None
            Classes of the rows, with ``conditional=True``; otherwise ignored.
        sample_weight : array-like of shape (n_samples,), default=None
            How much each row counts, on any scale; None lets all count alike. Rows of weight 0 are
            left out. Their class is not. Of those held out, all count alike in ``quality``.

        Returns
        -------
        self : object
            The fitted estimator.

        Notes
        -----
        Ctrl-C ends a fit with what its finished epochs learned, and a ConvergenceWarning;
        within another fit, a search or a Pipeline it is passed on. If the game was still on, the
        encoder is untrained.
        """
        labels = self._classes_of(y, self.warm_start)
        return self._fit(X, y, sample_weight=sample_weight, labels=labels)

    def partial_fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> Self:
        """Go on with one pass over ``X`` for each stage, from where the last call or fit ended.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame, Tensor} of shape (n_samples, n_features)
            Training data, or a part of it.
        y : array-like of shape (n_samples,), default=None
            Classes of the rows, with ``conditional=True``; the first call's must have them all.
        sample_weight : array-like of shape (n_samples,), default=None
            How much each row counts, beside the others of this call. Nothing is held out.

        Returns
        -------
        self : object
            The fitted estimator.
        """
        labels = self._classes_of(y, True)
        return self._partial_fit(X, sample_weight=sample_weight, labels=labels)

    def sample(self, n_samples: int = 1, *, y: Any = None, random_state: Any = None) -> np.ndarray:
        """Draw rows: z from N(0, 1), then G(z).

        Parameters
        ----------
        n_samples : int, default=1
            Rows to draw.
        y : label or array-like of shape (n_samples,), default=None
            The class of all rows, or of each, with ``conditional=True``; None draws classes as
            frequent as they were in the first call of ``fit`` or ``partial_fit``.
        random_state : int, RandomState instance or None, default=None
            Seeds the sampling; None takes NumPy's global state.

        Returns
        -------
        ndarray of shape (n_samples, n_features)
            Rows of data, as float64.
        """
        check_is_fitted(self)
        check_rows_fit("n_samples", n_samples, self.n_features_in_)
        label = None if y is None else self._indices(y, n_samples)
        return self._sample(n_samples, random_state, label)

    @property
    def classes_(self) -> np.ndarray:
        """The classes that were learned."""
        check_is_fitted(self)
        if not (classes := self._module.arguments["classes"]):
            raise AttributeError("classes_ exists only with conditional=True.")
        return np.array(classes)

    @property
    def encoder_error_(self) -> float:
        """Mean squared error of the encoder in its last epoch, for each component of z."""
        check_is_fitted(self)
        errors = [error for error in self.history_.get("encoder", ()) if error == error]
        if not errors:
            raise AttributeError("encoder_error_ exists only once the encoder has had its turn.")
        return errors[-1] / self._module.n_latent

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.target_tags.required = bool(self.conditional)
        return tags

    def _classes_of(self, y: Any, go_on: bool) -> tuple[np.ndarray, tuple[Any, ...]] | None:
        """Return labels and classes of a conditional fit, else None; a resumed fit has its own."""
        check_boolean("conditional", self.conditional)
        if not self.conditional:
            return None
        if y is None:
            raise ValueError(
                "conditional == True requires y to be passed, but the target y is None."
            )
        goes_on = go_on and self.__sklearn_is_fitted__()
        return check_labels(y, self._module.arguments["classes"] if goes_on else ())

    def _indices(self, y: Any, n_samples: int) -> torch.Tensor:
        """Return the class of each row to draw, as a place in ``classes_``."""
        classes = self._module.arguments["classes"]
        if not classes:
            raise ValueError("y names a class to sample, but the model was fitted without classes.")
        y = np.full(n_samples, y) if np.ndim(y) == 0 else y
        labels, _ = check_labels(y, classes)
        if len(labels) != n_samples:
            raise ValueError(f"y has {len(labels)} labels, but n_samples == {n_samples}.")
        return torch.from_numpy(labels).to(self._module.center.device)

    def _check_parameters(self) -> None:
        check_shared(self)
        check_boolean("conditional", self.conditional)
        if self.encoder_max_iter is not None:
            check_integer("encoder_max_iter", self.encoder_max_iter, 1)

    def _schedule(self) -> Schedule:
        epochs = self.encoder_max_iter
        if epochs is None:
            epochs = min(self.max_iter, 20)
        return Schedule(epochs, stages_before=(self.max_iter,), **self._schedule_arguments())

    def _module_arguments(self, rows: Rows, fitted: dict[str, Any] | None) -> dict[str, Any]:
        return self._architecture(rows, fitted) | {"classes": rows.classes}

    def _objective(self, module: GANModule, stream: Stream) -> GameThenEncoder:
        optimizer = Adam((module.encoder.parameters(), self.learning_rate))
        encoding = GradientDescent(module, optimizer, stream, self._autocast_dtype())
        return GameThenEncoder(self._game(module, stream), encoding)
