"""Random numbers of a fit, from a seeded stream of its own: no global state is read or changed."""

import math
import zlib
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import pad

from ._parameters import check_seed

# Rounded to float32, a uint32 is at most 2³²; the factor maps that to the largest float32 below 1.
_UINT32_TO_UNIT = 2.0**-32 * (1 - 2.0**-24)

TABLE_ENTRIES = 2**18
"""Entries of the largest table of probabilities in memory at a time."""

POOL_SIZE = 2**16
"""Uniform numbers drawn in advance for small calls, where a call costs more than the bits."""


def _seed_of(random_state: Any) -> int:
    """An integer drawn from ``random_state``."""
    if type(random_state) is int:
        return _seed_of_integer(random_state)
    return int(check_seed(random_state).randint(2**31 - 1))


@lru_cache
def _seed_of_integer(random_state: int) -> int:
    """The integer that is drawn for a seed: held-out rows are measured with one at each epoch."""
    return int(check_seed(random_state).randint(2**31 - 1))


class Stream:
    """A seeded source of random tensors on one device.

    On a CPU, raw bits of NumPy's SFC64 are compared with the probabilities: nine times faster than
    ``torch.bernoulli``, which would cost as much as a matrix product. Initial weights and the order
    of rows are drawn on the CPU whatever the device, so that a seed gives the same start on every
    device.

    Parameters
    ----------
    random_state : int, RandomState instance or None, default=None
        One integer is drawn from it, as scikit-learn's estimators do; it seeds every generator.
    device : str or torch.device, default="cpu"
        Device of the tensors.

    Attributes
    ----------
    device : torch.device
    numpy : numpy.random.Generator
        Draws arrays; shares its bits with ``uniform`` and ``bernoulli`` on a CPU.
    generator : torch.Generator
        Draws tensors on ``device``.
    host : torch.Generator
        Draws initial weights and the order of rows, on the CPU; the same object as ``generator``
        where ``device`` is the CPU.
    """

    def __init__(self, random_state: Any = None, device: str | torch.device = "cpu") -> None:
        seed = _seed_of(random_state)
        self.device = torch.device(device)
        self.numpy = np.random.Generator(np.random.SFC64(seed))
        self._raw = self.numpy.bit_generator.random_raw
        self._pool, self._used = torch.empty(0, device="cpu"), 0
        self._before_pool: Any = None  # the state of the bits that the pool was drawn from
        self.host = torch.Generator().manual_seed(seed)
        self.generator = (
            self.host
            if self.device.type == "cpu"
            else torch.Generator(self.device).manual_seed(seed)
        )

    def uniform(
        self, shape: tuple[int, ...], dtype: torch.dtype = torch.float32, rows: int = 0
    ) -> Tensor:
        """Uniform on [0, 1): 32 random bits per entry, 53 in float64.

        ``rows`` is the axis of the rows, which only a `SharedStream` uses.
        """
        if self.device.type != "cpu":
            return torch.rand(shape, generator=self.generator, device=self.device, dtype=dtype)
        n = math.prod(shape)
        if dtype == torch.float64:
            raw = self._raw(n) >> np.uint64(11)
            return torch.from_numpy(raw * 2.0**-53).view(shape)
        if n > POOL_SIZE // 4:
            return self._draw(n).view(shape)
        if n > len(self._pool) - self._used:
            self._fill_pool(0)
        self._used += n
        return self._pool[self._used - n : self._used].view(shape)

    def _fill_pool(self, used: int) -> None:
        self._before_pool = self.numpy.bit_generator.state
        self._pool, self._used = self._draw(POOL_SIZE), used

    def _draw(self, n: int) -> Tensor:
        """``n`` new uniform float32 numbers."""
        bits = torch.from_numpy(self._raw((n + 1) // 2).view(np.uint32)[:n])
        return bits.to(torch.float32).mul_(_UINT32_TO_UNIT)

    def bernoulli(self, p: Tensor) -> Tensor:
        """1 with probability ``p``, else 0; never the wrong one where p is exactly 0 or 1.

        The result has the shape of ``p``, in float64 where ``p`` is, else in float32.
        """
        wide = torch.float64 if p.dtype == torch.float64 else torch.float32
        return self.uniform(tuple(p.shape), wide).lt_(p)

    def beta_binomial(self, n: int, alpha: Tensor, beta: Tensor) -> Tensor:
        """Successes among ``n`` trials with a beta distributed probability, drawn on the CPU."""
        a, b = (t.detach().cpu().double().numpy() for t in (alpha, beta))
        return torch.from_numpy(self.numpy.binomial(n, self.numpy.beta(a, b))).to(alpha)

    def normal(self, *shape: int) -> Tensor:
        """Standard normal, float32, drawn on the CPU."""
        return torch.randn(shape, generator=self.host, dtype=torch.float32, device="cpu").to(
            self.device
        )

    def normal_like(self, x: Tensor) -> Tensor:
        """Standard normal, with the shape and dtype of ``x``."""
        wide = torch.float64 if x.dtype == torch.float64 else torch.float32
        noise = torch.randn(x.shape, generator=self.generator, device=self.device, dtype=wide)
        return noise.to(x.dtype)

    def fill_uniform(self, parameter: Tensor, low: float, high: float) -> None:
        """Overwrite ``parameter`` with values uniform on [low, high), drawn on the CPU."""
        draw = torch.empty(parameter.shape, dtype=parameter.dtype, device="cpu")
        parameter.data.copy_(draw.uniform_(low, high, generator=self.host))

    def permutation(self, n: int) -> Tensor:
        """The integers below ``n`` in random order, drawn and kept on the CPU."""
        return torch.randperm(n, generator=self.host, device="cpu")

    def state_dict(self) -> dict[str, Any]:
        """The state of all generators as arrays, from which ``load_state_dict`` continues.

        What is left of the pool is drawn again from the state before it: 256 kB less in a pickle.
        """
        shared = self.generator is self.host
        return {
            "numpy": self.numpy.bit_generator.state,
            "before_pool": self._before_pool,
            "used": self._used,
            "host": _packed(self.host.get_state()),
            "generator": None if shared else _packed(self.generator.get_state()),
            "device": self.device.type,
        }

    @classmethod
    def restored(cls, state: dict[str, Any], device: str | torch.device) -> "Stream":
        """A stream on ``device`` that continues from ``state``."""
        stream = cls(0, device)
        stream.load_state_dict(state)
        return stream

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from ``state``; on a device of another type, seed its generator from it."""
        self._pool, self._used, self._before_pool = torch.empty(0, device="cpu"), 0, None
        if state["before_pool"] is not None:
            self.numpy.bit_generator.state = state["before_pool"]
            self._fill_pool(state["used"])
        self.numpy.bit_generator.state = state["numpy"]
        self.host.set_state(_unpacked(state["host"]))
        if self.generator is not self.host:
            if state["device"] == self.device.type:
                self.generator.set_state(_unpacked(state["generator"]))
            else:
                self.generator.manual_seed(int(self.numpy.integers(2**31)))


def _packed(state: Tensor) -> np.ndarray:
    """The bytes of a generator's state, compressed: half of a Mersenne Twister's are 0."""
    return np.frombuffer(zlib.compress(state.numpy().tobytes(), 1), np.uint8)


def _unpacked(packed: Any) -> Tensor:
    """The state that ``_packed`` was given."""
    return torch.frombuffer(
        bytearray(zlib.decompress(np.asarray(packed).tobytes())), dtype=torch.uint8
    )


class SharedStream(Stream):
    """Random numbers shared by all rows, so that no row's result depends on the other rows.

    Rows form ``n_groups`` consecutive groups of equal size; all rows of a group get the same
    numbers. So a seed gives a row the same numbers, whatever the number of rows.

    Parameters
    ----------
    random_state : int, RandomState instance or None
        One integer is drawn from it; it seeds every generator.
    device : str or torch.device, default="cpu"
        Device of the tensors.
    n_groups : int, default=1
        Groups of rows.
    """

    def __init__(
        self, random_state: Any, device: str | torch.device = "cpu", n_groups: int = 1
    ) -> None:
        super().__init__(random_state, device)
        self.n_groups = n_groups

    def uniform(
        self, shape: tuple[int, ...], dtype: torch.dtype = torch.float32, rows: int = 0
    ) -> Tensor:
        """Uniform on [0, 1), the same for all rows of a group; ``rows`` is the axis of the rows."""
        others = shape[:rows] + shape[rows + 1 :]
        numbers = super().uniform((self.n_groups, *others), dtype)
        return self._shared(numbers, shape[rows]).movedim(0, rows).contiguous()

    def normal_like(self, x: Tensor) -> Tensor:
        """Standard normal with the shape and dtype of ``x``, the same for all rows of a group."""
        return self._shared(super().normal_like(x.new_empty(self.n_groups, *x.shape[1:])), len(x))

    def beta_binomial(self, n: int, alpha: Tensor, beta: Tensor) -> Tensor:
        """Beta-binomial counts, the same for rows of a group with equal ``alpha`` and ``beta``.

        They are drawn by inversion: the smallest count whose cumulative probability exceeds a
        uniform number, which the rows of a group share.
        """
        r = self.uniform(tuple(alpha.shape), torch.float64)
        tables = (t.detach().cpu().double() for t in (alpha, beta, r))
        n_rows = max(1, TABLE_ENTRIES // (math.prod(alpha.shape[1:]) * (n + 1)))
        blocks = zip(*(table.split(n_rows) for table in tables), strict=True)
        return torch.cat([_beta_binomial_quantile(n, *block) for block in blocks]).to(alpha)

    def _shared(self, numbers: Tensor, n_rows: int) -> Tensor:
        return numbers.repeat_interleave(n_rows // self.n_groups, 0)


def _beta_binomial_quantile(n: int, alpha: Tensor, beta: Tensor, r: Tensor) -> Tensor:
    """The smallest count in 0 … ``n`` whose cumulative probability exceeds ``r``."""
    # BB(k + 1) / BB(k) = (n − k) (k + α) / ((k + 1) (n − 1 − k + β)): no gamma functions.
    k = torch.arange(n, dtype=r.dtype, device="cpu")
    a, b = alpha[..., None], beta[..., None]
    log_steps = ((n - k) * (k + a) / ((k + 1) * (n - 1 - k + b))).log_()
    probabilities = pad(log_steps.cumsum(-1), (1, 0)).softmax(-1)
    return (probabilities[..., :-1].cumsum(-1) <= r[..., None]).sum(-1)
