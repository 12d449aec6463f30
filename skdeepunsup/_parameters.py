"""Checks of parameters: each error names the parameter, the value found and the values allowed."""

import inspect
import math
import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from numbers import Integral, Real
from typing import Any

import numpy as np
import torch
from sklearn.utils import check_random_state, check_scalar

from ._caller import warn

MAX_CHANNELS = 4
"""Of an image: red, green, blue and opacity. As many rows of pixels are hardly an image."""

PRECISIONS = {
    "float32": torch.float32,
    "bfloat16": torch.bfloat16,
    "float64": torch.float64,
}


def check_boolean(name: str, value: Any) -> None:
    """Raise unless ``value`` is True or False."""
    if not isinstance(value, bool | np.bool_):
        raise TypeError(f"{name} == {value!r}, must be True or False.")


MOST = 2**31 - 1
"""The largest count: NumPy and torch index by 32 bits in places, and overflow beyond."""


def check_integer(name: str, value: Any, low: int) -> None:
    """Raise unless ``value`` is an integer of at least ``low``, and at most ``MOST``."""
    _refuse_boolean(name, value)
    check_scalar(value, name, Integral, min_val=low)
    if value > MOST:
        raise ValueError(f"{name} == {_shown(value)}, must be at most {MOST}.")


def check_rows_fit(name: str, value: Any, width: int) -> None:
    """Raise unless ``value`` is a number of rows, of ``width`` each, that fits in memory."""
    check_integer(name, value, 1)
    needed = 8 * int(value) * int(width)
    if needed > memory():
        raise ValueError(
            f"{name} == {value} needs {needed / 2**30:.0f} GiB, but this machine has "
            f"{memory() / 2**30:.0f}; lower it."
        )


def memory() -> float:
    """Memory of this machine in bytes; infinite where the system does not tell."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):  # Windows has no sysconf
        return math.inf


def check_real(
    name: str, value: Any, low: float, high: float | None = None, boundaries: str = "both"
) -> None:
    """Raise unless ``value`` is a finite number between ``low`` and ``high``."""
    _refuse_boolean(name, value)
    check_scalar(value, name, Real, min_val=low, max_val=high, include_boundaries=boundaries)
    if not isinstance(value, int | float | np.integer | np.floating):
        raise TypeError(f"{name} == {value!r}, must be an integer or a float: give float({name}).")
    if isinstance(value, Integral) and abs(value) > 2**53:
        raise ValueError(f"{name} == {_shown(value)}, must be a float where it is as large.")
    if not -LARGEST <= float(value) <= LARGEST:
        raise ValueError(f"{name} == {_shown(value)}, must be finite, in float32 too.")


def _shown(value: Any) -> str:
    """A number, but not with thousands of digits, which Python refuses to print."""
    return f"{value}" if isinstance(value, float) or abs(value) < 10**40 else "an integer over 10⁴⁰"


LARGEST = float(np.finfo(np.float32).max)
"""The largest number in which models train."""


def _refuse_boolean(name: str, value: Any) -> None:
    if isinstance(value, bool | np.bool_):
        raise TypeError(f"{name} == {value}, must be a number.")


def check_truth(name: str, value: Any) -> bool:
    """Return whether ``value`` is true; raise for what is neither true nor false."""
    try:
        return bool(value)
    except (TypeError, ValueError) as error:
        raise TypeError(f"{name} == {value!r}, must be True or False.") from error


def is_option(value: Any, option: str) -> bool:
    """Whether a parameter, perhaps not checked yet, is ``option``: pandas.NA equals nothing."""
    return isinstance(value, str) and value == option


@contextmanager
def calling(name: str) -> Iterator[None]:
    """Make errors of a function that is the parameter ``name`` say so."""
    try:
        yield
    except (TypeError, ValueError) as error:
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(f"{name} failed: {error}") from error


def check_option(name: str, value: Any, options: Collection[str]) -> None:
    """Raise unless ``value`` is one of ``options``."""
    if not isinstance(value, str) or value not in options:
        raise ValueError(f"{name} == {value!r}, must be one of {sorted(options)}.")


UNSEEDED: ContextVar[np.random.RandomState | None] = ContextVar("UNSEEDED", default=None)
"""The generator that stands for ``random_state=None``; NumPy's global one if this is None."""


def check_seed(random_state: Any) -> np.random.RandomState:
    """Return the generator that ``random_state`` stands for; the error names the parameter."""
    try:
        return check_random_state(UNSEEDED.get() if random_state is None else random_state)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"random_state == {random_state!r}, must be an integer from 0 to 2³² − 1, a "
            "RandomState or None."
        ) from error


def default_of(estimator: Any, name: str) -> Any:
    """The default of a parameter in the first class with it: a subclass may set it itself."""
    inits = (vars(kind).get("__init__") for kind in type(estimator).__mro__)
    signatures = (inspect.signature(init).parameters for init in inits if init is not None)
    return next(parameters[name].default for parameters in signatures if name in parameters)


def check_descent(estimator: Any) -> None:
    """Check the parameters of gradient training; the error names the first invalid one."""
    for name in ("early_stopping", "warm_start"):
        check_boolean(name, getattr(estimator, name))
    check_updates(estimator)
    check_integer("n_iter_no_change", estimator.n_iter_no_change, 1)
    check_real("validation_fraction", estimator.validation_fraction, 0, 1, "neither")
    check_real("tol", estimator.tol, 0)


