"""Answers are finite, or an error says which are not and what to do."""

import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor, nn

REMEDY = (
    "Scale X, in fit too, for instance by sklearn.preprocessing.MaxAbsScaler, or leave out rows "
    "that are no measurements"
)


def finite(answers: np.ndarray, asked: Any = None, start: int = 0) -> np.ndarray:
    """Return ``answers``; raise if one of them is not finite.

    ``asked`` are the rows, of number ``start`` and on, that they answer; None if they are draws.
    """
    if np.isfinite(answers).all():
        return answers
    row = int(np.argwhere(~np.isfinite(answers))[0][0])
    if asked is None:
        raise ValueError(f"the model draws numbers beyond {answers.dtype}. {REMEDY}.")
    entries = asked[row].toarray() if sp.issparse(asked) else torch.as_tensor(asked[row]).cpu()
    largest = np.nanmax(np.abs(np.asarray(entries, dtype=np.float64)), initial=0)
    wider = ", or give X as float64" if answers.dtype == np.float32 else ""
    raise ValueError(
        f"the answer to row {start + row} of X, which has entries of up to {largest:.3g}, is no "
        f"number that {answers.dtype} can hold. {REMEDY}{wider}."
    )


def finite_score(score: Callable[[], Any]) -> float:
    """Return ``score()``; raise if it is infinite, or not a number because of infinities.

    A figure that is undefined, such as R² of a single row, stays NaN.
    """
    overflows: list[str] = []
    with np.errstate(over="call", call=lambda kind, flag: overflows.append(kind)):
        value = float(score())
    if math.isinf(value) or (math.isnan(value) and overflows):
        raise ValueError(f"the score is {value}: squares or sums exceed float64. {REMEDY}.")
    return value


@torch.no_grad()
def are_finite(tensors: Iterable[Tensor]) -> bool:
    """Whether tensors have finite norms; False, too, where the norm of finite entries overflows."""
    alike: dict[Any, list[Tensor]] = {}
    for tensor in tensors:
        if tensor.is_floating_point():
            alike.setdefault((tensor.device, tensor.dtype), []).append(tensor)
    norms = (torch.stack(torch._foreach_norm(group)) for group in alike.values())
    return all(bool(norm.sum().isfinite()) for norm in norms)


def infinite_tensors(module: nn.Module) -> set[str]:
    """Names of the parameters and buffers of a module that have entries which are not finite."""
    return not_finite({name: t for name, t in module.state_dict().items() if torch.is_tensor(t)})


def not_finite(tensors: dict[str, Tensor]) -> set[str]:
    """Names of the tensors that have entries which are not finite."""
    if are_finite(tensors.values()):
        return set()
    return {name for name, t in tensors.items() if t.is_floating_point() and not t.isfinite().all()}


def check_start(module: nn.Module, before: set[str], largest: Callable[[], float]) -> None:
    """Raise if first parameters are not finite other than those ``before``, which were made so."""
    if infinite_tensors(module) - before:
        raise ValueError(
            f"X has entries of up to {largest():.3g}: the first parameters, made of their squares, "
            f"are not finite. {REMEDY}."
        )
