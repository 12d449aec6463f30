"""Packages that not every user needs: imported where they are used, each brought by an extra."""

from importlib import import_module
from typing import Any


def optional(module: str, *, extra: str, user: str) -> Any:
    """Import ``module``, or say which ``extra`` of this package brings it to its ``user``."""
    try:
        return import_module(module)
    except ImportError as error:
        package = module.partition(".")[0]
        raise ImportError(f"{user} needs {package}: pip install 'skdeepunsup[{extra}]'.") from error
