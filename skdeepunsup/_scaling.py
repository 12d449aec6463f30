"""The units in which a model works: rows centred and divided by a scale, and the way back."""

from typing import Any, Self

import numpy as np
import scipy.sparse as sp
import torch
from sklearn.utils import gen_batches
from torch import Tensor, nn

from ._sliced import Sliced, some_rows
from ._validation import value_range

CACHED_ENTRIES = 2**17
"""Entries that are worked on at a time, in float64: they stay in a cache."""

ROUNDING = 1e-12
"""A feature whose deviation is less than this share of its mean varies by rounding alone."""


class Scaling(nn.Module):
    """u = (x − c) / s, the units in which a model works; x = c + s u is the way back.

    A model thus learns the same from a + b X as from X. The difference x − c is taken in float64,
    before it is rounded to the precision of the model: rows such as 1.7e9 + x keep their digits.
    For that, c and s stay in float64 on the CPU wherever the rest of a module goes.

    Parameters
    ----------
    n_features : int

    Attributes
    ----------
    center, scale : Tensor of shape (n_features,)
        c and s, at first 0 and 1.
    """

    center: Tensor
    scale: Tensor

    def __init__(self, n_features: int) -> None:
        super().__init__()
        zeros = torch.zeros(n_features, dtype=torch.float64, device="cpu")
        self.register_buffer("center", zeros)
        self.register_buffer("scale", zeros + 1)

    def _apply(self, fn: Any, recurse: bool = True) -> Self:
        """Stay as it is when the module that it belongs to is moved or converted."""
        return self

    @classmethod
    def of(cls, center: np.ndarray, scale: np.ndarray) -> Self:
        """The scaling by these c and s, rounded, each one number or one for each feature."""
        center, scale = _rounded(*np.broadcast_arrays(center, scale))
        scaling = cls(len(center))
        scaling.center.copy_(torch.from_numpy(center.copy()))
        scaling.scale.copy_(torch.from_numpy(scale.copy()))
        return scaling

    def take(self, other: "Scaling | None") -> None:
        """Take the c and s of another scaling; None stands for 0 and 1."""
        self.load_state_dict((other or Scaling(len(self.center))).state_dict())

    @property
    def pooled(self) -> float:
        """The root of the mean of s²; s itself if all features share it."""
        return root_mean_square(self.scale.numpy())

    @property
    def squared(self) -> float:
        """The square of ``pooled``, in which errors are; infinite where it overflows."""
        return self.pooled * self.pooled

    @property
    def volume(self) -> float:
        """Σᵢ log sᵢ, by which log p(x) = log p(u) − Σᵢ log sᵢ differ."""
        return float(self.scale.log().sum())

    def standardized(self, X: np.ndarray) -> np.ndarray:
        """Return u of rows of any dtype, in float64."""
        with np.errstate(over="ignore", invalid="ignore"):  # answers to infinite rows are refused
            return np.asarray((X - self.center.numpy()) / self.scale.numpy(), dtype=np.float64)

    def original(self, u: Tensor) -> Tensor:
        """Return x of rows u, in float64 on the CPU."""
        return self.center + self.scale * u.cpu().double()

    # Within a network rows are tensors of its own precision, and gradients flow through.

    def inward(self, x: Tensor) -> Tensor:
        """Return u of rows x, on their device and in their dtype."""
        return (x - self.center.to(x)) / self.scale.to(x)

    def outward(self, u: Tensor) -> Tensor:
        """Return x of rows u, on their device and in their dtype."""
        return self.center.to(u) + self.scale.to(u) * u

    def log_volume(self, u: Tensor) -> Tensor:
        """Return Σᵢ log sᵢ of each row u, over its observed features, in float64 on the CPU."""
        return (~u.isnan()).cpu().double() @ self.scale.log()

    def log_density(self, log_p: Tensor, u: Tensor) -> Tensor:
        """Return log p(x) = log p(u) − Σᵢ log sᵢ of each row u, in float64 on the CPU."""
        return log_p.cpu().double() - self.log_volume(u)


def root_mean_square(values: np.ndarray) -> float:
    """The root of the mean of squares, which neither overflow nor vanish on the way."""
    top = _top(np.abs(values))
    return float(top * np.sqrt(np.mean(np.square(values / top))))


