"""Bits-back coding with asymmetric numeral systems: coding rows by a model with latent variables.

The coder is a stack of bits. To encode a row x,

- decode z from the stack by q(z | x), as if its top bits were random,
- encode x by p(x | z),
- encode z by p(z).

This costs −log p(x | z) − log p(z) + log q(z | x) bits: on average minus the model's bound on the
log-likelihood. Decoding performs these steps in reverse, and returns the bits that z was decoded
from.

References
----------
Frey, B. J. and Hinton, G. E., "Efficient stochastic source coding and an application to a Bayesian
network source model", The Computer Journal 40, 1997.

Townsend, J., Bird, T. and Barber, D., "Practical lossless compression with latent variables using
bits back coding", ICLR 2019.
"""

import copy
import math
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import shake_256
from itertools import chain, pairwise
from threading import RLock
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..._optional import optional
from ...formulas.observation import DiscreteObservation
from .byte_stream import other_content

LATENT_STEP = 2.0**-8
"""Step of the grid of z. A finer grid costs only more initial bits: decoding z takes as many more
bits as encoding it returns."""

LATENT_STEPS = 2**12
"""Steps from 0 to either end of the grid."""

SCALES = (0.25, 1 / LATENT_STEP)
"""Bounds on the scale of q(z | x), in steps. At the lower one, 95 % of q are within the step of its
mean, and smaller scales would save nothing; the upper one is the scale of p(z)."""

WINDOW = 6
"""Half-width of the support of q(z | x), in scales rounded up to powers of 2. The coder gives each
level a minimum probability; over the whole grid, z would sometimes be drawn from far away."""

OUTPUT_STEP = 2.0**-8
"""Step of the grid to which the networks' outputs are rounded before they become probabilities, so
that most rounding errors do not change these."""

LARGEST_BATCH = 128
"""Most rows that are coded at a time."""

TABLE_ENTRIES = 2**18
"""Most probabilities computed at a time: they fit the cache."""

BITS_OF_A_SYMBOL = 24
"""Most bits of a symbol: the coder's precision."""

STATE_WORDS = 2
"""Words that the coder keeps besides its stack."""

THREADS = RLock()
"""Guards torch's number of threads, which is global."""


