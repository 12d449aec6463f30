"""Optional dependencies: imported where they are used, installed with an extra of this package."""

from importlib import import_module
from typing import Any


def optional(module: str, *, extra: str, user: str) -> Any:
    """Import ``module``, which ``user`` needs; if it is missing, name the ``extra`` to install."""
    try:
        return import_module(module)
    except ImportError as error:
        package = module.partition(".")[0]
        raise ImportError(f"{user} needs {package}: pip install 'skdeepunsup[{extra}]'.") from error
