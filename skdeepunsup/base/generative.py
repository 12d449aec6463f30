"""Models that draw rows: they complete those of which a part is missing."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.sparse as sp
import torch
from sklearn.utils import gen_batches
from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from .._parameters import check_boolean, check_integer
from .._random import Stream
from .._rows import CHUNK_ROWS
from .._validation import check_rows, copied, dense, output_dtype
from .estimator import DeepEstimator


class Completion(ABC):
    """Rows while they are completed: a chain, each state of which has a value for each NaN.

    It starts at draws from the model that have not heard of the rows yet. Rows are independent.
    """

    def approach(self, n_steps: int) -> None:
        """Steps that need only come near; those of ``advance``, unless others are quicker there."""
        self.advance(n_steps)

    @abstractmethod
    def advance(self, n_steps: int) -> None:
        """Steps that leave the distribution of the completions as it should be."""

    @abstractmethod
    def draw(self) -> Tensor:
        """The completed rows of the present state; what is observed need not be in them."""

    @abstractmethod
    def expected(self) -> Tensor:
        """Their expectation given what is hidden at present; of categories, the probabilities."""

    @abstractmethod
    def typical(self, mean: Tensor) -> Tensor:
        """Means of what is expected, as rows: of categories, the most probable one."""


class GenerativeModel(DeepEstimator):
    """Mixin of the models that draw rows: a family says by what `Completion` it fills some in."""

    @abstractmethod
    def _completion(self, module: Any, x: Tensor, stream: Stream) -> Completion:
        """Begin to complete rows by the fitted module, or by a copy of it in another precision."""

    def _check_observed(self, X: Any) -> None:
        """Warn of, or refuse, values in checked ``X`` that no row can have."""
        self._check_values(X, training=False)

    def impute(
        self,
        X: Any,
        *,
        n_draws: int | None = None,
        mean: bool = False,
        n_steps: int = 100,
        random_state: Any = None,
    ) -> np.ndarray:
        """Complete rows: draw what is missing (NaN) given what is there.

        Boltzmann machines do it by Gibbs sampling with the observed entries held; deep belief
        networks and variational autoencoders by Metropolis sampling within Gibbs, of what their way
        up to the code proposes, the latter with slice sampling of the code besides: all of these
        exactly, as ``n_steps`` grows. A GAN searches for codes whose rows have the observed
        entries, which is no sampling. Entries may be missing whether or not ``fit`` takes such.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame, Tensor} of shape (n_samples, n_features)
            Data, NaN where missing. In a sparse matrix, what is absent is 0.
        n_draws : int, default=None
            Independent completions of each row, whose spread tells how much the model knows of what
            is missing; None makes one. With ``mean``, the chains to average over.
        mean : bool, default=False
            Whether to estimate the conditional means of missing entries instead, or of categories
            the most probable one. They are averaged over the second half of the steps, each as the
            expectation given what is hidden, which is less noisy than averaged draws.
        n_steps : int, default=100
            Steps of each chain. Where the observed entries leave several very different ways to
            go on, a chain needs more of them to go from one to another. So does the code of an
            autoencoder whose ``noise_scale`` is small beside the spread of the rows, a tenth say:
            it moves in small steps, and takes a thousand.
        random_state : int, RandomState instance or None, default=None
            Seeds the sampling; None takes NumPy's global state.

        Returns
        -------
        ndarray of shape (n_samples, n_features) or (n_draws, n_samples, n_features)
            Completed rows, the second where ``n_draws`` is a number and ``mean`` is False; float32
            for float32 input, else float64. Observed entries are as they were; a row without any is
            a sample.
        """
        check_is_fitted(self)
        X = check_rows(self, X, reset=False, allow_nan=True)
        self._check_observed(X)
        return self._impute(X, n_draws, mean, n_steps, random_state)

    def _impute(
        self, X: Any, n_draws: int | None, mean: bool, n_steps: int, random_state: Any
    ) -> np.ndarray:
        """The same of a checked array."""
        if n_draws is not None:
            check_integer("n_draws", n_draws, 1)
        check_boolean("mean", mean)
        check_integer("n_steps", n_steps, 1)
        stream = Stream(random_state, next(self._module.parameters()).device)
        answers = self._completed(self._module, X, n_draws or 1, mean, n_steps, lambda _: stream)
        return answers[0] if mean or n_draws is None else answers

    def _completed(
        self,
        module: Any,
        X: Any,
        n_draws: int,
        mean: bool,
        n_steps: int,
        stream_of: Callable[[slice], Stream],
    ) -> np.ndarray:
        """Completions by the module, or a copy of it: (n_draws, …), or (1, …) if these are means.

        Of each chunk of rows, the randomness of those draws is what ``stream_of`` then returns.
        """
        known = dense(X, self._absent) if sp.issparse(X) else np.asarray(X)
        answers = np.empty((1 if mean else n_draws, *known.shape), output_dtype(X))
        answers[:] = known
        incomplete = np.flatnonzero(np.isnan(known).any(axis=1))
        parameter = next(module.parameters())
        # Gradients may be needed, of tensors made here, whatever the caller has switched off.
        with torch.inference_mode(False), torch.no_grad():
            for start in range(0, len(incomplete), size := max(1, CHUNK_ROWS // n_draws)):
                ids = incomplete[start : start + size]
                given = known[ids]
                rows = copied(given, parameter.device, parameter.dtype)
                total: Tensor | float = 0.0
                for part in gen_batches(n_draws, CHUNK_ROWS):
                    n = part.stop - part.start
                    chains = self._completion(module, rows.repeat(n, 1), stream_of(part))
                    if mean:
                        total = total + averaged(chains, n_steps).unflatten(0, (n, -1)).sum(0)
                    else:
                        draws = drawn(chains, n_steps).unflatten(0, (n, -1)).cpu().numpy()
                        answers[part, ids] = np.where(np.isnan(given), draws, given)
                if mean:
                    typical = chains.typical(torch.as_tensor(total) / n_draws).cpu().numpy()
                    answers[0, ids] = np.where(np.isnan(given), typical, given)
        return answers


def drawn(chains: Completion, n_steps: int) -> Tensor:
    """Of each chain its last state."""
    chains.approach(n_steps // 2)
    chains.advance(n_steps - n_steps // 2)
    return chains.draw()


def averaged(chains: Completion, n_steps: int) -> Tensor:
    """Of each chain what is expected, over the second half of the steps."""
    chains.approach(n_steps // 2)
    total: Tensor | float = 0.0
    for _ in range(n_later := n_steps - n_steps // 2):
        chains.advance(1)
        total = total + chains.expected()
    return torch.as_tensor(total) / n_later
