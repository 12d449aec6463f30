"""The deep Boltzmann machine as an estimator."""

from typing import Any

import numpy as np
import torch
from sklearn.utils.validation import check_is_fitted

from .._parameters import check_boolean, check_integer, check_real, check_sizes
from .._random import Stream
from .._rows import Rows
from .._unused import IdleOptions
from .._validation import to_array
from ..base.fit import Fit
from ..training import Schedule
from .base.energy_model import EnergyModel
from .base.flat_code import warn_of_flat_code
from .base.parameters import (
    chain_options,
    check_training,
    shared_options,
    warn_outside_unit_interval,
)
from .learning.layered import LayeredAscent
from .learning.start import start_layers
from .machines.layered import LayeredMachine
from .units.binary import Bernoulli, log_odds


class DeepBoltzmannMachine(EnergyModel):
    """Deep Boltzmann machine: layers of binary units, with undirected weights between neighbours.

    It learns layer by layer first, then all layers together, by ascent on a bound of the
    likelihood: mean field gives the hidden units' expectation given the data, Gibbs chains the
    expectation of the model.

    Parameters
    ----------
    hidden_layer_sizes : int or sequence of int, default=(500, 1000)
        Units of each hidden layer, from the data up. There may be any number of layers. The code is
        that of the last one. On a few hundred rows it tells classes apart but hardly varies, as the
        layers below explain the rows: put ``StandardScaler`` after (wine: logistic regression on
        the code .40, and .97 with it), or take ``activities``.
    n_iter : int, default=10
        Exact number of passes over the training data. It is that of joint learning.
    pretraining_iter : int, default=None
        Passes over the training data for each pair of neighbouring layers before that; None takes
        ``n_iter`` of them. At 0 all layers learn together from the start, which centred units
        make possible: the likelihood ends higher (by 4.5 nats on MNIST, see the results in the
        documentation), but the upper layers, and so the code, hold less information on the rows.
    learning_rate : float, default=0.05
        Step along the gradient of the mean log-likelihood.
    pretraining_learning_rate : float, default=None
        Step along the gradient in pre-training; None takes ``learning_rate``. The higher it is than
        that, the more of the rows the code tells, and the lower the likelihood.
    batch_size : int, default=10
        Rows per update.
    learning_rate_schedule : {"linear", "constant"}, default="linear"
        "linear" keeps the rate over the first half of the fit and lowers it to 1 % over the second.
        The halves are those of each stage. ``partial_fit`` always keeps the rate.
    mean_field_steps : int, default=5
        Rounds of mean field in an update, which start at a pass up from the data.
    cd_steps : int, default=1
        Gibbs sweeps before each update, the k of CD-k and PCD-k.
    n_chains : int, default=None
        Persistent chains, whatever the batch size; None takes ten million divided by the number of
        weights, but at least 50 and at most 200.
    n_temperatures : int, default=1
        Replicas of each persistent chain, at inverse temperatures from 1 to 0, which exchange them
        (parallel tempering).
    weight_decay : float, default=0.0
        Each update shrinks the weights, not the biases, by this times the learning rate.
    averaging : float, default=0.0
        Share of itself that the model keeps at each update while it follows the parameters that are
        trained (Polyak averaging), in [0, 1). 0.999 averages over some thousand updates.
    centered : bool, default=True
        Whether the gradient is that of centred units, which conditions it much better.
    resample : bool, default=False
        Whether entries between 0 and 1 are probabilities from which every batch draws fresh bits,
        as grey levels mean it; otherwise they stand for themselves.
    validation_fraction : float, default=0.0
        Share of the rows held out of training, to be measured in ``history_``.
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
    coefs_ : list of ndarray of shape (n_below, n_above)
        Weights between neighbouring layers, from the data up.
    intercepts_ : list of ndarray of shape (n_units,)
        Biases of all layers, the visible one's first.
    module_ : LayeredMachine
        The machine.
    history_ : dict of lists
        An entry an epoch of each stage, measured on a tenth of the training rows, at most 500:
        ``"loss"``, the cross-entropy in nats of a row and its reconstruction from the first hidden
        layer's mean field (after ``mean_field_steps`` rounds), which is not a likelihood;
        ``"reconstruction_error"``, their squared distance, summed over features. With held-out
        rows, ``"validation_loss"``, the loss of those.
    n_iter_ : int
        Epochs run. Those of pre-training are included.
    n_features_in_ : int
        Features seen in ``fit``.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Their names, where they had any.

    Warns
    -----
    UserWarning
        If the data leave [0, 1], or if the code hardly varies over the rows of ``fit``.
    ConvergenceWarning
        If the log-likelihood fell during ``fit``, or is far below that of independent features.

    See Also
    --------
    BernoulliRBM : One hidden layer, whose free energy is always exact.

    Notes
    -----
    The energy is E = −Σₗ bₗᵀhₗ − Σₗ hₗ₋₁ᵀWₗhₗ with h₀ the row. In pre-training, while a layer lacks
    one of its two neighbours, the input from the other counts twice. ``transform`` gives the top
    layer's settled mean field, ``activities`` that of all layers; ``inverse_transform`` settles the
    layers below a code by second-order mean field. ``partial_fit`` of a new estimator is one epoch
    of each stage. On a fitted estimator it is one epoch of each stage that an interrupted fit left
    undone, or else a joint epoch.

    ``fit`` is watched: at up to ten moments and its end, a short annealing from a fixed seed
    estimates the log-likelihood of 200 rows, for a few per cent of the time. If it fell clearly,
    the best of these epochs is kept, with a warning. What happens between them is not seen, nor a
    mode that no chain of the annealing finds.
    Neither ``partial_fit`` nor pre-training is watched.

    References
    ----------
    Salakhutdinov, R. and Hinton, G., "Deep Boltzmann machines", AISTATS 2009.

    Melchior, J., Fischer, A. and Wiskott, L., "How to center deep Boltzmann machines", JMLR 17,
    2016.

    Thouless, D., Anderson, P. and Palmer, R., "Solution of 'Solvable model of a spin glass'",
    Philosophical Magazine 35, 1977.

    Examples
    --------
    >>> import numpy as np
    >>> from skdeepunsup import DeepBoltzmannMachine
    >>> X = np.array([[0, 0, 1, 1], [1, 1, 0, 0]] * 50)
    >>> dbm = DeepBoltzmannMachine((4, 2), n_iter=50, random_state=0).fit(X)
    >>> dbm.transform(X).shape
    (100, 2)
    >>> bool(dbm.score(X) > 4 * np.log(1 / 2))  # nats: better than four fair coins
    True
    """

    _module_class = LayeredMachine

    def __init__(
        self,
        hidden_layer_sizes: Any = (500, 1000),
        *,
        n_iter: int = 10,
        pretraining_iter: int | None = None,
        learning_rate: float = 0.05,
        pretraining_learning_rate: float | None = None,
        batch_size: int = 10,
        learning_rate_schedule: str = "linear",
        mean_field_steps: int = 5,
        cd_steps: int = 1,
        n_chains: int | None = None,
        n_temperatures: int = 1,
        weight_decay: float = 0.0,
        averaging: float = 0.0,
        centered: bool = True,
        resample: bool = False,
        validation_fraction: float = 0.0,
        warm_start: bool = False,
        device: str = "auto",
        precision: str = "float32",
        verbose: int = 0,
        random_state: Any = None,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.pretraining_iter = pretraining_iter
        self.n_iter = n_iter
        self.learning_rate = learning_rate
        self.pretraining_learning_rate = pretraining_learning_rate
        self.batch_size = batch_size
        self.learning_rate_schedule = learning_rate_schedule
        self.mean_field_steps = mean_field_steps
        self.cd_steps = cd_steps
        self.n_chains = n_chains
        self.n_temperatures = n_temperatures
        self.weight_decay = weight_decay
        self.averaging = averaging
        self.centered = centered
        self.resample = resample
        self.validation_fraction = validation_fraction
        self.warm_start = warm_start
        self.device = device
        self.precision = precision
        self.verbose = verbose
        self.random_state = random_state

    @property
    def coefs_(self) -> list[np.ndarray]:
        """Weights between neighbours."""
        return [to_array(W) for W in self._module.W]

    @property
    def intercepts_(self) -> list[np.ndarray]:
        """The biases of all layers, the visible one's first."""
        return [to_array(b) for b in self._module.b]

    def score_samples(self, X: Any, *, out: Any = None) -> Any:
        """Compute the log-likelihood of each row, log p(v) = −F(v) − log Z, or a lower bound of it.

        F(v) is exact if the odd or the even hidden layers have at most 12 units in all, and always
        with a single hidden layer; else it is the upper bound of mean field. log Z is exact if
        the odd layers, or the even ones with the features, have at most 20 units in all, else
        estimated by annealed importance sampling from a fixed seed, in fewer steps than
        ``log_partition`` takes. For rows that are not binary the figure is not a likelihood.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame, Tensor} of shape (n_samples, n_features)
            Binary data.
        out : array, default=None
            Array of the answers' shape to write them into, a part at a time, such as a memory map,
            an HDF5 dataset or a zarr array; it is returned. None makes an array.

        Returns
        -------
        ndarray of shape (n_samples,)
            Log-likelihoods in nats, or lower bounds.
        """
        return self._log_likelihood(X, out)

    def activities(self, X: Any) -> list[np.ndarray]:
        """Compute the mean field of every hidden layer given the rows.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame, Tensor} of shape (n_samples, n_features)
            Data.

        Returns
        -------
        list of ndarray of shape (n_samples, n_units)
            Means of each hidden layer, from the data up; the last array is that of ``transform``.
            float32 for float32 input, else float64.
        """
        check_is_fitted(self)
        X = self._checked(X)
        hidden = self._answer(X, lambda machine: lambda v: torch.cat(machine.mean_field(v)[1:], 1))
        return np.split(hidden, np.cumsum(self._module.sizes[1:-1]), axis=1)

    def _check_parameters(self) -> None:
        if not check_sizes("hidden_layer_sizes", self.hidden_layer_sizes):
            raise ValueError("hidden_layer_sizes == (), must hold the size of one layer or more.")
        check_training(self)
        check_integer("mean_field_steps", self.mean_field_steps, 1)
        check_integer("pretraining_iter", self._pretraining_iter(), 0)
        check_real("learning_rate", self.learning_rate, 0, boundaries="neither")
        rate = self._pretraining_learning_rate()
        check_real("pretraining_learning_rate", rate, 0, boundaries="neither")
        check_boolean("resample", self.resample)

    def _idle_options(self) -> IdleOptions:
        yield from super()._idle_options()
        if not self._pretraining_iter():
            yield "pretraining_learning_rate", "pretraining_iter above 0"
        if len(check_sizes("hidden_layer_sizes", self.hidden_layer_sizes)) == 1:
            yield "mean_field_steps", "a second layer in hidden_layer_sizes"

    def _check_values(self, X: Any, training: bool) -> None:
        warn_outside_unit_interval(self, X, training)

    def _pretraining_iter(self) -> Any:
        return self.n_iter if self.pretraining_iter is None else self.pretraining_iter

    def _pretraining_learning_rate(self) -> Any:
        rate = self.pretraining_learning_rate
        return self.learning_rate if rate is None else rate

    def _n_pretrained(self) -> int:
        """How many pairs of neighbours are trained before the whole."""
        sizes = check_sizes("hidden_layer_sizes", self.hidden_layer_sizes)
        return len(sizes) if self._pretraining_iter() else 0

    def _schedule(self) -> Schedule:
        pairs = self._n_pretrained()
        return Schedule(
            self.n_iter,
            self.batch_size,
            self.validation_fraction,
            stages_before=(self._pretraining_iter(),) * pairs,
            once=pairs,
        )

    def _module_arguments(self, rows: Rows, fitted: dict[str, Any] | None) -> dict[str, Any]:
        sizes = check_sizes("hidden_layer_sizes", self.hidden_layer_sizes)
        return {"n_features": rows.n_features, "hidden_layer_sizes": sizes}

    def _initialize(self, module: LayeredMachine, rows: Rows, stream: Stream) -> None:
        """Marginals of the data, and first weights unless pre-training sets them pair by pair."""
        module.a0.copy_(log_odds(rows))
        module.b[0].copy_(module.a0)
        for b in module.b[1:]:
            b.fill_(Bernoulli.first_bias)
        if not self._n_pretrained():
            start_layers(module, stream)

    def _objective(self, module: LayeredMachine, stream: Stream) -> LayeredAscent:
        return LayeredAscent(
            module,
            stream,
            n_pretrained=self._n_pretrained(),
            mean_field_steps=self.mean_field_steps,
            learning_rate=self.learning_rate,
            pretraining_learning_rate=self._pretraining_learning_rate(),
            resample=self.resample,
            n_temperatures=self.n_temperatures,
            **chain_options(self, sum(W.numel() for W in module.W)),
            **shared_options(self),
        )

    def _finish(self, fit: Fit) -> None:
        super()._finish(fit)
        warn_of_flat_code(self, fit)
