"""Bits back with asymmetric numeral systems: rows as bits, by a model that has latent variables.

The coder is a stack of bits. A row x is put on it by

- taking z off it, as if the bits on top were a draw from q(z | x),
- putting x on it, by p(x | z),
- putting z on it, by p(z),

which costs −log p(x | z) − log p(z) + log q(z | x) bits: in the mean minus the bound of the model.
What takes the row off again does the same backwards, and gives back the bits that z was made of.

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
"""Of the grid on which z lies. A finer one costs nothing but more bits to begin with: as many more
are given back as are taken."""
LATENT_STEPS = 2**12
"""From 0 to either end of the grid."""
SCALES = (0.25, 1 / LATENT_STEP)
"""Bounds on the scale of q(z | x), in steps. With the lower one, 95 % of q are in the step of its
mean, and less would save nothing; the upper one is the scale of p(z)."""
WINDOW = 6
"""Of q(z | x), to either side, in scales rounded up to powers of 2. The coder gives each level a
least probability; over all of the grid, z would now and then be drawn from far away."""
OUTPUT_STEP = 2.0**-8
"""Of the grid to which the networks' outputs are rounded before they become probabilities, so that
most rounding errors leave these as they are."""
LARGEST_BATCH = 128
"""Rows that are coded at a time."""
BLOCK_ENTRIES = 2**18
"""Probabilities that are computed at a time: as many as the cache holds."""
BITS_OF_A_SYMBOL = 24
"""At most: the coder's precision."""
STATE_WORDS = 2
"""Words that the coder keeps beside its stack."""
THREADS = RLock()
"""Of torch's number of threads, which is the process's own."""


class BitsBack:
    """Codes rows of symbols 0 … K − 1 by a variational autoencoder.

    The networks run in float64 on the CPU.

    Parameters
    ----------
    module : VariationalModule
        Of a discrete likelihood.
    user : str
        The class that needs this, for the error where the coder is not installed.
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
        """Put rows on the stack: its words, and the bits that the rows cost.

        The bits that the first rows borrow are among the words, but not among those bits.
        """
        lent = STATE_WORDS
        coder = self.coder(seed(lent))
        lowest = lent  # words that were never taken off
        with inference():
            for part in batches(len(rows)):
                x = rows[part].astype(np.int32)
                n_latents = len(x) * self.module.n_components
                wanted = STATE_WORDS + 1 + n_latents * BITS_OF_A_SYMBOL // 32
                if coder.num_words() < wanted:
                    more = seed(lent + wanted)[:wanted]  # goes below all that is there
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
        """Take rows off the stack, the last first."""
        coder = self._coder_of(words)
        n_components = self.module.n_components
        parts = []
        with inference():
            for part in batches(n_rows, backwards=True):
                n = part.stop - part.start
                z = coder.decode(self.prior, n * n_components)
                x = self._decode_symbols(coder, z, n)
                if coder.num_words() < STATE_WORDS:  # there were not so many rows
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
        """The whole parts of the means, and, of each window, what is coded by it and how."""
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
        except KeyError as error:  # z is beyond the window from which it was drawn
            raise other_content() from error

    def _outputs(self, z: np.ndarray, n: int) -> tuple[Tensor, ...]:
        """What the decoder makes of the codes of ``n`` rows, some rows at a time."""
        codes = torch.from_numpy(z).double().view(n, -1) * LATENT_STEP
        outputs = rounded(self.module.decoder_output(codes))
        entries = self.module.n_features * self.observation.n_categories
        return outputs.split(max(1, BLOCK_ENTRIES // entries))

    def _tables(self, output: Tensor) -> np.ndarray:
        """P(xᵢ = k | z), a line for each entry of some rows."""
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
    """Where the batches begin that are not yet of full size."""
    starts = [0]
    while starts[-1] // 4 < LARGEST_BATCH:
        starts.append(starts[-1] + max(1, starts[-1] // 4))
    return tuple(starts)


FIRST_BATCHES = _growing_batches()


def batches(n_rows: int, backwards: bool = False) -> Iterator[slice]:
    """Parts of ``n_rows`` rows that are coded together.

    Each has a quarter of the rows before it, at least 1: these have left the bits that it borrows.
    """
    small = [start for start in FIRST_BATCHES[:-1] if start < n_rows]
    full = range(FIRST_BATCHES[-1], n_rows, LARGEST_BATCH)
    order = chain(reversed(full), reversed(small)) if backwards else chain(small, full)
    for start in order:
        size = min(max(1, start // 4), LARGEST_BATCH)
        yield slice(start, min(start + size, n_rows))


def seed(n_words: int) -> np.ndarray:
    """The bits that the stack begins with: the last of so many words are the same for any number.

    References
    ----------
    NIST, "SHA-3 standard", FIPS 202, 2015: SHAKE-256.
    """
    words = np.frombuffer(shake_256(b"bits back").digest(4 * n_words), dtype="<u4")
    return words.astype(np.uint32)[::-1]


def rounded(output: Tensor) -> Tensor:
    """Outputs on their grid, all of them numbers."""
    output = (output / OUTPUT_STEP).round() * OUTPUT_STEP
    return output.nan_to_num(0.0)


def flat(tensor: Tensor) -> np.ndarray:
    """The entries one after another."""
    return tensor.flatten().numpy()


@contextmanager
def inference() -> Iterator[None]:
    """No gradients, and one thread: sums are then the same at every call.

    One call at a time has the number of threads, and gives it back as it was.
    """
    with THREADS:
        n_threads = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            with torch.inference_mode():
                yield
        finally:
            torch.set_num_threads(n_threads)
