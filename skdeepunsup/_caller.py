"""Guarantees of every call: warnings at the caller's line; after an error, nothing has changed."""

import inspect
import os
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from importlib.util import find_spec
from typing import Any

import joblib
import sklearn
import torch
from sklearn.base import BaseEstimator

OURS = os.path.join(os.path.dirname(__file__), "")
BETWEEN = (
    OURS,
    *(os.path.join(*package.__path__, "") for package in (sklearn, joblib, torch)),
    *(  # which need not be there, and are not imported
        os.path.join(os.path.dirname(str(found.origin)), "")
        for found in map(find_spec, ("pandas", "polars"))
        if found is not None
    ),
    *(
        os.path.join(os.path.dirname(os.__file__), name)
        for name in (
            "asyncio",
            "concurrent",
            "contextlib.py",
            "functools.py",
            "multiprocessing",
            "threading.py",
            "unittest",
        )
    ),
    "<frozen ",
)
"""Prefixes of the paths of files whose frames can be between a warning and the user's line."""


def warn(message: str, category: type[Warning] = UserWarning) -> None:
    """Warn at the line of the user's code that led here, through any number of library calls.

    In a worker process or thread, or on the command line, there is no such line: the warning then
    names the line by which this package was entered.
    """
    frame = entry = sys._getframe(1)
    while frame.f_code.co_filename.startswith(BETWEEN):
        if frame.f_code.co_filename.startswith(OURS):
            entry = frame
        if frame.f_back is None:
            frame = entry
            break
        frame = frame.f_back
    names = frame.f_globals
    warnings.warn_explicit(
        message,
        category,
        frame.f_code.co_filename,
        frame.f_lineno,
        module=names.get("__name__", "<string>"),
        # Python's record of the lines that have warned, so that "once per location" works.
        registry=names.setdefault("__warningregistry__", {}),
    )


DIRECT = tuple(
    os.path.join(*sklearn.__path__, *parts)
    for parts in (("base.py",), ("callback", ""), ("utils", ""))
)
"""Prefixes of scikit-learn's files whose frames are part of a call of a method, as of ``fit``."""

ENGINES = tuple(os.path.join(*package.__path__, "") for package in (sklearn, joblib))
"""Prefixes of files that otherwise call ``fit`` for a purpose of their own, as a search does."""

FITTING: ContextVar[BaseEstimator | None] = ContextVar("FITTING", default=None)
"""The estimator that is fitted, or for which others are."""


def is_called_by_user(estimator: BaseEstimator) -> bool:
    """Whether a fit that runs is what the user's code asked for, and not part of something else.

    Parts are the fits within another fit, and those of searches, Pipelines and comparisons.
    """
    if FITTING.get() is not estimator:
        return False
    frame = sys._getframe(1)
    while frame is not None and (path := frame.f_code.co_filename).startswith(BETWEEN):
        if path.startswith(ENGINES) and not path.startswith(DIRECT):
            return False
        frame = frame.f_back  # type: ignore[assignment]
    return True


@contextmanager
def fitting(estimator: BaseEstimator) -> Iterator[None]:
    """Take this estimator for the one that is fitted, whatever else is."""
    token = FITTING.set(estimator)
    try:
        yield
    finally:
        FITTING.reset(token)


def names_its_class(method: Callable[..., Any]) -> Callable[..., Any]:
    """Let an error about arguments name the estimator's class, not the base that has the method."""
    signature = inspect.signature(method)

    @wraps(method)
    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            signature.bind(self, *args, **kwargs)
        except TypeError as error:
            raise TypeError(f"{type(self).__name__}.{method.__name__}() {error}") from None
        return method(self, *args, **kwargs)

    return call


@contextmanager
def all_or_nothing(estimator: BaseEstimator) -> Iterator[None]:
    """Restore the estimator's attributes if the block raises.

    Gradients are enabled within the block, even where the caller has disabled them.
    """
    before = dict(vars(estimator))
    outermost = FITTING.get() or estimator
    try:
        with fitting(outermost), torch.inference_mode(False), torch.enable_grad():
            yield
    except BaseException:
        # scikit-learn's with_callbacks removes these itself, later.
        callbacks = {k: v for k, v in vars(estimator).items() if k.startswith(("_callb", "_skl"))}
        vars(estimator).clear()
        vars(estimator).update(before | callbacks)
        raise
