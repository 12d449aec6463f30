"""Base of all estimators that draw rows, and complete rows with missing entries."""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.sparse as sp
import torch
from sklearn.utils import gen_batches
from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from .._finite import finite
from .._parameters import check_boolean, check_integer, check_rows_fit
from .._random import Stream
from .._rows import CHUNK_ROWS, standardized
from .._validation import check_rows, densified, output_dtype
from .estimator import DeepEstimator


class Completion(ABC):
    """A Markov chain for each incomplete row, whose states have a value for each NaN.

    The first states are draws from the model, independent of the observed entries, or draws from an
    encoder that reads these. Rows are independent of each other.
    """

    def approach(self, n_steps: int) -> None:
        """Make steps towards the distribution of the completions.

        These are the steps of ``advance``, unless the model has others that arrive sooner.
        """
        self.advance(n_steps)

    @abstractmethod
    def advance(self, n_steps: int) -> None:
        """Make steps that leave the distribution of the completions invariant."""

    @abstractmethod
    def draw(self) -> Tensor:
        """Rows of the current state; observed entries may have other values in them."""

    @abstractmethod
    def expected(self) -> Tensor:
        """Expectation of the rows given the current hidden state; probabilities of categories."""

    @abstractmethod
    def typical(self, mean: Tensor) -> Tensor:
        """Turn means of ``expected`` into rows: for categories, the most probable one."""


class GenerativeModel(DeepEstimator):
    """Mixin of the models that draw rows; ``_completion`` says how they complete rows."""

    @abstractmethod
    def _completion(self, module: Any, x: Tensor, stream: Stream) -> Completion:
        """Return chains that complete ``x`` by ``module``, the fitted one or a copy of it."""

    def _check_observed(self, X: Any) -> None:
        """Warn of observed values in checked ``X`` that the model is not made for, or raise."""
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

        Boltzmann machines use Gibbs sampling with the observed entries clamped. Deep belief
        networks and variational autoencoders use Metropolis-within-Gibbs sampling, with proposals
        from their encoder; the latter add slice sampling of the code. All of these are exact in the
        limit of many ``n_steps``. A GAN searches for codes whose rows have the observed entries,
        which is not sampling. Entries may be missing even if ``fit`` does not accept that.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame, Tensor} of shape (n_samples, n_features)
            Data, NaN where missing. In a sparse matrix, what is absent is 0.
        n_draws : int, default=None
            Independent completions of each row; their spread tells how uncertain the model is about
            missing entries. None makes one. With ``mean``, the number of chains to average over.
        mean : bool, default=False
            Whether to return estimates of the conditional means of missing entries instead; for
            categories, the most probable one. They are averages over the second half of the steps
            of the expectation given the hidden state, which is less noisy than an average of draws.
        n_steps : int, default=100
            Steps of each chain. If the observed entries allow several very different completions, a
            chain needs more steps to move between them. It also needs more, about a thousand, for
            an autoencoder whose ``noise_scale`` is small compared with the spread of the rows (a
            tenth, say), since the code then moves in small steps.
        random_state : int, RandomState instance or None, default=None
            Seeds the sampling; None takes NumPy's global state.

        Returns
        -------
        ndarray of shape (n_samples, n_features) or (n_draws, n_samples, n_features)
            Completed rows; of the second shape if ``n_draws`` is a number and ``mean`` is False.
            float32 for float32 input, else float64. Observed entries are unchanged; a row without
            observed entries is a sample.
        """
        check_is_fitted(self)
        X = check_rows(self, X, reset=False, allow_nan=True)
        self._check_observed(X)
        return self._impute(X, n_draws, mean, n_steps, random_state)

    def _impute(
        self, X: Any, n_draws: int | None, mean: bool, n_steps: int, random_state: Any
    ) -> np.ndarray:
        """Complete the rows of a checked array; parameters and return value as in ``impute``."""
        if n_draws is not None:
            check_rows_fit("n_draws", n_draws, math.prod(X.shape))
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
        """Complete rows by ``module``, the fitted one or a copy of it.

        Returns an array of shape (n_draws, n_samples, n_features), or (1, n_samples, n_features) if
        ``mean``. For each chunk of rows, ``stream_of(part)`` gives the randomness of the draws in
        ``part``.
        """
        known = densified(X, self._absent) if sp.issparse(X) else np.asarray(X)
        answers = np.empty((1 if mean else n_draws, *known.shape), output_dtype(X))
        answers[:] = known
        incomplete = np.flatnonzero(np.isnan(known).any(axis=1))
        parameter = next(module.parameters())
        # Chains may need gradients of tensors made here, even if the caller disabled them.
        with torch.inference_mode(False), torch.no_grad():
            for start in range(0, len(incomplete), size := max(1, CHUNK_ROWS // n_draws)):
                ids = incomplete[start : start + size]
                given = known[ids]
                rows = standardized(given, parameter.device, parameter.dtype, self._fitted_scaling)
                total: Tensor | float = 0.0
                for part in gen_batches(n_draws, CHUNK_ROWS):
                    n = part.stop - part.start
                    chains = self._completion(module, rows.repeat(n, 1), stream_of(part))
                    if mean:
                        total = total + averaged(chains, n_steps).unflatten(0, (n, -1)).sum(0)
                    else:
                        rows_out = self._in_units_of_data(drawn(chains, n_steps))
                        draws = rows_out.unflatten(0, (n, -1)).numpy()
                        answers[part, ids] = np.where(np.isnan(given), draws, given)
                if mean:
                    rows_out = self._in_units_of_data(
                        chains.typical(torch.as_tensor(total) / n_draws)
                    )
                    typical = rows_out.numpy()
                    answers[0, ids] = np.where(np.isnan(given), typical, given)
        for answer in answers:
            finite(answer, known)
        return answers


def drawn(chains: Completion, n_steps: int) -> Tensor:
    """Rows of the last state of each chain."""
    chains.approach(n_steps // 2)
    chains.advance(n_steps - n_steps // 2)
    return chains.draw()


def averaged(chains: Completion, n_steps: int) -> Tensor:
    """Mean of ``expected`` over the second half of the steps of each chain."""
    chains.approach(n_steps // 2)
    total: Tensor | float = 0.0
    for _ in range(n_later := n_steps - n_steps // 2):
        chains.advance(1)
        total = total + chains.expected()
    return torch.as_tensor(total) / n_later
