"""The deep belief network as an estimator."""

from typing import Any

import numpy as np
import torch
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from .._categories import has_missing
from .._finite import finite
from .._parameters import (
    check_integer,
    check_rows_fit,
)
from .._random import Stream
from .._rows import CHUNK_ROWS, map_rows
from .._validation import output_dtype
from ..base.generative import Completion
from .base.stacked import StackedModel
from .completion import ClampedChains, ClampedNetwork
from .likelihood.bound import lower_bound
from .likelihood.partition import kept_log_partition
from .machines.belief_network import BeliefNetwork


class DeepBeliefNetwork(StackedModel):
    """Stack of restricted Boltzmann machines, each trained on the activities of the one below.

    A generative model of several layers: the top two are a restricted Boltzmann machine, from which
    directed layers lead down to the data; the way up is a fast approximation to the posterior.

    Parameters
    ----------
    hidden_layer_sizes : int or sequence of int, default=(500, 500)
        Units of each hidden layer, from the data up.
    visible_units : {"bernoulli", "gaussian", "categorical"}, default="bernoulli"
        For values in [0, 1], real values in any units (standardised, if the first call has fewer
        than 10 rows), or codes 0 … K − 1, NaN where one is missing. Hidden units are binary.
    n_categories : int, default=None
        Number of categories, K; None takes one more than the largest code in ``fit``. Used by
        categorical units.
    depth : int, default=None
        The layer whose activities are the code, 1 being the lowest; None takes the top one. It is
        read by ``fit``; ``activities`` gives all layers.
    fine_tuning : {None, "up-down"}, default=None
        "up-down" trains all layers together once each has been trained, by the contrastive version
        of wake-sleep; the weights up and down then differ.
    fine_tuning_iter : int, default=10
        Passes over the training data in fine-tuning, at the layers' own learning rates.
    learning_rate : float or sequence of float, default=None
        Step along the gradient of the mean log-likelihood. A sequence has one for each layer. None
        takes 0.1 of binary layers; 0.01 above Gaussian units, 0.05 above categorical ones.
    batch_size : int, default=10
        Rows per update.
    n_iter : int, default=10
        Exact number of passes over the training data. It is that of each layer.
    learning_rate_schedule : {"linear", "constant"}, default="linear"
        "linear" keeps the rate over the first half of the fit and lowers it to 1 % over the second.
        This averages the noise of the chains away. The halves are those of each layer's passes.
        ``partial_fit`` always keeps the rate.
    cd_steps : int, default=1
        Gibbs sweeps before each update, the k of CD-k and PCD-k.
    persistent : bool, default=True
        Whether the chains go on from one update to the next (PCD); otherwise each update starts
        them at its own batch (CD). Above categorical units it is always CD.
    n_chains : int, default=None
        Persistent chains, whatever the batch size; None takes ten million divided by the number of
        weights, but at least 50 and at most 200.
    n_temperatures : int, default=1
        Replicas of each persistent chain, at inverse temperatures from 1 to 0, which exchange them
        (parallel tempering).
    momentum : float, default=0.0
        Share of the last step that is kept, in [0, 1). Each layer has its own; in fine-tuning, only
        the top one.
    weight_decay : float, default=0.0
        Each update shrinks the weights, not the biases, by this times the learning rate. In
        fine-tuning, only those of the top layer.
    averaging : float, default=0.0
        Share of itself that the model keeps at each update while it follows the parameters that are
        trained (Polyak averaging), in [0, 1).
    centered : bool, default=True
        Whether the gradient is that of centred units, which conditions it much better.
    resample : bool, default=False
        Whether entries between 0 and 1 are probabilities from which every batch draws fresh bits,
        as grey levels mean it; otherwise they stand for themselves.
    min_variance : float, default=0.05
        Floor of σ², the variance of Gaussian units, as a share of each feature's variance in the
        data.
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
    module_ : BeliefNetwork
        The network; its ``layers`` are the restricted machines.
    history_ : dict of lists
        An entry for each pass of each layer: ``"layer"``, from 1, or 0 in fine-tuning; and of that
        layer's machine (in fine-tuning the top one), on a tenth of the training rows, at most 500,
        as they arrive there: ``"loss"``, minus an estimate of the pseudo-log-likelihood in nats
        (above Gaussian units, minus the log density of rows given their own code);
        ``"reconstruction_error"``, squared, summed over units; ``"reconstruction_kl"`` in nats.
        With held-out rows, their ``"validation_loss"`` and ``"free_energy_gap"``. Only entries of
        one layer compare.
    n_iter_ : int
        Epochs run. They are those of all layers together.
    n_features_in_ : int
        Features seen in ``fit``.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Their names, where they had any.

    Raises
    ------
    ValueError
        If units are categorical and an entry is not a code.

    Warns
    -----
    UserWarning
        If units are binary and the data leave [0, 1], or Gaussian, and the first call has fewer
        than 10 rows, far from 0.
    ConvergenceWarning
        If the log-likelihood fell during ``fit``, or is far below that of independent features, or
        of one normal distribution after a long fit of Gaussian units.

    See Also
    --------
    BernoulliRBM : One layer.
    Autoencoder : Deep codes by reconstruction, which may start from this.

    Notes
    -----
    p(v, h¹, …, hᴸ) = p(v | h¹) ⋯ p(hᴸ⁻² | hᴸ⁻¹) p(hᴸ⁻¹, hᴸ), where p(hᴸ⁻¹, hᴸ) is a restricted
    machine. With q(h | v) the way up,

        log p(v) ≥ E_q[log p(v, h) − log q(h | v)],

    and a new top layer raises this bound by as much as it raises the likelihood of the states that
    q draws below it; so each layer learns from bits drawn anew from q. A layer above a binary one
    starts as that layer upside down if it is wide enough, so that the bound starts no lower; its
    chains start at the data.

    Without ``fine_tuning``, ``partial_fit`` is a pass for each layer in turn. With it, it is a pass
    for each layer whose own passes are not over, and then a pass of fine-tuning.

    ``fit`` is watched: at up to ten moments and its end, a short annealing from a fixed seed
    estimates the log-likelihood of 200 rows, for a few per cent of the time. If it fell clearly,
    the best of these epochs is kept, with a warning. What happens between them is not seen, nor a
    mode that no chain of the annealing finds.
    Neither ``partial_fit`` nor fine-tuning is watched.

    References
    ----------
    Hinton, G., Osindero, S. and Teh, Y.-W., "A fast learning algorithm for deep belief nets",
    Neural Computation 18, 2006.

    Salakhutdinov, R. and Murray, I., "On the quantitative analysis of deep belief networks", ICML
    2008.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from skdeepunsup import DeepBeliefNetwork
    >>> X = load_digits().data / 16
    >>> network = DeepBeliefNetwork((64, 32), n_iter=5, random_state=0).fit(X)
    >>> network.transform(X).shape
    (1797, 32)
    >>> [layer.shape for layer in network.activities(X)]
    [(1797, 64), (1797, 32)]
    >>> network.sample(2, random_state=0).shape
    (2, 64)
    """

    def __init__(
        self,
        hidden_layer_sizes: Any = (500, 500),
        *,
        visible_units: str = "bernoulli",
        n_categories: int | None = None,
        depth: int | None = None,
        fine_tuning: str | None = None,
        fine_tuning_iter: int = 10,
        learning_rate: Any = None,
        batch_size: int = 10,
        n_iter: int = 10,
        learning_rate_schedule: str = "linear",
        cd_steps: int = 1,
        persistent: bool = True,
        n_chains: int | None = None,
        n_temperatures: int = 1,
        momentum: float = 0.0,
        weight_decay: float = 0.0,
        averaging: float = 0.0,
        centered: bool = True,
        resample: bool = False,
        min_variance: float = 0.05,
        validation_fraction: float = 0.0,
        warm_start: bool = False,
        device: str = "auto",
        precision: str = "float32",
        verbose: int = 0,
        random_state: Any = None,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.visible_units = visible_units
        self.n_categories = n_categories
        self.depth = depth
        self.fine_tuning = fine_tuning
        self.fine_tuning_iter = fine_tuning_iter
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
        self.resample = resample
        self.min_variance = min_variance
        self.validation_fraction = validation_fraction
        self.warm_start = warm_start
        self.device = device
        self.precision = precision
        self.verbose = verbose
        self.random_state = random_state

    def activities(self, X: Any) -> list[np.ndarray]:
        """Map rows to the mean activities of all layers.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame, Tensor} of shape (n_samples, n_features)
            Data.

        Returns
        -------
        list of ndarray of shape (n_samples, size)
            One array for each layer, from the bottom up; float32 for float32 input, else float64.
        """
        check_is_fitted(self)
        X = self._checked(X)
        side_by_side = self._answer(
            X, lambda network: lambda rows: torch.cat(network.activities(rows), 1)
        )
        sizes = self._module.arguments["hidden_layer_sizes"]
        return np.split(side_by_side, np.cumsum(sizes)[:-1], axis=1)

    def score_samples(self, X: Any, *, n_draws: int = 20, out: Any = None) -> Any:
        """Compute a lower bound on the log-likelihood of each row, with float64 inside.

        It is E_q[log p(v, h) − log q(h | v)], with the top layer summed out. It is exact if all
        hidden layers but the top one have at most 10 units together; else it is a mean over draws
        from q, whose expectation is the bound. log Z of the top machine is exact or
        annealed, in fewer steps than ``log_partition`` takes. With a single hidden layer the figure
        is the log-likelihood. For grey levels it is not a likelihood; with Gaussian visible units
        it bounds a log density.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame, Tensor} of shape (n_samples, n_features)
            Data, without missing entries.
        n_draws : int, default=20
            Draws from q, the same for all rows and calls.
        out : array, default=None
            Array of the answers' shape to write them into, a part at a time, such as a memory map,
            an HDF5 dataset or a zarr array; it is returned. None makes an array.

        Returns
        -------
        ndarray of shape (n_samples,)
            Bounds in nats.

        Raises
        ------
        ValueError
            If entries are missing.
        """
        check_is_fitted(self)
        check_integer("n_draws", n_draws, 1)
        X = self._checked(X)
        if has_missing(X):
            raise ValueError(
                "X has missing entries, and rows with missing entries have no score: each would "
                "need a log Z of its own. Score complete rows; reconstruct fills what is missing."
            )
        network, log_z = self._module.in_double(), kept_log_partition(self._normalized)
        log_z = log_z + self._log_volume()
        return map_rows(
            lambda rows: lower_bound(network, network.coding.to_states(rows), n_draws) - log_z,
            self._streamed(X, torch.device("cpu"), torch.float64),
            output_dtype(X),
            out,
        )

    def sample(
        self, n_samples: int = 1, *, n_steps: int = 1000, random_state: Any = None
    ) -> np.ndarray:
        """Draw from the model: Gibbs sampling of the top machine, then one pass down.

        Parameters
        ----------
        n_samples : int, default=1
            Rows to draw. Each has a chain of its own.
        n_steps : int, default=1000
            Sweeps of each chain. A machine with deep modes needs more of them.
        random_state : int, RandomState instance or None, default=None
            Seeds the sampling; None takes NumPy's global state.

        Returns
        -------
        ndarray of shape (n_samples, n_features)
            Rows of data, as float64.
        """
        check_is_fitted(self)
        check_rows_fit("n_samples", n_samples, self.n_features_in_)
        check_integer("n_steps", n_steps, 0)
        network: BeliefNetwork = self._module
        stream = Stream(random_state, network.top.W.device)
        rows = np.empty((n_samples, self.n_features_in_))
        with torch.inference_mode():
            for start in range(0, n_samples, CHUNK_ROWS):
                part = rows[start : start + CHUNK_ROWS]
                v = network.sample(len(part), n_steps, stream)
                part[:] = self._in_units_of_data(network.coding.to_rows(v)).numpy()
        return finite(rows)

    def _completion(self, module: BeliefNetwork, x: Tensor, stream: Stream) -> Completion:
        """A network of a single layer is completed by its machine's own chains."""
        if not module.directed:
            return ClampedChains(module.top, x, stream)
        return ClampedNetwork(module, x, stream)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        categorical = self.visible_units == "categorical"
        tags.input_tags.allow_nan = categorical
        tags.input_tags.categorical = categorical
        tags.input_tags.positive_only = categorical
        return tags