def shared_scaling(X: Any, weights: np.ndarray | None, name: str = "X") -> Scaling:
    """The scaling by one s for all features, the root of their mean variance.

    Errors then mean the same as PCA's: features of larger scale count for more. If nothing varies,
    s is the largest mean.

    Parameters
    ----------
    X : ndarray or CSR matrix of shape (n_samples, n_features)
        Rows; NaN is left out.
    weights : ndarray of shape (n_samples,) or None
        How much each row counts.
    name : str, default="X"
        The argument that the rows are, for errors.
    """
    means, deviations = _moments(X, weights, 2)
    if not _varies(X, means, deviations, name).any():
        return Scaling.of(means, np.asarray(_top(np.abs(means))))
    # What float32 has rounded counts as well: it is in the rows.
    counted = np.where(deviations > ROUNDING * np.abs(means), deviations, 0.0)
    return Scaling.of(means, np.asarray(root_mean_square(counted)))


def image_scaling(X: Any, weights: np.ndarray | None, n_channels: int) -> Scaling:
    """The scaling of images by one s, and one c for each channel, whose pixels have one meaning.

    Parameters as in ``shared_scaling``; channels come last in a row.
    """
    scaling = shared_scaling(X, weights)
    channels = scaling.center.view(-1, n_channels)
    channels.copy_(channels.mean(0).expand_as(channels))
    return scaling


def feature_scaling(X: Any, weights: np.ndarray | None) -> Scaling:
    """The scaling of each feature by its standard deviation, or more if its tails are heavy.

    Densities then do not depend on the units of single features. Where the fourth moment m₄ about
    the mean is above 3 s⁴, as a normal feature has it, s is (m₄ / 3)^¼: a pixel that is 0 in all
    rows but a few is else so many deviations away in the next such row that this row's density is
    that of all (digits, held out, 16 components: a mean of −21 nats with a median of 96).

    A constant feature gets the median of the others' scales, which no unit of a single one decides,
    or its own rounding if that is larger. Parameters as in ``shared_scaling``.
    """
    means, second, fourth = _moments(X, weights, 2, 4)
    deviations = np.maximum(second, fourth / 3**0.25)
    varies = _varies(X, means, deviations)
    if not varies.any():
        return Scaling.of(means, np.asarray(_top(np.abs(means))))
    constant = np.maximum(np.median(deviations[varies]), _rounding(X, means))
    return Scaling.of(means, np.where(varies, deviations, constant))


def feature_deviations(X: Any, weights: np.ndarray | None) -> np.ndarray:
    """The standard deviation of each feature, 0 for one that varies by rounding alone."""
    means, deviations = _moments(X, weights, 2)
    return np.where(_varies(X, means, deviations), deviations, 0.0)


def _moments(X: Any, weights: np.ndarray | None, *powers: int) -> tuple[np.ndarray, ...]:
    """Weighted mean of each feature where it is observed, and the k-th root of its k-th moment.

    Moments are about the mean, one for each k of ``powers``: the standard deviation for 2. All are
    float64, and 0 where a feature is never observed. Powers are those of X divided by a power of 2
    near its largest entry, so that they neither overflow nor vanish.
    """
    if sp.issparse(X) and not X.has_canonical_format:
        X = X.copy()
        X.sum_duplicates()
    w = np.ones(X.shape[0]) if weights is None else weights / weights.max()
    low, high = value_range(X)
    top = max(-float(low), float(high))  # abs() of the lowest integer would overflow
    unit = 2.0 ** np.floor(np.log2(top)) if 0 < top < np.inf else 1.0
    sums = _sums_of_stored if sp.issparse(X) else _sums
    if isinstance(X, Sliced) and w.all() and w.min() == 1 and np.isfinite(X.survey().means).all():
        means = X.survey().means / unit  # known already: a pass less over a file
    else:
        counts, (totals,) = sums(X, w, unit, np.zeros(X.shape[1]), (1,))
        means = totals / np.where(counts > 0, counts, 1)
    counts, moments = sums(X, w, unit, means, powers)
    counts = np.where(counts > 0, counts, 1)
    roots = ((m / counts) ** (1 / k) * unit for m, k in zip(moments, powers, strict=True))
    return means * unit, *roots