class BitsBack:
    """Codes rows of symbols 0 … K − 1 by a variational autoencoder.

    The networks run in float64 on the CPU.

    Parameters
    ----------
    module : VariationalModule
        A model with a discrete likelihood.
    user : str
        Name of the class that needs this, for the error if the coder is not installed.
    """

    def __init__(self, module: Any, user: str) -> None:
        stream = optional("constriction", extra="compression", user=user).stream
        self.module = copy.deepcopy(module).cpu().double().eval()
        self.observation: DiscreteObservation = self.module.observation
        self.coder = stream.stack.AnsCoder
        ends = (-LATENT_STEPS, LATENT_STEPS)
        self.prior = stream.model.QuantizedGaussian(*ends, 0.0, 1 / LATENT_STEP)
        widths = [WINDOW * 2**power for power in range(int(math.log2(SCALES[1])) + 1)]
        self.posteriors = [stream.model.QuantizedGaussian(-width, width) for width in widths]
        self.farthest = LATENT_STEPS - widths[-1]
        self.symbols = stream.model.Categorical(perfect=False)

    def encode(self, rows: np.ndarray) -> tuple[np.ndarray, int]:
        """Encode rows; return the words of the stack, and the number of bits that the rows cost.

        The words include the initial bits that the first rows decode z from; the number does not.
        """
        lent = STATE_WORDS
        coder = self.coder(seed(lent))
        lowest = lent  # words at the bottom that were never used
        with inference():
            for part in batches(len(rows)):
                x = rows[part].astype(np.int32)
                n_latents = len(x) * self.module.n_components
                wanted = STATE_WORDS + 1 + n_latents * BITS_OF_A_SYMBOL // 32
                if coder.num_words() < wanted:
                    more = seed(lent + wanted)[:wanted]  # goes below the present words
                    coder = self.coder(np.concatenate([more, coder.get_compressed()]))
                    lent, lowest = lent + wanted, lowest + wanted
                z = self._decode_posterior(coder, x)
                lowest = min(lowest, coder.num_words())
                self._encode_symbols(coder, x, z)
                coder.encode_reverse(z, self.prior)
        unused = lowest - STATE_WORDS
        words = coder.get_compressed()[unused:]
        return words, coder.num_valid_bits() - self.coder(seed(lent)).num_valid_bits()

    def decode(self, words: np.ndarray, n_rows: int) -> np.ndarray:
        """Decode rows from the words of the stack, the last row first."""
        coder = self._coder_of(words)
        n_components = self.module.n_components
        parts = []
        with inference():
            for part in batches(n_rows, backwards=True):
                n = part.stop - part.start
                z = coder.decode(self.prior, n * n_components)
                x = self._decode_symbols(coder, z, n)
                if coder.num_words() < STATE_WORDS:  # the stack has fewer rows
                    raise other_content()
                self._encode_posterior(coder, x, z)
                parts.append(x)
        left = coder.get_compressed()
        if not np.array_equal(left, seed(len(left))):
            raise other_content()
        return np.concatenate(parts[::-1])

    def _coder_of(self, words: np.ndarray) -> Any:
        try:
            return self.coder(words)
        except ValueError as error:
            raise other_content() from error

    def _posterior(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Means and scales of q(z | x), in steps of the grid."""
        mean, log_variance = self.module.posterior(torch.from_numpy(x).double())
        mean = rounded(mean / LATENT_STEP).clamp(-self.farthest, self.farthest)
        scale = rounded(log_variance / 2).exp() / LATENT_STEP
        return flat(mean), flat(scale.clamp(*SCALES))

    def _posteriors(self, x: np.ndarray) -> tuple[np.ndarray, list[tuple[Any, ...]]]:
        """Rounded means, and groups of entries that share a window.

        A group is (indices of entries, model of the coder, remainders of the means, scales).
        """
        mean, scale = self._posterior(x)
        whole = np.rint(mean).astype(np.int32)
        power = np.ceil(np.log2(scale)).clip(0)
        groups = [(np.flatnonzero(power == i), model) for i, model in enumerate(self.posteriors)]
        return whole, [
            (group, model, (mean - whole)[group], scale[group])
            for group, model in groups
            if len(group)
        ]

    def _decode_posterior(self, coder: Any, x: np.ndarray) -> np.ndarray:
        z, groups = self._posteriors(x)
        for group, *model in groups:
            z[group] += coder.decode(*model)
        return z

    def _encode_posterior(self, coder: Any, x: np.ndarray, z: np.ndarray) -> None:
        whole, groups = self._posteriors(x)
        try:
            for group, *model in reversed(groups):
                coder.encode_reverse((z - whole)[group], *model)
        except KeyError as error:  # z is outside the window that it was decoded from
            raise other_content() from error

    def _outputs(self, z: np.ndarray, n: int) -> tuple[Tensor, ...]:
        """The decoder's outputs for the codes of ``n`` rows, split into parts of few rows."""
        codes = torch.from_numpy(z).double().view(n, -1) * LATENT_STEP
        outputs = rounded(self.module.decoder_output(codes))
        entries = self.module.n_features * self.observation.n_categories
        return outputs.split(max(1, TABLE_ENTRIES // entries))

    def _tables(self, output: Tensor) -> np.ndarray:
        """P(xᵢ = k | z) of some rows, shape (number of entries, K)."""
        return self.observation.probabilities(output).flatten(0, -2).numpy()

    def _encode_symbols(self, coder: Any, x: np.ndarray, z: np.ndarray) -> None:
        outputs = self._outputs(z, len(x))
        ends = np.cumsum([0, *map(len, outputs)])
        for (start, stop), output in reversed(list(zip(pairwise(ends), outputs, strict=True))):
            coder.encode_reverse(x[start:stop].ravel(), self.symbols, self._tables(output))

    def _decode_symbols(self, coder: Any, z: np.ndarray, n: int) -> np.ndarray:
        parts = [coder.decode(self.symbols, self._tables(o)) for o in self._outputs(z, n)]
        return np.concatenate(parts).reshape(n, -1)


def _growing_batches() -> tuple[int, ...]:
    """First rows of the batches that are smaller than ``LARGEST_BATCH``, and of the next one."""
    starts = [0]
    while starts[-1] // 4 < LARGEST_BATCH:
        starts.append(starts[-1] + max(1, starts[-1] // 4))
    return tuple(starts)


FIRST_BATCHES = _growing_batches()


def batches(n_rows: int, backwards: bool = False) -> Iterator[slice]:
    """Yield slices of ``n_rows`` rows that are coded together.

    A batch has a quarter as many rows as there are before it, at least 1: the rows before have left
    enough bits on the stack to decode its z from.
    """
    small = [start for start in FIRST_BATCHES[:-1] if start < n_rows]
    full = range(FIRST_BATCHES[-1], n_rows, LARGEST_BATCH)
    order = chain(reversed(full), reversed(small)) if backwards else chain(small, full)
    for start in order:
        size = min(max(1, start // 4), LARGEST_BATCH)
        yield slice(start, min(start + size, n_rows))


def seed(n_words: int) -> np.ndarray:
    """Initial words of the stack; the last words are the same for all ``n_words``.

    References
    ----------
    NIST, "SHA-3 standard", FIPS 202, 2015: SHAKE-256.
    """
    words = np.frombuffer(shake_256(b"bits back").digest(4 * n_words), dtype="<u4")
    return words.astype(np.uint32)[::-1]


def rounded(output: Tensor) -> Tensor:
    """Outputs rounded to the grid, with 0 in place of NaN."""
    output = (output / OUTPUT_STEP).round() * OUTPUT_STEP
    return output.nan_to_num(0.0)


def flat(tensor: Tensor) -> np.ndarray:
    """The entries of a tensor as an array with one dimension."""
    return tensor.flatten().numpy()


@contextmanager
def inference() -> Iterator[None]:
    """A context without gradients and with one thread, so that sums are the same at every call.

    Torch's number of threads is global: one call at a time changes it, and restores it at the end.
    """
    with THREADS:
        n_threads = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            with torch.inference_mode():
                yield
        finally:
            torch.set_num_threads(n_threads)