def check_updates(estimator: Any) -> None:
    """Check the parameters of gradient updates; the error names the first invalid one."""
    check_real("learning_rate", estimator.learning_rate, 0, boundaries="neither")
    if not (estimator.batch_size is None and default_of(estimator, "batch_size") is None):
        check_integer("batch_size", estimator.batch_size, 1)
    if not (estimator.max_iter is None and default_of(estimator, "max_iter") is None):
        check_integer("max_iter", estimator.max_iter, 1)
    resolve_precision(estimator.precision)
    resolve_device(estimator.device, estimator.precision)


def descent_schedule(estimator: Any) -> dict[str, Any]:
    """Arguments of a `Schedule`, from the parameters that ``check_descent`` checks."""
    return {
        "epochs": 200 if estimator.max_iter is None else estimator.max_iter,
        "batch_size": estimator.batch_size,
        "validation_fraction": estimator.validation_fraction if estimator.early_stopping else 0.0,
        "patience": estimator.n_iter_no_change,
        "tol": estimator.tol,
    }


def check_sizes(name: str, value: Any) -> tuple[int, ...]:
    """Return the layer sizes ``value`` as a tuple; a single integer stands for one layer."""
    sizes = (value,) if isinstance(value, Integral) else value
    is_scalar = getattr(sizes, "shape", None) == ()  # a tensor has a length, but raises
    if isinstance(sizes, str) or not hasattr(sizes, "__len__") or is_scalar:
        raise TypeError(f"{name} == {value!r}, must be a sequence of integers of at least 1.")
    for size in sizes:
        if not isinstance(size, Integral) or isinstance(size, bool) or size < 1:
            raise ValueError(f"{name} == {value!r}, must contain integers of at least 1 only.")
        if int(size) > MOST:
            raise ValueError(f"{name} == {value!r}, must contain integers of at most {MOST} only.")
    return tuple(int(size) for size in sizes)


DEFAULT_CHANNELS = (32, 64)
"""Channels of convolutions where ``hidden_layer_sizes=None``."""


def layer_sizes(value: Any, usual: tuple[int, ...], images: bool) -> tuple[int, ...]:
    """Return ``hidden_layer_sizes``; None stands for ``usual``, or for channels with ``images``."""
    if value is not None:
        return check_sizes("hidden_layer_sizes", value)
    return DEFAULT_CHANNELS if images else usual


def check_image_shape(
    name: str, value: Any, n_features: int, rows: str = "X"
) -> tuple[int, int, int]:
    """Return ``read_image_shape``, and warn of channels that seem to come first."""
    height, width, channels = read_image_shape(name, value, n_features, rows)
    if height <= MAX_CHANNELS < min(width, channels):
        warn(
            f"{name} == {value!r} is read as {height} rows of {width} pixels with {channels} "
            f"channels. If the channels come first, put them last: {rows} = {rows}.reshape(-1, "
            f"{height}, {width}, {channels}).transpose(0, 2, 3, 1).reshape(len({rows}), -1), and "
            f"{name}={(width, channels, height)}.",
        )
    return height, width, channels


def read_image_shape(
    name: str, value: Any, n_features: int, rows: str = "X"
) -> tuple[int, int, int]:
    """Return the image shape ``value`` as (height, width, channels), with 1 channel by default.

    Raises unless a row of ``n_features`` values holds exactly one such image; the error calls the
    data ``rows``.
    """
    shape = check_sizes(name, value)
    if len(shape) not in (2, 3):
        raise ValueError(f"{name} == {value!r}, must be (height, width) or (…, …, channels).")
    if math.prod(shape) != n_features:
        raise ValueError(
            f"{name} == {value!r} has {math.prod(shape)} values, but {rows} has {n_features} "
            "columns; give the (height, width) or (height, width, channels) of the image that each "
            f"row of {rows} holds, flattened."
        )
    height, width, channels = (*shape, 1)[:3]
    return height, width, channels


def resolve_device(name: Any, precision: Any) -> torch.device:
    """The device called ``name``; "auto" chooses CUDA, else MPS, else the CPU.

    MPS has no float64: with that ``precision``, "auto" skips it.
    """
    has_mps = torch.backends.mps.is_available()
    if isinstance(name, str) and name == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if has_mps and precision != "float64" else "cpu")
    try:
        device = torch.device(name)
    except (RuntimeError, TypeError, ValueError, OverflowError) as error:
        raise ValueError(
            f"device == {name!r}, must be 'auto', 'cpu', 'cuda', 'cuda:0', … or 'mps'."
        ) from error
    present = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": has_mps}
    if not present.get(device.type, False):
        raise ValueError(f"device == {name!r}, but this machine has none; use device='auto'.")
    if device.type == "mps" and precision == "float64":
        raise ValueError("precision == 'float64', which device 'mps' does not have; use 'cpu'.")
    return device


def resolve_precision(name: Any) -> torch.dtype:
    """The dtype called ``name``."""
    check_option("precision", name, PRECISIONS)
    return PRECISIONS[name]
