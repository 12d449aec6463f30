"""The restricted Boltzmann machine of real values."""

from typing import Any

import numpy as np

from .._parameters import check_option, check_real
from .._rows import Rows
from .._scaling import Scaling
from .._validation import to_array
from ..base.fit import TrainingData
from .base.original import scaling_of_rows, variances_of_rows
from .base.restricted import RestrictedModel
from .units.kinds import HIDDEN_UNITS


class GaussianRBM(RestrictedModel):
    """Restricted Boltzmann machine with Gaussian visible units of learned variance.

    A density over real values: a mixture with a Gaussian for each state of the hidden units, all
    with the same diagonal covariance. Units and offsets of features do not matter: rows are
    standardised inside, unless the first call has fewer than 10, which are to be standardised.

    Parameters
    ----------
    n_components : int, default=256
        Number of hidden units.
    learning_rate : float, default=None
        Step along the gradient of the mean log-likelihood. That of weights and visible biases is
        multiplied by σ² of their feature. None takes 0.02, and less above 64 hidden units, which
        all move the means together: 1.28 / n_components. Of rectified units it takes half of that.
    batch_size : int, default=20
        Rows per update.
    n_iter : int, default=None
        Exact number of passes over the training data. None takes 30, or as many as make 5000
        updates where rows are few.
    learning_rate_schedule : {"linear", "constant"}, default="linear"
        "linear" keeps the rate over the first half of the fit and lowers it to 1 % over the second.
        This averages the noise of the chains away. ``partial_fit`` always keeps the rate.
    cd_steps : int, default=5
        Gibbs sweeps before each update, the k of CD-k and PCD-k.
    persistent : bool, default=True
        Whether the chains go on from one update to the next (PCD); otherwise each update starts
        them at its own batch (CD).
    n_chains : int, default=None
        Persistent chains, whatever the batch size; None takes ten million divided by the number of
        weights, but at least 50 and at most 200.
    n_temperatures : int, default=1
        Replicas of each persistent chain, at inverse temperatures from 1 to 0, which exchange them
        (parallel tempering).
    momentum : float, default=0.0
        Share of the last step that is kept, in [0, 1).
    weight_decay : float, default=0.0
        Each update shrinks the weights, not the biases, by this times the learning rate.
    averaging : float, default=0.0
        Share of itself that the model keeps at each update while it follows the parameters that are
        trained (Polyak averaging), in [0, 1).
    centered : bool, default=True
        Whether the gradient is that of centred units, which conditions it much better.
    sparsity_target : float, default=None
        Mean activity, in (0, 1), that hidden biases are drawn to.
    sparsity_cost : float, default=1.0
        How strongly.
    hidden_units : {"bernoulli", "relu"}, default="bernoulli"
        "relu" are rectified Gaussian units, whose free energy is exact too. The density has an
        integral only while they overlap little; each update keeps W there.
    min_variance : float, default=0.05
        Floor of σ², the variance of Gaussian units, as a share of each feature's variance in the
        data. A feature that hidden units explain without error would have σ² = 0, and an unbounded
        density; and chains do not cross between clusters that are many σ apart. Lower it for tight
        clusters.
    validation_fraction : float, default=0.0
        Share of the rows held out of training, to be measured in ``history_``.
    warm_start : bool, default=False
        Whether ``fit`` goes on from where the last one ended, the optimiser's state included.
    device : str, default="auto"
        Where to compute: "cpu", "cuda", "mps", or "auto" for the first of the last two that is
        available, else "cpu".
    precision : {"float32", "bfloat16", "float64"}, default="float32"
        Precision of the products in training; parameters and answers stay at least float32.
        bfloat16 rounds the data themselves to 8 significant bits, there only.
    verbose : int, default=0
        Whether to print a line for each epoch.
    random_state : int, RandomState instance or None, default=None
        Seeds all that is random in ``fit``.

    Attributes
    ----------
    components_ : ndarray of shape (n_components, n_features)
        Weights, a copy of ``module_.W`` transposed.
    intercept_hidden_ : ndarray of shape (n_components,)
        Hidden biases.
    intercept_visible_ : ndarray of shape (n_features,)
        Visible biases: the means of features while all hidden units are 0.
    variances_ : ndarray of shape (n_features,)
        σ² of each feature given the hidden units.
    h_samples_ : ndarray of shape (n_chains, n_components)
        Hidden states of the persistent chains; zeros without ``persistent``.
    module_ : RestrictedBoltzmannMachine
        The machine.
    history_ : dict of lists
        An entry an epoch, measured on a tenth of the training rows, at most 500: ``"loss"``, minus
        the log density of rows given their own code, in nats (no likelihood: that needs log Z);
        ``"reconstruction_error"``, squared, summed over features; ``"reconstruction_kl"``, the same
        in units of 2σ². With held-out rows, their ``"validation_loss"`` and
        ``"free_energy_gap"``: their mean free energy minus that of training rows; when it grows,
        the model overfits.
    n_iter_ : int
        Epochs run.
    n_features_in_ : int
        Features seen in ``fit``.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Their names, where they had any.

    Warns
    -----
    UserWarning
        If the first call has fewer than 10 rows, and they are far from 0.
    ConvergenceWarning
        If the log-likelihood fell during ``fit``, or is far below that of independent features, or
        of one normal distribution after a long fit.

    See Also
    --------
    BernoulliRBM : For values in [0, 1].

    Notes
    -----
    E(v, h) = Σᵢ vᵢ²/(2σᵢ²) − Σᵢ aᵢvᵢ/σᵢ² − bᵀh − Σᵢⱼ (vᵢ/σᵢ²) Wᵢⱼ hⱼ, hence v given h is normal
    with mean Wh + a and variance σ², and P(hⱼ = 1 | v) = σ((v/σ²)ᵀW + b)ⱼ. Learning starts at the
    means and variances of the data.

    ``fit`` is watched: at up to ten moments and its end, a short annealing from a fixed seed
    estimates the log-likelihood of 200 rows, for a few per cent of the time. If it fell clearly,
    the best of these epochs is kept, with a warning. What happens between them is not seen, nor a
    mode that no chain of the annealing finds.
    ``partial_fit`` is not watched.

    References
    ----------
    Cho, K., Ilin, A. and Raiko, T., "Improved learning of Gaussian-Bernoulli restricted Boltzmann
    machines", ICANN 2011.

    Su, Q., Liao, X., Chen, C. and Carin, L., "Nonlinear statistical learning with truncated
    Gaussian graphical models", ICML 2016.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.preprocessing import scale
    >>> from skdeepunsup import GaussianRBM
    >>> X = scale(load_iris().data)
    >>> rbm = GaussianRBM(n_components=4, n_iter=200, random_state=0).fit(X)
    >>> rbm.transform(X).shape
    (150, 4)
    >>> bool(rbm.score(X) > -5.68)  # nats: better than four independent Gaussians
    True
    """

    _usual_passes = 30

    def __init__(
        self,
        n_components: int = 256,
        *,
        learning_rate: float | None = None,
        batch_size: int = 20,
        n_iter: int | None = None,
        learning_rate_schedule: str = "linear",
        cd_steps: int = 5,
        persistent: bool = True,
        n_chains: int | None = None,
        n_temperatures: int = 1,
        momentum: float = 0.0,
        weight_decay: float = 0.0,
        averaging: float = 0.0,
        centered: bool = True,
        sparsity_target: float | None = None,
        sparsity_cost: float = 1.0,
        hidden_units: str = "bernoulli",
        min_variance: float = 0.05,
        validation_fraction: float = 0.0,
        warm_start: bool = False,
        device: str = "auto",
        precision: str = "float32",
        verbose: int = 0,
        random_state: Any = None,
    ) -> None:
        self.n_components = n_components
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.n_iter = n_iter
        self.learning_rate_schedule = learning_rate_schedule
        self.cd_steps = cd_steps
        self.persistent = persistent
        self.n_chains = n_chains
        self.n_temperatures = n_temperatures
        self.momentum = momentum
        self.weight_decay = weight_decay
        self.averaging = averaging
        self.centered = centered
        self.sparsity_target = sparsity_target
        self.sparsity_cost = sparsity_cost
        self.hidden_units = hidden_units
        self.min_variance = min_variance
        self.validation_fraction = validation_fraction
        self.warm_start = warm_start
        self.device = device
        self.precision = precision
        self.verbose = verbose
        self.random_state = random_state

    @property
    def variances_(self) -> np.ndarray:
        """Variance of each feature given the hidden units."""
        return np.asarray(variances_of_rows(self._module), to_array(self._module.W).dtype)

    def score_samples(self, X: Any, *, out: Any = None) -> Any:
        """Compute the log density of each row, log p(v) = −F(v) − log Z.

        log Z is exact if there are at most 20 binary hidden units, else estimated by annealed
        importance sampling from a fixed seed, in fewer steps than ``log_partition`` takes. It is
        computed when first needed and kept until the parameters change.

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
            Log densities in nats.
        """
        return self._log_likelihood(X, out)

    def _scaling(self, data: TrainingData, **prepared: Any) -> Scaling | None:
        return scaling_of_rows(data)

    def _rate(self) -> Any:
        if self.learning_rate is not None:
            return self.learning_rate
        rate = 0.02 * min(1.0, 64 / self.n_components)
        return rate / 2 if self.hidden_units == "relu" else rate

    def _check_units(self) -> None:
        check_option("hidden_units", self.hidden_units, HIDDEN_UNITS)
        check_real("min_variance", self.min_variance, 0, boundaries="neither")

    def _check_values(self, X: Any, training: bool) -> None:
        """Every finite number is a value."""

    def _units(self, rows: Rows, fitted: dict[str, Any] | None) -> dict[str, Any]:
        return {
            "visible_units": "gaussian",
            "hidden_units": self.hidden_units,
            "min_variance": float(self.min_variance),
        }