def _sums(
    X: np.ndarray, w: np.ndarray, unit: float, center: np.ndarray, powers: tuple[int, ...]
) -> tuple[np.ndarray, list[np.ndarray]]:
    """Σ w, and Σ w (x / unit − center)^k of each feature for each k of ``powers``.

    Powers are of 2, in rising order; rows count where a feature is observed. Rows of weight 0 are
    left out, so that sums are rounded as without them.
    """
    counts, totals = np.zeros(X.shape[1]), [np.zeros(X.shape[1]) for _ in powers]
    if isinstance(X, Sliced):
        counting = w > 0
        X = X if counting.all() else some_rows(X, counting)
        w = w[counting]
        for start, block in X.blocks():
            more, sums = _sums(block, w[start : start + len(block)], unit, center, powers)
            counts += more
            for total, part in zip(totals, sums, strict=True):
                total += part
        return counts, totals
    weighed = None if w.all() else np.flatnonzero(w)
    n_rows = max(1, CACHED_ENTRIES // X.shape[1])
    for batch in gen_batches(len(X) if weighed is None else len(weighed), n_rows):
        part = batch if weighed is None else weighed[batch]
        x = np.divide(X[part], unit, dtype=np.float64)
        x -= center
        missing = np.isnan(x)
        if missing.any():
            x[missing] = 0
            counts += w[part] @ ~missing
        else:
            counts += w[part].sum()
        power, reached = x, 1
        for total, k in zip(totals, powers, strict=True):
            while reached < k:
                power, reached = np.square(power), 2 * reached
            total += w[part] @ power
    return counts, totals


def _sums_of_stored(
    X: Any, w: np.ndarray, unit: float, center: np.ndarray, powers: tuple[int, ...]
) -> tuple[np.ndarray, list[np.ndarray]]:
    """``_sums`` of a CSR matrix, whose entries that are not stored are 0."""
    n = X.shape[1]
    entries = X.tocoo()
    x, of = entries.data / unit - center[entries.col], w[entries.row]
    missing = np.isnan(x)
    total = w[w > 0].sum()
    counts = total - np.bincount(entries.col, of * missing, minlength=n)
    full = np.bincount(entries.col, of > 0, minlength=n) == (w > 0).sum()
    # Sums in another order differ by rounding, which would make a constant column vary.
    absent = np.where(full, 0.0, total - np.bincount(entries.col, of, minlength=n))
    x[missing] = 0
    return counts, [
        np.bincount(entries.col, of * x**k, minlength=n) + absent * (-center) ** k for k in powers
    ]


def _rounded(center: np.ndarray, scale: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """c and s to 22 bits of s: weighted rows and repeated ones, say, then have the same units."""
    mantissa, exponent = np.frexp(scale)
    quantum = np.ldexp(1.0, exponent - 22)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        steps = center / quantum  # which is 0 for the smallest scales
        center = np.where(np.abs(steps) < 2**52, np.round(steps) * quantum, center)
    return center, np.ldexp(np.round(mantissa * 2**22) / 2**22, exponent)


def _top(values: np.ndarray) -> float:
    """The largest of values that are not negative; 1 if all are 0."""
    return float(values.max()) or 1.0


def _rounding(X: Any, means: np.ndarray) -> np.ndarray:
    """By how much features may vary by rounding alone."""
    if not _is_short(X):
        return ROUNDING * np.abs(means)
    with np.errstate(over="ignore"):  # of the spacing next to the largest number
        return 2.0 * np.spacing(np.abs(means).astype(X.dtype)).astype(np.float64)


def _is_short(X: Any) -> bool:
    """Whether the rows are numbers of fewer digits than float64."""
    return X.dtype.kind == "f" and X.dtype.itemsize < 8


def _varies(X: Any, means: np.ndarray, deviations: np.ndarray, name: str = "X") -> np.ndarray:
    """Which features vary by more than rounding; raises if float32 has rounded all of them away."""
    digits = _rounding(X, means)
    varies = deviations > digits
    if _is_short(X) and (deviations > 0).any() and not varies.any():
        worst = int(np.argmax(deviations))
        raise ValueError(
            f"{name} is {X.dtype}, whose numbers near {means[worst]:.4g} are "
            f"{digits[worst] / 2:.3g} apart, but column {worst} varies by no more than "
            f"{deviations[worst]:.2g}: the differences between rows are lost. Give {name} as "
            "float64, or subtract the mean of each column in float64 before you convert it."
        )
    return varies
