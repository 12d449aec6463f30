"""The variational autoencoder as an estimator."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from .._categories import check_categories, count_categories
from .._parameters import (
    check_boolean,
    check_integer,
    check_option,
    check_real,
    check_rows_fit,
    is_option,
)
from .._random import Stream
from .._rows import Rows, drawn_rows
from .._scaling import Scaling, feature_scaling
from .._unused import IdleOptions
from .._validation import outside_unit_interval
from ..base.fit import TrainingData
from ..base.generative import GenerativeModel
from ..base.units import reported_density
from ..training import GradientDescent, Report, Schedule
from .base.model import ReconstructionModel
from .base.parameters import check_shared
from .completion import PosteriorChains
from .modules.base import OwnNetwork, observed_variances
from .modules.regularizers import REGULARIZERS
from .modules.variational import ACTIVE_VARIANCE, OBSERVATIONS, VariationalModule

CODED = ("categorical", "beta-binomial")
"""The likelihoods of codes."""


class VariationalAutoencoder(GenerativeModel, ReconstructionModel):
    """Variational autoencoder: a density with normal codes, and an encoder that infers them.

    Codes z are standard normal. Given its code, a row x has a distribution whose mean, or logits,
    the decoder returns. The encoder returns a normal distribution q(z | x) that approximates the
    posterior. Training raises a lower bound on log p(x); its parts are in nats, summed over
    features and averaged over rows.

    Parameters
    ----------
    n_components : int, default=16
        Width of the code.
    hidden_layer_sizes : sequence of int, default=None
        Widths of the encoder's hidden layers, from the features to the code; the decoder mirrors
        them. With ``image_shape``, the channels of convolutions, each of which halves the image's
        height and width. None stands for (32, 64) with ``image_shape``, else for (128,).
    activation : {"identity", "logistic", "tanh", "relu", "elu", "gelu", "silu"}, default="relu"
        Activation of the hidden layers.
    dropout : float, default=0.0
        Share of the hidden units dropped at each update, in [0, 1).
    likelihood : {"gaussian", "bernoulli", "categorical", "beta-binomial"}, default="gaussian"
        Kind of p(x | z): for real values, values in [0, 1], codes 0 … K − 1, or grey levels
        0 … K − 1, which unlike codes have an order.
    n_categories : int, default=None
        Number of categories, K; None takes one more than the largest code in ``fit``. Used where
        ``likelihood`` is "categorical" or "beta-binomial".
    noise_scale : {"shared", "features"} or float, default="features"
        σ of the Gaussian likelihood: "features" learns one for each feature, "shared" one share of
        their standard deviations for all (with ``image_shape`` or a network of your own, one σ); a
        number is kept as the σ of all features, in the units of the data.
    beta : float, default=1.0
        β, the weight of the regulariser. "kl" is a part of the bound and counts β times; the others
        are added to it β − 1 times, so that 1 is the plain bound for all of them. More than 1
        disentangles.
    kl_warmup : int, default=0
        Epochs over which the weight of the KL term grows linearly to its full value. This hinders
        units from collapsing before the decoder can use them.
    free_bits : float, default=0.0
        Nats of KL that each component has free: below, its mean over a batch costs nothing less.
    regularizer : {"kl", "tc", "dip", "factor"}, default="kl"
        What β weighs. "kl": KL(q(z | x) ‖ p(z)), the β-VAE. "tc": the total correlation of the
        codes, estimated from each batch, the β-TCVAE. "dip": the distance of the covariance of the
        posterior means μ from the identity, the DIP-VAE-I. "factor": the total correlation of the
        codes, estimated by a critic that is trained alongside, the FactorVAE.
    n_importance_samples : int, default=1
        Draws of z for each row of a batch. More than one give the tighter bound of the
        importance-weighted autoencoder, at about as many times the cost.
    resample : bool, default=False
        Whether entries between 0 and 1 are probabilities from which every batch draws fresh bits,
        as grey levels mean it; otherwise they stand for themselves.
    image_shape : tuple of int, default=None
        Height and width, and channels where there are several, of the image that a row is, channels
        last: the networks are then convolutional.
    encoder : torch.nn.Module or callable, default=None
        Network that replaces the encoder: maps (n, n_features) to (n, 2 n_components), means before
        log variances. A module is copied, and training starts at its weights; a callable is given
        those two widths and returns a module. ``random_state`` seeds what the callable draws, and
        ``torch.nn.Dropout`` in both.
    decoder : torch.nn.Module or callable, default=None
        Network that replaces the decoder: maps (n, n_components) to (n, n_features), means or
        logits. With likelihood "categorical", both networks have ``n_categories`` numbers for each
        feature; with "beta-binomial", the decoder returns log α and log β of each.
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
    early_stopping : bool, default=True
        Whether to hold out rows, stop when their loss no longer improves, and keep the parameters
        of this call's best epoch. Otherwise the training loss decides when to stop, and the last
        parameters are kept. The loss of held-out rows is minus the bound, with β = 1 whatever
        ``beta``. Both begin after the warm-up.
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
    n_active_units_ : int
        Components in use: those whose posterior mean has a variance above 0.01 over the training
        rows (500 of them, spread over all). The others have collapsed to the prior.
    components_ : ndarray of shape (n_components, n_features)
        Encoder weights of the means; only without hidden layers, ``image_shape`` and ``encoder``.
        With likelihood "categorical", the codes of each feature have columns next to each other.
    module_ : VariationalModule
        Encoder, decoder, likelihood.
    history_ : dict of lists
        An entry an epoch: ``"loss"``, the sum of ``"reconstruction"`` (−log p(x | z)), ``"kl"`` and
        ``"regularization"``, which is what ``beta``, the warm-up and free bits add; with importance
        samples also ``"importance"``, by which these lower the loss, and with "factor" the loss of
        its ``"critic"``; ``"active_units"``; of held-out rows ``"validation_loss"``, minus the
        bound, and its parts, NaN where there are none.
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
        If the data leave [0, 1] with ``likelihood="bernoulli"``, or are not codes with
        "categorical" or "beta-binomial".

    See Also
    --------
    Autoencoder : Without a density.
    GaussianRBM : A density by energy.
    sklearn.decomposition.PCA : With Gaussian likelihood and no hidden layers, the same density.

    References
    ----------
    Kingma, D. P. and Welling, M., "Auto-encoding variational Bayes", ICLR 2014.

    Higgins, I. et al., "beta-VAE: learning basic visual concepts with a constrained variational
    framework", ICLR 2017.

    Burda, Y., Grosse, R. and Salakhutdinov, R., "Importance weighted autoencoders", ICLR 2016.

    Chen, R. T. Q., Li, X., Grosse, R. and Duvenaud, D., "Isolating sources of disentanglement in
    variational autoencoders", NeurIPS 2018.

    Kim, H. and Mnih, A., "Disentangling by factorising", ICML 2018.

    Kumar, A., Sattigeri, P. and Balakrishnan, A., "Variational inference of disentangled latent
    concepts from unlabeled observations", ICLR 2018.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from skdeepunsup import VariationalAutoencoder
    >>> X = load_digits().data / 16
    >>> model = VariationalAutoencoder(8, max_iter=20, random_state=0).fit(X)
    >>> model.transform(X).shape
    (1797, 8)
    >>> model.sample(2, random_state=0).shape
    (2, 64)
    >>> model.score_samples(X[:100], n_samples=1000).shape
    (100,)
    """

    _module_class = VariationalModule
    _argument_names: ClassVar = {"observation": "n_categories or noise_scale"}

    def __init__(
        self,
        n_components: int = 16,
        *,
        hidden_layer_sizes: Sequence[int] | None = None,
        activation: str = "relu",
        dropout: float = 0.0,
        likelihood: str = "gaussian",
        n_categories: int | None = None,
        noise_scale: Any = "features",
        beta: float = 1.0,
        kl_warmup: int = 0,
        free_bits: float = 0.0,
        regularizer: str = "kl",
        n_importance_samples: int = 1,
        resample: bool = False,
        image_shape: tuple[int, ...] | None = None,
        encoder: OwnNetwork = None,
        decoder: OwnNetwork = None,
        missing: str = "error",
        learning_rate: float = 1e-3,
        batch_size: int = 32,
        max_iter: int | None = None,
        early_stopping: bool = True,
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
        self.dropout = dropout
        self.likelihood = likelihood
        self.n_categories = n_categories
        self.noise_scale = noise_scale
        self.beta = beta
        self.kl_warmup = kl_warmup
        self.free_bits = free_bits
        self.regularizer = regularizer
        self.n_importance_samples = n_importance_samples
        self.resample = resample
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

    @property
    def n_active_units_(self) -> int:
        """Number of components in use."""
        check_is_fitted(self)
        return int((self._module.code_variance > ACTIVE_VARIANCE).sum())

    def score_samples(self, X: Any, *, n_samples: int = 100, out: Any = None) -> Any:
        """Estimate the log-likelihood of each row by importance sampling from q(z | x).

        The estimate is a lower bound in expectation, tighter with more samples; weights are summed
        in float64. For grey levels with a Bernoulli likelihood it is not a likelihood.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame, Tensor} of shape (n_samples, n_features)
            Data.
        n_samples : int, default=100
            Draws of z for each row, from the same noise for all rows and calls.
        out : array, default=None
            Array of the answers' shape to write them into, a part at a time, such as a memory map,
            an HDF5 dataset or a zarr array; it is returned. None makes an array.

        Returns
        -------
        ndarray of shape (n_samples,)
            log p(x) in nats; with Gaussian likelihood, that of a density. For rows with missing
            entries, log p of the observed ones.

        Raises
        ------
        ValueError
            If the data leave [0, 1] with ``likelihood="bernoulli"``, or are not codes with
            "categorical" or "beta-binomial".
        """
        check_is_fitted(self)
        check_integer("n_samples", n_samples, 1)
        X = self._checked(X)
        if self._module.arguments["likelihood"] == "bernoulli":
            self._check_unit_interval(X)

        def log_density(module: VariationalModule) -> Callable[[Tensor], Tensor]:
            return lambda x: module.scaling.log_density(
                module.log_likelihood(x, n_samples, Stream(0, x.device)), x
            )

        return self._answer(X, log_density, out=out)

    def sample(
        self, n_samples: int = 1, *, mean: bool = False, random_state: Any = None
    ) -> np.ndarray:
        """Draw rows from the model: z from p(z), then x from p(x | z).

        Parameters
        ----------
        n_samples : int, default=1
            Rows to draw.
        mean : bool, default=False
            Whether to return E[x | z] of each row, as pictures of samples show, instead of a draw
            from p(x | z).
        random_state : int, RandomState instance or None, default=None
            Seeds the sampling; None takes NumPy's global state.

        Returns
        -------
        ndarray of shape (n_samples, n_features)
            Rows of data, as float64.
        """
        check_is_fitted(self)
        check_rows_fit("n_samples", n_samples, self.n_features_in_)
        check_boolean("mean", mean)
        module: VariationalModule = self._module
        stream = Stream(random_state, module.fill.device)
        return drawn_rows(
            lambda part: self._in_units_of_data(
                module.sample(part.stop - part.start, mean, stream)
            ),
            n_samples,
            self.n_features_in_,
        )

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        categorical = any(is_option(self.likelihood, kind) for kind in CODED)
        tags.input_tags.categorical = categorical
        tags.input_tags.positive_only = categorical
        return tags

    def _check_parameters(self) -> None:
        check_shared(self)
        check_option("likelihood", self.likelihood, OBSERVATIONS)
        if self.n_categories is not None:
            check_integer("n_categories", self.n_categories, 2)
        if isinstance(self.noise_scale, str):
            check_option("noise_scale", self.noise_scale, ("shared", "features"))
        else:
            check_real("noise_scale", self.noise_scale, 1e-10, 1e10)
        check_real("beta", self.beta, 0)
        check_integer("kl_warmup", self.kl_warmup, 0)
        check_real("free_bits", self.free_bits, 0)
        check_option("regularizer", self.regularizer, REGULARIZERS)
        check_integer("n_importance_samples", self.n_importance_samples, 1)
        check_boolean("resample", self.resample)
        if self.resample and self.likelihood != "bernoulli":
            raise ValueError(f"resample == True draws bits, but likelihood == {self.likelihood!r}.")

    def _idle_options(self) -> IdleOptions:
        yield from super()._idle_options()
        if self.likelihood not in CODED:
            yield "n_categories", f"likelihood in {sorted(CODED)}"
        if self.likelihood != "gaussian":
            yield "noise_scale", "likelihood='gaussian'"
        if self.beta == 1:
            yield "regularizer", "another beta than 1, as it counts beta - 1 times; set beta"

    def _check_values(self, X: Any, training: bool) -> None:
        if self.likelihood in CODED:
            observation = {} if training else self._module.arguments["observation"]
            check_categories(X, observation.get("n_categories", self.n_categories), self)
        if training and self.likelihood == "bernoulli":
            self._check_unit_interval(X, training)

    def _check_observed(self, X: Any) -> None:
        super()._check_observed(X)
        if self._module.arguments["likelihood"] == "bernoulli":
            self._check_unit_interval(X)

    def _completion(self, module: VariationalModule, x: Tensor, stream: Stream) -> PosteriorChains:
        return PosteriorChains(module, module, x, stream)

    def _is_real(self) -> bool:
        return self.likelihood == "gaussian"

    def _real_scaling(self, data: TrainingData) -> Scaling:
        """Return a scale for each feature; one for all where images or ``noise_scale`` say so."""
        if self.image_shape is not None or not isinstance(self.noise_scale, str):
            return super()._real_scaling(data)
        return feature_scaling(data.X, data.weights)

    def _in_data_units(
        self, module: VariationalModule, rows: Rows, held_out: Rows | None
    ) -> Report | None:
        return reported_density(module.scaling, rows, held_out, module.masks)

    def _check_unit_interval(self, X: Any, training: bool = False) -> None:
        """Raise if the data leave [0, 1], where a Bernoulli likelihood has no bound."""
        if outside := outside_unit_interval(X, training):
            raise ValueError(f"likelihood == 'bernoulli' needs {outside}")

    def _schedule(self) -> Schedule:
        before = self.n_iter_ if self.warm_start and self.__sklearn_is_fitted__() else 0
        return replace(super()._schedule(), warmup=max(0, int(self.kl_warmup) - 1 - before))

    def _module_arguments(self, rows: Rows, fitted: dict[str, Any] | None) -> dict[str, Any]:
        return self._architecture(rows.n_features) | {
            "likelihood": self.likelihood,
            "observation": self._observation(rows, (fitted or {}).get("observation", {})),
            "beta": float(self.beta),
            "kl_warmup": int(self.kl_warmup),
            "free_bits": float(self.free_bits),
            "regularizer": self.regularizer,
            "n_importance_samples": int(self.n_importance_samples),
            "resample": bool(self.resample),
        }

    def _observation(self, rows: Rows, fitted: dict[str, Any]) -> dict[str, Any]:
        """Return the arguments of the likelihood; a fit that goes on keeps those it had."""
        if self.likelihood in CODED:
            K = self.n_categories
            K = count_categories(rows, fitted.get("n_categories")) if K is None else int(K)
            return {"n_categories": K}
        if self.likelihood != "gaussian":
            return {}
        learned = isinstance(self.noise_scale, str)
        if not learned:
            first = self.noise_scale / (1.0 if rows.scaling is None else rows.scaling.pooled)
        else:
            first = fitted["first_scale"] if "first_scale" in fitted else _pooled_scale(rows)
        each, spreads = self.noise_scale == "features", None
        if each and (self.encoder is not None or self.decoder is not None):
            spreads = fitted["spreads"] if "spreads" in fitted else _scales(rows, first)
        return {
            "n_scales": rows.n_features if each else 1,
            "first_scale": float(first),
            "learned": learned,
            "spreads": spreads,
        }

    def _initialize(self, module: VariationalModule, rows: Rows, stream: Stream) -> None:
        self._initialize_networks(module, rows, stream)
        module.start_at_prior(stream)

    def _objective(self, module: VariationalModule, stream: Stream) -> GradientDescent:
        return self._descent(
            module, stream, before_epoch=module.begin_epoch, monitor=module.monitor
        )


def _pooled_scale(rows: Rows) -> float:
    """The root of the mean variance of the features; 1 if nothing varies."""
    return float(observed_variances(rows).mean().sqrt()) or 1.0


def _scales(rows: Rows, pooled: float) -> tuple[float, ...]:
    """The deviation of each feature; ``pooled`` for one that does not vary."""
    return tuple(scale or pooled for scale in observed_variances(rows).sqrt().tolist())
